#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/try.h"
#include "reconciliation/csv.h"
#include "reconciliation/errors.h"
#include "reconciliation/time_zone.h"

namespace florin::reconciliation {
namespace {

constexpr std::size_t absent = static_cast<std::size_t>(-1);
using Places = std::array<std::size_t, column_count>;

std::string_view name_in(const FileFormat& format, Column column) {
  const std::string& given = format.headers[column];
  return given.empty() ? name_of(column) : std::string_view(given);
}

Result<Places> read_head(CsvReader& reader, const FileFormat& format) {
  if (!TRY(reader.next()))
    return reader.malformed("the file is empty; its first row names columns");
  Places places;
  places.fill(absent);
  for (std::size_t i = 0; i < reader.fields().size(); ++i) {
    for (std::size_t n = 0; n < column_count; ++n) {
      const auto column = static_cast<Column>(n);
      const std::string_view name = name_in(format, column);
      if (folded(reader.fields()[i]) != folded(name)) continue;
      if (places[column] != absent)
        return reader.malformed("the column " + std::string(name) + " stands there twice");
      places[column] = i;
    }
  }
  for (const Column required : {transaction_id, type, currency, status, processed_at}) {
    if (places[required] != absent) continue;
    return reader.malformed("the column " + std::string(name_in(format, required)) + " is missing");
  }
  if ((places[amount] == absent) == (places[amount_minor] == absent))
    return reader.malformed("there must be one of the columns amount and amount_minor");
  return places;
}

/// What a file adds up to, by currency: all rows, and those that moved money.
struct Sums {
  Money all, booked;
};

class CsvSource final : public Source {
 public:
  /// `reader` stands at the head.
  CsvSource(CsvReader reader, Places places, FileFormat format, std::optional<TimeZone> zone)
      : reader_(std::move(reader)),
        places_(places),
        width_(reader_.fields().size()),
        format_(std::move(format)),
        zone_(std::move(zone)) {}

  Result<void> read(const Period&, const EntryVisitor& visit) override;
  std::string description() const override;

 private:
  std::string_view field(Column column) const {
    const auto& fields = reader_.fields();
    return places_[column] != absent ? fields[places_[column]] : std::string_view();
  }
  Error bad(Column column, std::string_view rule) const {
    return reader_.malformed(std::string(name_in(format_, column)) + " " + std::string(rule));
  }
  Result<void> find_decimal_sign();
  Result<void> check_width(const CsvReader& reader) const;
  bool is_blank() const;
  bool is_total() const;
  Result<Entry> parse() const;
  Result<std::int64_t> parse_minor(Currency of) const;
  Result<Timestamp> parse_time() const;
  Result<void> add(const Entry& entry);
  Result<void> check_total();

