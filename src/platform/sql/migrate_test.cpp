#include <algorithm>

#include "platform/crypto/hash.h"
#include "platform/sql/errors.h"
#include "platform/sql/migration.h"
#include "platform/sql/sql_fixture.h"

namespace florin::sql {
namespace {

using Names = std::vector<std::string>;

constexpr Timestamp now{1'700'000'000'000'000};
constexpr Migration accounts{"ledger", "0001_accounts",
                             "CREATE TABLE accounts (id BIGINT NOT NULL PRIMARY KEY);"};
constexpr Migration holds{"ledger", "0002_holds",
                          "CREATE TABLE holds (id BIGINT NOT NULL PRIMARY KEY);"
                          "INSERT INTO accounts (id) VALUES (1);"};
constexpr Migration keys{"access", "0001_keys",
                         "CREATE TABLE keys (id BIGINT NOT NULL PRIMARY KEY);"};

class Migrations : public testing::Test {
 protected:
  Migrations() : database(store.open().value()) {}

  Result<Names> apply(std::vector<Migration> migrations) {
    return migrate(*database, migrations, now);
  }
  std::string code_and_detail(std::vector<Migration> migrations) {
    const auto outcome = apply(std::move(migrations));
    if (outcome) return "ok";
    return std::string(outcome.error().code.name) + ": " + outcome.error().detail;
  }
  bool has_table(std::string_view name) {
    static constexpr Query find{"test.find_table", "SELECT 1 FROM sqlite_schema WHERE name = $1"};
    bool found = false;
    EXPECT_TRUE(database->read(
        [&](Tx& tx) { return tx.query(find, {name}, [&](const Row&) { return found = true; }); }));
    return found;
  }

  SqliteTestStore store;
  std::unique_ptr<Database> database;
};

TEST_F(Migrations, RunOnceInOrderOfModuleAndName) {
  const auto first = apply({holds, accounts, keys});
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(*first, (Names{"ledger 0001_accounts", "ledger 0002_holds", "access 0001_keys"}));
  const auto second = apply({holds, accounts, keys});
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, Names{});
}

TEST_F(Migrations, ApplyOnlyWhatIsNew) {
  ASSERT_TRUE(apply({accounts}));
  const auto outcome = apply({accounts, holds});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(*outcome, Names{"ledger 0002_holds"});
}

TEST_F(Migrations, StatesTellWhatIsAppliedAndWaitingAndWriteNothing) {
  const std::vector<Migration> all = {accounts, holds};
  const auto fresh = migration_states(*database, all);
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(
      std::none_of(fresh->begin(), fresh->end(), [](auto& state) { return state.applied; }));
  EXPECT_FALSE(has_table("schema_migrations"));

  ASSERT_TRUE(apply({accounts}));
  const auto states = migration_states(*database, all);
  ASSERT_TRUE(states);
  ASSERT_EQ(states->size(), 2u);
  EXPECT_EQ(states->at(0).name, "0001_accounts");
  EXPECT_TRUE(states->at(0).applied);
  EXPECT_EQ(states->at(0).applied_at, now);
  EXPECT_EQ(states->at(0).checksum.size(), 64u);
  EXPECT_FALSE(states->at(1).applied);
}

TEST_F(Migrations, ChooseTheFileOfTheDialectAndRecordTheNameWithoutIt) {
  const auto outcome = apply({accounts,
                              {"ledger", "0002_index.postgres", "this is not for SQLite"},
                              {"ledger", "0002_index.sqlite", "CREATE TABLE lite (id BIGINT);"}});
  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(*outcome, (Names{"ledger 0001_accounts", "ledger 0002_index"}));
  EXPECT_TRUE(has_table("lite"));
}

TEST_F(Migrations, OneTextServesBothEnginesAndItsChecksumIsOfWhatIsWritten) {
  const Migration marked{"ledger", "0003_marked",
                         "CREATE TABLE marked (id {ID} NOT NULL PRIMARY KEY, hash {BYTES});\n"
                         "{TENANT marked BY id}\n"};
  EXPECT_EQ(code_and_detail({marked}), "ok");
  EXPECT_TRUE(has_table("marked"));
  const std::vector<Migration> all = {marked};
  const auto states = migration_states(*database, all);
  ASSERT_TRUE(states);
  EXPECT_EQ(states->at(0).checksum, crypto::to_hex(crypto::bytes_of(crypto::sha256(marked.sql))));
}

TEST_F(Migrations, AMarkThatIsNoneIsNamedWithItsStep) {
  EXPECT_EQ(code_and_detail({{"ledger", "0003_marked", "CREATE TABLE marked (id {INT});"}}),
            "internal_error: the migration ledger 0003_marked failed: there is no mark {INT}");
}

TEST_F(Migrations, FailedStepLeavesNothingAndEarlierOnesStay) {
  const Migration broken{"ledger", "0002_broken",
                         "CREATE TABLE half (id BIGINT); INSERT INTO nowhere VALUES (1);"};
  const std::string outcome = code_and_detail({accounts, broken});
  EXPECT_NE(outcome.find("ledger 0002_broken"), std::string::npos) << outcome;
  EXPECT_TRUE(has_table("accounts"));
  EXPECT_FALSE(has_table("half"));
  ASSERT_TRUE(apply({accounts, holds}));  // The repaired step takes its place.
}

TEST_F(Migrations, DatabaseOfANewerBinaryIsRefusedUntouched) {
  ASSERT_TRUE(apply({accounts, holds}));
  EXPECT_EQ(code_and_detail({accounts, keys}),
            "schema_mismatch: the database was written by a newer florin (ledger 0002_holds); use "
            "that version");
  EXPECT_FALSE(has_table("keys"));
  const std::vector<Migration> older = {accounts};
  const auto states = migration_states(*database, older);
  ASSERT_FALSE(states);
  EXPECT_EQ(states.error().code, errors::schema_mismatch);
}

TEST_F(Migrations, StepThatChangedAfterwardsIsRefused) {
  ASSERT_TRUE(apply({accounts}));
  const Migration edited{"ledger", "0001_accounts", "CREATE TABLE accounts (id TEXT);"};
  EXPECT_EQ(code_and_detail({edited, holds}),
            "schema_mismatch: the migration ledger 0001_accounts has changed since it was applied");
  EXPECT_FALSE(has_table("holds"));
}

TEST_F(Migrations, TwoProcessesAtOnceApplyEachStepOnce) {
  const std::vector<Migration> all = {accounts, holds, keys};
  auto other = store.open().value();
  auto theirs = std::async(std::launch::async, [&] { return migrate(*other, all, now); });
  const auto ours = migrate(*database, all, now);
  const auto others = theirs.get();
  ASSERT_TRUE(ours) << ours.error().detail;
  ASSERT_TRUE(others) << others.error().detail;
  EXPECT_EQ(ours->size() + others->size(), all.size());
}

}  // namespace
}  // namespace florin::sql
