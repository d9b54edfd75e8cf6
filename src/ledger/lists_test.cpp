// Filters of lists, in both orders: what is on their pages, and how much work one may be.
#include <algorithm>
#include <deque>

#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"
#include "ledger/store/ledger_store.h"

namespace florin::ledger {
namespace {

class Lists : public LedgerTest, public testing::WithParamInterface<Order> {
 protected:
  /// All rows of the list, in pages of two. A page for nothing is a fault.
  template <class T, class Fetch>
  std::vector<T> all(const Fetch& fetch) {
    std::vector<T> rows;
    PageRequest page{2, 0, GetParam()};
    do {
      const auto read = fetch(page);
      EXPECT_EQ(code_of(read), "");
      if (!read) return rows;
      EXPECT_FALSE(page.start != 0 && read->rows.empty()) << "a page for nothing";
      rows.insert(rows.end(), read->rows.begin(), read->rows.end());
      page.start = read->next;
    } while (page.start != 0);
    return rows;
  }
  std::vector<std::string> accounts(const AccountFilter& filter) {
    std::vector<std::string> codes;
    for (const Account& account : all<Account>(
             [&](PageRequest page) { return books.queries.accounts(test_tenant, filter, page); }))
      codes.push_back(account.code);
    return codes;
  }
  /// By their descriptions.
  std::vector<std::string> transfers(const TransferFilter& filter) {
    std::vector<std::string> found;
    for (const TransferView& view : all<TransferView>(
             [&](PageRequest page) { return books.queries.transfers(test_tenant, filter, page); }))
      found.push_back(view.transfer.details.description.value_or("?"));
    return found;
  }
  std::vector<HoldId> holds(const HoldFilter& filter) {
    std::vector<HoldId> found;
    for (const Hold& hold : all<Hold>(
             [&](PageRequest page) { return books.queries.holds(test_tenant, filter, page); }))
      found.push_back(hold.id);
    return found;
  }
  /// Oldest first, as the test asks.
  template <class T>
  std::vector<T> in_order(std::vector<T> oldest_first) {
    if (GetParam() == Order::newest_first) std::reverse(oldest_first.begin(), oldest_first.end());
    return oldest_first;
  }
  Transfer post(const std::string& description, std::vector<PostingRequest> postings,
                const std::string& metadata = "{}",
                std::optional<Timestamp> effective_at = std::nullopt) {
    clock.advance_seconds(10);
    PostTransfer body = transfer_of(std::move(postings));
    body.details = {"ref-" + description, description, metadata};
    body.effective_at = effective_at;
    return books.post(command(std::move(body)));
  }
  static TransferFilter of_account(const std::string& code) {
    TransferFilter filter;
    filter.account = AccountRef{{}, code};
    return filter;
  }
};

using Names = std::vector<std::string>;

TEST_P(Lists, OfAccountsByMetadataBalanceAndTime) {
  const Timestamp start = clock.now();
  for (const auto* code : {"w1", "w2", "w3", "w4", "w5"}) {
    clock.advance_seconds(10);
    Account wanted = Account::wallet(test_tenant, code, kzt());
    wanted.metadata = std::string(R"({"vip":)") + (code[1] > '3' ? "true" : "false") +
                      R"(,"region":"a]\"b","level":)" + code[1] + "}";
    books.open(wanted);
    ASSERT_EQ(books.move("bank", code, code[1] - '0'), "");
  }
  AccountFilter filter;
  filter.metadata = {{"vip", "true"}};
  EXPECT_EQ(accounts(filter), in_order<std::string>({"w4", "w5"}));
  filter.metadata = {{"vip", "false"}, {"region", "a]\"b"}};
  EXPECT_EQ(accounts(filter), in_order<std::string>({"w1", "w2", "w3"}));
  filter.metadata = {{"vip", "false"}, {"level", "2"}};
  EXPECT_EQ(accounts(filter), Names{"w2"});
  filter.metadata = {{"none", "2"}};
  EXPECT_EQ(accounts(filter), Names{});
  filter.metadata = {{"none", "null"}};
  EXPECT_EQ(accounts(filter), Names{}) << "what is absent is not null";
  filter = {};
  filter.balance = {2, 4};
  EXPECT_EQ(accounts(filter), in_order<std::string>({"w2", "w3", "w4"}));
  filter.balance = {{}, -1};
  EXPECT_EQ(accounts(filter), Names{});
  filter = {};
  filter.created = {start.plus_seconds(20), start.plus_seconds(40)};
  EXPECT_EQ(accounts(filter), in_order<std::string>({"w2", "w3"}));
}

