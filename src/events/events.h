#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace florin {
class IdGenerator;
}
namespace florin::sql {
class Database;
class Pipeline;
class Tx;
}  // namespace florin::sql

namespace florin::events {

/// An event as its module describes it. `data` is a finished JSON object.
struct NewEvent {
  TenantId tenant;
  std::string_view type;     ///< "transaction.executed"; the catalogue is docs/events.md.
  std::string_view subject;  ///< The id of the thing it happened to.
  std::string_view data;
  std::string_view
      actor;  ///< Who did it: "key_…", "system". For the audit trail; not in the payload.
  std::string_view request_id;  ///< Empty for background work.
  Timestamp at;
};

/// A stored event. `payload` is the exact text that will be signed and sent:
/// {"id","type","created_at","subject","data"}.
struct Event {
  EventId id;
  TenantId tenant;
  std::string type, subject, payload, actor, request_id;
  Timestamp created_at;
};

/// The `data` of an event's payload, a JSON object.
std::string_view data_of(std::string_view payload);
inline std::string_view data_of(const Event& event) { return data_of(event.payload); }

struct Filter {
  std::optional<std::string> type = {};  ///< Exact, or a family: "account.*".
  std::optional<std::string> subject = {};
  /// created_after <= created_at < created_before
  std::optional<Timestamp> created_after = {}, created_before = {};
};

struct EventPage {
  std::vector<Event> events;  ///< Newest first.
  bool has_more = false;
  EventId next_before;  ///< Where the next page starts; with has_more only.
};

/// The append-only log of events: outbox and audit trail in one. An event is written in the commit
/// of its change, and linked with the event before it when the database has a key (event_chain.h).
/// Safe for concurrent use; appends are the writer thread's.
class EventLog {
 public:
  EventLog(sql::Database& database, IdGenerator& ids);

  /// Appends inside the caller's unit of work. Ids grow in the order of commits, whichever node
  /// wrote: a reader with a cursor never steps over a row that commits later.
  Result<EventId> append(sql::Tx& tx, const NewEvent& event);
  /// Ids made after the pipeline is synced come behind every event in the log, whichever node
  /// wrote it and by whatever clock: what append_all needs. Holds until the transaction ends.
  Result<void> follow(sql::Pipeline& pipeline);
  /// Many, in their order, in a transaction that has followed the log; cheaper than one by one
  /// where the engine takes sets. Errors: constraint_violated when it has not.
  Result<void> append_all(sql::Tx& tx, std::span<const NewEvent> events);

  /// Errors: store errors.
  Result<EventPage> list(TenantId tenant, const Filter& filter, EventId before, int limit);
  Result<std::optional<Event>> find(TenantId tenant, EventId id);
  /// Events of all tenants after `after`, oldest first: what a reader with a durable cursor calls.
  Result<std::vector<Event>> read_after(EventId after, int limit);
  /// How many events of all tenants come after `after`; counts no further than `limit`.
  Result<std::int64_t> count_after(EventId after, std::int64_t limit);
  /// The greatest id stored; none in an empty log.
  Result<EventId> newest();

 private:
  /// The newest event, as far as is known: where another one is, an insert finds out.
  struct Head {
    std::int64_t id = 0;
    std::string link;
  };
  /// False: on PostgreSQL, where another node has appended since the head was read.
  Result<bool> insert(sql::Tx& tx, const NewEvent& event);
  Result<void> follow_now(sql::Tx& tx);
  std::string next_link(const sql::Tx& tx, EventId id, const NewEvent& event,
                        std::string_view payload);

  sql::Database& database_;
  IdGenerator& ids_;
  Head head_;
};

}  // namespace florin::events
