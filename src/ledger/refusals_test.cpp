// Every code that a command can be refused with: it writes nothing, and its key either stays free
// or gives the same bytes again.
#include <array>
#include <atomic>
#include <future>

#include "idempotency/errors.h"
#include "ledger/answers.h"
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

class Refusals : public LedgerTest {
 protected:
  /// Runs the command without a key and twice with one.
  void expect_refused(Command refused, const ErrorCode& code) {
    SCOPED_TRACE(code.name);
    const auto before = books.footprint();
    EXPECT_EQ(code_of(books.service.execute(refused)), code.name);
    EXPECT_EQ(books.footprint(), before);

    refused.key = key(++last_key_);
    const std::int64_t keys = books.count_keys();
    const std::string first = books.answer_to(refused);
    EXPECT_NE(first.find("\"" + std::string(code.name) + "\""), std::string::npos) << first;
    const bool remembered = idempotency::is_remembered(Error{code, ""});
    EXPECT_EQ(books.count_keys(), keys + (remembered ? 1 : 0));

    const Outcome again = books.service.execute(refused);
    EXPECT_EQ(std::holds_alternative<Replay>(again), remembered);
    EXPECT_EQ(answer(refused, again).body, first);
    EXPECT_EQ(books.footprint(), before);
    EXPECT_TRUE(books.faults().empty());
  }

 private:
  std::uint8_t last_key_ = 100;
};

TEST_F(Refusals, AccountNotFound) {
  expect_refused(transfer("ghost", "shop", 1), errors::account_not_found);
  expect_refused(transfer("ana", "ghost", 1), errors::account_not_found);
  expect_refused(transfer("ana", AccountId{123}.str(), 1), errors::account_not_found);
  expect_refused(command(hold_of({posting("ana", "ghost", 1)})), errors::account_not_found);
  EXPECT_EQ(books.change("ghost", {}), errors::account_not_found.name);
  EXPECT_EQ(books.close("ghost"), errors::account_not_found.name);
  EXPECT_EQ(code_of(books.queries.account(test_tenant, {{}, "ghost"})),
            errors::account_not_found.name);
}

TEST_F(Refusals, WhatBelongsToAnotherTenantIsNotFound) {
  const TenantId other{2};
  const AccountId theirs = books.open(Account::wallet(other, "theirs", kzt()));
  expect_refused(transfer("ana", theirs.str(), 1), errors::account_not_found);

  const Transfer mine = books.post(transfer("ana", "shop", 1));
  Command reversal = command(ReverseTransfer{mine.id, {}});
  reversal.actor.tenant = other;
  expect_refused(reversal, errors::transfer_not_found);

  const Hold hold = books.place(hold_of({posting("ana", "shop", 1)}));
  Command capture = command(CaptureHold{hold.id, std::nullopt, false});
  capture.actor.tenant = other;
  expect_refused(capture, errors::hold_not_found);
  EXPECT_EQ(code_of(books.queries.hold(other, hold.id)), errors::hold_not_found.name);
  EXPECT_EQ(code_of(books.queries.transfer(other, mine.id)), errors::transfer_not_found.name);
}

TEST_F(Refusals, AccountExists) {
  const auto before = books.footprint();
  EXPECT_EQ(code_of(books.database->write([&](sql::Tx& tx) {
              return books.service.open_account(tx, test_actor(),
                                                Account::wallet(test_tenant, "ana", usd()));
            })),
            errors::account_exists.name);
  EXPECT_EQ(books.footprint(), before);
  books.open(Account::wallet({2}, "ana", kzt()));  // A code belongs to its tenant.
}

TEST_F(Refusals, BoundsThatCrossAreInvalid) {
  const auto before = books.footprint();
  EXPECT_EQ(code_of(books.database->write([&](sql::Tx& tx) {
              Account narrow = Account::wallet(test_tenant, "narrow", kzt());
              narrow.min_balance = 10;
              narrow.max_balance = 9;
              return books.service.open_account(tx, test_actor(), narrow);
            })),
            florin::errors::validation_failed.name);
  const auto lower = [](Account& account) { account.max_balance = -1; };
  EXPECT_EQ(books.change("ana", lower), florin::errors::validation_failed.name);
  EXPECT_EQ(books.footprint(), before);
}

