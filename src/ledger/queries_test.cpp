// Lists and statements: what they hold, and pages that stay put while rows are added.
#include <set>

#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

class Queries : public LedgerTest {
 protected:
  Statement statement(const std::string& code, PageRequest page = {}) {
    return *books.queries.statement(test_tenant, AccountRef::parse(code), {}, page);
  }
};

// ---------------------------------------------------------------- statement

TEST_F(Queries, AStatementTellsEachSideOfAPosting) {
  PostTransfer body = transfer_of({posting("ana", "shop", 30), posting("shop", "bank", 10)});
  body.details = {"INV-7", "Coffee", "{}"};
  body.effective_at = clock.now().plus_seconds(-60);
  const Transfer sale = books.post(command(body));
  const Statement shop = statement("shop");
  ASSERT_EQ(shop.entries.rows.size(), 2u);
  const StatementEntry& paid = shop.entries.rows[0];
  const StatementEntry& received = shop.entries.rows[1];
  EXPECT_TRUE(paid.is_debit);
  EXPECT_EQ(paid.amount_minor, 10);
  EXPECT_EQ(paid.balance_minor, 20);
  EXPECT_EQ(paid.counterparty, books.queries.account(test_tenant, {{}, "bank"})->id);
  EXPECT_FALSE(received.is_debit);
  EXPECT_EQ(received.balance_minor, 30);
  EXPECT_EQ(received.transfer, sale.id);
  EXPECT_EQ(received.reference, "INV-7");
  EXPECT_EQ(received.description, "Coffee");
  EXPECT_EQ(received.effective_at, *body.effective_at);
  EXPECT_EQ(received.created_at, clock.now());
  EXPECT_EQ(shop.account.code, "shop");
}

TEST_F(Queries, AStatementOfAnAccountWithoutPostingsIsEmpty) {
  EXPECT_TRUE(statement("shop").entries.rows.empty());
  EXPECT_EQ(statement("shop").entries.next, 0);
  EXPECT_EQ(code_of(books.queries.statement(test_tenant, {{}, "ghost"}, {}, {})),
            errors::account_not_found.name);
}

TEST_F(Queries, AStatementShowsCapturesAndReversalsByKind) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 30)}));
  const Transfer captured = books.post(command(CaptureHold{hold.id, 20, false}));
  books.post(command(ReverseTransfer{captured.id, {}}));
  const auto rows = statement("shop").entries.rows;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].kind, TransferKind::reversal);
  EXPECT_EQ(rows[1].kind, TransferKind::capture);
}

TEST_F(Queries, TheStatementsPeriodTakesItsStartAndLeavesItsEnd) {
  const Timestamp start = clock.now();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(books.move("ana", "shop", 1), "");
    clock.advance_seconds(10);
  }
  const auto count = [&](std::int64_t from, std::int64_t to) {
    return books.queries
        .statement(test_tenant, {{}, "shop"}, {start.plus_seconds(from), start.plus_seconds(to)},
                   {})
        ->entries.rows.size();
  };
  EXPECT_EQ(count(0, 41), 5u);
  EXPECT_EQ(count(0, 40), 4u);
  EXPECT_EQ(count(10, 30), 2u);
  EXPECT_EQ(count(11, 20), 0u);
  EXPECT_EQ(count(41, 100), 0u);
}

// ---------------------------------------------------------------- filters

TEST_F(Queries, AccountsByTypeCurrencyAndPrefix) {
  books.open(Account::wallet(test_tenant, "ana:usd", usd()));
  const auto codes = [&](const AccountFilter& filter) {
    std::set<std::string> found;
    const auto page = *books.queries.accounts(test_tenant, filter, {});
    for (const Account& account : page.rows) found.insert(account.code);
    return found;
  };
  using Codes = std::set<std::string>;
  EXPECT_EQ(codes({}), (Codes{"ana", "ana:usd", "bank", "shop"}));
  EXPECT_EQ(codes({AccountType::asset, {}, {}}), Codes{"bank"});
  EXPECT_EQ(codes({{}, usd(), {}}), Codes{"ana:usd"});
  EXPECT_EQ(codes({{}, {}, "ana"}), (Codes{"ana", "ana:usd"}));
  EXPECT_EQ(codes({AccountType::liability, kzt(), "ana"}), Codes{"ana"});
}

TEST_F(Queries, TransfersByReferenceAccountAndPeriod) {
  const Timestamp start = clock.now();
  PostTransfer body = transfer_of({posting("ana", "shop", 1)});
  body.details.reference = "A";
  clock.advance_seconds(10);
  const TransferId first = books.post(command(body)).id;
  clock.advance_seconds(10);
  const TransferId second = books.post(transfer("ana", "shop", 1)).id;
  const TransferId reversal = books.post(command(ReverseTransfer{second, {}})).id;
  const auto ids = [&](const TransferFilter& filter) {
    std::vector<TransferId> found;
    const auto page = *books.queries.transfers(test_tenant, filter, {});
    for (const TransferView& view : page.rows) found.push_back(view.transfer.id);
    return found;
  };
  using Ids = std::vector<TransferId>;
  const AccountRef shop{{}, "shop"};
  EXPECT_EQ(ids({"A"}), Ids{first});
  EXPECT_EQ(ids({"A", shop}), Ids{first});
  EXPECT_EQ(ids({{}, shop}), (Ids{reversal, second, first}));
  EXPECT_EQ(ids({{}, {}, {start.plus_seconds(20)}}), (Ids{reversal, second}));
  EXPECT_EQ(ids({{}, {}, {start.plus_seconds(10), start.plus_seconds(20)}}), Ids{first});
  EXPECT_EQ(ids({{}, shop, {start.plus_seconds(10), start.plus_seconds(20)}}), Ids{first});
  EXPECT_EQ(code_of(books.queries.transfers(test_tenant, {{}, {{{}, "ghost"}}}, {})),
            errors::account_not_found.name);
  EXPECT_EQ(books.queries.transfer(test_tenant, second)->reversed_by, reversal);
  EXPECT_FALSE(books.queries.transfer(test_tenant, first)->reversed_by);
}

