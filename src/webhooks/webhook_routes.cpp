#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"
#include "webhooks/delivery/deliveries.h"
#include "webhooks/delivery/fields.h"
#include "webhooks/endpoints/endpoint_changes.h"
#include "webhooks/endpoints/endpoints.h"
#include "webhooks/endpoints/fields.h"
#include "webhooks/endpoints/requests.h"
#include "webhooks/errors.h"
#include "webhooks/module.h"
#include "webhooks/webhooks.h"

namespace florin::webhooks {
namespace {

using http::Request;
using http::Response;
using idempotency::Lifetime;

/// Text that is not an id names no endpoint.
Result<EndpointId> endpoint_id(const Request& request) {
  const auto id = EndpointId::parse(request.path_param("id"));
  if (!id)
    return Error{errors::webhook_endpoint_not_found, "there is no webhook endpoint with this id"};
  return *id;
}

Result<DeliveryId> delivery_id(const Request& request) {
  const auto id = DeliveryId::parse(request.path_param("id"));
  if (!id)
    return Error{errors::webhook_delivery_not_found, "there is no webhook delivery with this id"};
  return *id;
}

template <class T>
Response list_of(const Request& request, const std::vector<T>& rows, std::int64_t next) {
  std::vector<std::string> texts;
  texts.reserve(rows.size());
  for (const T& row : rows) texts.push_back(to_json(row));
  return http::list_response(request, texts, next);
}

/// What the handlers share.
struct Handlers {
  Webhooks& webhooks;
  idempotency::Idempotency& idempotency;

  /// A POST: at most once for each key.
  Result<Response> once(const Request& request, const idempotency::Idempotency::Work& work) const {
    return idempotency.run(request, Lifetime::thirty_days, work);
  }
  template <class F>
  auto read(const F& work) const {
    return webhooks.database().read(work);
  }

  Result<Endpoint> load(TenantId tenant, EndpointId id) const {
    return read([&](sql::Tx& tx) { return webhooks.endpoints().load(tx, tenant, id); });
  }

