#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/sql/database.h"

/// The tables that a database has, as its engine lists them.
namespace florin::sql {

struct CatalogueColumn {
  std::string name;
  Param::Kind kind = Param::Kind::integer;
  bool may_be_null = false;
  bool is_key = false;  ///< Part of the primary key.

  friend bool operator==(const CatalogueColumn&, const CatalogueColumn&) = default;
};

struct CatalogueTable {
  std::string name;
  std::vector<CatalogueColumn> columns;  ///< In the order in which they were declared.

  friend bool operator==(const CatalogueTable&, const CatalogueTable&) = default;
};

/// In the order in which they were made on SQLite, by name on PostgreSQL. A column of another type
/// than integer, text and bytes is store_corrupt: migrations make none.
Result<std::vector<CatalogueTable>> read_catalogue(Tx& tx);

}  // namespace florin::sql