TEST_P(Lists, ByMetadataAsItsJsonIsShown) {
  const std::vector<std::string> values{"null",  R"("null")", "1.50",      "1.5", "15e-1",
                                        "1e400", R"("")",     "[1,\"a\"]", "{}",  R"("\"\"")"};
  for (std::size_t i = 0; i < values.size(); ++i)
    post(std::to_string(i), {posting("ana", "shop", 1)}, R"({"x":)" + values[i] + "}");
  TransferFilter filter;
  const auto with = [&](const char* text) {
    filter.metadata = {{"x", text}};
    return transfers(filter);
  };
  EXPECT_EQ(with("null"), in_order<std::string>({"0", "1"})) << "null, and the text";
  EXPECT_EQ(with("1.50"), Names{"2"});
  EXPECT_EQ(with("1.5"), Names{"3"});
  EXPECT_EQ(with("15e-1"), Names{"4"});
  EXPECT_EQ(with("1e400"), Names{"5"});
  EXPECT_EQ(with(""), Names{"6"});
  EXPECT_EQ(with(R"([1,"a"])"), Names{"7"});
  EXPECT_EQ(with("{}"), Names{"8"});
  EXPECT_EQ(with(R"("")"), Names{"9"});
}

TEST_P(Lists, OfTransfersByAmountCurrencyAndMetadata) {
  books.open(Account::wallet(test_tenant, "ana:usd", usd()));
  books.open(Account{
      .tenant = test_tenant, .code = "bank:usd", .type = AccountType::asset, .currency = usd()});
  post("five", {posting("ana", "shop", 5)}, R"({"order":"1"})");
  post("dollars", {posting("bank:usd", "ana:usd", 7, usd())}, R"({"order":"2"})");
  post("both", {posting("bank:usd", "ana:usd", 3, usd()), posting("bank", "ana", 9)});
  post("nine", {posting("bank", "shop", 9)}, R"({"order":"1"})");
  TransferFilter filter;
  filter.amount = {5, 8};
  EXPECT_EQ(transfers(filter), in_order<std::string>({"five", "dollars"}));
  filter.currency = usd();
  EXPECT_EQ(transfers(filter), Names{"dollars"});
  filter.amount = {};
  EXPECT_EQ(transfers(filter), in_order<std::string>({"dollars", "both"}));
  filter = of_account("ana");
  filter.amount = {3, 9};
  EXPECT_EQ(transfers(filter), in_order<std::string>({"five", "both"}));
  filter.amount = {3, 4};
  EXPECT_EQ(transfers(filter), Names{}) << "the posting of 3 is not on the account";
  filter = {};
  filter.metadata = {{"order", "1"}};
  EXPECT_EQ(transfers(filter), in_order<std::string>({"five", "nine"}));
  filter.account = AccountRef{{}, "shop"};
  EXPECT_EQ(transfers(filter), in_order<std::string>({"five", "nine"}));
  filter.reference = "ref-nine";
  EXPECT_EQ(transfers(filter), Names{"nine"});
}

