#include "reconciliation/time_zone.h"

#include <algorithm>
#include <set>

#include "base/try.h"
#include "reconciliation/errors.h"
#include "reconciliation/file.h"

namespace florin::reconciliation {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::int64_t day_s = 86'400;
constexpr std::size_t max_zone_bytes = 1 << 20;

/// The numbers of a TZif file, big-endian. Source: RFC 8536, 3.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t number(std::size_t width) {
    const std::string_view bytes = take(width);
    if (bytes.empty()) return 0;
    std::uint64_t value = (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      is_whole_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view piece = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return piece;
  }
  std::string_view rest() const { return rest_; }
  bool is_whole() const { return is_whole_; }

 private:
  std::string_view rest_;
  bool is_whole_ = true;
};

/// The counts in the head of a block.
struct Head {
  std::size_t utc_flags = 0, standard_flags = 0, leaps = 0, changes = 0, types = 0, letters = 0;

  std::size_t block_bytes(std::size_t time_bytes) const {
    return changes * time_bytes + changes + types * 6 + letters + leaps * (time_bytes + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Head> read_head(Reader& reader, char& version) {
  if (reader.take(4) != "TZif") return std::nullopt;
  const std::string_view rest = reader.take(16);
  if (rest.empty()) return std::nullopt;
  version = rest[0];
  Head head;
  for (std::size_t* count : {&head.utc_flags, &head.standard_flags, &head.leaps, &head.changes,
                             &head.types, &head.letters}) {
    const std::int64_t number = reader.number(4);
    if (number < 0 || number > static_cast<std::int64_t>(max_zone_bytes)) return std::nullopt;
    *count = static_cast<std::size_t>(number);
  }
  if (!reader.is_whole()) return std::nullopt;
  return head;
}

/// Letters, digits and / _ + -, and no step out of the folder.
bool is_zone_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '/' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("/_+-").find(c) != std::string_view::npos;
         });
}

bool has_shape(std::string_view text, std::string_view shape) {
  return text.size() == shape.size() &&
         std::equal(text.begin(), text.end(), shape.begin(), [](char c, char wanted) {
           return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
         });
}

}  // namespace

Result<TimeZone> TimeZone::load(std::string_view name) {
  const Error unknown{errors::reconciliation_file_malformed,
                      "the time zone " + std::string(name) +
                          " is not in the time zone database of this system; a name looks like "
                          "Africa/Nairobi"};
  if (!is_zone_name(name)) return unknown;
  const auto file = File::open_existing("/usr/share/zoneinfo/" + std::string(name));
  if (!file) return unknown;
  std::string bytes;
  if (!file->read_at(0, max_zone_bytes, bytes)) return unknown;
  auto zone = parse(bytes);
  if (!zone) return unknown;
  return *std::move(zone);
}

std::optional<TimeZone> TimeZone::parse(std::string_view bytes) {
  Reader reader(bytes);
  char version = 0;
  auto head = read_head(reader, version);
  if (!head) return std::nullopt;
  std::size_t time_bytes = 4;
  if (version >= '2') {  // The same again with 64 bits follows; the first block is of no interest.
    reader.take(head->block_bytes(4));
    head = read_head(reader, version);
    if (!head) return std::nullopt;
    time_bytes = 8;
  }
  TimeZone zone;
  std::vector<std::int64_t> times(head->changes), types(head->changes), offsets(head->types);
  for (auto& time : times) time = reader.number(time_bytes);
  for (auto& type : types) type = reader.number(1);
  for (auto& offset : offsets) {
    offset = reader.number(4);
    reader.take(2);
  }
  reader.take(head->letters + head->leaps * (time_bytes + 4) + head->standard_flags +
              head->utc_flags);
  if (!reader.is_whole() || offsets.empty()) return std::nullopt;
  zone.first_offset_s_ = offsets.front();
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (types[i] < 0 || types[i] >= static_cast<std::int64_t>(offsets.size())) return std::nullopt;
    zone.changes_.push_back({times[i], offsets[static_cast<std::size_t>(types[i])]});
  }
  // A footer with a comma is a rule of summer time for later years, which is not worked out here.
  if (reader.rest().find(',') != std::string_view::npos)
    zone.known_until_s_ = times.empty() ? INT64_MIN : times.back();
  return zone;
}

std::int64_t TimeZone::offset_at(std::int64_t unix_s) const {
  const auto later =
      std::upper_bound(changes_.begin(), changes_.end(), unix_s,
                       [](std::int64_t at, const Change& change) { return at < change.at_s; });
  return later == changes_.begin() ? first_offset_s_ : std::prev(later)->offset_s;
}

std::optional<Timestamp> TimeZone::from_local(Timestamp local) const {
  const std::int64_t fraction_us =
      (local.us % us_per_second + us_per_second) % us_per_second;  // Years before 1970 as well.
  const std::int64_t local_s = (local.us - fraction_us) / us_per_second;
  if (local_s > known_until_s_ - day_s) return std::nullopt;
  const std::int64_t before = offset_at(local_s - day_s);
  const std::int64_t after = offset_at(local_s + day_s);
  // The earlier time that clocks showed it; in a gap neither holds, and the offset before it does.
  std::optional<std::int64_t> found;
  for (const std::int64_t offset : {std::max(before, after), std::min(before, after)}) {
    const std::int64_t at = local_s - offset;
    if (!found && offset_at(at) == offset) found = at;
  }
  return Timestamp{found.value_or(local_s - before) * us_per_second + fraction_us};
}

std::optional<Timestamp> parse_local_time(std::string_view text) {
  std::string moment(text);
  if (text.size() >= 16 && has_shape(text.substr(0, 10), "00.00.0000")) {
    moment = std::string(text.substr(6, 4)) + "-" + std::string(text.substr(3, 2)) + "-" +
             std::string(text.substr(0, 2)) + std::string(text.substr(10));
  }
  if (moment.size() < 16 || (moment[10] != ' ' && moment[10] != 'T')) return std::nullopt;
  moment[10] = 'T';
  if (moment.size() == 16) moment += ":00";
  return Timestamp::parse(moment + "Z");
}

}  // namespace florin::reconciliation
