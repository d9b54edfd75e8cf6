#include "relay/relay_store.h"

#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::relay::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;

constexpr std::string_view cursor_name = "kafka";

constexpr Query cursor_get{"relay.cursor", "SELECT event_id FROM relay_cursors WHERE name = $1"};
constexpr Query cursor_move{"relay.cursor_move",
                            "INSERT INTO relay_cursors (name, event_id) VALUES ($1, $2)"
                            " ON CONFLICT (name) DO UPDATE SET event_id = excluded.event_id"
                            " WHERE relay_cursors.event_id < excluded.event_id"};
constexpr Query inbound_find{"relay.inbound_find",
                             "SELECT id, tenant_id, source, source_event_id, type, subject, "
                             "content, occurred_at_us, channel,"
                             " event_id, received_at_us FROM inbound_events"
                             " WHERE tenant_id = $1 AND source = $2 AND source_event_id = $3"};
constexpr Query inbound_insert{
    "relay.inbound_insert",
    "INSERT INTO inbound_events (id, tenant_id, source, source_event_id, type, subject, content,"
    " occurred_at_us, channel, event_id, received_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
constexpr Query inbound_greatest{"relay.greatest_id",
                                 "SELECT id FROM inbound_events ORDER BY id DESC LIMIT 1"};

StoredInbound read_inbound(const Row& row) {
  StoredInbound read;
  read.event.id = {row.integer(0)};
  read.event.tenant = {row.integer(1)};
  read.event.source = row.text(2);
  read.event.source_event_id = row.text(3);
  read.event.type = row.text(4);
  read.event.subject = row.text(5);
  read.content = row.blob(6);
  if (const auto occurred_us = row.optional_integer(7)) read.event.occurred_at = {*occurred_us};
  read.event.channel = sql::word(row, 8, "inbound_events.channel", parse_word<Channel>);
  read.event.event = {row.integer(9)};
  read.event.received_at = {row.integer(10)};
  return read;
}

}  // namespace

Result<EventId> cursor(sql::Tx& tx) {
  EventId found;
  TRY(tx.query(cursor_get, {cursor_name}, [&](const Row& row) {
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
  std::optional<StoredInbound> found;
  TRY(tx.query(inbound_find, {tenant.value, source, source_event_id}, [&](const Row& row) {
    found = read_inbound(row);
    return false;
  }));
  return found;
}

Result<void> insert_inbound(sql::Tx& tx, const StoredInbound& row) {
  const InboundEvent& event = row.event;
  const Param occurred = event.occurred_at ? Param(event.occurred_at->us) : Param(nullptr);
  TRY(tx.exec(inbound_insert,
              {event.id.value, event.tenant.value, event.source, event.source_event_id, event.type,
               event.subject, Param::blob(row.content), occurred, to_word(event.channel),
               event.event.value, event.received_at.us}));
  return {};
}

Result<std::int64_t> greatest_id(sql::Tx& tx) {
  std::int64_t greatest = 0;
  TRY(tx.query(inbound_greatest, {}, [&](const Row& row) {
    greatest = row.integer(0);
    return false;
  }));
  return greatest;
}

}  // namespace florin::relay::store
