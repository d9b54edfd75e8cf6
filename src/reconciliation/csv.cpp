#include "reconciliation/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/try.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

constexpr std::size_t read_bytes = 1 << 20;
constexpr std::size_t max_row_bytes = 1 << 20;  // A longer one is a quote that nobody closed.
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

void append_utf_8(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      tail(12);
    }
    tail(6);
  }
  tail(0);
}

}  // namespace

Error CsvReader::malformed(std::string_view what) const {
  return {errors::reconciliation_file_malformed,
          file_.path() + ", line " + std::to_string(line_) + ": " + std::string(what)};
}

Error CsvReader::unreadable(std::string_view what) const {
  return {errors::reconciliation_file_malformed, file_.path() + ": " + std::string(what)};
}

Result<bool> CsvReader::read_more() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  TRY(file_.read_at(read_, read_bytes, more_));
  if (more_.empty()) return false;
  const bool is_first = read_ == 0;
  read_ += static_cast<std::int64_t>(more_.size());
  if (is_first) find_encoding();
  if (encoding_ != Encoding::utf_8) {
    TRY(append_utf_16());
  } else if (is_first && more_.starts_with(byte_order_mark)) {
    buffer_.append(more_, byte_order_mark.size());
  } else {
    buffer_ += more_;
  }
  return true;
}

/// By the byte order mark; without one, by the zero bytes that ASCII has in UTF-16.
void CsvReader::find_encoding() {
  const std::string_view start(more_);
  if (encoding_ != Encoding::detected) {
    // A mark knows better which byte of "utf-16" comes first.
    if (encoding_ != Encoding::utf_8 && start.starts_with("\xFE\xFF"))
      encoding_ = Encoding::utf_16_be;
    return;
  }
  encoding_ = Encoding::utf_8;
  if (start.starts_with("\xFF\xFE")) encoding_ = Encoding::utf_16_le;
  if (start.starts_with("\xFE\xFF")) encoding_ = Encoding::utf_16_be;
  if (start.size() < 2 || encoding_ != Encoding::utf_8) return;
  if (start[0] != '\0' && start[1] == '\0') encoding_ = Encoding::utf_16_le;
  if (start[0] == '\0' && start[1] != '\0') encoding_ = Encoding::utf_16_be;
}

/// Turns what was read into UTF-8. Half a character waits for the rest of it.
Result<void> CsvReader::append_utf_16() {
  undecoded_ += more_;
  const bool is_little = encoding_ == Encoding::utf_16_le;
  const auto unit_at = [&](std::size_t i) {
    const auto low = static_cast<unsigned char>(undecoded_[is_little ? i : i + 1]);
    const auto high = static_cast<unsigned char>(undecoded_[is_little ? i + 1 : i]);
    return static_cast<std::uint32_t>(high) << 8 | low;
  };
  std::size_t place = 0;
  while (place + 2 <= undecoded_.size()) {
    std::uint32_t code = unit_at(place);
    std::size_t width = 2;
    if (code >= 0xD800 && code < 0xE000) {
      if (code >= 0xDC00) return unreadable("the text is no UTF-16");
      if (place + 4 > undecoded_.size()) break;
      const std::uint32_t second = unit_at(place + 2);
      if (second < 0xDC00 || second >= 0xE000) return unreadable("the text is no UTF-16");
      code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
      width = 4;
    }
    place += width;
    if (code != 0xFEFF) append_utf_8(buffer_, code);
  }
  undecoded_.erase(0, place);
  const bool is_last = read_ >= file_.size();
  if (is_last && !undecoded_.empty()) return unreadable("the text ends within a character");
  return {};
}

