// What a run finds and keeps, and what is decided about it.
#include "reconciliation/runs_fixture.h"

namespace florin::reconciliation {
namespace {

TEST_F(RunsTest, FindsKeepsAndTells) {
  ours = {entry("a"), entry("b", 10), entry("c")};
  theirs = {entry("a"), entry("b", 11), entry("d")};
  const Run run = reconcile();
  EXPECT_EQ(run.status, RunStatus::completed);
  EXPECT_EQ(run.mismatches, 3);
  EXPECT_EQ(statuses(run.id), (std::map<std::string, std::string>{{"b", "AMOUNT_MISMATCH open"},
                                                                  {"c", "MISSING_IN_OPERATOR open"},
                                                                  {"d", "MISSING_IN_HUB open"}}));
  EXPECT_EQ(event_types(), std::vector<std::string>{"reconciliation.completed"});
  EXPECT_TRUE(std::filesystem::exists(*run.report_file));
  EXPECT_EQ(to_json(*runs.run(tenant, run.id)), to_json(run));
  EXPECT_EQ(to_json(*runs.execute(run.id)), to_json(run)) << "what has ended is not done again";
}

TEST_F(RunsTest, AProcessThatWakesToFindTheRunTakenOverWritesNothing) {
  ours = {entry("a"), entry("b")};
  const RunId id = request(runs).id;
  // Another machine: the lock on the files of this one does not hold it.
  Runs other = make({folder.path() + "/other", folder.path() + "/reports", 1 << 20, 100'000});
  meanwhile = [&] {
    ours = {entry("a"), entry("c")};
    EXPECT_TRUE(other.execute(id));
  };
  const auto late = runs.execute(id);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errors::reconciliation_running);
  EXPECT_EQ(statuses(id), (std::map<std::string, std::string>{{"a", "MISSING_IN_OPERATOR open"},
                                                              {"c", "MISSING_IN_OPERATOR open"}}));
  EXPECT_EQ(event_types(), std::vector<std::string>{"reconciliation.completed"});
  EXPECT_EQ(runs.run(tenant, id)->attempt, 2);
}

TEST_F(RunsTest, AWordThatARunCannotHaveIsDamageAndNothingElse) {
  const ItemId item = missing_item();
  const RunId run = runs.runs(tenant, {}, {200})->rows.front().id;
  EXPECT_TRUE(sql::damage(*database, "UPDATE reconciliation_items SET status = 'ZZZ'"));
  EXPECT_EQ(explain(item).error().detail.find("reconciliation_items.status holds"), 0u);
  EXPECT_EQ(runs.items(tenant, run, {}, {200}).error().code.name, "store_corrupt");
  EXPECT_TRUE(sql::damage(*database, "UPDATE reconciliation_runs SET status = 'ZZZ'"));
  EXPECT_EQ(runs.run(tenant, run).error().detail.find("reconciliation_runs.status holds"), 0u);
  // A query that names its tenant does not even look at the row of another.
  EXPECT_EQ(runs.run({2}, run).error().code, errors::reconciliation_not_found);
  EXPECT_EQ(runs.report_csv({2}, run).error().code, errors::reconciliation_not_found);
}

TEST_F(RunsTest, ADamagedDocumentOfAnItemIsNotReadAsAbsent) {
  const ItemId item = missing_item();
  const RunId run = runs.runs(tenant, {}, {200})->rows.front().id;
  const auto refuses_both = [&] {
    EXPECT_EQ(runs.items(tenant, run, {}, {200}).error().code.name, "store_corrupt");
    EXPECT_EQ(runs.report_csv(tenant, run).error().code.name, "store_corrupt");
  };
  EXPECT_TRUE(sql::damage(*database, "UPDATE reconciliation_items SET ours = '{\"amount\": 5}'"));
  EXPECT_EQ(explain(item).error().detail.find("reconciliation_items.ours holds"), 0u);
  refuses_both();
  EXPECT_TRUE(sql::damage(*database, "UPDATE reconciliation_items SET ours = NULL"));
  EXPECT_TRUE(explain(item));
  EXPECT_TRUE(sql::damage(*database, "UPDATE reconciliation_items SET proposal = '[{}]'"));
  EXPECT_EQ(explain(item).error().detail.find("reconciliation_items.proposal holds"), 0u);
  refuses_both();
}

TEST_F(RunsTest, EntriesOfOddTextComeBackAsTheyWere) {
  Entry odd = entry("a\tb \"c\" \xC3\xA9");
  odd.player.assign(1'000, 'x');
  ours = {odd};
  EXPECT_EQ(all_items(reconcile().id).front().ours, odd);
}

TEST_F(RunsTest, DoneAgainGivesTheSameItems) {
  ours = {entry("a"), entry("b")};
  Entry without_key = entry("");
  without_key.ref = "r";
  theirs = {without_key, without_key};
  const Run first = reconcile();
  const auto before = all_items(first.id);
  ASSERT_EQ(before.size(), 4u);
  ASSERT_TRUE(explain(before[3].id));
  clock.advance_seconds(60);
  const Run second = reconcile();
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.attempt, 2);
  const auto after = all_items(first.id);
  ASSERT_EQ(after.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(after[i].id, before[i].id);
  EXPECT_EQ(after[3].status, ItemStatus::explained);
  EXPECT_EQ(after[0].status, ItemStatus::open);
}

TEST_F(RunsTest, WhatIsNoLongerFoundIsCleared) {
  ours = {entry("a"), entry("b")};
  const Run run = reconcile();
  theirs = {entry("a")};
  reconcile();
  EXPECT_EQ(statuses(run.id)["a"], "MISSING_IN_OPERATOR cleared");
  EXPECT_EQ(statuses(run.id)["b"], "MISSING_IN_OPERATOR open");
  theirs = {};
  reconcile();
  EXPECT_EQ(statuses(run.id)["a"], "MISSING_IN_OPERATOR open");
}

TEST_F(RunsTest, AnExplanationOfOtherNumbersDoesNotHold) {
  ours = {entry("a", 10)};
  theirs = {entry("a", 11)};
  const Run run = reconcile();
  ASSERT_TRUE(explain(all_items(run.id).front().id));
  theirs = {entry("a", 12)};
  reconcile();
  ASSERT_EQ(all_items(run.id).size(), 1u);
  EXPECT_EQ(all_items(run.id).front().status, ItemStatus::open);
  EXPECT_EQ(all_items(run.id).front().note, std::nullopt);
}

TEST_F(RunsTest, AnInterruptedRunIsTakenUpAgain) {
  for (int i = 0; i < 10'000; ++i) ours.push_back(entry("t" + std::to_string(i)));
  const RunId id = request(runs).id;
  const auto stopped = runs.execute(
      id, [](const Progress& now) { return now.step != "comparing" || now.entries < 8'000; });
  EXPECT_EQ(stopped.error().code, errors::reconciliation_interrupted);
  EXPECT_EQ(runs.run(tenant, id)->status, RunStatus::running);
  EXPECT_FALSE(all_items(id).empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/reports"));
  EXPECT_EQ(*runs.unfinished(), std::vector<RunId>{id});
  EXPECT_EQ(request(runs).status, RunStatus::running);

  Runs restarted = make(options());
  const auto done = restarted.execute(id);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->mismatches, 10'000);
  std::int64_t count = 0;
  for (PageRequest page{200}; page.before >= 0;) {
    const auto rows = runs.items(tenant, id, {}, page);
    count += static_cast<std::int64_t>(rows->rows.size());
    page.before = rows->next == 0 ? -1 : rows->next;
  }
  EXPECT_EQ(count, 10'000);
  EXPECT_TRUE(runs.unfinished()->empty());
}

TEST_F(RunsTest, ARunIsWorkedOnByOneAtATime) {
  const RunId id = request(runs).id;
  ASSERT_TRUE(make_folder(folder.path() + "/work"));
  File other = *File::open(folder.path() + "/work/runs.lock");
  ASSERT_TRUE(other.try_lock(id.value));
  EXPECT_EQ(runs.execute(id).error().code, errors::reconciliation_running);
}

TEST_F(RunsTest, ARunThatFailedSaysWhyAndCanBeRepeated) {
  RunOptions bad = options();
  ASSERT_TRUE(replace_file(folder.path() + "/occupied", "x"));
  bad.report_dir = folder.path() + "/occupied";
  Runs unlucky = make(bad);
  const RunId id = request(unlucky).id;
  EXPECT_EQ(unlucky.execute(id).error().code, errors::reconciliation_files_unusable);
  const Run failed = *runs.run(tenant, id);
  EXPECT_EQ(failed.status, RunStatus::failed);
  EXPECT_EQ(failed.error_code, "reconciliation_files_unusable");
  EXPECT_EQ(event_types(), std::vector<std::string>{"reconciliation.failed"});
  EXPECT_EQ(reconcile().status, RunStatus::completed);
}

TEST_F(RunsTest, KeepsOnlySoManyItems) {
  RunOptions few = options();
  few.max_items = 2;
  Runs small = make(few);
  ours = {entry("a"), entry("b"), entry("c")};
  const auto run = small.execute(request(small).id);
  EXPECT_EQ(run->mismatches, 3);
  EXPECT_TRUE(run->items_truncated);
  EXPECT_EQ(all_items(run->id).size(), 2u);
}

TEST_F(RunsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(runs.prepare(ana, "nobody", day).error().code,
            errors::reconciliation_partner_not_found);
  EXPECT_EQ(runs.execute({77}).error().code, errors::reconciliation_not_found);
  const RunId id = reconcile().id;
  EXPECT_EQ(runs.run({2}, id).error().code, errors::reconciliation_not_found);
  EXPECT_EQ(runs.items({2}, id, {}, {}).error().code, errors::reconciliation_not_found);
  EXPECT_EQ(runs.report_csv({2}, id).error().code, errors::reconciliation_not_found);
  EXPECT_EQ(explain({77}).error().code, errors::reconciliation_item_not_found);
}

TEST_F(RunsTest, ItemsAreFilteredAndPaged) {
  ours = {entry("a"), entry("b"), entry("c", 1)};
  theirs = {entry("c", 2)};
  const RunId id = reconcile().id;
  ItemFilter filter;
  filter.kind = "AMOUNT_MISMATCH";
  EXPECT_EQ(runs.items(tenant, id, filter, {})->rows.size(), 1u);
  filter.kind = "NONSENSE";
  EXPECT_EQ(runs.items(tenant, id, filter, {}).error().code, florin::errors::validation_failed);
  filter = {};
  filter.status = ItemStatus::explained;
  EXPECT_TRUE(runs.items(tenant, id, filter, {})->rows.empty());
  filter = {};
  filter.transaction_id = "b";
  EXPECT_EQ(runs.items(tenant, id, filter, {})->rows.size(), 1u);
  const auto page = runs.items(tenant, id, {}, {2});
  EXPECT_EQ(page->rows.size(), 2u);
  const auto rest = runs.items(tenant, id, {}, {2, page->next});
  EXPECT_EQ(rest->rows.size(), 1u);
  EXPECT_EQ(rest->next, 0);
  EXPECT_EQ(runs.runs(tenant, "acme", {})->rows.size(), 1u);
  EXPECT_TRUE(runs.runs(tenant, "other", {})->rows.empty());
}

TEST_F(RunsTest, ListsTakeTimesOfCreation) {
  ours = {entry("a")};
  const RunId id = reconcile().id;
  const Timestamp now = clock.now();
  const auto found = [&](const PageRequest& page) {
    const std::size_t count = runs.runs(tenant, {}, page)->rows.size();
    EXPECT_EQ(runs.items(tenant, id, {}, page)->rows.size(), count);
    return count;
  };
  EXPECT_EQ(found({50, 0, now, now.plus_seconds(1)}), 1u);
  EXPECT_EQ(found({50, 0, now.plus_seconds(1)}), 0u);
  EXPECT_EQ(found({50, 0, {}, now}), 0u) << "before it";
}

TEST_F(RunsTest, TheReportOfItemsHasTheirStatuses) {
  const ItemId id = missing_item();
  ASSERT_TRUE(explain(id, "told, \"twice\""));
  const std::string text = *runs.report_csv(tenant, runs.runs(tenant, {}, {})->rows[0].id);
  EXPECT_NE(text.find(",difference,status,note,transfer_id\n"), std::string::npos) << text;
  EXPECT_NE(text.find("MISSING_IN_OPERATOR,a,,debit,ana,KZT,10.00,success,2026-11-20T00:00:00."
                      "000000Z,,,,,,explained,\"told, \"\"twice\"\"\",\n"),
            std::string::npos)
      << text;
}

// ---------------------------------------------------------------- decisions

TEST_F(RunsTest, AProposalIsPaidWhenAnotherApproves) {
  const ItemId id = missing_item();
  ASSERT_TRUE(propose(id));
  EXPECT_EQ(wallet_balance(), 0);
  EXPECT_EQ(approve(id, ana).error().code, errors::four_eyes_required);
  const auto resolved = approve(id);
  ASSERT_TRUE(resolved) << resolved.error().detail;
  EXPECT_EQ(resolved->status, ItemStatus::resolved);
  EXPECT_EQ(resolved->decided_by, "key_bolat");
  EXPECT_TRUE(resolved->transfer);
  EXPECT_EQ(wallet_balance(), 700);
  EXPECT_EQ(event_types(),
            (std::vector<std::string>{"reconciliation.completed", "reconciliation.item.proposed",
                                      "reconciliation.item.resolved"}));
  reconcile();
  EXPECT_EQ(statuses(resolved->run)["a"], "MISSING_IN_OPERATOR resolved");
}

TEST_F(RunsTest, APaidItemIsNotPaidTwice) {
  const ItemId id = missing_item();
  ASSERT_TRUE(propose(id));
  ASSERT_TRUE(approve(id));
  EXPECT_EQ(approve(id).error().code, errors::reconciliation_nothing_proposed);
  EXPECT_EQ(propose(id).error().code, errors::reconciliation_item_not_open);
  EXPECT_EQ(explain(id).error().code, errors::reconciliation_item_not_open);
  EXPECT_EQ(wallet_balance(), 700);
}

TEST_F(RunsTest, ARejectedItemIsOpenAgain) {
  const ItemId id = missing_item();
  EXPECT_EQ(reject(id).error().code, errors::reconciliation_nothing_proposed);
  ASSERT_TRUE(propose(id));
  EXPECT_EQ(explain(id).error().code, errors::reconciliation_item_not_open);
  EXPECT_EQ(reject(id)->status, ItemStatus::open);
  EXPECT_TRUE(explain(id));
  EXPECT_TRUE(explain(id, "better"));
  EXPECT_TRUE(propose(id));
}

TEST_F(RunsTest, WhatTheLedgerWouldRefuseIsNotProposed) {
  const ItemId id = missing_item();
  EXPECT_EQ(propose(id, "nobody").error().code, ledger::errors::account_not_found);
  EXPECT_EQ(all_items(runs.runs(tenant, {}, {})->rows[0].id)[0].status, ItemStatus::open);
}

TEST_F(RunsTest, WhatTheLedgerRefusesAtTheEndStaysProposed) {
  const ItemId id = missing_item();
  ASSERT_TRUE(propose(id));
  ASSERT_TRUE(database->write([&](sql::Tx& tx) {
    return books.close_account(tx, ana, ledger::AccountRef::parse("wallet"));
  }));
  EXPECT_EQ(approve(id).error().code, ledger::errors::account_closed);
  EXPECT_TRUE(reject(id));
}

// ---------------------------------------------------------------- the runner

TEST_F(RunsTest, TheRunnerDoesWhatIsQueued) {
  ours = {entry("a")};
  const RunId first = request(runs).id;
  std::promise<void> read;
  std::atomic<int> opened{0};
  Runs watched(
      *database, clock, ids, events,
      [&](TenantId, std::string_view partner) {
        if (++opened == 3) read.set_value();  // One to prepare, one for each of two runs.
        return sides(partner);
      },
      options());
  Runner runner(watched);
  runner.start();
  const RunId second = request(watched, {day.from, day.to.plus_seconds(1)}).id;
  runner.wake();
  read.get_future().wait();
  runner.stop();  // So few entries are never interrupted.
  EXPECT_EQ(runs.run(tenant, first)->status, RunStatus::completed);
  EXPECT_EQ(runs.run(tenant, second)->status, RunStatus::completed);
}

}  // namespace
}  // namespace florin::reconciliation
