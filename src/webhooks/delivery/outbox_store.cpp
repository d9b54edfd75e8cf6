#include "webhooks/delivery/outbox_store.h"

#include <string>

#include "base/try.h"
#include "platform/sql/list.h"
#include "platform/sql/table.h"

namespace florin::webhooks::outbox {
namespace {

using sql::Query;
using sql::Role;
using sql::Row;

constexpr std::string_view cursor_name = "fan_out";

const sql::Table<Delivery> deliveries(
    "webhook_outbox", {
                          {"id", &Delivery::id, {.role = Role::key}},
                          {"tenant_id", &Delivery::tenant, {.role = Role::key}},
                          {"endpoint_id", &Delivery::endpoint, {.role = Role::fixed}},
                          {"event_id", &Delivery::event, {.role = Role::fixed}},
                          {"event_type", &Delivery::event_type, {.role = Role::fixed}},
                          {"state", &Delivery::state},
                          {"attempts", &Delivery::attempts},
                          {"next_attempt_at_us", &Delivery::next_attempt_at},
                          {"order_key", &Delivery::order_key, {.role = Role::fixed}},
                          {"is_replay", &Delivery::is_replay, {.role = Role::fixed}},
                          {"last_status", &Delivery::last_status},
                          {"last_error", &Delivery::last_error},
                          {"created_at_us", &Delivery::created_at, {.role = Role::fixed}},
                          {"delivered_at_us", &Delivery::delivered_at},
                          {"replayed_at_us", &Delivery::replayed_at, {.role = Role::fixed}},
                      });
const auto first_of_event =
    deliveries.insertion("webhooks.delivery_insert",
                         "ON CONFLICT (endpoint_id, event_id) WHERE is_replay = 0 DO NOTHING");
const auto deliveries_open = deliveries.select(
    "webhooks.deliveries_open",
    "WHERE endpoint_id = $1 AND state IN ('PENDING', 'FAILED') ORDER BY next_attempt_at_us",
    sql::Rows::many);
const auto delivery_by_id = deliveries.select("webhooks.delivery_by_id", "WHERE id = $1");
const auto delivery_of_tenant =
    deliveries.select("webhooks.delivery_of_tenant", "WHERE id = $1 AND tenant_id = $2");
const auto deliveries_dead =
    deliveries.select("webhooks.deliveries_dead",
                      "WHERE endpoint_id = $1 AND id > $2 AND id <= $3 AND state = 'DEAD_LETTER'"
                      " AND replayed_at_us IS NULL ORDER BY id LIMIT $4");
const auto first_open_of_key =
    deliveries.select("webhooks.order_key_open",
                      "WHERE endpoint_id = $1 AND order_key = $2 AND order_key IS NOT NULL"
                      " AND state IN ('PENDING', 'FAILED') ORDER BY id LIMIT 1");
const sql::List<Delivery> newest_first(deliveries, "webhooks.deliveries_of_tenant",
                                       {"endpoint_id"});
constexpr Query delivery_greatest{"webhooks.delivery_greatest",
                                  "SELECT max(id) FROM webhook_outbox"};
constexpr Query delivery_release{"webhooks.delivery_release",
                                 "UPDATE webhook_outbox SET next_attempt_at_us = $2 WHERE id = $1"};
constexpr Query delivery_replayed{
    "webhooks.delivery_replayed",
    "UPDATE webhook_outbox SET replayed_at_us = $3 WHERE id = $1 AND tenant_id = $2"};
const sql::Table<Attempt> attempts_table(
    "webhook_attempts", {
                            {"delivery_id", &Attempt::delivery, {.role = Role::key}},
                            {"number", &Attempt::number, {.role = Role::key}},
                            {"started_at_us", &Attempt::started_at},
                            {"duration_us", &Attempt::duration_us},
                            {"status", &Attempt::status},
                            {"error", &Attempt::error},
                            {"request_headers", &Attempt::request_headers},
                            {"response_headers", &Attempt::response_headers},
                            {"response_body", &Attempt::response_body},
                            {"is_truncated", &Attempt::is_truncated},
                        });
const auto new_attempt = attempts_table.insertion("webhooks.attempt_insert",
                                                  "ON CONFLICT (delivery_id, number) DO NOTHING");
const auto attempts_of = attempts_table.select(
    "webhooks.attempts",
    "WHERE delivery_id = (SELECT id FROM webhook_outbox WHERE id = $1 AND tenant_id = $2)"
    " ORDER BY number DESC");
const sql::Table<Replay> replays_table("webhook_replays",
                                       {
                                           {"id", &Replay::id, {.role = Role::key}},
                                           {"tenant_id", &Replay::tenant, {.role = Role::key}},
                                           {"endpoint_id", &Replay::endpoint},
                                           {"kind", &Replay::kind},
                                           {"position", &Replay::position},
                                           {"last", &Replay::last},
                                           {"created_at_us", &Replay::created_at},
                                       });
const auto all_replays = replays_table.select("webhooks.replays", "ORDER BY id");
constexpr Query replay_move{"webhooks.replay_move",
                            "UPDATE webhook_replays SET position = $2 WHERE id = $1"};
constexpr Query replay_remove{"webhooks.replay_remove",
                              "DELETE FROM webhook_replays WHERE id = $1"};
constexpr Query cursor_get{"webhooks.cursor",
                           "SELECT event_id FROM webhook_cursor WHERE name = $1"};
constexpr Query cursor_set{"webhooks.cursor_set",
                           "INSERT INTO webhook_cursor (name, event_id) VALUES ($1, $2)"
                           " ON CONFLICT (name) DO UPDATE SET event_id = excluded.event_id"};
constexpr Query backlog_size{
    "webhooks.backlog",
    "SELECT count(*), min(id) FROM webhook_outbox WHERE state IN ('PENDING', 'FAILED')"};
constexpr Query old_ids{
    "webhooks.old_deliveries",
    "SELECT id FROM webhook_outbox WHERE id < $1 AND state IN ('DELIVERED', 'DEAD_LETTER')"
    " ORDER BY id LIMIT $2"};
constexpr Query endpoint_delivery_ids{
    "webhooks.endpoint_deliveries",
    "SELECT id FROM webhook_outbox WHERE endpoint_id = $1 ORDER BY id LIMIT $2"};
constexpr Query delivery_remove{"webhooks.delivery_remove",
                                "DELETE FROM webhook_outbox WHERE id = $1"};
constexpr Query attempts_remove{"webhooks.attempts_remove",
                                "DELETE FROM webhook_attempts WHERE delivery_id = $1"};

Result<std::int64_t> remove_rows(sql::Tx& tx, const Query& choose,
                                 std::initializer_list<sql::Param> params) {
  std::vector<std::int64_t> ids;
  TRY(tx.query(choose, params, [&](const Row& row) {
    ids.push_back(row.integer(0));
    return true;
  }));
  for (const std::int64_t id : ids) {
    TRY(tx.send(attempts_remove, {id}));
    TRY(tx.send(delivery_remove, {id}));
  }
  return static_cast<std::int64_t>(ids.size());
}

}  // namespace

Result<bool> insert(sql::Tx& tx, Delivery& delivery) {
  if (delivery.order_key &&
      TRY(first_open_of_key.first(tx, {delivery.endpoint.value, *delivery.order_key})))
    delivery.next_attempt_at = Delivery::held;
  return first_of_event.add(tx, delivery);
}

Result<void> visit_open(sql::Tx& tx, EndpointId endpoint,
                        const std::function<bool(const Delivery&)>& visit) {
  return deliveries_open.visit(tx, {endpoint.value}, visit);
}

Result<std::optional<Delivery>> find(sql::Tx& tx, TenantId tenant, DeliveryId id) {
  return delivery_of_tenant.first(tx, {id.value, tenant.value});
}

Result<Paged<Delivery>> list(sql::Tx& tx, TenantId tenant, const DeliveryFilter& filter,
                             const PageRequest& page) {
  return newest_first.page(tx, tenant, page,
                           sql::Filters()
                               .equals("endpoint_id", filter.endpoint)
                               .equals("event_id", filter.event)
                               .equals("state", filter.state)
                               .equals("event_type", filter.event_type));
}

Result<std::int64_t> greatest_id(sql::Tx& tx) {
  std::int64_t greatest = 0;
  TRY(tx.query(delivery_greatest, {}, [&](const Row& row) {
    greatest = row.integer(0);
    return false;
  }));
  return greatest;
}

Result<bool> update(sql::Tx& tx, const Delivery& delivery) {
  return deliveries.change(tx, delivery);
}

Result<void> release_next(sql::Tx& tx, EndpointId endpoint, std::string_view order_key,
                          Timestamp now) {
  const auto next = TRY(first_open_of_key.first(tx, {endpoint.value, order_key}));
  if (next && next->next_attempt_at == Delivery::held)
    TRY(tx.exec(delivery_release, {next->id.value, now.us}));
  return {};
}

Result<void> insert_attempt(sql::Tx& tx, const Attempt& attempt) {
  return new_attempt.send(tx, std::span(&attempt, 1));
}

Result<std::vector<Attempt>> attempts(sql::Tx& tx, TenantId tenant, DeliveryId delivery) {
  return attempts_of.all(tx, {delivery.value, tenant.value});
}

Result<std::vector<Delivery>> dead_letters(sql::Tx& tx, EndpointId endpoint, std::int64_t after,
                                           std::int64_t last, int limit) {
  return deliveries_dead.all(tx, {endpoint.value, after, last, limit});
}

Result<void> mark_replayed(sql::Tx& tx, TenantId tenant, DeliveryId id, Timestamp now) {
  TRY(tx.exec(delivery_replayed, {id.value, tenant.value, now.us}));
  return {};
}

Result<void> insert_replay(sql::Tx& tx, const Replay& replay) {
  return replays_table.insert(tx, replay);
}

Result<std::vector<Replay>> replays(sql::Tx& tx) { return all_replays.all(tx); }

Result<void> move_replay(sql::Tx& tx, const Replay& replay) {
  if (replay.position >= replay.last) {
    TRY(tx.exec(replay_remove, {replay.id}));
  } else {
    TRY(tx.exec(replay_move, {replay.id, replay.position}));
  }
  return {};
}

Result<EventId> cursor(sql::Tx& tx) {
  EventId found;
  TRY(tx.query(cursor_get, {cursor_name}, [&](const Row& row) {
    found = {row.integer(0)};
    return false;
  }));
  return found;
}

Result<void> set_cursor(sql::Tx& tx, EventId event) {
  TRY(tx.exec(cursor_set, {cursor_name, event.value}));
  return {};
}

Result<Backlog> backlog(sql::Tx& tx) {
  Backlog backlog;
  std::int64_t oldest = 0;
  TRY(tx.query(backlog_size, {}, [&](const Row& row) {
    backlog.count = row.integer(0);
    oldest = row.integer(1);
    return false;
  }));
  if (oldest == 0) return backlog;
  if (const auto delivery = TRY(delivery_by_id.first(tx, {oldest})))
    backlog.oldest = delivery->created_at;
  return backlog;
}

Result<std::int64_t> remove_old(sql::Tx& tx, std::int64_t before, int limit) {
  return remove_rows(tx, old_ids, {before, limit});
}

Result<std::int64_t> remove_of(sql::Tx& tx, EndpointId endpoint, int limit) {
  return remove_rows(tx, endpoint_delivery_ids, {endpoint.value, limit});
}

}  // namespace florin::webhooks::outbox
