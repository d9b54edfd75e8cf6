#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "platform/json/fields.h"
#include "platform/json/object_reader.h"
#include "platform/sql/database.h"
#include "relay/cloud_event.h"
#include "relay/inbox.h"
#include "relay/module.h"
#include "relay/relay.h"

namespace florin::relay {
namespace {

using http::Request;
using http::Response;

const json::Fields<InboundEvent>& inbound_event_fields() {
  static const json::Fields<InboundEvent> fields({
      {"id", &InboundEvent::id, {.example = "inb_0s9vbhtwm0001"}},
      {"source", &InboundEvent::source},
      {"source_event_id", &InboundEvent::source_event_id},
      {"type", &InboundEvent::type},
      {"subject",
       &InboundEvent::subject,
       {.help = "That of the source, or the event's id where it gave none."}},
      {"occurred_at", &InboundEvent::occurred_at},
      {"event_id", &InboundEvent::event, {.help = "In our event log."}},
      {"received_at", &InboundEvent::received_at},
  });
  return fields;
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
  return idempotency.run(
      request, idempotency::Lifetime::thirty_days, [&](sql::Tx& tx) -> Result<Response> {
        const Taken taken = TRY(relay.inbox().take(tx, sender, event));
        Response response = Response::created(json::write(inbound_event_fields(), taken.event));
        if (!taken.is_new) response.headers.push_back({"Idempotent-Replayed", "true"});
        return response;
      });
}

}  // namespace

json::Object api_schemas() {
  return {{"InboundEvent", json::schema(inbound_event_fields(), json::Use::answer)}};
}

http::Routes routes(Relay& relay, idempotency::Idempotency& idempotency) {
  return {{"POST", "/v1/inbound-events", "inbound:write",
           http::SyncHandler([&relay, &idempotency](const Request& request) {
             return take(relay, idempotency, request);
           })}};
}

}  // namespace florin::relay
