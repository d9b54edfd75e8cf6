#include "webhooks/delivery/outbox_store.h"

#include <string>

#include "base/page_work.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::webhooks::outbox {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;

constexpr std::string_view cursor_name = "fan_out";

constexpr Query delivery_insert{
    "webhooks.delivery_insert",
    "INSERT INTO webhook_outbox (id, tenant_id, endpoint_id, event_id, event_type, state, attempts,"
    " next_attempt_at_us, order_key, is_replay, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5, 'PENDING', 0, $6, $7, $8, $9)"
    " ON CONFLICT (endpoint_id, event_id) WHERE is_replay = 0 DO NOTHING"};
constexpr Query order_key_open{
    "webhooks.order_key_open",
    "SELECT id, next_attempt_at_us FROM webhook_outbox WHERE endpoint_id = $1 AND order_key = $2"
    " AND order_key IS NOT NULL AND state IN ('PENDING', 'FAILED') ORDER BY id LIMIT 1"};
#define FLORIN_DELIVERIES                                                              \
  "SELECT id, tenant_id, endpoint_id, event_id, event_type, state, attempts,"          \
  " next_attempt_at_us, order_key, is_replay, last_status, last_error, created_at_us," \
  " delivered_at_us, replayed_at_us FROM webhook_outbox"
constexpr Query deliveries_open{"webhooks.deliveries_open", FLORIN_DELIVERIES
                                " WHERE endpoint_id = $1 AND state IN ('PENDING', 'FAILED')"
                                " ORDER BY next_attempt_at_us"};
constexpr Query delivery_by_id{"webhooks.delivery_by_id", FLORIN_DELIVERIES " WHERE id = $1"};
constexpr Query delivery_of_tenant{"webhooks.delivery_of_tenant",
                                   FLORIN_DELIVERIES " WHERE id = $1 AND tenant_id = $2"};
constexpr Query deliveries_of_tenant{"webhooks.deliveries_of_tenant", FLORIN_DELIVERIES
                                     " WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC"};
// The sign keeps SQLite from going through all deliveries of the tenant.
constexpr Query deliveries_of_endpoint{
    "webhooks.deliveries_of_endpoint",
    FLORIN_DELIVERIES " WHERE +tenant_id = $1 AND id < $2 AND endpoint_id = $3 ORDER BY id DESC"};
constexpr Query deliveries_dead{
    "webhooks.deliveries_dead", FLORIN_DELIVERIES
    " WHERE endpoint_id = $1 AND id > $2 AND id <= $3 AND state = 'DEAD_LETTER'"
    " AND replayed_at_us IS NULL ORDER BY id LIMIT $4"};
#undef FLORIN_DELIVERIES
constexpr Query delivery_greatest{"webhooks.delivery_greatest",
                                  "SELECT max(id) FROM webhook_outbox"};
constexpr Query delivery_update{
    "webhooks.delivery_update",
    "UPDATE webhook_outbox SET state = $2, attempts = $3, next_attempt_at_us = $4,"
    " last_status = $5, last_error = $6, delivered_at_us = $7 WHERE id = $1"};
constexpr Query delivery_release{"webhooks.delivery_release",
                                 "UPDATE webhook_outbox SET next_attempt_at_us = $2 WHERE id = $1"};
constexpr Query delivery_replayed{
    "webhooks.delivery_replayed",
    "UPDATE webhook_outbox SET replayed_at_us = $3 WHERE id = $1 AND tenant_id = $2"};
