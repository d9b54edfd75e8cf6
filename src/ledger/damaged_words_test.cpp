// Words that no enumeration has: they are reported as damage, and never read as something else.
#include <array>
#include <functional>
#include <vector>

#include "ledger/ledger_fixture.h"
#include "ledger/verify.h"
#include "platform/sql/damage.h"

namespace florin::ledger {
namespace {

class DamagedWords : public LedgerTest {
 protected:
  /// Damages a column and gives the error of a reading: "place" when it names that one.
  template <class Read>
  std::string error_after(const std::string& table, const std::string& column, const Read& read) {
    EXPECT_TRUE(read()) << table << "." << column;
    EXPECT_TRUE(sql::damage(*books.database, "UPDATE " + table + " SET " + column + " = 'ZZZ'"));
    const auto result = read();
    if (result) return "none";
    const std::string place = table + "." + column + " holds \"ZZZ\"";
    return code_of(result) +
           (result.error().detail.starts_with(place) ? "" : result.error().detail);
  }

  const std::string corrupt = "store_corrupt";
};

TEST_F(DamagedWords, TypeOfAnAccount) {
  EXPECT_EQ(error_after("accounts", "type",
                        [&] {
                          return books.queries.account(test_tenant, {{}, "ana"});
                        }),
            corrupt);
  EXPECT_EQ(books.move("ana", "shop", 1), corrupt);
}

TEST_F(DamagedWords, CurrencyOfAnAccount) {
  EXPECT_EQ(error_after("accounts", "currency",
                        [&] { return books.queries.accounts(test_tenant, {}, {}); }),
            corrupt);
  EXPECT_EQ(books.move("ana", "shop", 1), corrupt);
}

TEST_F(DamagedWords, KindOfATransfer) {
  const TransferId id = books.post(transfer("ana", "shop", 1)).id;
  EXPECT_EQ(
      error_after("transfers", "kind", [&] { return books.queries.transfer(test_tenant, id); }),
      corrupt);
  EXPECT_EQ(code_of(books.queries.statement(test_tenant, {{}, "shop"}, {}, {})), corrupt);
  EXPECT_EQ(code_of(books.queries.transfers(test_tenant, {}, {})), corrupt);
}

TEST_F(DamagedWords, CurrencyOfAPosting) {
  const TransferId id = books.post(transfer("ana", "shop", 1)).id;
  EXPECT_EQ(
      error_after("postings", "currency", [&] { return books.queries.transfer(test_tenant, id); }),
      corrupt);
  EXPECT_EQ(code_of(books.queries.transfers(test_tenant, {}, {})), corrupt);
}

TEST_F(DamagedWords, StatusAndCurrencyOfAHold) {
  const HoldId id = books.place(hold_of({posting("ana", "shop", 1)})).id;
  const auto read = [&] { return books.queries.hold(test_tenant, id); };
  EXPECT_EQ(error_after("hold_postings", "currency", read), corrupt);
  EXPECT_TRUE(sql::damage(*books.database, "UPDATE hold_postings SET currency = 'KZT'"));
  EXPECT_EQ(error_after("holds", "status", read), corrupt);
  EXPECT_EQ(code_of(books.queries.holds(test_tenant, {}, {})), corrupt);
}

// What verify reads in place of the word is the very value that was there: only the word is wrong.
TEST_F(DamagedWords, AreFaultsOfVerifyEvenWhereTheChainStillFits) {
  const Currency first = *Currency::parse(Currency::all().front().code);
  for (const char* code : {"eve", "till"}) {
    Account wanted = Account::wallet(test_tenant, code, first);
    wanted.type = AccountType::asset;
    wanted.min_balance.reset();
    books.open(wanted);
  }
  books.post(command(transfer_of({posting("eve", "till", 1, first)})));
  books.place(hold_of({posting("eve", "till", 1, first)}));
  const std::string code(first.code());
  const std::vector<std::array<std::string, 3>> words{{"postings", "currency", code},
                                                      {"hold_postings", "currency", code},
                                                      {"accounts", "currency", code},
                                                      {"accounts", "type", "asset"},
                                                      {"hold_changes", "kind", "placed"}};
  for (const auto& [table, column, word] : words) {
    EXPECT_TRUE(verify(*books.database, {})->clean());
    const std::string set = "UPDATE " + table + " SET " + column + " = ";
    ASSERT_TRUE(sql::damage(*books.database, set + "'ZZZ' WHERE " + column + " = '" + word + "'"));
    EXPECT_FALSE(verify(*books.database, {})->clean()) << table << "." << column;
    ASSERT_TRUE(sql::damage(*books.database, set + "'" + word + "' WHERE " + column + " = 'ZZZ'"));
  }
}

// A query that names its tenant does not even look at the row of another.
TEST_F(DamagedWords, OfAnotherTenantAreNotReadAtAll) {
  const TenantId other{2};
  const AccountId account = books.queries.account(test_tenant, {{}, "ana"})->id;
  const TransferId transfer_id = books.post(transfer("ana", "shop", 1)).id;
  const HoldId hold = books.place(hold_of({posting("ana", "shop", 1)})).id;
  EXPECT_TRUE(sql::damage(*books.database, "UPDATE holds SET status = 'ZZZ'"));
  EXPECT_TRUE(sql::damage(*books.database, "UPDATE transfers SET kind = 'ZZZ'"));
  EXPECT_TRUE(sql::damage(*books.database, "UPDATE accounts SET type = 'ZZZ'"));
  EXPECT_EQ(code_of(books.queries.hold(other, hold)), "hold_not_found");
  EXPECT_EQ(code_of(books.queries.transfer(other, transfer_id)), "transfer_not_found");
  EXPECT_EQ(code_of(books.queries.account(other, {account, {}})), "account_not_found");
  EXPECT_EQ(code_of(books.queries.statement(other, {account, {}}, {}, {})), "account_not_found");
  EXPECT_TRUE(books.queries.transfers(other, {}, {})->rows.empty());
  EXPECT_TRUE(books.queries.accounts(other, {}, {})->rows.empty());
  EXPECT_TRUE(books.queries.holds(other, {}, {})->rows.empty());
}

}  // namespace
}  // namespace florin::ledger
