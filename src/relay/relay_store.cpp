#include "relay/relay_store.h"

#include "base/try.h"
#include "platform/sql/table.h"

namespace florin::relay::store {
namespace {

using sql::Query;
using sql::Role;

constexpr std::string_view cursor_name = "kafka";

constexpr Query cursor_get{"relay.cursor", "SELECT event_id FROM relay_cursors WHERE name = $1"};
constexpr Query cursor_move{"relay.cursor_move",
                            "INSERT INTO relay_cursors (name, event_id) VALUES ($1, $2)"
                            " ON CONFLICT (name) DO UPDATE SET event_id = excluded.event_id"
                            " WHERE relay_cursors.event_id < excluded.event_id"};

const sql::Table<StoredInbound> inbound_events("inbound_events",
                                               {
                                                   {"id", &InboundEvent::id, {.role = Role::key}},
                                                   {"tenant_id", &InboundEvent::tenant},
                                                   {"source", &InboundEvent::source},
                                                   {"source_event_id",
                                                    &InboundEvent::source_event_id},
                                                   {"type", &InboundEvent::type},
                                                   {"subject", &InboundEvent::subject},
                                                   {"content", &StoredInbound::content},
                                                   {"occurred_at_us", &InboundEvent::occurred_at},
                                                   {"channel", &InboundEvent::channel},
                                                   {"event_id", &InboundEvent::event},
                                                   {"received_at_us", &InboundEvent::received_at},
                                               });
const auto by_source = inbound_events.select(
    "relay.inbound_by_source", "WHERE tenant_id = $1 AND source = $2 AND source_event_id = $3");
constexpr Query inbound_greatest{"relay.greatest_id",
                                 "SELECT id FROM inbound_events ORDER BY id DESC LIMIT 1"};

}  // namespace

Result<EventId> cursor(sql::Tx& tx) {
  EventId found;
  TRY(tx.query(cursor_get, {cursor_name}, [&](const sql::Row& row) {
    found = {row.integer(0)};
    return false;
  }));
  return found;
}

Result<void> move_cursor(sql::Tx& tx, EventId to) {
  TRY(tx.exec(cursor_move, {cursor_name, to.value}));
  return {};
}

Result<std::optional<StoredInbound>> find_inbound(sql::Tx& tx, TenantId tenant,
                                                  std::string_view source,
                                                  std::string_view source_event_id) {
  return by_source.first(tx, {tenant.value, source, source_event_id});
}

Result<void> insert_inbound(sql::Tx& tx, const StoredInbound& row) {
  return inbound_events.insert(tx, row);
}

Result<std::int64_t> greatest_id(sql::Tx& tx) {
  std::int64_t greatest = 0;
  TRY(tx.query(inbound_greatest, {}, [&](const sql::Row& row) {
    greatest = row.integer(0);
    return false;
  }));
  return greatest;
}

}  // namespace florin::relay::store
