#include "reconciliation/record.h"

#include <bit>
#include <cstring>

namespace florin::reconciliation {
namespace {

constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

/// Takes pieces off the front of a record; after a piece that is not there, nothing is.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) whole_ = false;
    if (!whole_) return {};
    const std::string_view piece = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return piece;
  }
  std::int64_t number() {
    const std::string_view bytes = take(8);
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value ^ sign_bit);
  }
  std::string_view text() {
    const std::string_view size = take(4);
    return whole_ ? take(read_u32(size.data())) : std::string_view();
  }
  bool is_done() const { return whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

void append_text(std::string& out, std::string_view text) {
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

}  // namespace

void append_u32(std::string& out, std::uint32_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof bytes);
}

std::uint32_t read_u32(const char* bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

void append_ordered(std::string& out, std::int64_t number) {
  const std::uint64_t value = static_cast<std::uint64_t>(number) ^ sign_bit;
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  out.append(bytes, sizeof bytes);
}

void append_record(std::string& out, const Entry& entry) {
  append_ordered(out, entry.at.us);
  append_ordered(out, entry.amount.minor);
  out += entry.amount.currency.code();
  out += static_cast<char>(entry.status);
  append_text(out, entry.kind);
  append_text(out, entry.key);
  append_text(out, entry.ref);
  append_text(out, entry.player);
}

std::optional<Entry> parse_record(std::string_view bytes) {
  Reader reader(bytes);
  const Timestamp at{reader.number()};
  const std::int64_t minor = reader.number();
  const auto currency = Currency::parse(reader.take(3));
  const std::string_view status = reader.take(1);
  if (!currency || status.empty() || status[0] > static_cast<char>(EntryStatus::rolled_back))
    return std::nullopt;
  Entry entry{{}, {}, {}, {minor, *currency}, {}, static_cast<EntryStatus>(status[0]), at};
  entry.kind = reader.text();
  entry.key = reader.text();
  entry.ref = reader.text();
  entry.player = reader.text();
  if (!reader.is_done()) return std::nullopt;
  return entry;
}

}  // namespace florin::reconciliation
