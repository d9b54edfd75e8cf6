#include "app/demo.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "access/access.h"
#include "app/modules.h"
#include "ledger/verify.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

constexpr sql::Query count_accounts{"test.accounts", "SELECT count(*) FROM accounts"};
constexpr sql::Query count_transfers{"test.transfers", "SELECT count(*) FROM transfers"};
constexpr std::int64_t wallets = 6;

class DemoTest : public testing::Test {
 protected:
  DemoTest() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    core = std::make_unique<Core>(*database, clock, config, secret_key);
    EXPECT_TRUE(core->recover());
  }
  Result<Demo> prepare() { return prepare_demo(*core, *database, folder.path()); }
  std::int64_t count(const sql::Query& query) {
    std::int64_t rows = -1;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      return tx.query(query, {}, [&](const sql::Row& row) {
        rows = row.integer(0);
        return false;
      });
    }));
    return rows;
  }
  std::size_t keys(TenantId tenant) { return core->get<access::Access>().keys(tenant)->size(); }
  std::string path() const { return folder.path() + "/demo.json"; }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  const Secret secret_key{"a key of the tests"};
  Config config;
  std::unique_ptr<Core> core;
};

TEST_F(DemoTest, MakesATenantWithAKeyAndOpeningBalances) {
  const auto made = prepare();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(core->get<access::Access>().find_tenant("demo")->id, made->tenant);
  EXPECT_TRUE(made->api_key.starts_with("fl_test_")) << "a key of test mode";
  EXPECT_EQ(count(count_transfers), wallets) << "an opening deposit for each wallet";
  const auto proof = ledger::verify(*database, {});
  ASSERT_TRUE(proof) << proof.error().detail;
  EXPECT_TRUE(proof->clean());
}

TEST_F(DemoTest, WritesWhatItMadeForTheOwnerAlone) {
  const auto made = prepare();
  ASSERT_TRUE(made);
  struct stat state {};
  ASSERT_EQ(::stat(path().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600U);
  std::ifstream in(path());
  const auto document = json::parse(std::string{std::istreambuf_iterator<char>(in), {}});
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->find("tenant"), json::Value(made->tenant.str()));
  EXPECT_EQ(*document->find("api_key"), json::Value(made->api_key));
}

TEST_F(DemoTest, TheSecondStartReusesAllOfIt) {
  const auto first = prepare();
  ASSERT_TRUE(first);
  const std::int64_t accounts = count(count_accounts);
  const auto second = prepare();
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->tenant, first->tenant);
  EXPECT_EQ(second->api_key, first->api_key);
  EXPECT_EQ(keys(first->tenant), 1U);
  EXPECT_EQ(count(count_accounts), accounts);
  EXPECT_EQ(count(count_transfers), wallets) << "no wallet gets its opening balance twice";
}

TEST_F(DemoTest, MakesANewKeyWhereItsFileIsGoneOrDamaged) {
  const auto first = prepare();
  ASSERT_TRUE(first);
  std::filesystem::remove(path());
  const auto second = prepare();
  ASSERT_TRUE(second);
  EXPECT_NE(second->api_key, first->api_key);
  std::ofstream(path()) << "{\"api_key\":";
  const auto third = prepare();
  ASSERT_TRUE(third);
  EXPECT_NE(third->api_key, second->api_key);
  EXPECT_EQ(prepare()->api_key, third->api_key);
  EXPECT_EQ(keys(first->tenant), 3U);
  EXPECT_EQ(count(count_transfers), wallets);
}

TEST_F(DemoTest, SaysWhereItsFileCannotBeWritten) {
  const auto made = prepare_demo(*core, *database, folder.path() + "/missing");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, sql::errors::store_unavailable);
  EXPECT_NE(made.error().detail.find("/missing/demo.json"), std::string::npos);
}

TEST_F(DemoTest, ItsTricklePostsTransfersAndKeepsTheBooksInOrder) {
  const auto demo = prepare();
  ASSERT_TRUE(demo);
  const jobs::Job trickle = demo_trickle(*core, demo->tenant);
  EXPECT_EQ(trickle.name, "demo.trickle");
  constexpr int steps = 40;
  int posted = 0;
  for (int step = 0; step < steps; ++step) {
    const auto done = trickle.run();
    ASSERT_TRUE(done) << done.error().detail;
    posted += *done == "posted one transfer" ? 1 : 0;
  }
  EXPECT_GT(posted, 0);
  EXPECT_EQ(count(count_transfers), wallets + posted) << "what was refused has left no transfer";
  const auto proof = ledger::verify(*database, {});
  ASSERT_TRUE(proof) << proof.error().detail;
  EXPECT_TRUE(proof->clean());
}

TEST_F(DemoTest, ItsTrickleGoesOnWhenATransferIsRefused) {
  const auto tenant = core->get<access::Access>().create_tenant("without a chart");
  ASSERT_TRUE(tenant);
  const auto refused = demo_trickle(*core, tenant->id).run();
  ASSERT_TRUE(refused) << "a refusal is no failure of the job";
  EXPECT_TRUE(refused->starts_with("refused: ")) << *refused;
}

}  // namespace
}  // namespace florin::app