TEST_F(Refusals, AccountClosed) {
  ASSERT_EQ(books.close("shop"), "");
  expect_refused(transfer("ana", "shop", 1), errors::account_closed);
  expect_refused(command(hold_of({posting("ana", "shop", 1)})), errors::account_closed);
  EXPECT_EQ(books.change("shop", {}), errors::account_closed.name);
  EXPECT_EQ(books.close("shop"), "") << "closing twice changes nothing";
}

TEST_F(Refusals, AReversalIntoAClosedAccount) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  ASSERT_EQ(books.move("shop", "bank", 5), "");
  ASSERT_EQ(books.close("shop"), "");
  expect_refused(command(ReverseTransfer{sale.id, {}}), errors::account_closed);
}

TEST_F(Refusals, AccountFrozen) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  const Hold hold = books.place(hold_of({posting("ana", "shop", 5)}));
  ASSERT_EQ(books.change("ana", [](Account& account) { account.frozen = true; }), "");
  expect_refused(transfer("ana", "shop", 1), errors::account_frozen);
  expect_refused(transfer("bank", "ana", 1), errors::account_frozen);
  expect_refused(command(hold_of({posting("ana", "shop", 1)})), errors::account_frozen);
  expect_refused(command(CaptureHold{hold.id, std::nullopt, false}), errors::account_frozen);
  expect_refused(command(ReverseTransfer{sale.id, {}}), errors::account_frozen);
  // Nothing of a frozen account is lost: what was set aside can be given back.
  EXPECT_EQ(code_of(books.service.execute(command(ReleaseHold{hold.id}))), "");
}

TEST_F(Refusals, AccountNotEmpty) {
  const auto before = books.footprint();
  EXPECT_EQ(books.close("ana"), errors::account_not_empty.name);
  EXPECT_EQ(books.footprint(), before);
  const Hold hold = books.place(hold_of({posting("ana", "shop", 5)}));
  EXPECT_EQ(books.close("shop"), errors::account_not_empty.name) << "money is on its way in";
  books.service.execute(command(ReleaseHold{hold.id}));
  EXPECT_EQ(books.close("shop"), "");
}

TEST_F(Refusals, SameAccount) {
  expect_refused(transfer("ana", "ana", 1), errors::same_account);
  expect_refused(command(hold_of({posting("ana", "ana", 1)})), errors::same_account);
}

TEST_F(Refusals, CurrencyMismatch) {
  books.open(Account::wallet(test_tenant, "ana:usd", usd()));
  expect_refused(transfer("ana", "ana:usd", 1), errors::currency_mismatch);
  expect_refused(transfer("ana:usd", "ana", 1), errors::currency_mismatch);
  expect_refused(command(transfer_of({posting("ana", "shop", 1, usd())})),
                 errors::currency_mismatch);
  expect_refused(command(hold_of({posting("ana", "ana:usd", 1)})), errors::currency_mismatch);
}

TEST_F(Refusals, AnAmountThatIsNotPositive) {
  expect_refused(transfer("ana", "shop", 0), florin::errors::validation_failed);
  expect_refused(transfer("ana", "shop", -1), florin::errors::validation_failed);
}