TEST_P(Lists, OfTransfersByEitherTime) {
  const Timestamp start = clock.now();
  post("one", {posting("ana", "shop", 1)});
  post("two", {posting("ana", "shop", 1)}, "{}", start.plus_seconds(5));
  post("three", {posting("ana", "shop", 1)}, "{}", start.plus_seconds(25));
  post("four", {posting("bank", "ana", 1)});
  for (const bool of_ana : {false, true}) {
    TransferFilter filter = of_ana ? of_account("ana") : TransferFilter();
    const Period middle{start.plus_seconds(10), start.plus_seconds(30)};
    filter.created = middle;
    EXPECT_EQ(transfers(filter), in_order<std::string>({"one", "two"}));
    filter.effective = middle;
    EXPECT_EQ(transfers(filter), Names{"one"}) << "by both times";
    filter.created = {};
    EXPECT_EQ(transfers(filter), in_order<std::string>({"one", "three"}));
    filter.effective.to.reset();
    EXPECT_EQ(transfers(filter), in_order<std::string>({"one", "three", "four"}));
    filter.effective = {start.plus_us(1), start.plus_seconds(10)};
    EXPECT_EQ(transfers(filter), Names{"two"});
    filter.effective = {};
    filter.created = {start.plus_seconds(1'000)};
    EXPECT_EQ(transfers(filter), Names{});
  }
}

TEST_P(Lists, OfTransfersGoOnAlongALongHistory) {
  Names wanted;
  for (int i = 0; i < 200; ++i) {
    post(std::to_string(i), {posting("ana", "shop", 1), posting("bank", "ana", 1)});
    wanted.push_back(std::to_string(i));
  }
  wanted.insert(wanted.begin(), "?");
  EXPECT_EQ(transfers(of_account("ana")), in_order(wanted));
}

TEST_P(Lists, OfTransfersByHold) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 30)}));
  const Hold other = books.place(hold_of({posting("ana", "shop", 30)}));
  std::vector<TransferId> captures;
  for (int i = 0; i < 3; ++i) {
    captures.push_back(books.post(command(CaptureHold{hold.id, 10, i < 2})).id);
    clock.advance_seconds(1);
  }
  books.post(command(CaptureHold{other.id, 20, false}));
  TransferFilter filter;
  filter.hold = hold.id;
  const auto fetch = [&](PageRequest page) {
    return books.queries.transfers(test_tenant, filter, page);
  };
  std::vector<TransferId> found;
  for (const TransferView& view : all<TransferView>(fetch)) found.push_back(view.transfer.id);
  EXPECT_EQ(found, in_order(captures));
  filter.amount = {11, {}};
  EXPECT_TRUE(all<TransferView>(fetch).empty());
  filter.hold = HoldId{12'345};
  EXPECT_EQ(code_of(fetch({})), errors::hold_not_found.name);
  filter.hold = hold.id;
  EXPECT_EQ(code_of(books.queries.transfers({2}, filter, {})), errors::hold_not_found.name);
}

TEST_P(Lists, SayThatThereIsMoreOnlyWhenThereIs) {
  std::vector<HoldId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(books.place(hold_of({posting("ana", "shop", 1)})).id);
    clock.advance_seconds(1);
  }
  const bool is_back = GetParam() == Order::newest_first;
  books.service.execute(command(ReleaseHold{is_back ? ids.front() : ids.back()}));
  HoldFilter filter;
  filter.status = HoldStatus::open;
  EXPECT_EQ(books.queries.holds(test_tenant, filter, {2, 0, GetParam()})->next, 0);
  EXPECT_NE(books.queries.holds(test_tenant, filter, {1, 0, GetParam()})->next, 0);
  for (const auto* name : {"one", "two", "three"}) post(name, {posting("ana", "shop", 1)});
  TransferFilter latest;
  latest.created.from = clock.now().plus_seconds(-10);
  EXPECT_EQ(books.queries.transfers(test_tenant, latest, {2, 0, GetParam()})->next, 0);
  latest.account = AccountRef{{}, "ana"};
  EXPECT_EQ(books.queries.transfers(test_tenant, latest, {2, 0, GetParam()})->next, 0);
}