  CsvReader reader_;
  Places places_;
  std::size_t width_;  // Fields of the head, and so of every row.
  FileFormat format_;
  std::optional<TimeZone> zone_;
  bool may_group_ = true;  // Whether it is known which sign parts thousands.
  std::map<std::string, Sums, std::less<>> sums_;
  bool has_total_ = false;
};

Result<void> CsvSource::read(const Period&, const EntryVisitor& visit) {
  TRY(find_decimal_sign());
  while (TRY(reader_.next())) {
    TRY(check_width(reader_));
    if (is_blank()) continue;
    if (is_total()) {
      TRY(check_total());
      continue;
    }
    if (has_total_) return reader_.malformed("a transaction follows the total");
    const Entry entry = TRY(parse());
    TRY(add(entry));
    TRY(visit(entry));
  }
  return {};
}

/// Looks at the amounts until one leaves no doubt: most often that is the first.
Result<void> CsvSource::find_decimal_sign() {
  if (format_.decimal != DecimalSign::detected || places_[amount] == absent) return {};
  CsvReader ahead(TRY(File::open_existing(reader_.path())), reader_.delimiter(),
                  reader_.encoding());
  TRY(ahead.next());  // The head.
  while (format_.decimal == DecimalSign::detected && TRY(ahead.next())) {
    TRY(check_width(ahead));
    format_.decimal = decimal_sign_of(ahead.fields()[places_[amount]]);
  }
  if (format_.decimal != DecimalSign::detected) return {};
  format_.decimal = DecimalSign::point;
  may_group_ = false;
  return {};
}

/// A field too many is most often an amount with a comma that nobody quoted: what stands behind it
/// is read in the wrong column, and so is the amount itself.
Result<void> CsvSource::check_width(const CsvReader& reader) const {
  const std::size_t count = reader.fields().size();
  if (count == width_) return {};
  return reader.unreadable("line " + std::to_string(reader.line()) + " has " +
                           std::to_string(count) + (count == 1 ? " field" : " fields") +
                           ", the header " + std::to_string(width_));
}

bool CsvSource::is_blank() const {
  const auto& fields = reader_.fields();
  return std::all_of(fields.begin(), fields.end(), [](std::string_view f) { return f.empty(); });
}

bool CsvSource::is_total() const {
  const Column column = places_[amount] != absent ? amount : amount_minor;
  return field(type).empty() && field(status).empty() && field(processed_at).empty() &&
         !field(column).empty();
}

Result<void> CsvSource::add(const Entry& entry) {
  const Money zero{0, entry.amount.currency};
  Sums& sums =
      sums_.try_emplace(std::string(entry.amount.currency.code()), Sums{zero, zero}).first->second;
  const auto all = sums.all.plus(entry.amount);
  const auto booked = entry.status == EntryStatus::success ? sums.booked.plus(entry.amount)
                                                           : Result<Money>(sums.booked);
  if (!all || !booked) return reader_.malformed("the amounts add up to more than 64 bits hold");
  sums = {*all, *booked};
  return {};
}

/// A total is that of all rows of its currency, or of those that moved money.
Result<void> CsvSource::check_total() {
  has_total_ = true;
  const std::string_view code = field(currency);
  if (code.empty() && sums_.size() != 1)
    return reader_.malformed("the total names no currency, and the rows have not exactly one");
  const auto found = code.empty() ? sums_.begin() : sums_.find(code);
  if (found == sums_.end()) return reader_.malformed("the total is of a currency without rows");
  const Sums& sums = found->second;
  const Money total{TRY(parse_minor(sums.all.currency)), sums.all.currency};
  if (total == sums.all || total == sums.booked) return {};
  return reader_.malformed("the total says " + to_decimal(total) + ", the rows add up to " +
                           to_decimal(sums.all) + ", those with success to " +
                           to_decimal(sums.booked));
}

Result<std::int64_t> CsvSource::parse_minor(Currency of) const {
  if (places_[amount] != absent) {
    const std::string_view text = field(amount);
    if (!may_group_ && text.find(',') != std::string_view::npos) {
      return bad(amount, std::string(text) +
                             " may have decimals or thousands: say decimal=point or decimal=comma");
    }
    const auto minor = parse_amount(text, format_.decimal, of);
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

/// A time that says its offset is what it says; a local one is of the zone that was named.
Result<Timestamp> CsvSource::parse_time() const {
  const std::string_view text = field(processed_at);
  if (const auto at = Timestamp::parse(text)) return *at;
  const auto local = parse_local_time(text);
  if (!local) return bad(processed_at, std::string(Timestamp::rule));
  if (!zone_) {
    return bad(processed_at,
               "has no offset: name the zone of the file, such as time_zone=Africa/Nairobi");
  }
  const auto at = zone_->from_local(*local);
  if (!at) return bad(processed_at, "is later than the time zone database tells of");
  return *at;
}

Result<Entry> CsvSource::parse() const {
  const auto in = Currency::parse(field(currency));
  if (!in) return bad(currency, "must be a code of ISO 4217, such as KZT");
  const std::int64_t minor = TRY(parse_minor(*in));
  const auto outcome = parse_entry_status(field(status));
  if (!outcome) return bad(status, "must be one of pending, success, failed, rolled_back");
  const Timestamp at = TRY(parse_time());
  if (field(type).empty()) return bad(type, "must not be empty");
  if (field(transaction_id).empty() && field(ref_id).empty())
    return bad(transaction_id, "and refId must not both be empty");
  return Entry{std::string(field(transaction_id)),
               std::string(field(ref_id)),
               std::string(field(player_id)),
               {minor, *in},
               folded(field(type)),
               *outcome,
               at};
}

std::string CsvSource::description() const {
  const char delimiter = reader_.delimiter();
  std::string text = delimiter == '\t'  ? "tabs"
                     : delimiter == ';' ? "semicolons"
                     : delimiter == '|' ? "pipes"
                                        : "commas";
  text += reader_.encoding() == Encoding::utf_8       ? ", UTF-8"
          : reader_.encoding() == Encoding::utf_16_le ? ", UTF-16 (little-endian)"
                                                      : ", UTF-16 (big-endian)";
  if (places_[amount_minor] != absent) text += ", minor units";
  if (places_[amount] != absent)
    text += format_.decimal == DecimalSign::comma ? ", decimal comma" : ", decimal point";
  if (zone_) text += ", local times of " + format_.time_zone;
  if (has_total_) text += ", total checked";
  return text;
}

}  // namespace

Result<std::unique_ptr<Source>> open_csv_source(const std::string& path, const FileFormat& format) {
  CsvReader reader(TRY(File::open_existing(path)), format.delimiter, format.encoding);
  const Places places = TRY(read_head(reader, format));
  std::optional<TimeZone> zone;
  if (!format.time_zone.empty()) zone = TRY(TimeZone::load(format.time_zone));
  return std::unique_ptr<Source>(
      std::make_unique<CsvSource>(std::move(reader), places, format, std::move(zone)));
}

}  // namespace florin::reconciliation
