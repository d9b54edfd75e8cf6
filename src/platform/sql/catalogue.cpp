#include "platform/sql/catalogue.h"

#include <optional>
#include <string_view>

#include "base/try.h"
#include "platform/sql/words.h"

namespace florin::sql {
namespace {

constexpr Query sqlite_columns{
    "sql.sqlite_columns",
    "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk > 0"
    " FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.rowid, c.cid",
    Rows::many};
constexpr Query postgres_columns{
    "sql.postgres_columns",
    "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),"
    " (a.attnotnull)::int::bigint, coalesce((a.attnum = ANY (i.indkey))::int, 0)::bigint"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
    " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
    Rows::many};

constexpr Words<Param::Kind, 10> types{{{"INTEGER", Param::Kind::integer},
                                        {"BIGINT", Param::Kind::integer},
                                        {"SMALLINT", Param::Kind::integer},
                                        {"TEXT", Param::Kind::text},
                                        {"BLOB", Param::Kind::blob},
                                        {"bigint", Param::Kind::integer},
                                        {"integer", Param::Kind::integer},
                                        {"smallint", Param::Kind::integer},
                                        {"text", Param::Kind::text},
                                        {"bytea", Param::Kind::blob}}};

}  // namespace

Result<std::vector<CatalogueTable>> read_catalogue(Tx& tx) {
  std::vector<CatalogueTable> tables;
  const Query& query = tx.dialect() == Dialect::sqlite ? sqlite_columns : postgres_columns;
  TRY(tx.query(query, {}, [&](const Row& row) {
    if (tables.empty() || tables.back().name != row.text(0))
      tables.push_back({std::string(row.text(0)), {}});
    tables.back().columns.push_back({std::string(row.text(1)),
                                     word(row, 2, "the type of a column", types),
                                     row.integer(3) == 0, row.integer(4) != 0});
    return true;
  }));
  return tables;
}

}  // namespace florin::sql
