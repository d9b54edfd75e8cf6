#include "app/data/sealed_tables.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "app/data/schema.h"
#include "base/try.h"

namespace florin::app {
namespace {

constexpr std::string_view seal_column = "row_seal";

/// Texts that the tables borrow, for as long as the program runs.
struct Sealed {
  std::deque<std::string> texts;
  std::vector<sql::SealedTable> tables;
};

char letter_of(sql::Param::Kind kind) {
  if (kind == sql::Param::Kind::integer) return 'i';
  return kind == sql::Param::Kind::text ? 't' : 'b';
}

void add(Sealed& sealed, const sql::CatalogueTable& table) {
  std::string kinds, columns;
  int keys = 0;
  for (const sql::CatalogueColumn& column : table.columns) {
    if (column.name == seal_column) continue;
    kinds += letter_of(column.kind);
    columns += (columns.empty() ? "" : ", ") + column.name;
    if (column.is_key) ++keys;
  }
  const std::string& kept_kinds = sealed.texts.emplace_back(std::move(kinds));
  const std::string& kept_columns = sealed.texts.emplace_back(std::move(columns));
  sealed.tables.push_back({table.name, kept_kinds, kept_columns, keys});
}

Result<Sealed> find_sealed() {
  Sealed sealed;
  for (const sql::CatalogueTable& table : *TRY(schema())) {
    const bool is_sealed =
        std::any_of(table.columns.begin(), table.columns.end(),
                    [](const auto& column) { return column.name == seal_column; });
    if (is_sealed) add(sealed, table);
  }
  return sealed;
}

}  // namespace

Result<std::span<const sql::SealedTable>> sealed_tables() {
  static const auto sealed = find_sealed();
  if (!sealed) return sealed.error();
  return std::span<const sql::SealedTable>(sealed->tables);
}

}  // namespace florin::app
