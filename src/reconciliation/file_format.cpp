#include "reconciliation/file_format.h"

#include <algorithm>
#include <utility>

#include "reconciliation/csv.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

constexpr std::array<std::string_view, column_count> names{
    "transactionId", "refId",        "type",   "playerId",   "currency",
    "amount",        "amount_minor", "status", "processedAt"};

template <class T>
using Words = std::vector<std::pair<std::string_view, T>>;

const Words<char> delimiters{{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'},
                             {",", ','},     {";", ';'},         {"\t", '\t'},  {"|", '|'}};
const Words<DecimalSign> decimals{{"point", DecimalSign::point}, {"comma", DecimalSign::comma}};
const Words<Encoding> encodings{{"utf-8", Encoding::utf_8},
                                {"utf-16", Encoding::utf_16_le},
                                {"utf-16le", Encoding::utf_16_le},
                                {"utf-16be", Encoding::utf_16_be}};

Error unknown(std::string_view setting, std::string_view rule) {
  return {errors::reconciliation_file_malformed,
          "the file format " + std::string(setting) + " " + std::string(rule)};
}

template <class T>
Result<void> set(T& place, const Words<T>& words, std::string_view value, std::string_view setting,
                 std::string_view rule) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&](const auto& word) { return word.first == value; });
  if (found == words.end()) return unknown(setting, rule);
  place = found->second;
  return {};
}

Result<void> set_one(FileFormat& format, std::string_view setting) {
  const std::size_t equals = setting.find('=');
  const std::string_view key = setting.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : setting.substr(equals + 1);
  if (value.empty()) return unknown(setting, "must be KEY=VALUE, such as decimal=comma");
  if (key == "delimiter") {
    return set(format.delimiter, delimiters, value, setting,
               "must have one of comma, semicolon, tab, pipe");
  }
  if (key == "decimal")
    return set(format.decimal, decimals, value, setting, "must have one of point, comma");
  if (key == "encoding") {
    return set(format.encoding, encodings, value, setting,
               "must have one of utf-8, utf-16, utf-16le, utf-16be");
  }
  if (key == "time_zone") {
    format.time_zone = value;
    return {};
  }
  for (std::size_t column = 0; column < column_count; ++column) {
    if (folded(key) != folded(names[column])) continue;
    format.headers[column] = value;
    return {};
  }
  return unknown(setting, "must name delimiter, decimal, encoding, time_zone or a column");
}

/// The text without what parts thousands. Nothing when the parts are not of three digits.
std::optional<std::string> without_thousands(std::string_view whole, char thousands) {
  std::string digits;
  std::size_t in_group = 0;
  bool is_grouped = false;
  while (!whole.empty()) {
    std::size_t width = 0;
    for (const std::string_view sign :
         {std::string_view(&thousands, 1), std::string_view(" "), std::string_view("'"),
          std::string_view("\xC2\xA0"), std::string_view("\xE2\x80\xAF")}) {
      if (whole.starts_with(sign)) width = sign.size();
    }
    if (width == 0) {
      digits += whole[0];
      ++in_group;
      whole.remove_prefix(1);
      continue;
    }
    const bool fits = is_grouped ? in_group == 3 : in_group >= 1 && in_group <= 3;
    if (!fits) return std::nullopt;
    is_grouped = true;
    in_group = 0;
    whole.remove_prefix(width);
  }
  if (is_grouped && in_group != 3) return std::nullopt;
  return digits;
}

}  // namespace

std::string_view name_of(Column column) { return names[column]; }

std::string folded(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '_' || c == ' ') continue;
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

Result<FileFormat> parse_file_format(const std::vector<std::string>& settings) {
  FileFormat format;
  for (const std::string& setting : settings) {
    if (auto applied = set_one(format, setting); !applied) return applied.error();
  }
  return format;
}

DecimalSign decimal_sign_of(std::string_view text) {
  const std::size_t last = text.find_last_of(".,");
  if (last == std::string_view::npos) return DecimalSign::detected;
  const bool is_point = text[last] == '.';
  const DecimalSign itself = is_point ? DecimalSign::point : DecimalSign::comma;
  const DecimalSign other = is_point ? DecimalSign::comma : DecimalSign::point;
  const std::size_t earlier = last == 0 ? last : text.find_last_of(".,", last - 1);
  const bool has_earlier = last != 0 && earlier != std::string_view::npos;
  if (has_earlier) return text[earlier] == text[last] ? other : itself;
  const std::size_t behind = text.size() - last - 1;
  std::string_view front = text.substr(0, last);
  if (front.starts_with('-')) front.remove_prefix(1);
  // "0.500" and "1234.500" have no thousands; "1.234" could be either.
  const bool is_decimal = behind != 3 || front == "0" || front.size() > 3;
  return is_decimal ? itself : DecimalSign::detected;
}

std::optional<std::int64_t> parse_amount(std::string_view text, DecimalSign decimal,
                                         Currency currency) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const char sign = decimal == DecimalSign::comma ? ',' : '.';
  const std::size_t place = std::min(text.find(sign), text.size());
  const auto whole = without_thousands(text.substr(0, place), sign == ',' ? '.' : ',');
  if (!whole || whole->starts_with('-')) return std::nullopt;
  std::string plain = (is_negative ? "-" : "") + *whole;
  if (place < text.size()) plain.append(".").append(text.substr(place + 1));
  return parse_decimal(plain, currency);
}

}  // namespace florin::reconciliation
