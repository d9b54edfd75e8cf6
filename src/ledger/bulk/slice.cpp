#include "ledger/bulk/slice.h"

#include <cstring>
#include <optional>
#include <utility>

#include "base/currency.h"
#include "platform/sql/errors.h"

namespace florin::ledger::bulk {
namespace {

constexpr std::int64_t format = 1;
constexpr std::int64_t absent = -1;

class Writer {
 public:
  void put(std::int64_t number) {
    out_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void put(std::string_view text) {
    put(static_cast<std::int64_t>(text.size()));
    out_ += text;
  }
  void put(const std::optional<std::string>& text) {
    text ? put(std::string_view(*text)) : put(absent);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Once it has run over the end, every number is 0 and every text empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number() {
    std::int64_t value = 0;
    const std::string_view bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  std::optional<std::string> optional_text() {
    const std::int64_t size = number();
    return size == absent ? std::nullopt : std::optional<std::string>(take(size));
  }
  /// How many entries follow; each has `least` bytes at least.
  std::size_t count(std::int64_t least) {
    const std::int64_t value = number();
    if (value < 0 || value > static_cast<std::int64_t>(rest_.size()) / least) return fail(), 0;
    return static_cast<std::size_t>(value);
  }
  bool is_whole() const { return !failed_ && rest_.empty(); }
  void fail() { failed_ = true; }

 private:
  std::string_view take(std::int64_t size) {
    if (size < 0 || size > static_cast<std::int64_t>(rest_.size()))
      return fail(), std::string_view();
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

void put(Writer& out, const Posting& posting) {
  out.put(posting.debit.value);
  out.put(posting.credit.value);
  out.put(posting.amount.minor);
  out.put(posting.amount.currency.code());
}

Posting read_posting(Reader& in) {
  const AccountId debit{in.number()};
  const AccountId credit{in.number()};
  const std::int64_t minor = in.number();
  const auto currency = Currency::parse(in.text());
  if (!currency) in.fail();
  return {debit, credit, {minor, currency.value_or(*Currency::parse("EUR"))}};
}

void put(Writer& out, const engine::PostingSide& side) {
  out.put(side.previous);
  out.put(side.sequence);
  out.put(side.balance);
}

engine::PostingSide read_side(Reader& in) {
  const std::int64_t previous = in.number();
  const std::int64_t sequence = in.number();
  return {previous, sequence, in.number()};
}

void put(Writer& out, const Transfer& transfer) {
  out.put(transfer.id.value);
  out.put(transfer.tenant.value);
  out.put(transfer.details.reference);
  out.put(transfer.details.description);
  out.put(std::string_view(transfer.details.metadata));
  out.put(transfer.effective_at.us);
  out.put(transfer.created_at.us);
  out.put(static_cast<std::int64_t>(transfer.postings.size()));
}

/// Its postings, and the rows of them.
Transfer read_transfer(Reader& in, std::vector<engine::PostingRow>& rows) {
  Transfer transfer;
  transfer.id = {in.number()};
  transfer.tenant = {in.number()};
  transfer.details.reference = in.optional_text();
  transfer.details.description = in.optional_text();
  transfer.details.metadata = in.text();
  transfer.effective_at = {in.number()};
  transfer.created_at = {in.number()};
  const std::size_t count = in.count(80);
  for (std::size_t i = 0; i < count; ++i) {
    const Posting posting = read_posting(in);
    const engine::PostingSide debit = read_side(in);
    transfer.postings.push_back(posting);
    rows.push_back({transfer.id.value + static_cast<std::int64_t>(i), transfer.id, posting, debit,
                    read_side(in)});
  }
  return transfer;
}

}  // namespace

std::vector<Slice> cut(const engine::Changes& changes, std::size_t postings) {
  std::vector<Slice> slices;
  auto row = changes.postings.begin();
  auto checkpoint = changes.checkpoints.begin();
  for (const engine::PostedTransfer& posted : changes.transfers) {
    if (slices.empty() || slices.back().postings.size() >= postings) slices.emplace_back();
    Slice& slice = slices.back();
    slice.transfers.push_back(posted.transfer);
    for (; row != changes.postings.end() && row->transfer == posted.transfer.id; ++row)
      slice.postings.push_back(*row);
    for (;
         checkpoint != changes.checkpoints.end() && checkpoint->posting <= slice.postings.back().id;
         ++checkpoint)
      slice.checkpoints.push_back(*checkpoint);
  }
  return slices;
}

std::string encode(const Slice& slice) {
  Writer out;
  out.put(format);
  out.put(static_cast<std::int64_t>(slice.transfers.size()));
  auto row = slice.postings.begin();
  for (const Transfer& transfer : slice.transfers) {
    put(out, transfer);
    for (std::size_t i = 0; i < transfer.postings.size(); ++i, ++row) {
      put(out, row->posting);
      put(out, row->debit);
      put(out, row->credit);
    }
  }
  out.put(static_cast<std::int64_t>(slice.checkpoints.size()));
  for (const engine::HistoryCheckpoint& checkpoint : slice.checkpoints) {
    out.put(checkpoint.account.value);
    out.put(checkpoint.sequence);
    out.put(checkpoint.posting);
    out.put(checkpoint.created_at.us);
  }
  return out.take();
}

Result<Slice> decode(std::string_view bytes) {
  Reader in(bytes);
  Slice slice;
  if (in.number() != format) in.fail();
  const std::size_t transfers = in.count(64);
  for (std::size_t i = 0; i < transfers; ++i)
    slice.transfers.push_back(read_transfer(in, slice.postings));
  const std::size_t checkpoints = in.count(32);
  for (std::size_t i = 0; i < checkpoints; ++i) {
    const AccountId account{in.number()};
    const std::int64_t sequence = in.number();
    const std::int64_t posting = in.number();
    slice.checkpoints.push_back({account, sequence, posting, {in.number()}});
  }
  if (in.is_whole()) return slice;
  return Error{sql::errors::store_corrupt, "a part of a bulk that waits to be written is damaged"};
}

}  // namespace florin::ledger::bulk
