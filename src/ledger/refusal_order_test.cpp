// The order of refusals in the module's README: for each two neighbours a command that both apply
// to is answered with the earlier one.
#include "idempotency/errors.h"
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

class RefusalOrder : public LedgerTest {
 protected:
  RefusalOrder() {
    books.open(Account::wallet(test_tenant, "ana:usd", usd()));
    books.open("gone");
    EXPECT_EQ(books.close("gone"), "");
    books.open("frozen");
    freeze("frozen");
    books.open("gone:frozen");
    freeze("gone:frozen");
    EXPECT_EQ(books.close("gone:frozen"), "");
  }

  void freeze(const std::string& code) {
    EXPECT_EQ(books.change(code, [](Account& account) { account.frozen = true; }), "");
  }
  /// Fills the sums of two accounts without bounds, so that one more unit overflows.
  void fill(const std::string& asset, const std::string& liability) {
    books.open(asset, AccountType::asset, std::nullopt);
    books.open(liability, AccountType::liability, std::nullopt);
    EXPECT_EQ(books.move(asset, liability, INT64_MAX), "");
  }
  void expect_first(const ErrorCode& code, Command refused) {
    EXPECT_EQ(code_of(books.service.execute(std::move(refused))), code.name);
  }
  void expect_first(const ErrorCode& code, std::vector<PostingRequest> postings) {
    SCOPED_TRACE(code.name);
    expect_first(code, command(transfer_of(postings)));
    expect_first(code, command(hold_of(std::move(postings))));
  }
  Command dated(Command transfer, Timestamp effective_at) {
    std::get<PostTransfer>(transfer.body).effective_at = effective_at;
    return transfer;
  }
};

