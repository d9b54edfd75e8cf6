#include "reconciliation/item_recorder.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/sql/database.h"
#include "reconciliation/record.h"

namespace florin::reconciliation {
namespace {

constexpr std::size_t batch_items = 500;

void append_part(std::string& out, std::string_view text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

}  // namespace

ItemRecorder::ItemRecorder(sql::Database& database, const Clock& clock, IdGenerator& ids,
                           const Run& run, std::int64_t max_items)
    : database_(database), clock_(clock), ids_(ids), run_(run), max_items_(max_items) {}

/// A transaction has one difference of a kind. Those without a key are told apart by their number:
/// mismatches come in the same order each time.
std::string ItemRecorder::fingerprint_of(std::string_view kind, const Entry& entry) {
  std::string identity;
  append_part(identity, kind);
  append_part(identity, entry.key);
  if (entry.key.empty()) {
    append_part(identity, entry.ref);
    append_part(identity, entry.kind);
    append_part(identity, std::to_string(without_key_[identity]++));
  }
  return crypto::to_hex(crypto::bytes_of(crypto::sha256(identity)));
}

Result<void> ItemRecorder::add(const Mismatch& mismatch) {
  if (count_ == max_items_) {
    is_truncated_ = true;
    return {};
  }
  ++count_;
  Item item;
  item.created_at = clock_.now();  // Before the id: an id tells no earlier time.
  item.id = {ids_.next()};
  item.tenant = run_.tenant;
  item.run = run_.id;
  item.kind = word_of(mismatch.kind, run_.names);
  item.transaction_id = mismatch.entry().key;
  item.ours = mismatch.ours;
  item.theirs = mismatch.theirs;
  item.updated_at = item.created_at;
  item.fingerprint = fingerprint_of(item.kind, mismatch.entry());
  item.seen_attempt = run_.attempt;
  waiting_.push_back(std::move(item));
  return waiting_.size() < batch_items ? Result<void>() : flush();
}

Result<void> ItemRecorder::flush() {
  if (waiting_.empty()) return {};
  TRY(database_.write([&](sql::Tx& tx) -> Result<void> {
    TRY(store::require_attempt(tx, run_));
    for (const Item& item : waiting_) TRY(store::record(tx, item));
    return {};
  }));
  waiting_.clear();
  return {};
}

}  // namespace florin::reconciliation
