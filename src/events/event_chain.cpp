#include "events/event_chain.h"

#include <utility>

#include "base/try.h"
#include "platform/sql/canonical.h"
#include "platform/sql/database.h"

namespace florin::events {
namespace {

using sql::Query;
using sql::Row;
using sql::canonical::put;

constexpr Query all_events{
    "events.prove",
    "SELECT id, tenant_id, type, subject, payload, actor, request_id, created_at_us, link"
    " FROM events ORDER BY id",
    sql::Rows::many, sql::Sees::all};
constexpr Query first_and_last{"events.first_and_last",
                               "SELECT (SELECT min(id) FROM events), (SELECT max(id) FROM events)",
                               sql::Rows::few, sql::Sees::all};
constexpr Query link_by_id{"events.link_by_id", "SELECT link FROM events WHERE id = $1",
                           sql::Rows::few, sql::Sees::all};
constexpr Query newest_link{
    "events.newest_link",
    "SELECT id, link FROM events WHERE id = (SELECT max(id) FROM events) AND link IS NOT NULL",
    sql::Rows::few, sql::Sees::all};

void append_canonical(std::string& out, std::string_view previous, const EventView& event) {
  put(out, previous);
  put(out, event.id.value);
  put(out, event.tenant.value);
  put(out, event.type);
  put(out, event.subject);
  put(out, event.payload);
  put(out, event.actor);
  if (event.request_id) {
    put(out, *event.request_id);
  } else {
    put(out, std::int64_t{-1});
  }
  put(out, event.at.us);
}

EventView view_of(const Row& row) {
  EventView event{{row.integer(0)}, {row.integer(1)}, row.text(2),  row.text(3),
                  row.text(4),      row.text(5),      std::nullopt, {row.integer(7)}};
  if (!row.is_null(6)) event.request_id = row.text(6);
  return event;
}

/// Goes along the chain.
class Follower {
 public:
  Follower(const crypto::SealKey* key, sql::SealFacts& facts, EventId accepted,
           const sql::Progress& progress)
      : key_(key), facts_(facts), accepted_(accepted), check_("events", progress) {}

  /// Ids grow with the time: how far it is along them tells how far it has come.
  void expect(std::int64_t first, std::int64_t last) {
    first_ = static_cast<double>(first);
    range_ = static_cast<double>(last) - first_;
  }

  /// Whether the event has a link.
  bool step(const EventView& event, std::string_view link) {
    check_.is_at(static_cast<double>(event.id.value) - first_, range_);
    check_.row();
    if (link.empty()) {
      if (proof_.linked == 0) {
        check_.not_covered();
      } else {
        check_.fault(event.id.str() + " has no link: it was written without the key");
      }
      return false;
    }
    if (proof_.linked++ == 0) facts_.sealed_since_us = event.at.us;
    look_at(event, link);
    proof_.newest = event.id;
    proof_.link = link;
    return true;
  }

  ChainProof finish() && {
    proof_.check = std::move(check_).finish();
    return std::move(proof_);
  }

 private:
  void look_at(const EventView& event, std::string_view link) {
    bytes_.clear();
    append_canonical(bytes_, proof_.link, event);
    const auto fit = key_ ? key_->check(link, bytes_) : crypto::SealKey::Fit::other_key;
    facts_.hear(fit, link);
    switch (fit) {
      case crypto::SealKey::Fit::fits:
        return;
      case crypto::SealKey::Fit::other_key:
        return check_.other_key();
      case crypto::SealKey::Fit::unkeyed:
        return look_at_unkeyed(event);
      case crypto::SealKey::Fit::differs:
        check_.fault(event.id.str() + " (" + std::string(event.type) +
                     ") was changed, or one before it was changed, added or removed");
    }
  }

  void look_at_unkeyed(const EventView& event) {
    if (event.id <= accepted_) return check_.accepted();
    if (facts_.is_loss_noted) return check_.unkeyed();
    check_.fault(event.id.str() + " is linked without a key, but no loss of the key is noted");
  }

  const crypto::SealKey* key_;
  sql::SealFacts& facts_;
  const EventId accepted_;
  double first_ = 0, range_ = 0;
  sql::Checker check_;
  ChainProof proof_;
  std::string bytes_;
};

}  // namespace

crypto::Seal link_of(const crypto::SealKey& key, std::string_view previous,
                     const EventView& event) {
  thread_local std::string bytes;
  bytes.clear();
  append_canonical(bytes, previous, event);
  return key.seal(bytes);
}

Result<ChainProof> prove_chain(sql::Tx& tx, const crypto::SealKey* key, sql::SealFacts& facts,
                               EventId accepted, const sql::Progress& progress,
                               const EventVisitor& visit) {
  Follower follower(key, facts, accepted, progress);
  TRY(tx.query(first_and_last, {}, [&](const Row& row) {
    follower.expect(row.integer(0), row.integer(1));
    return false;
  }));
  TRY(tx.query(all_events, {}, [&](const Row& row) {
    const EventView event = view_of(row);
    const std::string_view link = row.blob(8);
    if (follower.step(event, link)) visit(event, link);
    return true;
  }));
  return std::move(follower).finish();
}

Result<std::optional<ChainHead>> find_chain_head(sql::Tx& tx) {
  std::optional<ChainHead> head;
  TRY(tx.query(newest_link, {}, [&](const Row& row) {
    head = ChainHead{{row.integer(0)}, std::string(row.blob(1))};
    return false;
  }));
  return head;
}

Result<std::optional<std::string>> find_link(sql::Tx& tx, EventId id) {
  std::optional<std::string> link;
  TRY(tx.query(link_by_id, {id.value}, [&](const Row& row) {
    link = std::string(row.blob(0));
    return false;
  }));
  return link;
}

}  // namespace florin::events
