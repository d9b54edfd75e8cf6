// Balances at a time, the trial balance, and sums by group.
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

class GroupSums : public LedgerTest {
 protected:
  Command dated(Command transfer, Timestamp effective_at) {
    std::get<PostTransfer>(transfer.body).effective_at = effective_at;
    return transfer;
  }
  AccountId open_with_metadata(const std::string& code, const std::string& metadata,
                               Currency currency = kzt()) {
    Account wanted = Account::without_bounds(test_tenant, code, AccountType::liability, currency);
    wanted.metadata = metadata;
    return books.open(wanted);
  }
  Transfer post_with_metadata(std::vector<PostingRequest> postings, const std::string& metadata) {
    PostTransfer body = transfer_of(std::move(postings));
    body.details.metadata = metadata;
    return books.post(command(body));
  }
  /// "group currency count debits credits balance" a row.
  std::vector<std::string> sums(const Grouping& grouping, const GroupFilter& filter = {}) {
    std::vector<std::string> lines;
    const auto rows = books.queries.sums(test_tenant, grouping, filter);
    EXPECT_EQ(code_of(rows), "");
    if (!rows) return lines;
    for (const GroupRow& row : *rows) {
      lines.push_back(row.group + " " + std::string(row.currency.code()) + " " +
                      std::to_string(row.count) + " " + std::to_string(row.debits) + " " +
                      std::to_string(row.credits) + " " + std::to_string(row.balance));
    }
    return lines;
  }
  std::int64_t balance_at(const std::string& code, Timestamp at,
                          TimeKind time = TimeKind::effective) {
    return books.queries.balance_at(test_tenant, AccountRef::parse(code), at, time)->balance_minor;
  }
  /// The rows of the trial balance by account; fails unless each currency balances.
  std::vector<GroupRow> accounts(const GroupFilter& filter = {}, int limit = 200) {
    std::vector<GroupRow> rows;
    PageRequest page{limit};
    do {
      const auto balance = books.queries.trial_balance_by_account(test_tenant, filter, page);
      EXPECT_EQ(code_of(balance), "");
      if (!balance) return rows;
      for (const TrialBalanceSection& section : balance->sections) {
        if (!filter.code_prefix) {
          EXPECT_EQ(section.debits, section.credits);
        }
        rows.insert(rows.end(), section.rows.begin(), section.rows.end());
      }
      page.start = balance->next;
    } while (page.start != 0);
    return rows;
  }
};

using Lines = std::vector<std::string>;

// ---------------------------------------------------------------- balances at a time