TEST_P(Lists, OfHoldsByAccountReferenceStatusAndMetadata) {
  books.open("bob");
  ASSERT_EQ(books.move("bank", "bob", 100), "");
  std::vector<HoldId> ids;
  for (int i = 0; i < 6; ++i) {
    PlaceHold body = hold_of({posting(i % 2 == 0 ? "ana" : "bob", "shop", 1)});
    if (i == 5) body.postings.push_back(posting("ana", "bob", 1));
    body.details.reference = i < 4 ? "cart" : "till";
    body.details.metadata = R"({"n":)" + std::to_string(i / 3) + "}";
    ids.push_back(books.place(std::move(body)).id);
  }
  books.service.execute(command(ReleaseHold{ids[0]}));
  const AccountRef ana{{}, "ana"};
  const AccountRef shop{{}, "shop"};
  using Ids = std::vector<HoldId>;
  EXPECT_EQ(holds({{}, ana}), in_order(Ids{ids[0], ids[2], ids[4], ids[5]}));
  EXPECT_EQ(holds({{}, shop}), in_order(ids));
  EXPECT_EQ(holds({{}, AccountRef{{}, "bank"}}), Ids{});
  EXPECT_EQ(holds({HoldStatus::open, ana}), in_order(Ids{ids[2], ids[4], ids[5]}));
  EXPECT_EQ(holds({{}, {}, "cart"}), in_order(Ids{ids[0], ids[1], ids[2], ids[3]}));
  EXPECT_EQ(holds({{}, ana, "cart"}), in_order(Ids{ids[0], ids[2]}));
  EXPECT_EQ(holds({{}, {}, {}, {{"n", "1"}}}), in_order(Ids{ids[3], ids[4], ids[5]}));
  EXPECT_EQ(code_of(books.queries.holds(test_tenant, {{}, AccountRef{{}, "ghost"}}, {})),
            errors::account_not_found.name);
}

TEST_P(Lists, AnAccountWithMoreHoldsThanAreReadAtOnceShowsThemAll) {
  books.tamper(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
      " INSERT INTO holds (id, tenant_id, status, metadata, created_at_us)"
      " SELECT i, 1, CASE WHEN i % 1000 = 0 THEN 'captured' ELSE 'released' END, '{}', 0 FROM n");
  const std::string ana = std::to_string(books.queries.account(test_tenant, {{}, "ana"})->id.value);
  books.tamper(
      "INSERT INTO hold_postings (hold_id, place, debit_id, credit_id, amount_minor, currency,"
      " remaining) SELECT id, 0, " +
      ana + ", 1, 1, 'KZT', 0 FROM holds");
  EXPECT_EQ(holds({HoldStatus::captured, AccountRef{{}, "ana"}}),
            in_order(std::vector<HoldId>{{1'000}, {2'000}}));
}

INSTANTIATE_TEST_SUITE_P(BothOrders, Lists,
                         testing::Values(Order::newest_first, Order::oldest_first),
                         [](const auto& order) {
                           return order.param == Order::newest_first ? "newest" : "oldest";
                         });

// ---------------------------------------------------------------- balances after a transfer

using ReadBack = LedgerTest;

TEST_F(ReadBack, ATransferTellsTheBalancesAfterEachPosting) {
  const Transfer sale =
      books.post(command(transfer_of({posting("ana", "shop", 30), posting("shop", "bank", 10)})));
  ASSERT_EQ(books.move("ana", "shop", 5), "");
  const TransferView view = *books.queries.transfer(test_tenant, sale.id);
  ASSERT_EQ(view.balances.size(), 2u);
  EXPECT_EQ(view.balances[0].debit, 970);
  EXPECT_EQ(view.balances[0].credit, 30);
  EXPECT_EQ(view.balances[1].debit, 20);
  EXPECT_EQ(view.balances[1].credit, 990);
  EXPECT_EQ(books.queries.transfers(test_tenant, {}, {})->rows.at(1).balances.size(), 2u);
}

// ---------------------------------------------------------------- work

using Work = LedgerTest;

