// Two nodes write the same books, and their clocks differ by seconds.
#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "ledger/ledger_fixture.h"
#include "platform/sql/test_database.h"

namespace florin::ledger {
namespace {

constexpr int wallets = 4;
constexpr int rounds = 120;

std::string wallet(int n) { return "wallet:" + std::to_string(n); }

/// How far the second clock is from the first, in seconds.
class TwoNodes : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    auto databases = std::move(*sql::open_test_nodes(2));
    if (databases.empty()) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
    clocks[1].advance_seconds(GetParam());
    for (int node = 0; node < 2; ++node) {
      const auto at = static_cast<std::size_t>(node);
      nodes[at] = std::make_unique<Books>(clocks[at], std::move(databases[at]), node + 1);
    }
    any().open("bank", AccountType::asset, std::nullopt);
    for (int n = 0; n < wallets; ++n) any().open(wallet(n));
  }

  Books& any() { return *nodes[dice() % 2]; }
  /// Up to three milliseconds pass, often none at all: times within one matter as well.
  void pass_time() {
    const auto step = static_cast<std::int64_t>(dice() % 4) * 750;
    for (FakeClock& clock : clocks) clock.set(clock.now().plus_us(step));
  }
  void write_at_random() {
    for (int round = 0; round < rounds; ++round) {
      const auto from = static_cast<int>(dice() % wallets);
      const bool is_deposit = dice() % 3 == 0;
      // An empty wallet refuses, which is as good as anything here.
      any().move(is_deposit ? "bank" : wallet(from), wallet((from + 1) % wallets), 7);
      pass_time();
    }
  }
  /// Oldest first, read page by page.
  std::vector<StatementEntry> history(const std::string& code) {
    std::vector<StatementEntry> all;
    for (PageRequest page{7, 0};;) {
      const auto read = any().queries.statement(test_tenant, AccountRef::parse(code), {}, page);
      EXPECT_TRUE(read);
      all.insert(all.end(), read->entries.rows.begin(), read->entries.rows.end());
      page.start = read->entries.next;
      if (page.start == 0) break;
    }
    std::reverse(all.begin(), all.end());
    return all;
  }
  std::set<TransferId> transfers(const TransferFilter& filter) {
    std::set<TransferId> ids;
    for (PageRequest page{7, 0};;) {
      const auto read = any().queries.transfers(test_tenant, filter, page);
      EXPECT_TRUE(read);
      for (const TransferView& row : read->rows) EXPECT_TRUE(ids.insert(row.transfer.id).second);
      page.start = read->next;
      if (page.start == 0) return ids;
    }
  }

  std::mt19937 dice{static_cast<unsigned>(GetParam() + 100)};
  std::array<FakeClock, 2> clocks;
  std::array<std::unique_ptr<Books>, 2> nodes;
};

TEST_P(TwoNodes, TimeNeverStepsBackAlongAnAccountsHistory) {
  write_at_random();
  for (int n = 0; n < wallets; ++n) {
    Timestamp last = any().queries.account(test_tenant, AccountRef::parse(wallet(n)))->created_at;
    for (const StatementEntry& entry : history(wallet(n))) {
      ASSERT_GE(entry.created_at, last);
      last = entry.created_at;
    }
  }
  EXPECT_EQ(any().faults(), std::vector<std::string>{});
}

TEST_P(TwoNodes, TheBalanceAtEachMomentIsThatAfterItsLastPosting) {
  write_at_random();
  for (int n = 0; n < wallets; ++n) {
    std::map<Timestamp, std::int64_t> after;
    for (const StatementEntry& entry : history(wallet(n)))
      after[entry.effective_at] = entry.balance_minor;
    for (const auto& [at, balance] : after) {
      const auto read = any().queries.balance_at(test_tenant, AccountRef::parse(wallet(n)), at);
      ASSERT_EQ(read->balance_minor, balance);
    }
  }
}

TEST_P(TwoNodes, WhatIsAskedForByTimeIsCompleteOnItsPages) {
  write_at_random();
  std::map<TransferId, Timestamp> all;
  for (PageRequest page{200, 0};;) {
    const auto read = any().queries.transfers(test_tenant, {}, page);
    for (const TransferView& row : read->rows) all[row.transfer.id] = row.transfer.created_at;
    page.start = read->next;
    if (page.start == 0) break;
  }
  ASSERT_GT(all.size(), 40u);
  std::set<Timestamp> moments;
  for (const auto& [id, created_at] : all) moments.insert(created_at);
  for (auto moment = moments.begin(); moment != moments.end();) {
    const Timestamp from = *moment;
    for (int step = 0; step < 5 && moment != moments.end(); ++step) ++moment;
    std::set<TransferId> wanted;
    for (const auto& [other, created_at] : all) {
      if (created_at >= from) wanted.insert(other);
    }
    TransferFilter filter;
    filter.created.from = from;
    ASSERT_EQ(transfers(filter), wanted);
  }
}

TEST_P(TwoNodes, EveryMomentsBooksBalance) {
  write_at_random();
  for (const StatementEntry& entry : history(wallet(0))) {
    Grouping by_currency;
    by_currency.by = Grouping::By::currency;
    GroupFilter filter;
    filter.at = entry.created_at;
    const auto rows = any().queries.sums(test_tenant, by_currency, filter);
    ASSERT_TRUE(rows);
    for (const GroupRow& row : *rows) ASSERT_EQ(row.debits, row.credits);
  }
}

INSTANTIATE_TEST_SUITE_P(ClocksApartBySeconds, TwoNodes, testing::Values(-5, 0, 3));

}  // namespace
}  // namespace florin::ledger
