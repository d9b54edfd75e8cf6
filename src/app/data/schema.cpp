#include "app/data/schema.h"

#include "app/modules.h"
#include "base/try.h"
#include "platform/sql/migration.h"

namespace florin::app {
namespace {

Result<std::vector<sql::CatalogueTable>> made_in_memory() {
  const auto database = TRY(sql::open_sqlite({.path = ":memory:", .readers = 1}));
  TRY(sql::migrate(*database, all_migrations(), Timestamp{}));
  return database->read([](sql::Tx& tx) { return sql::read_catalogue(tx); });
}

}  // namespace

Result<const std::vector<sql::CatalogueTable>*> schema() {
  static const auto made = made_in_memory();
  if (!made) return made.error();
  return &*made;
}

}  // namespace florin::app
