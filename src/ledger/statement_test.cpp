// Statements of a period, by the time of entry and by the effective time, in both orders.
#include <algorithm>
#include <random>

#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

/// What an account's statement must say, worked out from all of its postings.
struct Line {
  Timestamp time;
  std::int64_t sequence = 0;
  std::int64_t change = 0;
  TransferId transfer;
};

class Statements : public LedgerTest, public testing::WithParamInterface<int> {
 protected:
  Statements() {
    // The first transfer of the fixture belongs to what comes before.
    add(books.queries.transfers(test_tenant, {}, {})->rows.at(0).transfer);
  }

  void add(const Transfer& transfer) {
    for (const Posting& posting : transfer.postings) {
      const AccountId ana = id_of("ana");
      if (posting.debit != ana && posting.credit != ana) continue;
      const std::int64_t change =
          posting.credit == ana ? posting.amount.minor : -posting.amount.minor;
      ++sequence;
      lines[0].push_back({transfer.created_at, sequence, change, transfer.id});
      lines[1].push_back({transfer.effective_at, sequence, change, transfer.id});
    }
  }
  AccountId id_of(const std::string& code) {
    AccountId& id = ids[code];
    if (!id) id = books.queries.account(test_tenant, {{}, code})->id;
    return id;
  }
  /// Transfers of one, two or three postings, some backdated, several of them to one time.
  void write_at_random(int count) {
    std::mt19937 dice(7);
    const Timestamp begin = clock.now();
    for (int i = 0; i < count; ++i) {
      if (dice() % 3 != 0) clock.advance_seconds(static_cast<std::int64_t>(dice() % 3) * 10);
      std::vector<PostingRequest> postings;
      for (unsigned n = 0; n <= dice() % 3; ++n) {
        postings.push_back(dice() % 2 == 0 ? posting("ana", "shop", 1 + dice() % 3)
                                           : posting("bank", "ana", 1 + dice() % 5));
      }
      PostTransfer body = transfer_of(std::move(postings));
      if (dice() % 3 == 0) {
        const std::int64_t passed = (clock.now().us - begin.us) / 10'000'000;
        const auto back = static_cast<std::int64_t>(dice() % 1'000) % (passed + 1);
        body.effective_at = begin.plus_seconds(back * 10);
      }
      add(books.post(command(std::move(body))));
    }
  }

  /// The balance and transfer of each line of the period, and what it begins and ends with.
  void expect_statement(const Period& period, Order order) {
    std::vector<Line> sorted = lines[period.time == TimeKind::effective ? 1 : 0];
    std::sort(sorted.begin(), sorted.end(), [](const Line& a, const Line& b) {
      return std::tie(a.time, a.sequence) < std::tie(b.time, b.sequence);
    });
    std::int64_t balance = 0;
    std::int64_t opening = 0;
    std::int64_t closing = 0;
    std::vector<std::pair<TransferId, std::int64_t>> wanted;
    for (const Line& line : sorted) {
      balance += line.change;
      if (period.is_before(line.time)) opening = balance;
      if (!period.is_after(line.time)) closing = balance;
      if (period.has(line.time)) wanted.emplace_back(line.transfer, balance);
    }
    if (period.from && period.to && *period.to <= *period.from) closing = opening;
    if (order == Order::newest_first) std::reverse(wanted.begin(), wanted.end());

    std::vector<std::pair<TransferId, std::int64_t>> got;
    PageRequest page{GetParam(), 0, order};
    do {
      const auto read = books.queries.statement(test_tenant, {{}, "ana"}, period, page);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->opening_minor, opening);
      EXPECT_EQ(read->closing_minor, closing);
      EXPECT_LE(read->entries.rows.size(), static_cast<std::size_t>(GetParam()));
      EXPECT_FALSE(read->entries.rows.empty() && page.start != 0) << "a page for nothing";
      for (const StatementEntry& entry : read->entries.rows)
        got.emplace_back(entry.transfer, entry.balance_minor);
      page.start = read->entries.next;
    } while (page.start != 0);
    ASSERT_EQ(got, wanted);
  }