  Result<Response> create(const Request& request) const;
  Result<Response> list(const Request& request) const;
  Result<Response> get(const Request& request) const;
  Result<Response> change(const Request& request) const;
  Result<Response> remove(const Request& request) const;
  Result<Response> secrets(const Request& request) const;
  Result<Response> rotate(const Request& request) const;
  Result<Response> send_test(const Request& request) const;
  Result<Response> replay(const Request& request) const;
  Result<Response> list_deliveries(const Request& request) const;
  Result<Response> get_delivery(const Request& request) const;
  Result<Response> replay_delivery(const Request& request) const;
};

Result<Response> Handlers::create(const Request& request) const {
  const EndpointDraft wanted =
      TRY(requests::new_endpoint(request, webhooks.settings().policy, webhooks.event_types()));
  TRY(webhooks.endpoints().check(wanted));
  auto announced = webhooks.changes().announce();
  return once(request, [&](sql::Tx& tx) -> Result<Response> {
    const auto made = TRY(webhooks.endpoints().create(tx, request.actor(), wanted));
    announced.of(made.endpoint.id);
    return Response::created(to_json(made));
  });
}

Result<Response> Handlers::list(const Request& request) const {
  const PageRequest page = TRY(http::parse_page(request));
  const auto found = TRY(read(
      [&](sql::Tx& tx) { return webhooks.endpoints().list(tx, request.caller.tenant, page); }));
  return list_of(request, found.rows, found.next);
}

Result<Response> Handlers::get(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  return Response::ok(to_json(TRY(
      read([&](sql::Tx& tx) { return webhooks.endpoints().get(tx, request.caller.tenant, id); }))));
}

Result<Response> Handlers::change(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  const Endpoint before = TRY(load(request.caller.tenant, id));
  const EndpointDraft wanted = TRY(requests::change(request, before, webhooks.event_types()));
  if (wanted.url != before.url) TRY(webhooks.endpoints().check_url(wanted.url));
  const EndpointChange change_row = [this, &request](const Endpoint& row) {
    return requests::change(request, row, webhooks.event_types());
  };
  auto announced = webhooks.changes().announce();
  announced.of(id);
  return Response::ok(to_json(TRY(webhooks.database().write([&](sql::Tx& tx) {
    return webhooks.endpoints().change(tx, request.actor(), id, change_row);
  }))));
}

Result<Response> Handlers::remove(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  auto announced = webhooks.changes().announce();
  announced.of(id);
  TRY(webhooks.database().write(
      [&](sql::Tx& tx) { return webhooks.endpoints().remove(tx, request.actor(), id); }));
  return Response::no_content();
}

Result<Response> Handlers::secrets(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  const auto found = TRY(read(
      [&](sql::Tx& tx) { return webhooks.endpoints().secrets(tx, request.caller.tenant, id); }));
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const EndpointSecret& secret : found) writer.raw(to_json(secret, true));
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

Result<Response> Handlers::rotate(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  const Rotation rotation = TRY(requests::rotation(request));
  TRY(webhooks.endpoints().check(rotation));
  auto announced = webhooks.changes().announce();
  announced.of(id);
  return once(request, [&](sql::Tx& tx) -> Result<Response> {
    const auto made = TRY(webhooks.endpoints().rotate(tx, request.actor(), id, rotation));
    // The remembered response is stored unsealed, so it has no secret.
    return Response::created(to_json(made, false));
  });
}

Result<Response> Handlers::send_test(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  auto response = TRY(once(request, [&](sql::Tx& tx) -> Result<Response> {
    const auto made = TRY(webhooks.endpoints().send_test(tx, request.actor(), id));
    return Response{202, to_json(made)};
  }));
  webhooks.check_store(id);
  return response;
}

Result<Response> Handlers::replay(const Request& request) const {
  const EndpointId id = TRY(endpoint_id(request));
  const ReplayRequest wanted = TRY(requests::replay(request));
  auto response = TRY(once(request, [&](sql::Tx& tx) -> Result<Response> {
    TRY(webhooks.endpoints().replay(tx, request.caller.tenant, id, wanted));
    return Response{202, "{\"status\":\"accepted\"}"};
  }));
  webhooks.start_replays();
  return response;
}

Result<Response> Handlers::list_deliveries(const Request& request) const {
  const DeliveryFilter filter = TRY(requests::delivery_filter(request, webhooks.event_types()));
  const PageRequest page = TRY(http::parse_page(request));
  const auto found = TRY(read([&](sql::Tx& tx) {
    return webhooks.deliveries().list(tx, request.caller.tenant, filter, page);
  }));
  return list_of(request, found.rows, found.next);
}

Result<Response> Handlers::get_delivery(const Request& request) const {
  const DeliveryId id = TRY(delivery_id(request));
  return read([&](sql::Tx& tx) -> Result<Response> {
    const auto delivery = TRY(webhooks.deliveries().get(tx, request.caller.tenant, id));
    const auto attempts = TRY(webhooks.deliveries().attempts(tx, request.caller.tenant, id));
    return Response::ok(to_json(delivery, attempts));
  });
}

Result<Response> Handlers::replay_delivery(const Request& request) const {
  const DeliveryId id = TRY(delivery_id(request));
  EndpointId endpoint;
  auto response = TRY(once(request, [&](sql::Tx& tx) -> Result<Response> {
    const auto made = TRY(webhooks.deliveries().replay(tx, request.caller.tenant, id));
    endpoint = made.endpoint;
    return Response{202, to_json(made)};
  }));
  if (endpoint) webhooks.check_store(endpoint);
  return response;
}

}  // namespace

json::Object api_schemas() {
  json::Object all = endpoint_schemas();
  for (auto& schema : delivery_schemas()) all.push_back(std::move(schema));
  return all;
}

http::Routes routes(Webhooks& webhooks, idempotency::Idempotency& idempotency) {
  const auto sync =
      http::sync_of(std::make_shared<const Handlers>(Handlers{webhooks, idempotency}));
  constexpr auto time = http::QueryParam::Kind::time;
  const std::string read = "webhooks:read";
  const std::string write = "webhooks:write";
  const std::string endpoints = "/v1/webhook-endpoints";
  const std::string deliveries = "/v1/webhook-deliveries";
  return {
      {"POST", endpoints, write, sync(&Handlers::create)},
      {"GET", endpoints, read, sync(&Handlers::list), {"limit", "cursor"}},
      {"GET", endpoints + "/{id}", read, sync(&Handlers::get)},
      http::with_key({"PATCH", endpoints + "/{id}", write, sync(&Handlers::change)},
                     http::TakesKey::no),
      {"DELETE", endpoints + "/{id}", write, sync(&Handlers::remove)},
      {"GET", endpoints + "/{id}/secrets", write, sync(&Handlers::secrets)},
      {"POST", endpoints + "/{id}/rotate-secret", write, sync(&Handlers::rotate)},
      {"POST", endpoints + "/{id}/test", write, sync(&Handlers::send_test), {}, http::Body::none},
      {"POST", endpoints + "/{id}/replay", write, sync(&Handlers::replay)},
      {"GET",
       deliveries,
       read,
       sync(&Handlers::list_deliveries),
       {"limit",
        "cursor",
        "endpoint_id",
        "event_id",
        "event_type",
        http::word_param<DeliveryState>("state"),
        {"created_after", time},
        {"created_before", time}}},
      {"GET", deliveries + "/{id}", read, sync(&Handlers::get_delivery)},
      {"POST",
       deliveries + "/{id}/replay",
       write,
       sync(&Handlers::replay_delivery),
       {},
       http::Body::none},
  };
}

}  // namespace florin::webhooks