/// The sign that stands most often in the first row, outside of quotes.
void CsvReader::find_delimiter(std::size_t end) {
  constexpr std::string_view candidates = ",;\t|";
  std::array<std::size_t, candidates.size()> counts{};
  bool is_quoted = false;
  for (std::size_t i = begin_; i < end; ++i) {
    if (buffer_[i] == '"') is_quoted = !is_quoted;
    const std::size_t which = candidates.find(buffer_[i]);
    if (!is_quoted && which != std::string_view::npos) ++counts[which];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  delimiter_ = candidates[static_cast<std::size_t>(most - counts.begin())];
}

/// The end of the row that starts at begin_: a line end outside of quotes, or the end of the file.
Result<std::size_t> CsvReader::find_row_end() {
  bool is_quoted = false;
  std::size_t looked_at = 0;
  for (;;) {
    const char* const data = buffer_.data() + begin_;
    const std::size_t size = buffer_.size() - begin_;
    for (; looked_at < size; ++looked_at) {
      if (data[looked_at] == '"') is_quoted = !is_quoted;
      if (data[looked_at] == '\n' && !is_quoted) return begin_ + looked_at;
    }
    if (size > max_row_bytes) return malformed("a row is longer than 1 MiB; is a quote open?");
    if (!TRY(read_more())) {
      if (is_quoted) return malformed("a quote is not closed");
      return buffer_.size();
    }
  }
}

Result<bool> CsvReader::next() {
  for (;;) {
    line_ = next_line_;
    const std::size_t line_end = TRY(find_row_end());
    if (begin_ >= buffer_.size()) return false;
    next_line_ += 1 + std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                                 buffer_.begin() + static_cast<std::ptrdiff_t>(line_end), '\n');
    std::size_t end = line_end;
    if (end > begin_ && buffer_[end - 1] == '\r') --end;
    const bool is_empty = end == begin_;
    if (!is_empty && delimiter_ == '\0') find_delimiter(end);
    if (!is_empty) TRY(split(end));
    begin_ = std::min(line_end + 1, buffer_.size());
    if (!is_empty) return true;
  }
}

Result<void> CsvReader::split(std::size_t end) {
  fields_.clear();
  std::size_t place = begin_;
  for (;;) {
    if (place < end && buffer_[place] == '"') {
      TRY(split_quoted(place, end));
    } else {
      const void* const next = std::memchr(buffer_.data() + place, delimiter_, end - place);
      const std::size_t stop =
          next ? static_cast<std::size_t>(static_cast<const char*>(next) - buffer_.data()) : end;
      fields_.emplace_back(buffer_.data() + place, stop - place);
      place = stop;
    }
    if (place == end) return {};
    ++place;  // The delimiter.
  }
}

/// Takes the quotes out in place: the text only gets shorter.
Result<void> CsvReader::split_quoted(std::size_t& place, std::size_t end) {
  const std::size_t start = ++place;
  std::size_t written = start;
  while (place < end) {
    if (buffer_[place] == '"') {
      if (place + 1 >= end || buffer_[place + 1] != '"') break;
      ++place;
    }
    buffer_[written++] = buffer_[place++];
  }
  if (place >= end) return malformed("a quote is not closed");
  ++place;
  if (place != end && buffer_[place] != delimiter_)
    return malformed("text follows a closing quote");
  fields_.emplace_back(buffer_.data() + start, written - start);
  return {};
}

std::optional<std::int64_t> parse_decimal(std::string_view text, Currency currency) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  if (digits.empty() || (point < text.size() && decimals.empty())) return std::nullopt;
  const auto wanted = static_cast<std::size_t>(currency.digits());
  while (decimals.size() > wanted && decimals.back() == '0') decimals.remove_suffix(1);
  if (decimals.size() > wanted) return std::nullopt;
  digits += decimals;
  digits.append(wanted - decimals.size(), '0');
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  if (is_negative) digits.insert(0, 1, '-');
  std::int64_t minor = 0;
  const auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), minor);
  if (fault != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
  return minor;
}

std::string to_decimal(const Money& amount) {
  std::string text = std::to_string(amount.minor);
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.erase(0, 1);
  const auto digits = static_cast<std::size_t>(amount.currency.digits());
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  if (digits > 0) text.insert(text.size() - digits, 1, '.');
  return is_negative ? "-" + text : text;
}

void append_csv_text(std::string& out, std::string_view text) {
  const bool is_formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  const bool is_quoted = text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (is_quoted) out += '"';
  if (is_formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  if (is_quoted) out += '"';
}

}  // namespace florin::reconciliation