  std::map<std::string, AccountId> ids;
  std::vector<Line> lines[2];  ///< By the time of entry, by the effective time.
  std::int64_t sequence = 0;
};

TEST_P(Statements, OfEveryPeriodAddUpByBothTimesInBothOrders) {
  const Timestamp begin = clock.now();
  clock.advance_seconds(10);
  write_at_random(70);
  const Timestamp end = clock.now();
  const std::int64_t span = (end.us - begin.us) / 1'000'000;
  for (const TimeKind time : {TimeKind::created, TimeKind::effective}) {
    for (const Order order : {Order::newest_first, Order::oldest_first}) {
      expect_statement({{}, {}, time}, order);
      for (std::int64_t part = 0; part < 2; ++part) {
        const Timestamp from = begin.plus_seconds(span / 20 * part * 10);
        const Timestamp to = begin.plus_seconds(span / 20 * (part + 1) * 10);
        expect_statement({from, to, time}, order);
        expect_statement({from, {}, time}, order);
        expect_statement({{}, to, time}, order);
      }
      expect_statement({end, begin.plus_seconds(span / 20 * 10), time}, order);
      expect_statement({end.plus_seconds(1), {}, time}, order);
      expect_statement({{}, begin.plus_seconds(-1), time}, order);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(PagesOf, Statements, testing::Values(2, 7, 200));

using StatementOfOne = LedgerTest;

TEST_F(StatementOfOne, AnAccountingPeriodTakesInWhatWasEnteredLater) {
  const Timestamp march = clock.now();
  clock.advance_seconds(1'000);
  const Timestamp april = clock.now();
  ASSERT_EQ(books.move("ana", "shop", 1), "");
  PostTransfer late = transfer_of({posting("ana", "shop", 30)});
  late.effective_at = march.plus_seconds(500);
  books.post(command(late));

  const AccountRef ana{{}, "ana"};
  const auto effective =
      books.queries.statement(test_tenant, ana, {march.plus_us(1), april, TimeKind::effective}, {});
  EXPECT_EQ(effective->opening_minor, 1'000);
  ASSERT_EQ(effective->entries.rows.size(), 1u);
  EXPECT_EQ(effective->entries.rows[0].balance_minor, 970);
  EXPECT_EQ(effective->closing_minor, 970);

  const auto created =
      books.queries.statement(test_tenant, ana, {march.plus_us(1), april, TimeKind::created}, {});
  EXPECT_EQ(created->opening_minor, 1'000);
  EXPECT_TRUE(created->entries.rows.empty());
  EXPECT_EQ(created->closing_minor, 1'000);
}

TEST_F(StatementOfOne, ALongWalkPastBackdatedPostingsIsRefused) {
  const Timestamp long_ago = clock.now().plus_seconds(-1'000);
  clock.advance_seconds(10);
  const Timestamp from = clock.now();
  for (int i = 0; i < 11; ++i) {
    PostTransfer body = transfer_of({});
    for (int n = 0; n < 1'000; ++n) body.postings.push_back(posting("bank", "shop", 1));
    body.effective_at = long_ago;
    books.post(command(std::move(body)));
  }
  const AccountRef shop{{}, "shop"};
  const auto statement = [&](const Period& period) {
    return books.queries.statement(test_tenant, shop, period, {});
  };
  EXPECT_EQ(code_of(statement({from, {}, TimeKind::effective})), errors::too_many_rows.name);
  EXPECT_EQ(statement({from, {}, TimeKind::created})->entries.rows.size(), 50u);
  EXPECT_EQ(statement({{}, from, TimeKind::effective})->entries.rows.size(), 50u);
}

}  // namespace
}  // namespace florin::ledger
