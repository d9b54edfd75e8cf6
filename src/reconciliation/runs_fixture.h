#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "events/module.h"
#include "idempotency/module.h"
#include "ledger/errors.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "ledger/module.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/damage.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"
#include "reconciliation/errors.h"
#include "reconciliation/fields.h"
#include "reconciliation/file.h"
#include "reconciliation/items.h"
#include "reconciliation/module.h"
#include "reconciliation/runner.h"
#include "reconciliation/runs.h"

/// Runs and decisions over a real database and ledger; the sides are lists that a test may change.
namespace florin::reconciliation {

inline const TenantId tenant{1};
inline const Timestamp day_start = *Timestamp::parse("2026-11-20T00:00:00Z");
inline const Period day{day_start, day_start.plus_seconds(86'400)};
inline const Currency kzt = *Currency::parse("KZT");
const Actor ana{tenant, "key_ana", "req_1"};
const Actor bolat{tenant, "key_bolat", "req_2"};

inline Entry entry(std::string key, std::int64_t minor = 1'000) {
  return {std::move(key), "", "ana", {minor, kzt}, "debit", EntryStatus::success, day_start};
}

struct Listed final : Source {
  explicit Listed(const std::vector<Entry>& all) : entries(all) {}
  Result<void> read(const Period&, const EntryVisitor& visit) override {
    for (const Entry& one : entries) TRY(visit(one));
    return {};
  }
  std::vector<Entry> entries;
};

class RunsTest : public testing::Test {
 protected:
  using Run = reconciliation::Run;  // Not that of the base.
  RunsTest() {
    std::vector<sql::Migration> all;
    for (const auto module :
         {idempotency::migrations(), events::migrations(), ledger::migrations(), migrations()}) {
      all.insert(all.end(), module.begin(), module.end());
    }
    EXPECT_TRUE(sql::migrate(*database, all, clock.now()));
    EXPECT_TRUE(books.recover());
    open("bank", ledger::AccountType::asset);
    open("wallet", ledger::AccountType::liability);
  }

  void open(const std::string& code, ledger::AccountType type) {
    EXPECT_TRUE(database->write([&](sql::Tx& tx) {
      return books.open_account(tx, ana, ledger::Account::without_bounds(tenant, code, type, kzt));
    }));
  }
  RunOptions options() const {
    return {folder.path() + "/work", folder.path() + "/reports", 1 << 20, 100'000};
  }
  Result<SourcePair> sides(std::string_view partner) {
    if (partner != "acme")
      return Error{errors::reconciliation_partner_not_found, "there is no such partner"};
    SourcePair pair;
    pair.ours = std::make_unique<Listed>(ours);
    pair.theirs = std::make_unique<Listed>(theirs);
    if (const auto happens = std::exchange(meanwhile, nullptr)) happens();
    return pair;
  }
  Runs make(RunOptions with) {
    return {*database,
            clock,
            ids,
            events,
            [this](TenantId, std::string_view partner) { return sides(partner); },
            std::move(with)};
  }
  Run request(Runs& in, const Period& period = day) {
    const auto wanted = in.prepare(ana, "acme", period);
    return *database->write([&](sql::Tx& tx) { return in.request(tx, *wanted); });
  }
  Run reconcile() {
    const auto run = runs.execute(request(runs).id);
    EXPECT_TRUE(run) << (run ? "" : run.error().detail);
    return run ? *run : Run();
  }
  std::vector<Item> all_items(RunId run) { return runs.items(tenant, run, {}, {200})->rows; }
  /// "KIND key status" of every item, by its key.
  std::map<std::string, std::string> statuses(RunId run) {
    std::map<std::string, std::string> found;
    for (const Item& item : all_items(run))
      found[item.transaction_id] = item.kind + " " + std::string(to_word(item.status));
    return found;
  }
  template <class Decide>
  Result<Item> decide(const Decide& decision) {
    return database->write([&](sql::Tx& tx) { return decision(tx); });
  }
  Result<Item> explain(ItemId id, const std::string& note = "known") {
    return decide([&](sql::Tx& tx) { return items.explain(tx, ana, id, note); });
  }
  Result<Item> propose(ItemId id, const std::string& credit = "wallet") {
    const Proposal wanted{{{{{}, "bank"}, {{}, credit}, {700, kzt}}}, "pay it back"};
    return decide([&](sql::Tx& tx) { return items.propose(tx, ana, id, wanted); });
  }
  Result<Item> approve(ItemId id, const Actor& by = bolat) {
    return decide([&](sql::Tx& tx) { return items.approve(tx, by, id); });
  }
  Result<Item> reject(ItemId id) {
    return decide([&](sql::Tx& tx) { return items.reject(tx, bolat, id, std::nullopt); });
  }
  /// The one item of a run that finds "a" missing at the operator.
  ItemId missing_item() {
    ours = {entry("a")};
    return all_items(reconcile().id).front().id;
  }
  std::vector<std::string> event_types() {
    std::vector<std::string> types;
    const std::vector<events::Event> all = *events.read_after({}, 100);
    for (const events::Event& event : all) {
      if (event.type.starts_with("reconciliation")) types.push_back(event.type);
    }
    return types;
  }
  std::int64_t wallet_balance() {
    ledger::LedgerQueries queries(*database, clock);
    const auto account = queries.account(tenant, ledger::AccountRef::parse("wallet"));
    return ledger::balance_of(account->type, account->sums);
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  FakeClock clock;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  IdGenerator ids{clock, 0};
  events::EventLog events{*database, ids};
  metrics::Registry metrics;
  ledger::LedgerService books{*database, clock, ids, events, metrics};
  std::vector<Entry> ours, theirs;
  std::function<void()> meanwhile;  ///< Happens while the next run has its sides and compares them.
  Runs runs = make(options());
  Items items{clock, events, books};
};

}  // namespace florin::reconciliation