TEST_F(Work, ARareFilterEndsAPageEarlyAndTheCursorGoesOn) {
  const HoldId newest = books.place(hold_of({posting("ana", "shop", 1)})).id;
  books.tamper(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100100)"
      " INSERT INTO holds (id, tenant_id, status, metadata, created_at_us)"
      " SELECT i, 1, 'released', '{}', 0 FROM n");
  const auto holds = [&](HoldStatus status, PageRequest page) {
    return *books.queries.holds(test_tenant, {status}, page);
  };
  const auto first = holds(HoldStatus::captured, {50, 0});
  EXPECT_TRUE(first.rows.empty());
  EXPECT_EQ(first.next, 101);
  EXPECT_EQ(holds(HoldStatus::captured, {50, first.next}).next, 0);
  // A full page looks on for less: 10,000 rows tell no more than that nothing is near.
  const auto full = holds(HoldStatus::open, {1, 0});
  ASSERT_EQ(full.rows.size(), 1u);
  EXPECT_EQ(full.rows[0].id, newest);
  EXPECT_EQ(full.next, 90'100);
}

TEST_F(Work, ALongHistoryIsWalkedPieceByPiece) {
  for (int i = 0; i < 11; ++i) {
    PostTransfer body = transfer_of({});
    for (int n = 0; n < 1'000; ++n) body.postings.push_back(posting("bank", "shop", 1));
    books.post(command(std::move(body)));
  }
  TransferFilter filter;
  filter.account = AccountRef{{}, "shop"};
  filter.reference = "none";
  for (const Order order : {Order::newest_first, Order::oldest_first}) {
    const auto first = *books.queries.transfers(test_tenant, filter, {50, 0, order});
    EXPECT_TRUE(first.rows.empty());
    ASSERT_NE(first.next, 0);
    EXPECT_EQ(books.queries.transfers(test_tenant, filter, {50, first.next, order})->next, 0);
  }
}

/// What the engine would do for the query. PostgreSQL is told to scan and sort only where it must:
/// on tables of a few rows it would rather.
std::string plan_of(sql::Tx& tx, const sql::Query& query) {
  static std::deque<std::pair<std::string, sql::Query>> asked;  // Queries are known by address.
  const bool is_sqlite = tx.dialect() == sql::Dialect::sqlite;
  if (!is_sqlite) {
    EXPECT_TRUE(tx.exec_script("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"));
  }
  auto& [text, explain] = asked.emplace_back();
  text = (is_sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + std::string(query.sql);
  explain = {query.name, text};
  std::size_t count = 0;
  while (text.find("$" + std::to_string(count + 1)) != std::string::npos) ++count;
  std::string plan;
  EXPECT_TRUE(
      tx.query(explain, std::vector<sql::Param>(count, sql::Param(1)), [&](const sql::Row& row) {
        plan.append(row.text(is_sqlite ? 3 : 0)).append("\n");
        return true;
      }));
  return plan;
}

TEST_F(Work, EveryListFindsItsRowsByAnIndex) {
  for (const sql::Query* query : store::list_queries()) {
    const auto plan = books.database->read(
        [&](sql::Tx& tx) -> Result<std::string> { return plan_of(tx, *query); });
    ASSERT_TRUE(plan) << query->name;
    for (const auto* table :
         {"accounts", "transfers", "postings", "holds", "hold_postings", "t", "p", "h", "a", "b"}) {
      EXPECT_EQ(plan->find("SCAN " + std::string(table) + "\n"), std::string::npos) << *plan;
    }
    EXPECT_EQ(plan->find("Seq Scan"), std::string::npos) << query->name << "\n" << *plan;
    // The first 1,000 of each side are put together, and a range of backdated postings sorted by
    // what they share a time with; nothing else is sorted.
    const bool is_bounded = query->sql.find(" LIMIT ") != std::string::npos;
    EXPECT_TRUE(is_bounded || plan->find("USE TEMP B-TREE") == std::string::npos) << *plan;
  }
}

}  // namespace
}  // namespace florin::ledger