TEST_F(GroupSums, BackdatedTransfersCountFromTheirEffectiveTime) {
  const Timestamp start = clock.now();
  const auto at = [&](std::int64_t s) { return balance_at("shop", start.plus_seconds(s)); };
  clock.advance_seconds(100);
  ASSERT_EQ(books.move("ana", "shop", 100), "");
  clock.advance_seconds(100);
  books.post(dated(transfer("ana", "shop", 7), start.plus_seconds(50)));
  books.post(dated(transfer("shop", "ana", 2), start.plus_seconds(150)));
  EXPECT_EQ(at(49), 0);
  EXPECT_EQ(at(50), 7);
  EXPECT_EQ(at(99), 7);
  EXPECT_EQ(at(100), 107);
  EXPECT_EQ(at(149), 107);
  EXPECT_EQ(at(150), 105);
  EXPECT_EQ(at(10'000), 105);
  EXPECT_EQ(books.balance("shop"), 105);
  EXPECT_EQ(code_of(books.queries.balance_at(test_tenant, {{}, "ghost"}, start)),
            errors::account_not_found.name);
}

TEST_F(GroupSums, AHoldIsNoBalance) {
  books.place(hold_of({posting("ana", "shop", 30)}));
  EXPECT_EQ(balance_at("shop", clock.now()), 0);
  EXPECT_EQ(balance_at("ana", clock.now()), 1'000);
  EXPECT_EQ(books.available("ana"), 970);
}

TEST_F(GroupSums, SumsAtATimeAgreeWithEveryBalanceAtThatTime) {
  const Timestamp start = clock.now();
  for (int i = 1; i <= 10; ++i) {
    clock.advance_seconds(10);
    books.post(dated(transfer("ana", "shop", i), clock.now().plus_seconds(-(i % 4) * 15)));
  }
  for (int s = -20; s <= 110; s += 5) {
    const Timestamp at = start.plus_seconds(s);
    for (const TimeKind time : {TimeKind::effective, TimeKind::created}) {
      GroupFilter filter;
      filter.at = at;
      filter.time = time;
      for (const GroupRow& row : accounts(filter))
        EXPECT_EQ(row.balance, balance_at(row.group, at, time)) << row.group << " at " << s;
    }
  }
}

TEST_F(GroupSums, SumsAtATimeHoldThoughTheClockSteppedBack) {
  clock.advance_seconds(3'600);
  const Timestamp late = clock.now();
  ASSERT_EQ(books.move("shop", "ana", 1), errors::insufficient_funds.name);
  clock.advance_seconds(-1'800);
  // The ledger's time does not step back, so this was created at `late`.
  ASSERT_EQ(books.post(transfer("ana", "shop", 5)).created_at, late);
  Grouping by_code;
  by_code.by = Grouping::By::code_segments;
  GroupFilter filter;
  filter.code_prefix = "shop";
  filter.at = late.plus_us(-1);
  EXPECT_EQ(balance_at("shop", *filter.at), 0);
  EXPECT_EQ(sums(by_code, filter), Lines{"shop KZT 1 0 0 0"});
  filter.at = late;
  EXPECT_EQ(sums(by_code, filter), Lines{"shop KZT 1 0 5 5"});
}

// ---------------------------------------------------------------- sums by group

TEST_F(GroupSums, TheTrialBalanceBalancesPerCurrency) {
  books.open(Account::without_bounds(test_tenant, "vault", AccountType::asset, usd()));
  books.open(Account::wallet(test_tenant, "ana:usd", usd()));
  books.open("fees", AccountType::income, std::nullopt);
  ASSERT_EQ(books.move("ana", "fees", 15), "");
  books.post(command(transfer_of({posting("vault", "ana:usd", 200, usd())})));
  EXPECT_EQ(sums({}),
            (Lines{"asset KZT 1 1000 0 1000", "income KZT 1 0 15 15", "liability KZT 2 15 1000 985",
                   "asset USD 1 200 0 200", "liability USD 1 0 200 200"}));
  Grouping by_currency;
  by_currency.by = Grouping::By::currency;
  EXPECT_EQ(sums(by_currency), (Lines{"KZT KZT 4 1015 1015 0", "USD USD 2 200 200 0"}));
  GroupFilter dollars;
  dollars.currency = usd();
  EXPECT_EQ(sums(by_currency, dollars), Lines{"USD USD 2 200 200 0"});
}

TEST_F(GroupSums, TheTrialBalanceByAccountCarriesTheAccount) {
  const auto rows = accounts();
  ASSERT_EQ(rows.size(), 3u);
  for (const GroupRow& row : rows) EXPECT_EQ(row.account->code, row.group);
  EXPECT_EQ(rows[1].group, "bank");
  EXPECT_EQ(rows[1].balance, 1'000) << "an asset grows with debits";
}

TEST_F(GroupSums, AnotherTenantSeesNothingOfIt) {
  EXPECT_TRUE(books.queries.sums({2}, {}, {})->empty());
  EXPECT_TRUE(books.queries.accounts({2}, {}, {})->rows.empty());
  EXPECT_TRUE(books.queries.transfers({2}, {}, {})->rows.empty());
  EXPECT_TRUE(books.queries.holds({2}, {}, {})->rows.empty());
}

TEST_F(GroupSums, AnAccountIsLeftOutOfTimesBeforeItWasOpened) {
  const Timestamp before = clock.now();
  clock.advance_seconds(10);
  books.open("late");
  GroupFilter filter;
  filter.at = before;
  for (const GroupRow& row : accounts(filter)) EXPECT_NE(row.group, "late");
}

TEST_F(GroupSums, AnAccountOpenedLaterCountsFromItsFirstBackdatedMovement) {
  const Timestamp before = clock.now();
  clock.advance_seconds(10);
  books.open("late");
  books.post(dated(transfer("ana", "late", 40), before));
  EXPECT_EQ(balance_at("late", before), 40);
  GroupFilter filter;
  filter.at = before;
  EXPECT_EQ(sums({}, filter), (Lines{"asset KZT 1 1000 0 1000", "liability KZT 3 40 1040 1000"}));
  const TrialBalance balance = *books.queries.trial_balance(test_tenant, filter);
  EXPECT_EQ(balance.sections.at(0).debits, balance.sections.at(0).credits);
  EXPECT_EQ(accounts(filter).size(), 4u);
  filter.time = TimeKind::created;
  EXPECT_EQ(sums({}, filter), (Lines{"asset KZT 1 1000 0 1000", "liability KZT 2 0 1000 1000"}));
}

TEST_F(GroupSums, AWindowHasWhatMovedInIt) {
  const Timestamp start = clock.now();
  clock.advance_seconds(100);
  ASSERT_EQ(books.move("ana", "shop", 100), "");
  clock.advance_seconds(100);
  books.post(dated(transfer("ana", "shop", 7), start.plus_seconds(50)));
  Grouping by_code;
  by_code.by = Grouping::By::code_segments;
  const auto window = [&](std::optional<int> from, std::optional<int> to, TimeKind time) {
    GroupFilter filter;
    filter.time = time;
    if (from) filter.from = start.plus_seconds(*from);
    if (to) filter.to = start.plus_seconds(*to);
    return sums(by_code, filter);
  };
  constexpr TimeKind effective = TimeKind::effective;
  constexpr TimeKind created = TimeKind::created;
  EXPECT_EQ(window(50, 100, effective), (Lines{"ana KZT 1 7 0 -7", "shop KZT 1 0 7 7"}));
  EXPECT_EQ(window(50, 101, effective), (Lines{"ana KZT 1 107 0 -107", "shop KZT 1 0 107 107"}));
  EXPECT_EQ(window(51, {}, effective), (Lines{"ana KZT 1 100 0 -100", "shop KZT 1 0 100 100"}));
  EXPECT_EQ(window({}, 1, effective), (Lines{"ana KZT 1 0 1000 1000", "bank KZT 1 1000 0 -1000"}));
  EXPECT_EQ(window({}, 51, effective),
            (Lines{"ana KZT 1 7 1000 993", "bank KZT 1 1000 0 -1000", "shop KZT 1 0 7 7"}));
  EXPECT_EQ(window(50, 100, created), Lines{});
  EXPECT_EQ(window(101, {}, created), (Lines{"ana KZT 1 7 0 -7", "shop KZT 1 0 7 7"}));
  EXPECT_EQ(window({}, 101, created),
            (Lines{"ana KZT 1 100 1000 900", "bank KZT 1 1000 0 -1000", "shop KZT 1 0 100 100"}));
}

TEST_F(GroupSums, TheTrialBalanceByAccountPagesInTheOrderOfCurrencyAndCode) {
  for (const char* code : {"w:3", "w:1", "w:2"}) books.open(code);
  books.open(Account::wallet(test_tenant, "w:0", usd()));
  const auto codes = [&](int limit, const GroupFilter& filter = {}) {
    std::string text;
    for (const GroupRow& row : accounts(filter, limit)) text += row.group + " ";
    return text;
  };
  for (const int limit : {1, 2, 3, 50}) EXPECT_EQ(codes(limit), "ana bank shop w:1 w:2 w:3 w:0 ");
  GroupFilter filter;
  filter.code_prefix = "w:";
  filter.currency = kzt();
  EXPECT_EQ(codes(2, filter), "w:1 w:2 w:3 ");
  filter = {};
  filter.type = AccountType::asset;
  filter.code_prefix = "b";
  EXPECT_EQ(codes(2, filter), "bank ");
  const auto first = *books.queries.trial_balance_by_account(test_tenant, {}, PageRequest{1});
  ASSERT_EQ(first.sections.size(), 2u);
  EXPECT_EQ(first.sections[0].debits, 1'000) << "of all accounts, on every page";
  EXPECT_TRUE(first.sections[1].rows.empty());
}

TEST_F(GroupSums, AggregatesByTheFirstPartsOfTheCode) {
  for (const char* code : {"w:eu:1", "w:eu:2", "w:kz:1", "w"}) {
    books.open(code);
    ASSERT_EQ(books.move("bank", code, 10), "");
  }
  Grouping by_code;
  by_code.by = Grouping::By::code_segments;
  GroupFilter wallets;
  wallets.code_prefix = "w";
  by_code.segments = 1;
  EXPECT_EQ(sums(by_code, wallets), Lines{"w KZT 4 0 40 40"});
  by_code.segments = 2;
  EXPECT_EQ(sums(by_code, wallets),
            (Lines{"w KZT 1 0 10 10", "w:eu KZT 2 0 20 20", "w:kz KZT 1 0 10 10"}));
  by_code.segments = 20;
  EXPECT_EQ(sums(by_code, wallets).size(), 4u);
  wallets.code_prefix = "w:eu:";
  by_code.segments = 2;
  EXPECT_EQ(sums(by_code, wallets), Lines{"w:eu KZT 2 0 20 20"});
}

TEST_F(GroupSums, AggregatesByMetadataOfAccounts) {
  open_with_metadata("m1", R"({"region":"eu","level":2})");
  open_with_metadata("m2", R"({"region":"eu"})");
  open_with_metadata("m3", R"({"region":"kz","level":null})");
  open_with_metadata("m4", R"({"region":"eu"})", usd());
  for (const char* code : {"m1", "m2", "m3"}) ASSERT_EQ(books.move("bank", code, 10), "");
  Grouping by_metadata;
  by_metadata.by = Grouping::By::account_metadata;
  by_metadata.key = "region";
  EXPECT_EQ(sums(by_metadata), (Lines{"eu KZT 2 0 20 20", "kz KZT 1 0 10 10", "eu USD 1 0 0 0"}));
  by_metadata.key = "level";
  EXPECT_EQ(sums(by_metadata), Lines{"2 KZT 1 0 10 10"}) << "null and absent are left out";
  by_metadata.key = "none";
  EXPECT_TRUE(sums(by_metadata).empty());
}

TEST_F(GroupSums, AggregatesByMetadataOfTransfers) {
  const Timestamp start = clock.now();
  post_with_metadata({posting("ana", "shop", 10)}, R"({"channel":"web"})");
  clock.advance_seconds(10);
  post_with_metadata({posting("ana", "shop", 5), posting("ana", "bank", 1)},
                     R"({"channel":"web"})");
  post_with_metadata({posting("ana", "shop", 3)}, R"({"channel":"pos"})");
  post_with_metadata({posting("ana", "shop", 3)}, R"({"other":"pos"})");
  Grouping by_channel;
  by_channel.by = Grouping::By::transfer_metadata;
  by_channel.key = "channel";
  EXPECT_EQ(sums(by_channel), (Lines{"pos KZT 1 3 3 0", "web KZT 2 16 16 0"}));
  GroupFilter period;
  period.from = start.plus_seconds(10);
  EXPECT_EQ(sums(by_channel, period), (Lines{"pos KZT 1 3 3 0", "web KZT 1 6 6 0"}));
  period = {};
  period.to = start.plus_seconds(10);
  EXPECT_EQ(sums(by_channel, period), Lines{"web KZT 1 10 10 0"});
  period.to.reset();
  period.currency = usd();
  EXPECT_TRUE(sums(by_channel, period).empty());
}

TEST_F(GroupSums, ATransferOfSeveralCurrenciesCountsOnceInEach) {
  open_with_metadata("fx:kzt", "{}");
  open_with_metadata("fx:usd", "{}", usd());
  books.open(Account::wallet(test_tenant, "ana:usd", usd()));
  post_with_metadata({posting("ana", "fx:kzt", 500), posting("fx:usd", "ana:usd", 1, usd()),
                      posting("ana", "shop", 2)},
                     R"({"channel":"fx"})");
  Grouping by_channel;
  by_channel.by = Grouping::By::transfer_metadata;
  by_channel.key = "channel";
  EXPECT_EQ(sums(by_channel), (Lines{"fx KZT 1 502 502 0", "fx USD 1 1 1 0"}));
}

TEST_F(GroupSums, TooManyRows) {
  ASSERT_TRUE(books.database->write_work([&](sql::Tx& tx) -> Result<void> {
    for (int i = 0; i < 10'000 - 3; ++i) {
      const auto wanted = Account::wallet(test_tenant, "many:" + std::to_string(i), kzt());
      const auto opened = books.service.open_account(tx, test_actor(), wanted);
      if (!opened) return opened.error();
    }
    return {};
  }));
  Grouping by_code;
  by_code.by = Grouping::By::code_segments;
  by_code.segments = 2;
  EXPECT_EQ(books.queries.sums(test_tenant, by_code, {})->size(), 10'000u);
  books.open("one_more");
  EXPECT_EQ(code_of(books.queries.sums(test_tenant, by_code, {})), errors::too_many_rows.name);
  GroupFilter filter;
  filter.code_prefix = "many:";
  EXPECT_EQ(code_of(books.queries.sums(test_tenant, by_code, filter)), "");
  EXPECT_EQ(code_of(books.queries.sums(test_tenant, {}, {})), "");
  EXPECT_EQ(accounts().size(), 10'001u) << "accounts come in pages";
}

TEST_F(GroupSums, ASumThatDoesNotFitIsRefused) {
  for (const char* code : {"big:1", "big:2"}) {
    books.open(code, AccountType::liability, std::nullopt);
    books.open(code + std::string(":bank"), AccountType::asset, std::nullopt);
    ASSERT_EQ(books.move(code + std::string(":bank"), code, INT64_MAX), "");
  }
  const auto refused = books.queries.sums(test_tenant, {}, {});
  EXPECT_EQ(code_of(refused), errors::amount_overflow.name);
  EXPECT_EQ(refused.error().detail,
            "the debits of asset in KZT do not fit into 64 bits of minor units");
  EXPECT_EQ(code_of(books.queries.trial_balance(test_tenant, {})), errors::amount_overflow.name);
  Grouping by_code;
  by_code.by = Grouping::By::code_segments;
  by_code.segments = 20;
  EXPECT_EQ(code_of(books.queries.sums(test_tenant, by_code, {})), "");
}

TEST_F(GroupSums, ATotalThatDoesNotFitIsRefusedThoughEveryTypeFits) {
  // Each type has one account with all that 64 bits hold; both assets and both debts make too much.
  for (const char* code : {"big:1", "big:2"}) {
    const bool first = code == std::string("big:1");
    books.open(code, first ? AccountType::liability : AccountType::equity, std::nullopt);
    books.open(code + std::string(":bank"), first ? AccountType::income : AccountType::expense,
               std::nullopt);
    ASSERT_EQ(books.move(code + std::string(":bank"), code, INT64_MAX - 1'000), "");
  }
  EXPECT_EQ(code_of(books.queries.sums(test_tenant, {}, {})), "");
  const auto refused = books.queries.trial_balance(test_tenant, {});
  EXPECT_EQ(code_of(refused), errors::amount_overflow.name);
  EXPECT_EQ(refused.error().detail,
            "the debits of all accounts in KZT do not fit into 64 bits of minor units");
  EXPECT_EQ(code_of(books.queries.trial_balance_by_account(test_tenant, {}, {})),
            errors::amount_overflow.name);
}

}  // namespace
}  // namespace florin::ledger