TEST_F(Refusals, InsufficientFunds) {
  expect_refused(transfer("ana", "shop", 1'001), errors::insufficient_funds);
  const Transfer sale = books.post(transfer("ana", "shop", 100));
  books.place(hold_of({posting("ana", "shop", 800)}));
  expect_refused(transfer("ana", "shop", 101), errors::insufficient_funds);
  expect_refused(command(hold_of({posting("ana", "shop", 101)})), errors::insufficient_funds);
  ASSERT_EQ(books.move("shop", "bank", 100), "");
  expect_refused(command(ReverseTransfer{sale.id, {}}), errors::insufficient_funds);
  EXPECT_EQ(books.move("ana", "shop", 100), "") << "to the floor, not below";
}

TEST_F(Refusals, DebitsOfOneTransferCannotPassTheFloorTogether) {
  expect_refused(command(transfer_of({posting("ana", "shop", 600), posting("ana", "bank", 600)})),
                 errors::insufficient_funds);
}

TEST_F(Refusals, BalanceLimitExceeded) {
  books.open("capped", AccountType::liability, 0, 50);
  expect_refused(transfer("ana", "capped", 51), errors::balance_limit_exceeded);
  expect_refused(command(hold_of({posting("ana", "capped", 51)})), errors::balance_limit_exceeded);
  books.place(hold_of({posting("ana", "capped", 30)}));
  expect_refused(transfer("ana", "capped", 21), errors::balance_limit_exceeded);
  EXPECT_EQ(books.move("ana", "capped", 20), "") << "to the limit, with what is on its way";
}

TEST_F(Refusals, AmountOverflow) {
  books.open("a", AccountType::asset, std::nullopt);
  books.open("b", AccountType::liability, std::nullopt);
  ASSERT_EQ(books.move("a", "b", INT64_MAX), "");
  expect_refused(transfer("a", "shop", 1), errors::amount_overflow);
  expect_refused(command(hold_of({posting("a", "shop", 1)})), errors::amount_overflow);
  expect_refused(
      command(transfer_of({posting("bank", "shop", INT64_MAX), posting("bank", "ana", 1)})),
      errors::amount_overflow);
}

TEST_F(Refusals, EffectiveAtInFuture) {
  Command early = transfer("ana", "shop", 1);
  std::get<PostTransfer>(early.body).effective_at = clock.now().plus_us(1);
  expect_refused(early, errors::effective_at_in_future);
  std::get<PostTransfer>(early.body).effective_at = clock.now();
  EXPECT_EQ(code_of(books.service.execute(early)), "");
}

TEST_F(Refusals, TransferNotFound) {
  expect_refused(command(ReverseTransfer{{12'345}, {}}), errors::transfer_not_found);
  EXPECT_EQ(code_of(books.queries.transfer(test_tenant, {12'345})),
            errors::transfer_not_found.name);
}

TEST_F(Refusals, TransferAlreadyReversed) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  const Transfer reversal = books.post(command(ReverseTransfer{sale.id, {}}));
  const Command again = command(ReverseTransfer{sale.id, {}});
  expect_refused(again, errors::transfer_already_reversed);
  EXPECT_NE(books.answer_to(again).find(reversal.id.str()), std::string::npos);
  EXPECT_EQ(books.balance("ana"), 1'000);
}

TEST_F(Refusals, HoldNotFound) {
  expect_refused(command(CaptureHold{{12'345}, std::nullopt, false}), errors::hold_not_found);
  expect_refused(command(ReleaseHold{{12'345}}), errors::hold_not_found);
  expect_refused(command(ExpireHold{{12'345}}), errors::hold_not_found);
  EXPECT_EQ(code_of(books.queries.hold(test_tenant, {12'345})), errors::hold_not_found.name);
}

TEST_F(Refusals, HoldNotOpen) {
  const Hold captured = books.place(hold_of({posting("ana", "shop", 5)}));
  books.post(command(CaptureHold{captured.id, 3, false}));
  const Hold released = books.place(hold_of({posting("ana", "shop", 5)}));
  books.service.execute(command(ReleaseHold{released.id}));
  for (const HoldId id : {captured.id, released.id}) {
    expect_refused(command(CaptureHold{id, std::nullopt, false}), errors::hold_not_open);
    expect_refused(command(ReleaseHold{id}), errors::hold_not_open);
  }
  const Hold timeless = books.place(hold_of({posting("ana", "shop", 5)}));
  expect_refused(command(ExpireHold{timeless.id}), errors::hold_not_open);
}

TEST_F(Refusals, HoldExpired) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 5)}, 60));
  clock.advance_seconds(60);
  EXPECT_EQ(code_of(books.service.execute(command(CaptureHold{hold.id, std::nullopt, false}))),
            errors::hold_expired.name);
  ASSERT_EQ(*books.service.expire_holds(), 0);
  EXPECT_EQ(code_of(books.service.execute(command(CaptureHold{hold.id, std::nullopt, false}))),
            errors::hold_expired.name);
  EXPECT_EQ(code_of(books.service.execute(command(ReleaseHold{hold.id}))),
            errors::hold_expired.name);
}

TEST_F(Refusals, CaptureExceedsHold) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 50)}));
  expect_refused(command(CaptureHold{hold.id, 51, false}), errors::capture_exceeds_hold);
  books.post(command(CaptureHold{hold.id, 20, true}));
  EXPECT_EQ(code_of(books.service.execute(command(CaptureHold{hold.id, 31, true}))),
            errors::capture_exceeds_hold.name);
  EXPECT_EQ(code_of(books.service.execute(command(CaptureHold{hold.id, 30, true}))), "");
}

TEST_F(Refusals, PartialCaptureUnsupported) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 50), posting("ana", "bank", 5)}));
  expect_refused(command(CaptureHold{hold.id, 5, false}), errors::partial_capture_unsupported);
}

TEST_F(Refusals, BulkRefused) {
  PostBulk bulk;
  bulk.transfers = {transfer_of({posting("ana", "shop", 5)}),
                    transfer_of({posting("ana", "shop", 996)})};
  expect_refused(command(bulk), errors::bulk_refused);
  const std::string answer = books.answer_to(command(bulk));
  EXPECT_NE(answer.find("\"/transfers/1/postings/0/debit\""), std::string::npos) << answer;
  EXPECT_NE(answer.find("\"insufficient_funds\""), std::string::npos) << answer;
}

TEST_F(Refusals, ABulkWithAReasonThatKeysForgetLeavesItsKeyFree) {
  PostBulk bulk;
  bulk.transfers = {transfer_of({posting("ana", "shop", 5)}),
                    transfer_of({posting("ana", "ghost", 5)})};
  expect_refused(command(bulk), errors::account_not_found);
}

TEST_F(Refusals, IdempotencyMismatch) {
  Command first = transfer("ana", "shop", 5);
  first.key = key(1);
  ASSERT_EQ(code_of(books.service.execute(first)), "");
  const auto before = books.footprint();
  Command other = transfer("ana", "shop", 6);
  other.key = key(1, 2);
  EXPECT_EQ(code_of(books.service.execute(other)), idempotency::errors::idempotency_mismatch.name);
  EXPECT_EQ(books.footprint(), before);
  EXPECT_EQ(books.count_keys(), 1);
}

TEST_F(Refusals, ADryRunOfARefusalUsesNoKeyUp) {
  Command refused = transfer("ana", "shop", 1'001);
  refused.key = key(1);
  refused.dry_run = true;
  const auto before = books.footprint();
  EXPECT_EQ(code_of(books.service.execute(refused)), errors::insufficient_funds.name);
  EXPECT_EQ(books.count_keys(), 0);
  EXPECT_EQ(books.footprint(), before);
}

TEST_F(Refusals, ADryRunMakesNoIds) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 10)}));
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  PostBulk bulk;
  bulk.transfers = {transfer_of({posting("ana", "shop", 5)})};
  const std::array<std::pair<Command::Body, bool>, 5> tries{{
      {bulk, false},
      {hold_of({posting("ana", "shop", 5)}), false},
      {CaptureHold{hold.id, 4, false}, true},
      {ReleaseHold{hold.id}, true},
      {ReverseTransfer{sale.id, {}}, false},
  }};
  const auto before = books.footprint();
  for (const auto& [body, names_hold] : tries) {
    Command tried = command(body);
    tried.dry_run = true;
    const std::string answer = books.answer_to(tried);
    EXPECT_NE(answer.find("\"status\":\"dry_run\""), std::string::npos) << answer;
    EXPECT_EQ(answer.find("\"id\":") != std::string::npos, names_hold) << answer;
    EXPECT_EQ(answer.find("\"id\":\"tr_"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("posted\""), answer.find("posted\":1")) << answer;
    EXPECT_EQ(books.footprint(), before);
  }
}

TEST_F(Refusals, WhatIsNotCoveredNamesPostingAccountAndFigures) {
  const auto refused = [&](Command wanted) {
    return std::get<Error>(books.service.execute(std::move(wanted)));
  };
  const Error uncovered =
      refused(command(transfer_of({posting("bank", "shop", 1), posting("ana", "shop", 1'001)})));
  EXPECT_EQ(uncovered.detail,
            "account ana cannot cover this: asked 1001, available 1000, min_balance 0 (minor units "
            "of KZT)");
  ASSERT_EQ(uncovered.fields.size(), 1u);
  EXPECT_EQ(uncovered.fields[0].pointer, "/postings/1/debit");
  EXPECT_EQ(uncovered.fields[0].rule, "insufficient_funds");

  books.open("capped", AccountType::liability, 0, 50);
  books.place(hold_of({posting("bank", "capped", 20)}));
  const Error above = refused(command(hold_of({posting("bank", "capped", 31)})));
  EXPECT_EQ(above.detail,
            "account capped would rise above its max_balance: asked 31, balance 0, incoming 20,"
            " max_balance 50 (minor units of KZT)");
  ASSERT_EQ(above.fields.size(), 1u);
  EXPECT_EQ(above.fields[0].pointer, "/postings/0/credit");

  const AccountId ana = books.queries.account(test_tenant, AccountRef::parse("ana"))->id;
  EXPECT_NE(refused(transfer(ana.str(), "shop", 1'001)).detail.find(ana.str()), std::string::npos);
}

TEST_F(Refusals, AnAccountThatIsNotEmptySaysWhatIsLeft) {
  const auto refusal = [&](const std::string& code) {
    return books.database
        ->write([&](sql::Tx& tx) {
          return books.service.close_account(tx, test_actor(), AccountRef::parse(code));
        })
        .error();
  };
  EXPECT_EQ(refusal("ana").detail,
            "the account cannot be closed: it has a balance of 1000 (minor units)");
  books.place(hold_of({posting("ana", "shop", 10)}));
  EXPECT_EQ(refusal("shop").detail,
            "the account cannot be closed: it has open holds with 10 to credit (minor units)");
  EXPECT_EQ(refusal("ana").detail,
            "the account cannot be closed: it has a balance of 1000 and open holds with 10 to debit"
            " (minor units)");
}

TEST_F(Refusals, EffectiveAtBeforeTransfer) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  const Timestamp sold_at = clock.now();
  clock.advance_seconds(60);
  ReverseTransfer reversal{sale.id, {}, sold_at.plus_us(-1)};
  expect_refused(command(reversal), errors::effective_at_before_transfer);
  reversal.effective_at = clock.now().plus_us(1);
  expect_refused(command(reversal), errors::effective_at_in_future);
  reversal.effective_at = sold_at;
  EXPECT_EQ(books.post(command(reversal)).effective_at, sold_at);
  EXPECT_EQ(
      books.queries.balance_at(test_tenant, AccountRef::parse("shop"), sold_at)->balance_minor, 0);
}

TEST_F(Refusals, LedgerBusy) {
  std::promise<void> gate;
  books.database->submit(
      [opened = gate.get_future().share()](sql::Tx&) -> Result<void> {
        opened.wait();
        return {};
      },
      [](const Result<void>&) {});
  // Nothing is decided before the gate opens, so the ledger's patience is counted, not timed.
  const auto before = books.footprint();
  constexpr std::size_t more_than_any_queue = 200'000;
  std::atomic<std::size_t> answered = 0;
  std::atomic<bool> busy = false;
  std::promise<void> all_answered;
  std::size_t queued = 0;
  while (!busy && queued < more_than_any_queue) {
    ++queued;
    books.service.submit(command(ReleaseHold{{1}}), [&](const Outcome& outcome) {
      if (code_of(outcome) == errors::ledger_busy.name) {
        EXPECT_GT(std::get<Error>(outcome).retry_after_s, 0);
        busy = true;
        --queued;
        return;
      }
      EXPECT_EQ(code_of(outcome), errors::hold_not_found.name);
      if (++answered == queued) all_answered.set_value();
    });
  }
  EXPECT_TRUE(busy);
  gate.set_value();
  all_answered.get_future().wait();
  EXPECT_EQ(books.footprint(), before);
  EXPECT_EQ(books.move("ana", "shop", 1), "") << "afterwards it works as ever";
}

}  // namespace
}  // namespace florin::ledger
