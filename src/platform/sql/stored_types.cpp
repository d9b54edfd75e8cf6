#include "platform/sql/stored_types.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <string_view>

#include "base/try.h"
#include "platform/sql/catalogue.h"
#include "platform/sql/database.h"

namespace florin::sql {
namespace {

/// What typeof() says of a right cell.
std::string_view stored_as(Param::Kind kind) {
  if (kind == Param::Kind::integer) return "integer";
  return kind == Param::Kind::text ? "text" : "blob";
}

Result<void> check_table(Tx& tx, const CatalogueTable& table, Checker& check) {
  std::string sql = "SELECT count(*)";
  for (const CatalogueColumn& column : table.columns)
    sql += fmt::format(", sum(typeof(\"{}\") NOT IN ('{}', 'null'))", column.name,
                       stored_as(column.kind));
  sql += fmt::format(" FROM \"{}\"", table.name);
  const Query query{"sql.stored_types", sql, Rows::many};
  return tx.query(query, {}, [&](const Row& row) {
    check.rows(row.integer(0));
    int place = 0;
    for (const CatalogueColumn& column : table.columns) {
      const std::int64_t wrong = row.integer(++place);
      check.expect(wrong == 0, [&] {
        return fmt::format("{} cells of {}.{} are not stored as {}", wrong, table.name, column.name,
                           stored_as(column.kind));
      });
    }
    return false;
  });
}

}  // namespace

Result<Check> verify_stored_types(Tx& tx, const Progress& progress) {
  Checker check("stored types", progress);
  if (tx.dialect() == Dialect::sqlite) {
    for (const CatalogueTable& table : TRY(read_catalogue(tx))) TRY(check_table(tx, table, check));
  }
  return std::move(check).finish();
}

}  // namespace florin::sql
