#include "platform/sql/sealer.h"

#include <gtest/gtest.h>

#include <array>

namespace florin::sql {
namespace {

constexpr std::array tables{SealedTable{"people", "it", "id, name"},
                            SealedTable{"places", "it", "id, name"}};

TEST(Sealer, KnowsAStatementByItsTextNotByItsPlace) {
  const Sealer sealer(crypto::SealKey(Secret("a key of thirty-two bytes or more")), tables);
  Query query{"test", "INSERT INTO people (id, name) VALUES ($1, $2)"};
  const auto* first = sealer.statement_for(query);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->table->name, "people");

  query = {"test", "UPDATE places SET name = $2 WHERE id = $1"};
  const auto* second = sealer.statement_for(query);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->table->name, "places");
  EXPECT_EQ(first->table->name, "people");
}

TEST(Sealer, LeavesAloneWhatWritesNoSealedTableOrBringsItsSeal) {
  const Sealer sealer(crypto::SealKey(Secret("a key of thirty-two bytes or more")), tables);
  EXPECT_FALSE(sealer.statement_for({"test", "SELECT name FROM people"}));
  EXPECT_FALSE(sealer.statement_for({"test", "INSERT INTO animals (id) VALUES ($1)"}));
  EXPECT_FALSE(sealer.statement_for(
      {"test", "INSERT INTO people (id, name, row_seal) VALUES ($1, $2, $3)"}));
}

}  // namespace
}  // namespace florin::sql