TEST_F(RefusalOrder, AMismatchBeforeAllElse) {
  Command first = transfer("ana", "shop", 1);
  first.key = key(1);
  ASSERT_EQ(code_of(books.service.execute(first)), "");
  Command early = dated(transfer("ghost", "shop", 1), clock.now().plus_seconds(1));
  Command missing_transfer = command(ReverseTransfer{{12'345}, {}});
  Command missing_hold = command(CaptureHold{{12'345}, std::nullopt, false});
  for (Command* other : {&early, &missing_transfer, &missing_hold}) {
    other->key = key(1, 2);
    expect_first(idempotency::errors::idempotency_mismatch, *other);
  }
}

TEST_F(RefusalOrder, AReplayBeforeAllElse) {
  Command sale = dated(transfer("ana", "shop", 1'000), clock.now());
  sale.key = key(1);
  const std::string first = books.answer_to(sale);
  freeze("shop");
  ASSERT_EQ(books.close("ana"), "");
  clock.advance_seconds(-3'600);
  EXPECT_EQ(books.answer_to(sale), first);
}

TEST_F(RefusalOrder, TheFutureBeforeAnUnknownAccount) {
  expect_first(errors::effective_at_in_future,
               dated(transfer("ghost", "shop", 1), clock.now().plus_us(1)));
  PostTransfer opening = transfer_of({posting("ana", "shop", 1)});
  opening.reopen = {AccountRef::parse("ghost")};
  expect_first(errors::effective_at_in_future, dated(command(opening), clock.now().plus_us(1)));
}

TEST_F(RefusalOrder, AnUnknownAccountBeforeTheRulesOfPostings) {
  expect_first(errors::account_not_found, {posting("ghost", "ghost", 1)});
  expect_first(errors::account_not_found, {posting("ana", "ana", 1), posting("ana", "ghost", 1)});
}

TEST_F(RefusalOrder, APostingAfterTheOther) {
  expect_first(errors::account_frozen, {posting("ana", "frozen", 1), posting("ana", "ana", 1)});
  expect_first(errors::same_account, {posting("ana", "ana", 1), posting("ana", "frozen", 1)});
}

TEST_F(RefusalOrder, SameAccountBeforeCurrencyMismatch) {
  expect_first(errors::same_account, {posting("ana", "ana", 1, usd())});
}

TEST_F(RefusalOrder, CurrencyMismatchBeforeAClosedAccount) {
  expect_first(errors::currency_mismatch, {posting("gone", "ana", 1, usd())});
  expect_first(errors::currency_mismatch, {posting("ana", "gone", 1, usd())});
}

TEST_F(RefusalOrder, AClosedAccountBeforeAFrozenOne) {
  expect_first(errors::account_closed, {posting("gone:frozen", "ana", 1)});
  expect_first(errors::account_closed, {posting("ana", "gone:frozen", 1)});
}

TEST_F(RefusalOrder, TheDebitSideBeforeTheCreditSide) {
  expect_first(errors::account_frozen, {posting("frozen", "gone", 1)});
  expect_first(errors::account_closed, {posting("gone", "frozen", 1)});
  expect_first(errors::account_closed, {posting("gone", "ana:usd", 1)});
  expect_first(errors::currency_mismatch, {posting("ana:usd", "gone", 1)});
}

TEST_F(RefusalOrder, AFrozenAccountBeforeAnOverflow) {
  fill("a", "b");
  freeze("a");
  expect_first(errors::account_frozen, {posting("a", "b", 1)});
}

TEST_F(RefusalOrder, AnOverflowBeforeTheBounds) {
  fill("a", "b");
  books.open("capped", AccountType::liability, 0, 50);
  expect_first(errors::amount_overflow, {posting("ana", "shop", 1'001), posting("a", "b", 1)});
  expect_first(errors::amount_overflow, {posting("bank", "capped", 51), posting("a", "b", 1)});
}

TEST_F(RefusalOrder, TheAccountMentionedFirst) {
  books.open("capped", AccountType::liability, 0, 50);
  books.open("till", AccountType::asset, 0, 50);
  expect_first(errors::insufficient_funds, {posting("shop", "capped", 51)});
  expect_first(errors::balance_limit_exceeded, {posting("till", "bank", 51)});
  expect_first(errors::balance_limit_exceeded,
               {posting("bank", "capped", 51), posting("shop", "bank", 1)});
  expect_first(errors::insufficient_funds,
               {posting("shop", "bank", 1), posting("bank", "capped", 51)});
}

TEST_F(RefusalOrder, AnEndedHoldBeforeItsTime) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 5)}, 60));
  books.service.execute(command(ReleaseHold{hold.id}));
  clock.advance_seconds(61);
  expect_first(errors::hold_not_open, command(CaptureHold{hold.id, std::nullopt, false}));
  expect_first(errors::hold_not_open, command(ExpireHold{hold.id}));
}

TEST_F(RefusalOrder, AnEndedHoldBeforeTheAmount) {
  const std::vector<PostingRequest> two{posting("ana", "shop", 5), posting("ana", "bank", 5)};
  const Hold released = books.place(hold_of(two));
  books.service.execute(command(ReleaseHold{released.id}));
  expect_first(errors::hold_not_open, command(CaptureHold{released.id, 6, false}));
  const Hold expired = books.place(hold_of(two, 60));
  clock.advance_seconds(60);
  expect_first(errors::hold_expired, command(CaptureHold{expired.id, 6, false}));
}

TEST_F(RefusalOrder, APartOfSeveralPostingsBeforeTooMuch) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 5), posting("ana", "bank", 5)}));
  expect_first(errors::partial_capture_unsupported, command(CaptureHold{hold.id, 6, false}));
}

TEST_F(RefusalOrder, TheAmountBeforeAFrozenAccount) {
  const Hold one = books.place(hold_of({posting("ana", "shop", 5)}));
  const Hold two = books.place(hold_of({posting("ana", "shop", 5), posting("ana", "bank", 5)}));
  freeze("shop");
  expect_first(errors::capture_exceeds_hold, command(CaptureHold{one.id, 6, false}));
  expect_first(errors::partial_capture_unsupported, command(CaptureHold{two.id, 5, false}));
}

TEST_F(RefusalOrder, AReversedTransferBeforeAFrozenAccount) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  books.post(command(ReverseTransfer{sale.id, {}}));
  freeze("shop");
  expect_first(errors::transfer_already_reversed, command(ReverseTransfer{sale.id, {}}));
}

TEST_F(RefusalOrder, ABulkTellsOfItsFirstRefusal) {
  PostBulk bulk;
  bulk.transfers = {transfer_of({posting("ana", "shop", 1)}),
                    transfer_of({posting("ana", "frozen", 1)}),
                    transfer_of({posting("ana", "shop", 1'001)})};
  const std::string answer = books.answer_to(command(bulk));
  EXPECT_NE(answer.find("transfer 1 was refused (account_frozen)"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("insufficient_funds"), std::string::npos) << answer;
}

}  // namespace
}  // namespace florin::ledger
