#include "relay/inbox.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "idempotency/key.h"
#include "platform/json/writer.h"
#include "relay/cloud_event.h"
#include "relay/errors.h"
#include "relay/relay_store.h"

namespace florin::relay {
namespace {

/// What must be the same when an event comes again.
idempotency::Digest content_of(const CloudEvent& event) {
  const std::string time = event.time ? event.time->rfc3339() : std::string();
  return idempotency::digest_of({event.type, event.subject, time, event.data});
}

/// The data of our own event: where it came from, and what it said.
std::string data_of(const InboundEvent& inbound, const CloudEvent& event) {
  std::string data;
  json::Writer writer(data);
  writer.begin_object()
      .member("inbound_event_id", inbound.id.str())
      .member("source", event.source)
      .member("source_event_id", event.id)
      .key("occurred_at");
  if (event.time) {
    writer.value(event.time->rfc3339());
  } else {
    writer.null();
  }
  writer.member_raw("data", event.data).end_object();
  return data;
}

}  // namespace

Inbox::Inbox(events::EventLog& events, IdGenerator& ids, const Clock& clock)
    : events_(events), ids_(ids), clock_(clock) {}

Result<Taken> Inbox::take(sql::Tx& tx, const Sender& sender, const CloudEvent& event) const {
  const idempotency::Digest content = content_of(event);
  auto earlier = TRY(store::find_inbound(tx, sender.tenant, event.source, event.id));
  if (earlier) {
    if (earlier->content == content) return Taken{*std::move(earlier), false};
    return Error{errors::inbound_event_mismatch,
                 "this source used the id before, for an event with another content"};
  }
  store::StoredInbound inbound;
  inbound.content = content;
  inbound.id = {ids_.next()};
  inbound.tenant = sender.tenant;
  inbound.source = event.source;
  inbound.source_event_id = event.id;
  inbound.type = event.type;
  inbound.subject = event.subject;
  inbound.occurred_at = event.time;
  inbound.channel = sender.channel;
  inbound.received_at = clock_.now();
  const std::string data = data_of(inbound, event);
  inbound.event = TRY(events_.append(tx, {sender.tenant, event.type, event.subject, data,
                                          sender.actor, sender.request_id, inbound.received_at}));
  TRY(store::insert_inbound(tx, inbound));
  return Taken{std::move(inbound), true};
}

}  // namespace florin::relay
