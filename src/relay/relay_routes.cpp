#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"
#include "relay/cloud_event.h"
#include "relay/inbox.h"
#include "relay/module.h"
#include "relay/relay.h"

namespace florin::relay {
namespace {

using http::Request;
using http::Response;

std::string to_json(const InboundEvent& event) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object()
      .member("id", event.id.str())
      .member("source", event.source)
      .member("source_event_id", event.source_event_id)
      .member("type", event.type)
      .member("subject", event.subject)
      .key("occurred_at");
  if (event.occurred_at) {
    writer.value(event.occurred_at->rfc3339());
  } else {
    writer.null();
  }
  writer.member("event_id", event.event.str())
      .member("received_at", event.received_at.rfc3339())
      .end_object();
  return body;
}

/// A key acts for its own tenant alone.
Result<void> check_tenant(const CloudEvent& event, TenantId own) {
  if (!event.tenant || *event.tenant == own.str()) return {};
  return json::validation_error(
      {{"/tenant", "unknown_value", "must be the id of the API key's tenant, or absent"}});
}

/// The source's id is the key of the request; an Idempotency-Key is taken too.
Result<Response> take(const Relay& relay, idempotency::Idempotency& idempotency,
                      const Request& request) {
  const CloudEvent event = TRY(read_cloud_event(TRY(json::parse(request.body))));
  TRY(check_tenant(event, request.caller.tenant));
  const Sender sender{request.caller.tenant, request.caller.actor, request.request_id,
                      Channel::http};
  return idempotency.run(request, idempotency::Lifetime::thirty_days,
                         [&](sql::Tx& tx) -> Result<Response> {
                           const Taken taken = TRY(relay.inbox().take(tx, sender, event));
                           Response response = Response::created(to_json(taken.event));
                           if (!taken.is_new)
                             response.headers.push_back({"Idempotent-Replayed", "true"});
                           return response;
                         });
}

}  // namespace

http::Routes routes(Relay& relay, idempotency::Idempotency& idempotency) {
  return {{"POST", "/v1/inbound-events", "inbound:write",
           http::SyncHandler([&relay, &idempotency](const Request& request) {
             return take(relay, idempotency, request);
           })}};
}

}  // namespace florin::relay
