#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id_generator.h"
#include "base/result.h"
#include "base/try.h"
#include "idempotency/idempotency.h"
#include "platform/http/route.h"
#include "platform/json/fields.h"
#include "platform/sql/errors.h"
#include "platform/sql/list.h"
#include "platform/sql/table.h"

namespace florin::events {
class EventLog;
}
namespace florin::modules {
class Services;
}

/// Plain resources: rows of a tenant that are created, read, changed and listed, with no rules
/// beyond those of their fields. A resource with rules of its own (secrets, states, money) writes
/// its handlers by hand, as the partners do. The worked example is docs/examples/merchants.
namespace florin::resources {

/// A filter of the list: the parameter, and how it becomes a filter of rows.
struct Filter {
  std::string_view name;
  std::function<Result<void>(const http::Request&, sql::Filters&)> add;
};
/// The column of the same name holds exactly this text.
Filter by_text(std::string_view name);
/// The column of the same name holds this word of the enumeration.
template <HasWords E>
Filter by_word(std::string_view name) {
  return {name, [name](const http::Request& request, sql::Filters& filters) -> Result<void> {
            filters.equals(name, TRY(http::query_word<E>(request, name)));
            return {};
          }};
}

/// T has the members id, tenant, created_at and updated_at. What is named here outlives it.
template <class T>
struct Description {
  std::string_view schema;      ///< "Merchant": its name in the API document.
  std::string_view path;        ///< "/v1/merchants"
  std::string_view permission;  ///< "merchants": with ":read" and ":write".
  std::string_view event;       ///< "merchant": of merchant.created and merchant.updated.
  const json::Fields<T>& fields;
  const sql::Table<T>& table;
  const sql::Select<T>& by_id;  ///< With $1 the id and $2 the tenant.
  const sql::List<T>& list;
  std::vector<Filter> filters = {};
  ErrorCode not_found, exists;  ///< exists: a UNIQUE constraint rejects the row.
  T blank = {};                 ///< A new one, where its request says nothing.
};

/// What resources work with.
struct Parts {
  explicit Parts(const modules::Services& services);

  sql::Database& database;
  const Clock& clock;
  IdGenerator& ids;
  events::EventLog& events;
  idempotency::Idempotency& idempotency;
};

/// Appends "<event>.<verb>" with the object as its data.
Result<void> append_event(sql::Tx& tx, const Parts& parts, const http::Request& request,
                          const std::string& type, const std::string& subject,
                          const std::string& data);
/// The error of a row that a UNIQUE constraint rejects; any other error as it is.
Error conflict(Error error, const ErrorCode& exists);
/// "limit", "cursor", the times of creation, and the filters.
http::Query list_query(const std::vector<Filter>& filters);

/// The handlers of one resource.
template <class T>
class Resource {
 public:
  Resource(const Parts& parts, const Description<T>& description)
      : parts_(parts), its_(description) {}

  Result<http::Response> create(const http::Request& request) const {
    T wanted = TRY(json::read_new(its_.fields, request.body, its_.blank));
    wanted.id = {parts_.ids.next()};
    wanted.tenant = request.caller.tenant;
    wanted.created_at = wanted.updated_at = parts_.clock.now();
    return run(request, [&](sql::Tx& tx) -> Result<http::Response> {
      auto written = its_.table.insert(tx, wanted);
      if (!written) return conflict(std::move(written).error(), its_.exists);
      return http::Response::created(TRY(append(tx, request, "created", wanted)));
    });
  }

  Result<http::Response> change(const http::Request& request) const {
    return run(request, [&](sql::Tx& tx) -> Result<http::Response> {
      T wanted = TRY(json::read_change(its_.fields, request.body, TRY(find(tx, request))));
      wanted.updated_at = parts_.clock.now();
      auto written = its_.table.change(tx, wanted);
      if (!written) return conflict(std::move(written).error(), its_.exists);
      return http::Response::ok(TRY(append(tx, request, "updated", wanted)));
    });
  }

  Result<http::Response> get(const http::Request& request) const {
    const T found = TRY(parts_.database.read([&](sql::Tx& tx) { return find(tx, request); }));
    return http::Response::ok(json::write(its_.fields, found));
  }

  Result<http::Response> list(const http::Request& request) const {
    const PageRequest wanted = TRY(http::parse_page(request));
    sql::Filters filters;
    for (const Filter& filter : its_.filters) TRY(filter.add(request, filters));
    const auto page = TRY(parts_.database.read(
        [&](sql::Tx& tx) { return its_.list.page(tx, request.caller.tenant, wanted, filters); }));
    std::vector<std::string> rows;
    for (const T& row : page.rows) rows.push_back(json::write(its_.fields, row));
    return http::list_response(request, rows, page.next);
  }

 private:
  using Work = idempotency::Idempotency::Work;

  Result<http::Response> run(const http::Request& request, const Work& work) const {
    return parts_.idempotency.run(request, idempotency::Lifetime::thirty_days, work);
  }
  Result<T> find(sql::Tx& tx, const http::Request& request) const {
    const auto id = decltype(T::id)::parse(request.path_param("id"));
    auto found = id ? TRY(its_.by_id.first(tx, {id->value, request.caller.tenant.value}))
                    : std::optional<T>();
    if (!found) return Error{its_.not_found, "there is none with this id"};
    return *std::move(found);
  }
  /// Gives what the event holds, which is what the client gets.
  Result<std::string> append(sql::Tx& tx, const http::Request& request, std::string_view verb,
                             const T& value) const {
    std::string body = json::write(its_.fields, value);
    TRY(append_event(tx, parts_, request, std::string(its_.event).append(".").append(verb),
                     value.id.str(), body));
    return body;
  }

  const Parts parts_;
  const Description<T>& its_;
};

/// POST and GET of the path, GET and PATCH of one of it. `description` has static storage.
template <class T>
http::Routes routes_of(const modules::Services& services, const Description<T>& description) {
  const auto sync =
      http::sync_of(std::make_shared<const Resource<T>>(Parts(services), description));
  const std::string all(description.path), one = all + "/{id}";
  const std::string read = std::string(description.permission) + ":read";
  const std::string write = std::string(description.permission) + ":write";
  return {{"POST", all, write, sync(&Resource<T>::create)},
          {"GET", all, read, sync(&Resource<T>::list), list_query(description.filters)},
          {"GET", one, read, sync(&Resource<T>::get)},
          {"PATCH", one, write, sync(&Resource<T>::change)}};
}

/// The schemas of the API document: Merchant, NewMerchant and MerchantChange.
template <class T>
json::Object schemas_of(const Description<T>& description) {
  const std::string name(description.schema);
  return {{name, json::schema(description.fields, json::Use::answer)},
          {"New" + name, json::schema(description.fields, json::Use::creation, description.blank)},
          {name + "Change", json::schema(description.fields, json::Use::change)}};
}

}  // namespace florin::resources
