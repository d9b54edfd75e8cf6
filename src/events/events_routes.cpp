#include <memory>

#include "base/try.h"
#include "events/errors.h"
#include "events/event_types.h"
#include "events/events.h"
#include "events/module.h"
#include "platform/json/object_reader.h"

namespace florin::events {
namespace {

using http::Request;
using http::Response;

Result<Filter> parse_filter(const Request& request, const EventTypes& types) {
  Filter filter;
  if (const auto type = request.query_param("type")) {
    if (!types.has_type_or_family(*type)) {
      return json::validation_error({{"#/query/type", "unknown_event_type",
                                      "must be an event type, or a family: " + types.families()}});
    }
    filter.type = std::string(*type);
  }
  if (const auto subject = request.query_param("subject")) filter.subject = std::string(*subject);
  const http::Window created = TRY(http::parse_created(request));
  filter.created_after = created.from;
  filter.created_before = created.to;
  return filter;
}

Result<Response> list_events(EventLog& log, const EventTypes& types, const Request& request) {
  const Filter filter = TRY(parse_filter(request, types));
  const PageRequest page = TRY(http::parse_page(request));
  EventPage found = TRY(log.list(request.caller.tenant, filter, {page.before}, page.limit));
  std::vector<std::string> rows;
  rows.reserve(found.events.size());
  for (Event& event : found.events) rows.push_back(std::move(event.payload));
  return http::list_response(request, rows, found.has_more ? found.next_before.value : 0);
}

Result<Response> get_event(EventLog& log, const Request& request) {
  const auto id = EventId::parse(request.path_param("id"));
  auto event = id ? TRY(log.find(request.caller.tenant, *id)) : std::nullopt;
  if (!event) return Error{errors::event_not_found, "there is no event of this id"};
  return Response::ok(std::move(event->payload));
}

}  // namespace

http::Routes routes(EventLog& log, const EventTypes& types) {
  constexpr auto time = http::QueryParam::Kind::time;
  return {
      {"GET",
       "/v1/events",
       "events:read",
       http::SyncHandler(
           [&log, &types](const Request& request) { return list_events(log, types, request); }),
       {"limit", "cursor", "type", "subject", {"created_after", time}, {"created_before", time}}},
      {"GET", "/v1/events/{id}", "events:read",
       http::SyncHandler([&log](const Request& request) { return get_event(log, request); })},
  };
}

}  // namespace florin::events
