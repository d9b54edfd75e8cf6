// The books of another system, line by line.
#include "ledger/books_import.h"

#include <sstream>

#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

class BooksImportTest : public LedgerTest {
 protected:
  Result<ImportSummary> import(const std::string& text) {
    std::istringstream lines(text);
    return BooksImport(*books.database, clock, books.service, books.queries)
        .run(lines, test_tenant, [](std::string_view, std::int64_t) {});
  }
  std::string refusal(const std::string& text) {
    const auto before = books.footprint();
    const auto summary = import(text);
    EXPECT_EQ(books.footprint(), before);
    EXPECT_EQ(code_of(summary), errors::import_line_refused.name);
    return summary ? "" : summary.error().detail;
  }
  std::string file() {
    const std::string sold_at = clock.now().plus_seconds(-86'400).rfc3339();
    const std::string until = clock.now().plus_seconds(3'600).rfc3339();
    return R"({"account": {"code": "old:cash", "type": "asset", "currency": "KZT"}}
{"account": {"code": "old:ana", "type": "liability", "currency": "KZT", "min_balance": 0}}

{"transfer": {"external_id": "t-1", "effective_at": ")" +
           sold_at +
           R"(", "postings": [{"debit": "old:cash", "credit": "old:ana", "amount": 700, "currency": "KZT"}]}}
{"hold": {"external_id": "h-1", "expires_at": ")" +
           until +
           R"(", "postings": [{"debit": "old:ana", "credit": "shop", "amount": 200, "currency": "KZT"}]}}
{"hold": {"external_id": "h-2", "expires_at": ")" +
           sold_at +
           R"(", "postings": [{"debit": "old:ana", "credit": "shop", "amount": 1, "currency": "KZT"}]}}
{"balance": {"account": "old:ana", "balance": 700}}
)";
  }
};

TEST_F(BooksImportTest, TakesAccountsTransfersAndHoldsWithTheirOwnTimes) {
  const std::string text = file();
  const auto summary = import(text);
  ASSERT_EQ(code_of(summary), "");
  EXPECT_EQ(summary->accounts, 2);
  EXPECT_EQ(summary->transfers, 1);
  EXPECT_EQ(summary->holds, 1);
  EXPECT_EQ(summary->over, 1);
  EXPECT_EQ(summary->balances, 1);
  EXPECT_TRUE(summary->differences.empty());
  EXPECT_EQ(books.balance("old:ana"), 700);
  EXPECT_EQ(books.available("old:ana"), 500);
  const auto then = books.queries.balance_at(test_tenant, AccountRef::parse("old:ana"),
                                             clock.now().plus_seconds(-80'000));
  EXPECT_EQ(then->balance_minor, 700);
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(BooksImportTest, GoesOnWhereItWasBrokenOff) {
  const std::string text = file();
  ASSERT_EQ(code_of(import(text)), "");
  clock.advance_seconds(60);
  const auto before = books.footprint();
  const auto again = import(text);
  ASSERT_EQ(code_of(again), "");
  EXPECT_EQ(again->repeated, 4);
  EXPECT_EQ(again->transfers + again->holds + again->accounts, 0);
  EXPECT_EQ(books.footprint(), before);
}

TEST_F(BooksImportTest, NothingIsWrittenWhenALineIsMalformed) {
  for (const char* bad :
       {"{", "[]", "{}", R"({"payment": {}})", R"({"transfer": {"postings": []}})",
        R"({"transfer": {"external_id": "x", "postings": []}})",
        R"({"account": {"code": "a", "type": "asset"}})",
        R"({"hold": {"external_id": "x", "expires_at": "soon"}})",
        R"({"balance": {"account": "ana"}})"}) {
    const std::string detail =
        refusal(R"({"account": {"code": "new", "type": "asset", "currency": "KZT"}})"
                "\n\n" +
                std::string(bad));
    EXPECT_TRUE(detail.starts_with("line 3: ")) << detail;
  }
}

TEST_F(BooksImportTest, ARefusedTransferNamesItsLine) {
  const std::string detail = refusal(
      R"({"transfer": {"external_id": "t", "postings": [{"debit": "ana", "credit": "shop", "amount": 1, "currency": "KZT"}]}}
{"transfer": {"external_id": "u", "postings": [{"debit": "ana", "credit": "shop", "amount": 1000, "currency": "KZT"}]}})");
  EXPECT_TRUE(detail.starts_with("line 2: account ana cannot cover this")) << detail;
  EXPECT_TRUE(detail.ends_with("(insufficient_funds)")) << detail;
}

TEST_F(BooksImportTest, AnExternalIdStandsForOneLine) {
  const std::string text = file();
  ASSERT_EQ(code_of(import(text)), "");
  EXPECT_EQ(
      refusal(
          R"({"transfer": {"external_id": "t-1", "postings": [{"debit": "ana", "credit": "shop", "amount": 1, "currency": "KZT"}]}})")
          .substr(0, 8),
      "line 1: ");
}

TEST_F(BooksImportTest, BalancesThatDifferAreNamed) {
  const auto summary = import(R"({"balance": {"account": "ana", "balance": 999}}
{"balance": {"account": "ghost", "balance": 0}})");
  ASSERT_EQ(code_of(summary), "");
  EXPECT_EQ(summary->differences,
            (std::vector<std::string>{"account ana: stated 999, found 1000",
                                      "account ghost: stated 0, found no account"}));
}

}  // namespace
}  // namespace florin::ledger
