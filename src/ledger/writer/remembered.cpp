#include "ledger/writer/remembered.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/try.h"
#include "ledger/answers.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/transfer_store.h"
#include "platform/sql/errors.h"

namespace florin::ledger {
namespace {

using idempotency::Record;

Error corrupt() {
  return Error{sql::errors::store_corrupt, "the database holds an idempotency key that is damaged"};
}

// ---------------------------------------------------------------- bulks

/// For each item the distance of its transfer's id from the transfer before (0: it has none) and,
/// with a hold, the hold's id and status: "7146825580544 1 0:7146825580546:open".
std::string to_text(const BulkResult& result) {
  std::string text;
  std::int64_t previous = 0;
  for (const BulkItem& item : result.items) {
    const BulkDone& done = std::get<BulkDone>(item);
    if (!text.empty()) text += ' ';
    text += std::to_string(done.transfer ? done.transfer.value - previous : 0);
    if (done.transfer) previous = done.transfer.value;
    if (!done.hold) continue;
    text += ':' + std::to_string(done.hold.value) + ':';
    text += to_word(done.hold_status);
  }
  return text;
}

/// Removes and returns the part before the separator.
std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

Result<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number < 0) return corrupt();
  return number;
}

Result<BulkResult> bulk_from(std::string_view text) {
  BulkResult result;
  std::int64_t previous = 0;
  while (!text.empty()) {
    std::string_view item = take_until(text, ' ');
    BulkDone done;
    const std::int64_t distance = TRY(number_of(take_until(item, ':')));
    if (distance != 0) done.transfer = {previous += distance};
    if (!item.empty()) {
      done.hold = {TRY(number_of(take_until(item, ':')))};
      const auto status = parse_word<HoldStatus>(item);
      if (!status) return corrupt();
      done.hold_status = *status;
    }
    result.items.emplace_back(done);
  }
  return result;
}

bool is_all_done(const BulkResult& result) {
  return std::all_of(result.items.begin(), result.items.end(),
                     [](const BulkItem& item) { return std::holds_alternative<BulkDone>(item); });
}

// ---------------------------------------------------------------- what is stored

/// Fills in `ref`, which stays 0 for what is stored as it was sent, and what the object of this id
/// does not tell.
struct Shorten {
  Record& record;

  void operator()(const Transfer& transfer) { record.ref = transfer.id.value; }
  void operator()(const Hold& hold) { record.ref = hold.id.value; }
  void operator()(const Capture& capture) {
    record.ref = capture.transfer.id.value;
    // A rest that stays held depends on the captures before this one.
    if (capture.hold.status == HoldStatus::open)
      record.body = std::to_string(capture.hold.postings[0].remaining);
  }
  void operator()(const BulkResult& result) {
    if (result.items.empty() || !is_all_done(result)) return;
    const BulkDone& first = std::get<BulkDone>(result.items[0]);
    record.ref = first.transfer ? first.transfer.value : first.hold.value;
    record.body = to_text(result);
  }
  void operator()(const Replay&) {}
  void operator()(const Error&) {}
};

// ---------------------------------------------------------------- what is read back

Result<Transfer> transfer_of(sql::Tx& tx, std::int64_t ref) {
  auto transfer = TRY(store::load_transfer(tx, TransferId{ref}));
  if (!transfer) return corrupt();
  return *std::move(transfer);
}

Result<Hold> hold_of(sql::Tx& tx, HoldId id) {
  auto hold = TRY(store::load_hold(tx, id));
  if (!hold) return corrupt();
  return *std::move(hold);
}

/// Rows of holds change; each kind of command determines the state of its hold right after it.
struct Recall {
  sql::Tx& tx;
  const Record& record;

  Result<Made> operator()(const PostTransfer&) const { return transfer(); }
  Result<Made> operator()(const ReverseTransfer&) const { return transfer(); }
  Result<Made> operator()(const PlaceHold&) const {
    Hold hold = TRY(hold_of(tx, {record.ref}));
    hold.status = HoldStatus::open;
    for (HoldPosting& held : hold.postings) held.remaining = held.posting.amount.minor;
    return Made(std::move(hold));
  }
  Result<Made> operator()(const CaptureHold&) const {
    Capture capture;
    capture.transfer = TRY(transfer_of(tx, record.ref));
    capture.hold = TRY(hold_of(tx, capture.transfer.hold));
    const bool rest_stays = !record.body.empty();
    capture.hold.status = rest_stays ? HoldStatus::open : HoldStatus::captured;
    for (HoldPosting& held : capture.hold.postings) held.remaining = 0;
    if (!rest_stays) return Made(std::move(capture));
    if (capture.hold.postings.empty()) return corrupt();
    capture.hold.postings[0].remaining = TRY(number_of(record.body));
    return Made(std::move(capture));
  }
  /// It has ended: its row is as it was then.
  Result<Made> operator()(const ReleaseHold&) const {
    Hold hold = TRY(hold_of(tx, {record.ref}));
    return Made(std::move(hold));
  }
  Result<Made> operator()(const ExpireHold&) const { return corrupt(); }  // Has no key.
  Result<Made> operator()(const PostBulk&) const { return bulk(); }
  Result<Made> operator()(const RunSteps&) const { return bulk(); }

 private:
  Result<Made> transfer() const {
    Transfer transfer = TRY(transfer_of(tx, record.ref));
    return Made(std::move(transfer));
  }
  Result<Made> bulk() const {
    BulkResult result = TRY(bulk_from(record.body));
    return Made(std::move(result));
  }
};

}  // namespace

std::optional<Record> remember(const Command& command, const Outcome& outcome) {
  const auto* error = std::get_if<Error>(&outcome);
  if (error && !idempotency::is_remembered(*error)) return std::nullopt;
  Record record{command.key->request, 0, status_of(command, outcome), {}};
  std::visit(Shorten{record}, outcome);
  if (record.ref == 0) record.body = answer(command, outcome).body;
  return record;
}

Result<void> recall(sql::Tx& tx, const Command& command, Outcome& outcome) {
  auto* replay = std::get_if<Replay>(&outcome);
  if (!replay || replay->record.ref == 0) return {};
  replay->made = TRY(std::visit(Recall{tx, replay->record}, command.body));
  return {};
}

}  // namespace florin::ledger
