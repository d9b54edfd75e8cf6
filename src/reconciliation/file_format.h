#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"

namespace florin::reconciliation {

/// The columns that a file of transactions may have.
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
std::string_view name_of(Column column);
/// transactionId and transaction_id are one name.
std::string folded(std::string_view name);

enum class Encoding : std::uint8_t { detected, utf_8, utf_16_le, utf_16_be };
/// Which sign stands before the decimals; the other one, a space or an apostrophe may part
/// thousands.
enum class DecimalSign : std::uint8_t { detected, point, comma };

/// How a file is written. What is not said is found out from the file.
struct FileFormat {
  char delimiter = '\0';  ///< Nothing: the most frequent of , ; tab | in the first row.
  Encoding encoding = Encoding::detected;
  DecimalSign decimal = DecimalSign::detected;
  std::string time_zone;                          ///< Of times that have no offset.
  std::array<std::string, column_count> headers;  ///< What columns are called; empty: their name.
};

/// Reads "delimiter=semicolon", "decimal=comma", "encoding=utf-16", "time_zone=Africa/Nairobi" and,
/// for every column, "amount=Betrag". Errors: reconciliation_file_malformed, naming the words there
/// are.
Result<FileFormat> parse_file_format(const std::vector<std::string>& settings);

/// What an amount tells about its file: detected, when it could be either.
DecimalSign decimal_sign_of(std::string_view text);
/// The minor units of "1.234,50" or "1,234.50"; thousands are parted in threes or not at all.
/// Nothing when it is no number of that currency. `decimal` is no `detected`.
std::optional<std::int64_t> parse_amount(std::string_view text, DecimalSign decimal,
                                         Currency currency);

}  // namespace florin::reconciliation
