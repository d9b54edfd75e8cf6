#include <algorithm>
#include <array>
#include <charconv>

#include "base/try.h"
#include "reconciliation/csv.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

enum Column : std::size_t {
  transaction_id,
  ref_id,
  type,
  player_id,
  currency,
  amount,
  amount_minor,
  status,
  processed_at,
  column_count
};

constexpr std::array<std::string_view, column_count> names{
    "transactionId", "refId",        "type",   "playerId",   "currency",
    "amount",        "amount_minor", "status", "processedAt"};

/// transactionId and transaction_id are one name.
std::string folded(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '_' || c == ' ') continue;
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

constexpr std::size_t absent = static_cast<std::size_t>(-1);
using Places = std::array<std::size_t, column_count>;

Result<Places> read_head(CsvReader& reader) {
  if (!TRY(reader.next()))
    return reader.malformed("the file is empty; its first row names columns");
  Places places;
  places.fill(absent);
  for (std::size_t i = 0; i < reader.fields().size(); ++i) {
    for (std::size_t column = 0; column < column_count; ++column) {
      if (folded(reader.fields()[i]) != folded(names[column])) continue;
      if (places[column] != absent)
        return reader.malformed("the column " + std::string(names[column]) + " stands there twice");
      places[column] = i;
    }
  }
  for (const Column required : {transaction_id, type, currency, status, processed_at}) {
    if (places[required] == absent)
      return reader.malformed("the column " + std::string(names[required]) + " is missing");
  }
  if ((places[amount] == absent) == (places[amount_minor] == absent))
    return reader.malformed("there must be one of the columns amount and amount_minor");
  return places;
}

class CsvSource final : public Source {
 public:
  /// `reader` stands at the head.
  CsvSource(CsvReader reader, Places places)
      : reader_(std::move(reader)), places_(places), width_(reader_.fields().size()) {}

  Result<void> read(const Period&, const EntryVisitor& visit) override {
    while (TRY(reader_.next())) {
      TRY(check_width());
      const Entry entry = TRY(parse());
      TRY(visit(entry));
    }
    return {};
  }

 private:
  std::string_view field(Column column) const {
    const auto& fields = reader_.fields();
    return places_[column] != absent ? fields[places_[column]] : std::string_view();
  }
  Error bad(Column column, std::string_view rule) const {
    return reader_.malformed(std::string(names[column]) + " " + std::string(rule));
  }
  Result<void> check_width() const;
  Result<Entry> parse() const;
  Result<std::int64_t> parse_amount(Currency of) const;

  CsvReader reader_;
  Places places_;
  std::size_t width_;  // Fields of the head, and so of every row.
};

/// A field too many is most often an amount with a comma that nobody quoted: what stands behind it
/// is read in the wrong column, and so is the amount itself.
Result<void> CsvSource::check_width() const {
  const std::size_t count = reader_.fields().size();
  if (count == width_) return {};
  return reader_.unreadable("line " + std::to_string(reader_.line()) + " has " +
                            std::to_string(count) + (count == 1 ? " field" : " fields") +
                            ", the header " + std::to_string(width_));
}

Result<std::int64_t> CsvSource::parse_amount(Currency of) const {
  if (places_[amount] != absent) {
    const auto minor = parse_decimal(field(amount), of);
    if (!minor) return bad(amount, "must be a number with the decimals of its currency");
    return *minor;
  }
  const std::string_view text = field(amount_minor);
  std::int64_t minor = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), minor);
  if (fault != std::errc() || stop != text.data() + text.size())
    return bad(amount_minor, "must be a whole number");
  return minor;
}

Result<Entry> CsvSource::parse() const {
  const auto in = Currency::parse(field(currency));
  if (!in) return bad(currency, "must be a code of ISO 4217, such as KZT");
  const std::int64_t minor = TRY(parse_amount(*in));
  const auto outcome = parse_entry_status(field(status));
  if (!outcome) return bad(status, "must be one of pending, success, failed, rolled_back");
  const auto at = Timestamp::parse(field(processed_at));
  if (!at) return bad(processed_at, "must be a time of RFC 3339, such as 2026-11-21T10:00:00Z");
  if (field(type).empty()) return bad(type, "must not be empty");
  if (field(transaction_id).empty() && field(ref_id).empty())
    return bad(transaction_id, "and refId must not both be empty");
  return Entry{std::string(field(transaction_id)),
               std::string(field(ref_id)),
               std::string(field(player_id)),
               {minor, *in},
               folded(field(type)),
               *outcome,
               *at};
}

}  // namespace

Result<std::unique_ptr<Source>> open_csv_source(const std::string& path) {
  CsvReader reader(TRY(File::open_existing(path)));
  const Places places = TRY(read_head(reader));
  return std::unique_ptr<Source>(std::make_unique<CsvSource>(std::move(reader), places));
}

}  // namespace florin::reconciliation
