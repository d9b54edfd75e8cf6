#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "reconciliation/file.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// Reads CSV (RFC 4180; either line end, a byte order mark is skipped) row by row.
class CsvReader {
 public:
  explicit CsvReader(File file) : file_(std::move(file)) {}

  /// Goes to the next row; false at the end. Empty lines are skipped.
  /// Errors: reconciliation_files_unusable, reconciliation_file_malformed.
  Result<bool> next();
  /// The row's fields, without quotes; valid until next().
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::int64_t line() const { return line_; }     ///< Where the row begins, from 1.
  Error malformed(std::string_view what) const;   ///< Names the file and the line.
  Error unreadable(std::string_view what) const;  ///< Names the file; `what` names the line.

 private:
  Result<std::size_t> find_row_end();
  Result<bool> read_more();
  Result<void> split(std::size_t end);
  Result<void> split_quoted(std::size_t& place, std::size_t end);

  File file_;
  std::string buffer_, more_;
  std::size_t begin_ = 0;  // Of the next row, in buffer_.
  std::int64_t read_ = 0;  // Bytes of the file that were read.
  std::int64_t line_ = 0, next_line_ = 1;
  std::vector<std::string_view> fields_;
};

/// A file of transactions as a side; docs/reconciliation.md lists its columns. The head is checked
/// now, the rows when they are read.
/// Errors: reconciliation_files_unusable, reconciliation_file_malformed.
Result<std::unique_ptr<Source>> open_csv_source(const std::string& path);

/// "12.50" of KZT is 1250; nothing when it is no number of that currency that 64 bits hold.
std::optional<std::int64_t> parse_decimal(std::string_view text, Currency currency);
/// The other way round.
std::string to_decimal(const Money& amount);

/// Appends a field, quoted where it must be. Text that a spreadsheet would take for a formula gets
/// an apostrophe in front.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace florin::reconciliation