constexpr Query attempt_insert{
    "webhooks.attempt_insert",
    "INSERT INTO webhook_attempts (delivery_id, number, started_at_us, duration_us, status, error,"
    " request_headers, response_headers, response_body, is_truncated)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    " ON CONFLICT (delivery_id, number) DO NOTHING"};
constexpr Query attempts_of{
    "webhooks.attempts",
    "SELECT a.number, a.started_at_us, a.duration_us, a.status, a.error, a.request_headers,"
    " a.response_headers, a.response_body, a.is_truncated FROM webhook_attempts a"
    " JOIN webhook_outbox d ON d.id = a.delivery_id"
    " WHERE a.delivery_id = $1 AND d.tenant_id = $2 ORDER BY a.number DESC"};
constexpr Query replay_insert{
    "webhooks.replay_insert",
    "INSERT INTO webhook_replays (id, tenant_id, endpoint_id, kind, position, last, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr Query replays_all{"webhooks.replays",
                            "SELECT id, tenant_id, endpoint_id, kind, position, last, created_at_us"
                            " FROM webhook_replays ORDER BY id"};
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

constexpr sql::Words<bool, 2> replay_kinds{{{"failed", true}, {"since", false}}};

std::optional<Timestamp> time_at(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Timestamp{row.integer(column)};
}

std::optional<int> small_at(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return static_cast<int>(row.integer(column));
}

Delivery read_delivery(const Row& row) {
  Delivery delivery;
  delivery.id = {row.integer(0)};
  delivery.tenant = {row.integer(1)};
  delivery.endpoint = {row.integer(2)};
  delivery.event = {row.integer(3)};
  delivery.event_type = std::string(row.text(4));
  delivery.state = sql::word(row, 5, "webhook_outbox.state", parse_word<DeliveryState>);
  delivery.attempts = static_cast<int>(row.integer(6));
  delivery.next_attempt_at = {row.integer(7)};
  delivery.order_key = row.optional_text(8);
  delivery.is_replay = row.integer(9) != 0;
  delivery.last_status = small_at(row, 10);
  delivery.last_error = row.optional_text(11);
  delivery.created_at = {row.integer(12)};
  delivery.delivered_at = time_at(row, 13);
  delivery.replayed_at = time_at(row, 14);
  return delivery;
}

struct FirstOpen {
  DeliveryId id;
  Timestamp next_attempt_at;
};

Result<std::optional<FirstOpen>> first_open(sql::Tx& tx, EndpointId endpoint,
                                            std::string_view order_key) {
  std::optional<FirstOpen> first;
  TRY(tx.query(order_key_open, {endpoint.value, order_key}, [&](const Row& row) {
    first = FirstOpen{{row.integer(0)}, {row.integer(1)}};
    return false;
  }));
  return first;
}

bool matches(const Delivery& delivery, const DeliveryFilter& filter) {
  return (!filter.event || delivery.event == *filter.event) &&
         (!filter.state || delivery.state == *filter.state) &&
         (!filter.event_type || delivery.event_type == *filter.event_type) &&
         (!filter.created_after || delivery.created_at >= *filter.created_after) &&
         (!filter.created_before || delivery.created_at < *filter.created_before);
}

Result<std::optional<Delivery>> one_delivery(sql::Tx& tx, const Query& query,
                                             std::initializer_list<Param> params) {
  std::optional<Delivery> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read_delivery(row);
    return false;
  }));
  return found;
}

Result<std::int64_t> remove_rows(sql::Tx& tx, const Query& choose,
                                 std::initializer_list<Param> params) {
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
  if (delivery.order_key && TRY(first_open(tx, delivery.endpoint, *delivery.order_key)))
    delivery.next_attempt_at = Delivery::held;
  const auto rows = TRY(tx.exec(
      delivery_insert, {delivery.id.value, delivery.tenant.value, delivery.endpoint.value,
                        delivery.event.value, delivery.event_type, delivery.next_attempt_at.us,
                        delivery.order_key, delivery.is_replay, delivery.created_at.us}));
  return rows > 0;
}

Result<void> visit_open(sql::Tx& tx, EndpointId endpoint,
                        const std::function<bool(const Delivery&)>& visit) {
  return tx.query(deliveries_open, {endpoint.value},
                  [&](const Row& row) { return visit(read_delivery(row)); });
}

Result<std::optional<Delivery>> find(sql::Tx& tx, TenantId tenant, DeliveryId id) {
  return one_delivery(tx, delivery_of_tenant, {id.value, tenant.value});
}

