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
#include "reconciliation/file_format.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// Reads CSV (RFC 4180; either line end) row by row, as UTF-8 whatever the file's encoding; a byte
/// order mark is skipped. Delimiter and encoding that are not given are found in the first row.
class CsvReader {
 public:
  explicit CsvReader(File file, char delimiter = '\0', Encoding encoding = Encoding::detected)
      : file_(std::move(file)), delimiter_(delimiter), encoding_(encoding) {}

  /// Goes to the next row; false at the end. Empty lines are skipped.
  /// Errors: reconciliation_files_unusable, reconciliation_file_malformed.
  Result<bool> next();
  /// The row's fields, without quotes; valid until next().
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::int64_t line() const { return line_; }  ///< Where the row begins, from 1.
  char delimiter() const { return delimiter_; }
  Encoding encoding() const { return encoding_; }
  const std::string& path() const { return file_.path(); }
  Error malformed(std::string_view what) const;   ///< Names the file and the line.
  Error unreadable(std::string_view what) const;  ///< Names the file; `what` names the line.

 private:
  Result<std::size_t> find_row_end();
  Result<bool> read_more();
  void find_encoding();
  Result<void> append_utf_16();
  void find_delimiter(std::size_t end);
  Result<void> split(std::size_t end);
  Result<void> split_quoted(std::size_t& place, std::size_t end);

  File file_;
  char delimiter_;
  Encoding encoding_;
  std::string buffer_, more_;
  std::string undecoded_;  // Bytes of UTF-16 that wait for what follows.
  std::size_t begin_ = 0;  // Of the next row, in buffer_.
  std::int64_t read_ = 0;  // Bytes of the file that were read.
  std::int64_t line_ = 0, next_line_ = 1;
  std::vector<std::string_view> fields_;
};

/// A file of transactions as a side; docs/reconciliation.md lists its columns. The head is checked
/// now, the rows when they are read. A row without type, status and time is a total: it is compared
/// with the sum of the rows above it, and is no transaction.
/// Errors: reconciliation_files_unusable, reconciliation_file_malformed.
Result<std::unique_ptr<Source>> open_csv_source(const std::string& path,
                                                const FileFormat& format = {});

/// "12.50" of KZT is 1250; nothing when it is no number of that currency that 64 bits hold.
std::optional<std::int64_t> parse_decimal(std::string_view text, Currency currency);
/// The other way round.
std::string to_decimal(const Money& amount);

/// Appends a field, quoted where it must be. Text that a spreadsheet would take for a formula gets
/// an apostrophe in front.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace florin::reconciliation
