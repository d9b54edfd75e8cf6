#include "resources/resource.h"

#include "events/events.h"
#include "platform/modules/services.h"
#include "platform/sql/database.h"

namespace florin::resources {

Filter by_text(std::string_view name) {
  return {name, [name](const http::Request& request, sql::Filters& filters) -> Result<void> {
            filters.equals(name, request.query_param(name));
            return {};
          }};
}

Parts::Parts(const modules::Services& services)
    : database(services.get<sql::Database>()),
      clock(services.get<const Clock>()),
      ids(services.get<IdGenerator>()),
      events(services.get<events::EventLog>()),
      idempotency(services.get<idempotency::Idempotency>()) {}

Result<void> append_event(sql::Tx& tx, const Parts& parts, const http::Request& request,
                          const std::string& type, const std::string& subject,
                          const std::string& data) {
  const Actor actor = request.actor();
  TRY(parts.events.append(
      tx, {actor.tenant, type, subject, data, actor.name, actor.request_id, parts.clock.now()}));
  return {};
}

Error conflict(Error error, const ErrorCode& exists) {
  if (error.code != sql::errors::constraint_violated) return error;
  return {exists, "another one has the same value in a field that must be unique"};
}

http::Query list_query(const std::vector<Filter>& filters) {
  constexpr auto time = http::QueryParam::Kind::time;
  http::Query query{"limit", "cursor", {"created_after", time}, {"created_before", time}};
  for (const Filter& filter : filters) query.emplace_back(std::string(filter.name));
  return query;
}

}  // namespace florin::resources