Result<Page> list(sql::Tx& tx, TenantId tenant, const DeliveryFilter& filter, std::int64_t before,
                  int limit) {
  Page page;
  PageWork work(limit);
  const std::int64_t end = before == 0 ? INT64_MAX : before;
  const auto take = [&](const Row& row) {
    Delivery delivery = read_delivery(row);
    const bool fits = matches(delivery, filter);
    if (work.look() && (!fits || work.take())) {
      if (fits) page.deliveries.push_back(std::move(delivery));
      return true;
    }
    page.next = row.integer(0) + 1;
    return false;
  };
  if (filter.endpoint) {
    TRY(tx.query(deliveries_of_endpoint, {tenant.value, end, filter.endpoint->value}, take));
  } else {
    TRY(tx.query(deliveries_of_tenant, {tenant.value, end}, take));
  }
  return page;
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
  const auto delivered =
      delivery.delivered_at ? std::optional(delivery.delivered_at->us) : std::nullopt;
  const auto rows =
      TRY(tx.exec(delivery_update, {delivery.id.value, to_word(delivery.state), delivery.attempts,
                                    delivery.next_attempt_at.us, delivery.last_status,
                                    delivery.last_error, delivered}));
  return rows > 0;
}

Result<void> release_next(sql::Tx& tx, EndpointId endpoint, std::string_view order_key,
                          Timestamp now) {
  const auto next = TRY(first_open(tx, endpoint, order_key));
  if (next && next->next_attempt_at == Delivery::held)
    TRY(tx.exec(delivery_release, {next->id.value, now.us}));
  return {};
}

Result<void> insert_attempt(sql::Tx& tx, const Attempt& attempt) {
  return tx.send(attempt_insert,
                 {attempt.delivery.value, attempt.number, attempt.started_at.us,
                  attempt.duration_us, attempt.status, attempt.error, attempt.request_headers,
                  attempt.response_headers, attempt.response_body, attempt.is_truncated});
}

Result<std::vector<Attempt>> attempts(sql::Tx& tx, TenantId tenant, DeliveryId delivery) {
  std::vector<Attempt> found;
  TRY(tx.query(attempts_of, {delivery.value, tenant.value}, [&](const Row& row) {
    Attempt& attempt = found.emplace_back();
    attempt.delivery = delivery;
    attempt.number = static_cast<int>(row.integer(0));
    attempt.started_at = {row.integer(1)};
    attempt.duration_us = row.integer(2);
    attempt.status = small_at(row, 3);
    attempt.error = row.optional_text(4);
    attempt.request_headers = std::string(row.text(5));
    attempt.response_headers = std::string(row.text(6));
    attempt.response_body = std::string(row.text(7));
    attempt.is_truncated = row.integer(8) != 0;
    return true;
  }));
  return found;
}

Result<std::vector<Delivery>> dead_letters(sql::Tx& tx, EndpointId endpoint, std::int64_t after,
                                           std::int64_t last, int limit) {
  std::vector<Delivery> found;
  TRY(tx.query(deliveries_dead, {endpoint.value, after, last, limit}, [&](const Row& row) {
    found.push_back(read_delivery(row));
    return true;
  }));
  return found;
}

Result<void> mark_replayed(sql::Tx& tx, TenantId tenant, DeliveryId id, Timestamp now) {
  TRY(tx.exec(delivery_replayed, {id.value, tenant.value, now.us}));
  return {};
}

Result<void> insert_replay(sql::Tx& tx, const Replay& replay) {
  TRY(tx.exec(replay_insert, {replay.id, replay.tenant.value, replay.endpoint.value,
                              replay.is_of_failed ? "failed" : "since", replay.position,
                              replay.last, replay.created_at.us}));
  return {};
}

Result<std::vector<Replay>> replays(sql::Tx& tx) {
  std::vector<Replay> found;
  TRY(tx.query(replays_all, {}, [&](const Row& row) {
    found.push_back({row.integer(0),
                     {row.integer(1)},
                     {row.integer(2)},
                     sql::word(row, 3, "webhook_replays.kind", replay_kinds),
                     row.integer(4),
                     row.integer(5),
                     {row.integer(6)}});
    return true;
  }));
  return found;
}

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
  if (const auto delivery = TRY(one_delivery(tx, delivery_by_id, {oldest})))
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