TEST_F(Queries, HoldsByStatus) {
  const HoldId open = books.place(hold_of({posting("ana", "shop", 1)})).id;
  const HoldId released = books.place(hold_of({posting("ana", "shop", 1)})).id;
  books.service.execute(command(ReleaseHold{released}));
  const auto ids = [&](std::optional<HoldStatus> status) {
    std::vector<HoldId> found;
    const auto page = *books.queries.holds(test_tenant, {status}, {});
    for (const Hold& hold : page.rows) found.push_back(hold.id);
    return found;
  };
  EXPECT_EQ(ids(std::nullopt), (std::vector<HoldId>{released, open}));
  EXPECT_EQ(ids(HoldStatus::open), std::vector<HoldId>{open});
  EXPECT_EQ(ids(HoldStatus::released), std::vector<HoldId>{released});
  EXPECT_TRUE(ids(HoldStatus::expired).empty());
}

// ---------------------------------------------------------------- pages

/// Walks all pages with `fetch`, adds a row with `add` before each further page, and gives the rows
/// seen.
template <class Fetch, class Add>
auto walk(int limit, const Fetch& fetch, const Add& add) {
  auto page = fetch(PageRequest{limit, 0});
  auto rows = page.rows;
  while (page.next != 0) {
    EXPECT_LE(page.rows.size(), static_cast<std::size_t>(limit));
    add();
    page = fetch(PageRequest{limit, page.next});
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
  }
  return rows;
}

class Pages : public Queries, public testing::WithParamInterface<int> {};

TEST_P(Pages, StayPutWhileRowsAreAdded) {
  for (int i = 0; i < 6; ++i) {
    clock.advance_seconds(1);
    ASSERT_EQ(books.move("ana", "shop", 1), "");
    books.place(hold_of({posting("ana", "shop", 1)}));
    books.open("more:" + std::to_string(i));
  }
  int added = 0;
  const auto add = [&] {
    ASSERT_EQ(books.move("ana", "shop", 1), "");
    books.place(hold_of({posting("ana", "shop", 1)}));
    books.open("new:" + std::to_string(added++));
  };
  const auto expect_newest_first = [](const auto& rows, std::size_t count, const auto& id_of) {
    ASSERT_EQ(rows.size(), count);
    for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LT(id_of(rows[i]), id_of(rows[i - 1]));
  };
  auto& q = books.queries;
  const auto accounts = walk(
      GetParam(), [&](PageRequest page) { return *q.accounts(test_tenant, {}, page); }, add);
  expect_newest_first(accounts, 9, [](const Account& a) { return a.id; });
  const std::size_t transfers_before = q.transfers(test_tenant, {}, {1'000, 0})->rows.size();
  const auto transfers = walk(
      GetParam(), [&](PageRequest page) { return *q.transfers(test_tenant, {}, page); }, add);
  expect_newest_first(transfers, transfers_before,
                      [](const TransferView& v) { return v.transfer.id; });
  const std::size_t holds_before = q.holds(test_tenant, {}, {1'000, 0})->rows.size();
  const auto holds = walk(
      GetParam(), [&](PageRequest page) { return *q.holds(test_tenant, {}, page); }, add);
  expect_newest_first(holds, holds_before, [](const Hold& h) { return h.id; });
  const std::size_t entries_before = statement("shop", {1'000, 0}).entries.rows.size();
  const auto entries = walk(
      GetParam(), [&](PageRequest page) { return statement("shop", page).entries; }, add);
  expect_newest_first(entries, entries_before, [](const StatementEntry& e) { return e.transfer; });
}

TEST_P(Pages, OfAnAccountsTransfersShowEachTransferOnce) {
  for (int i = 0; i < 5; ++i) {
    books.post(command(transfer_of(
        {posting("ana", "shop", 1), posting("ana", "bank", 1), posting("ana", "shop", 1)})));
  }
  TransferFilter of_ana;
  of_ana.account = AccountRef{{}, "ana"};
  const auto transfers = walk(
      GetParam(),
      [&](PageRequest page) { return *books.queries.transfers(test_tenant, of_ana, page); },
      [&] { ASSERT_EQ(books.move("ana", "shop", 1), ""); });
  std::set<TransferId> seen;
  for (const TransferView& view : transfers) EXPECT_TRUE(seen.insert(view.transfer.id).second);
  EXPECT_EQ(seen.size(), 6u);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Pages, testing::Values(1, 2, 3, 5, 50));

}  // namespace
}  // namespace florin::ledger
