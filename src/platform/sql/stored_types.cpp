#include "platform/sql/stored_types.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "base/try.h"
#include "platform/sql/database.h"

namespace florin::sql {
namespace {

constexpr Query declared_columns{
    "sql.declared_columns",
    "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid",
    Rows::many};

struct Column {
  std::string name, type;
};
using Tables = std::map<std::string, std::vector<Column>>;

/// What typeof() says of a right cell; empty: anything may be there.
std::string_view stored_as(std::string_view declared) {
  if (declared == "INTEGER" || declared == "BIGINT" || declared == "SMALLINT") return "integer";
  if (declared == "TEXT") return "text";
  if (declared == "BLOB") return "blob";
  return {};
}

Result<Tables> load_tables(Tx& tx) {
  Tables tables;
  TRY(tx.query(declared_columns, {}, [&](const Row& row) {
    const std::string_view type = stored_as(row.text(2));
    if (!type.empty())
      tables[std::string(row.text(0))].push_back({std::string(row.text(1)), std::string(type)});
    return true;
  }));
  return tables;
}

Result<void> look_at(Tx& tx, const std::string& table, const std::vector<Column>& columns,
                     Checker& check) {
  std::string sql = "SELECT count(*)";
  for (const Column& column : columns)
    sql += fmt::format(", sum(typeof(\"{}\") NOT IN ('{}', 'null'))", column.name, column.type);
  sql += fmt::format(" FROM \"{}\"", table);
  const Query query{"sql.stored_types", sql, Rows::many};
  return tx.query(query, {}, [&](const Row& row) {
    check.rows(row.integer(0));
    int place = 0;
    for (const Column& column : columns) {
      const std::int64_t wrong = row.integer(++place);
      check.expect(wrong == 0, [&] {
        return fmt::format("{} cells of {}.{} are not stored as {}", wrong, table, column.name,
                           column.type);
      });
    }
    return false;
  });
}

}  // namespace

Result<Check> verify_stored_types(Tx& tx, const Progress& progress) {
  Checker check("stored types", progress);
  if (tx.dialect() == Dialect::sqlite) {
    for (const auto& [table, columns] : TRY(load_tables(tx)))
      TRY(look_at(tx, table, columns, check));
  }
  return std::move(check).finish();
}

}  // namespace florin::sql
