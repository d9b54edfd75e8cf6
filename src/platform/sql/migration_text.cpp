#include "platform/sql/migration_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/try.h"

namespace florin::sql {
namespace {

bool is_name(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// Whose a row is, as a condition: "t BY c", "t BY c OR NULL", "t BY c OF parent".
std::optional<std::string> owner(const std::vector<std::string_view>& words) {
  if (words.size() < 3 || !is_name(words[0]) || words[1] != "BY" || !is_name(words[2]))
    return std::nullopt;
  const std::string own =
      fmt::format("{}::text = current_setting('florin.tenant', true)", words[2]);
  if (words.size() == 3) return own;
  if (words.size() != 5) return std::nullopt;
  if (words[3] == "OR" && words[4] == "NULL") return fmt::format("{} IS NULL OR {}", words[2], own);
  if (words[3] != "OF" || !is_name(words[4])) return std::nullopt;
  // A subquery that gives a value is never turned into a scan of the whole parent.
  return fmt::format("(SELECT true FROM {0} WHERE {0}.id = {1}.{2})", words[4], words[0], words[2]);
}

/// A transaction that serves one tenant has set florin.tenant and sees that tenant's rows alone;
/// background work has set it to '*'. Whoever has set nothing, psql for one, sees nothing.
std::optional<std::string> row_security(std::string_view mark) {
  const std::vector<std::string_view> words = words_of(mark);
  const auto condition = owner(words);
  if (!condition) return std::nullopt;
  return fmt::format(
      "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;\n"
      "ALTER TABLE {0} FORCE ROW LEVEL SECURITY;\n"
      "CREATE POLICY {0}_of_tenant ON {0}\n"
      "  USING (current_setting('florin.tenant', true) = '*' OR {1});",
      words[0], *condition);
}

/// What stands for a mark, which comes without its braces; nothing when there is no such mark.
std::optional<std::string> expand(std::string_view mark, Dialect dialect) {
  const bool is_sqlite = dialect == Dialect::sqlite;
  const auto takes = [&](std::string_view beginning) {
    if (!mark.starts_with(beginning)) return false;
    mark.remove_prefix(beginning.size());
    return true;
  };
  if (mark == "ID") return is_sqlite ? "INTEGER" : "BIGINT";
  if (mark == "BYTES") return is_sqlite ? "BLOB" : "BYTEA";
  if (takes("SQLITE: ")) return std::string(is_sqlite ? mark : "");
  if (takes("POSTGRES: ")) return std::string(is_sqlite ? "" : mark);
  if (!takes("TENANT ")) return std::nullopt;
  auto security = row_security(mark);
  if (security && is_sqlite) security->clear();
  return security;
}

/// How much of the text, from its beginning, holds no mark: a comment, what is quoted, or what
/// stands before the next of these or the next brace.
std::size_t length_of_plain(std::string_view text) {
  if (text.starts_with("--")) return std::min(text.find('\n'), text.size());
  if (text.starts_with('\'')) return std::min(text.find('\'', 1), text.size() - 1) + 1;
  if (text.starts_with('{') || text.starts_with('}')) return 0;
  const std::size_t next = text.find_first_of("-'{}", 1);
  return std::min(next, text.size());
}

}  // namespace

Result<std::string> migration_text(std::string_view written, Dialect dialect) {
  std::string text;
  while (!written.empty()) {
    std::size_t length = length_of_plain(written);
    if (length > 0) {
      text += written.substr(0, length);
    } else {
      length = std::min(written.find('}'), written.size() - 1) + 1;
      const std::string_view mark = written.substr(0, length);
      const auto words =
          mark.size() < 2 ? std::nullopt : expand(mark.substr(1, mark.size() - 2), dialect);
      if (!words) return Error{errors::internal_error, fmt::format("there is no mark {}", mark)};
      text += *words;
    }
    written.remove_prefix(length);
  }
  return text;
}

}  // namespace florin::sql
