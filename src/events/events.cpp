#include "events/events.h"

#include <array>
#include <span>

#include "base/id_generator.h"
#include "base/page_work.h"
#include "base/try.h"
#include "events/event_chain.h"
#include "platform/json/writer.h"
#include "platform/sql/array.h"
#include "platform/sql/database.h"

namespace florin::events {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;

#define FLORIN_EVENT_INSERT                                                                      \
  "INSERT INTO events (id, tenant_id, type, subject, payload, actor, request_id, created_at_us," \
  " link) "
/// For SQLite, whose transaction is the only one that writes: whoever has read the newest event
/// knows it until the commit. A SELECT from the table itself would go through a temporary one.
constexpr Query event_insert{"events.insert",
                             FLORIN_EVENT_INSERT "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
/// Inserts nothing when the newest event of the log is not the one that the link was made for.
constexpr Query event_insert_behind{
    "events.insert_behind",
    FLORIN_EVENT_INSERT
    "SELECT $1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::bigint,"
    " $9::bytea WHERE $10::bigint = (SELECT coalesce(max(e.id), 0) FROM events e)",
    sql::Rows::few, sql::Sees::all};
/// Fails by its id, which is NULL, when the newest event is another one.
constexpr Query events_insert{
    "events.insert_all",
    FLORIN_EVENT_INSERT
    "SELECT CASE WHEN $10::bigint = (SELECT coalesce(max(e.id), 0) FROM events e) THEN n.id END,"
    " tenant_id, type, subject, payload, actor, request_id, created_at_us, link"
    " FROM (SELECT unnest($1::bigint[]) AS id, unnest($2::bigint[]) AS tenant_id,"
    " unnest($3::text[]) AS type, unnest($4::text[]) AS subject, unnest($5::text[]) AS payload,"
    " unnest($6::text[]) AS actor, unnest($7::text[]) AS request_id,"
    " unnest($8::bigint[]) AS created_at_us, unnest($9::bytea[]) AS link) AS n",
    sql::Rows::few, sql::Sees::all};
#undef FLORIN_EVENT_INSERT
#define FLORIN_EVENT_COLUMNS \
  "SELECT id, tenant_id, type, subject, payload, actor, request_id, created_at_us FROM events"
constexpr Query events_of_tenant{
    "events.of_tenant", FLORIN_EVENT_COLUMNS " WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC",
    sql::Rows::many};
constexpr Query event_by_id{"events.by_id",
                            FLORIN_EVENT_COLUMNS " WHERE id = $1 AND tenant_id = $2"};
constexpr Query events_after{"events.after",
                             FLORIN_EVENT_COLUMNS " WHERE id > $1 ORDER BY id LIMIT $2"};
#undef FLORIN_EVENT_COLUMNS
constexpr Query count_events_after{
    "events.count_after",
    "SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE id > $1 ORDER BY id LIMIT $2) AS newer"};
constexpr Query newest_event{"events.newest",
                             "SELECT id, link FROM events ORDER BY id DESC LIMIT 1", sql::Rows::few,
                             sql::Sees::all};

Event read_event(const Row& row) {
  return {{row.integer(0)},         {row.integer(1)},         std::string(row.text(2)),
          std::string(row.text(3)), std::string(row.text(4)), std::string(row.text(5)),
          std::string(row.text(6)), {row.integer(7)}};
}

/// The exact type, or its family written as "account.*".
bool matches_type(std::string_view type, std::string_view wanted) {
  if (!wanted.ends_with(".*")) return type == wanted;
  return type.starts_with(wanted.substr(0, wanted.size() - 1));
}

/// But for `created_after`.
bool matches(const Row& row, const Filter& filter) {
  const Timestamp at{row.integer(7)};
  return (!filter.type || matches_type(row.text(2), *filter.type)) &&
         (!filter.subject || row.text(3) == *filter.subject) &&
         (!filter.created_before || at < *filter.created_before);
}

/// What comes before `data` in a payload. Quotes within its texts are escaped, so that it cannot
/// be found in one of them.
constexpr std::string_view before_data = ",\"data\":";

void append_payload(std::string& payload, EventId id, const NewEvent& event) {
  payload.reserve(payload.size() + 160 + event.data.size());
  payload += "{\"id\":\"";
  id.append_to(payload);
  payload += "\",\"type\":";
  json::append_string(payload, event.type);
  payload += ",\"created_at\":\"";
  event.at.append_rfc3339(payload);
  payload += "\",\"subject\":";
  json::append_string(payload, event.subject);
  payload += before_data;
  payload += event.data;
  payload += '}';
}

Param or_null(std::string_view text) { return text.empty() ? Param(nullptr) : Param(text); }

/// Events as columns, for one statement.
class Rows {
 public:
  void add(EventId id, const NewEvent& event, std::string_view payload, std::string_view link) {
    ids_.add(id.value);
    tenants_.add(event.tenant.value);
    types_.add(event.type);
    subjects_.add(event.subject);
    payloads_.add(payload);
    actors_.add(event.actor);
    event.request_id.empty() ? requests_.add_null() : requests_.add(event.request_id);
    times_.add(event.at.us);
    link.empty() ? links_.add_null() : links_.add(link);
  }

  Result<void> insert(sql::Tx& tx, std::int64_t newest) {
    return tx.send(events_insert, {ids_.param(), tenants_.param(), types_.param(),
                                   subjects_.param(), payloads_.param(), actors_.param(),
                                   requests_.param(), times_.param(), links_.param(), newest});
  }

 private:
  sql::Integers ids_, tenants_, times_;
  sql::Texts types_, subjects_, payloads_, actors_, requests_;
  sql::Blobs links_;
};

}  // namespace

std::string_view data_of(std::string_view payload) {
  std::string_view data = payload;
  data.remove_prefix(data.find(before_data) + before_data.size());
  data.remove_suffix(1);
  return data;
}

EventLog::EventLog(sql::Database& database, IdGenerator& ids) : database_(database), ids_(ids) {}

std::string EventLog::next_link(const sql::Tx& tx, EventId id, const NewEvent& event,
                                std::string_view payload) {
  const crypto::SealKey* key = tx.seal_key();
  if (!key) return {};
  EventView view{id, event.tenant, event.type, event.subject, payload, event.actor, {}, event.at};
  if (!event.request_id.empty()) view.request_id = event.request_id;
  return std::string(crypto::bytes_of(link_of(*key, head_.link, view)));
}

Result<EventId> EventLog::append(sql::Tx& tx, const NewEvent& event) {
  if (tx.dialect() != sql::Dialect::postgres) TRY(follow_now(tx));
  while (!TRY(insert(tx, event))) TRY(follow_now(tx));
  return EventId{head_.id};
}

Result<bool> EventLog::insert(sql::Tx& tx, const NewEvent& event) {
  const EventId id{ids_.next()};
  std::string payload;
  append_payload(payload, id, event);
  std::string link = next_link(tx, id, event, payload);
  const std::array<Param, 10> values{id.value,
                                     event.tenant.value,
                                     event.type,
                                     event.subject,
                                     payload,
                                     event.actor,
                                     or_null(event.request_id),
                                     event.at.us,
                                     link.empty() ? Param(nullptr) : Param::blob(link),
                                     head_.id};
  const bool is_shared = tx.dialect() == sql::Dialect::postgres;
  const auto inserted = is_shared ? TRY(tx.exec(event_insert_behind, values))
                                  : TRY(tx.exec(event_insert, std::span(values).first<9>()));
  if (inserted == 0) return false;
  head_ = {id.value, std::move(link)};
  return true;
}

Result<void> EventLog::follow_now(sql::Tx& tx) {
  sql::Pipeline pipeline(tx);
  TRY(follow(pipeline));
  return pipeline.sync();
}

/// Nodes write one after another, and each makes ids by its own clock: another node's newest event
/// may be ahead of ours.
Result<void> EventLog::follow(sql::Pipeline& pipeline) {
  head_ = {};
  return pipeline.enqueue(newest_event, {}, [this](const Row& row) {
    head_ = {row.integer(0), std::string(row.blob(1))};
    ids_.start_after(head_.id);
    return false;
  });
}

Result<void> EventLog::append_all(sql::Tx& tx, std::span<const NewEvent> events) {
  if (events.empty()) return {};
  if (tx.dialect() != sql::Dialect::postgres) {
    TRY(follow_now(tx));
    for (const NewEvent& event : events) TRY(insert(tx, event));
    return {};
  }
  Rows rows;
  const std::int64_t newest = head_.id;
  std::string payload;
  for (const NewEvent& event : events) {
    const EventId id{ids_.next()};
    payload.clear();
    append_payload(payload, id, event);
    head_ = {id.value, next_link(tx, id, event, payload)};
    rows.add(id, event, payload, head_.link);
  }
  return rows.insert(tx, newest);
}

Result<EventPage> EventLog::list(TenantId tenant, const Filter& filter, EventId before, int limit) {
  return database_.read([&](sql::Tx& tx) -> Result<EventPage> {
    EventPage page;
    PageWork work(limit);
    const std::int64_t end = before ? before.value : INT64_MAX;
    TRY(tx.query(events_of_tenant, {tenant.value, end}, [&](const Row& row) {
      if (filter.created_after && Timestamp{row.integer(7)} < *filter.created_after) return false;
      const bool fits = matches(row, filter);
      if (work.look() && (!fits || work.take())) {
        if (fits) page.events.push_back(read_event(row));
        return true;
      }
      page.has_more = true;
      page.next_before = {row.integer(0) + 1};
      return false;
    }));
    return page;
  });
}

Result<std::optional<Event>> EventLog::find(TenantId tenant, EventId id) {
  return database_.read([&](sql::Tx& tx) -> Result<std::optional<Event>> {
    std::optional<Event> found;
    TRY(tx.query(event_by_id, {id.value, tenant.value}, [&](const Row& row) {
      found = read_event(row);
      return false;
    }));
    return found;
  });
}

Result<std::vector<Event>> EventLog::read_after(EventId after, int limit) {
  return database_.read([&](sql::Tx& tx) -> Result<std::vector<Event>> {
    std::vector<Event> events;
    TRY(tx.query(events_after, {after.value, limit}, [&](const Row& row) {
      events.push_back(read_event(row));
      return true;
    }));
    return events;
  });
}

Result<std::int64_t> EventLog::count_after(EventId after, std::int64_t limit) {
  return database_.read([&](sql::Tx& tx) -> Result<std::int64_t> {
    std::int64_t count = 0;
    TRY(tx.query(count_events_after, {after.value, limit}, [&](const Row& row) {
      count = row.integer(0);
      return false;
    }));
    return count;
  });
}

Result<EventId> EventLog::newest() {
  return database_.read([&](sql::Tx& tx) -> Result<EventId> {
    EventId newest;
    TRY(tx.query(newest_event, {}, [&](const Row& row) {
      newest = {row.integer(0)};
      return false;
    }));
    return newest;
  });
}

}  // namespace florin::events
