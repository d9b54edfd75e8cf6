// Transfers that move what is there, splits, accounts closed and opened by transfers, and bulks of
// steps of every kind.
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

using Share = SplitDestination::Share;

class Movements : public LedgerTest {
 protected:
  Outcome run(Command::Body body) { return books.service.execute(command(std::move(body))); }
  Error refusal(Command::Body body) {
    const auto before = books.footprint();
    const Outcome outcome = run(std::move(body));
    EXPECT_EQ(books.footprint(), before);
    const auto* error = std::get_if<Error>(&outcome);
    return error ? *error : Error{florin::errors::internal_error, "it was accepted"};
  }
  static PostingRequest limited(const std::string& debit, const std::string& credit,
                                std::int64_t minor, Balancing balancing) {
    PostingRequest request = posting(debit, credit, minor);
    request.balancing = balancing;
    return request;
  }
  static SplitSource from(const std::string& code) {
    SplitSource source;
    source.account = AccountRef::parse(code);
    return source;
  }
  static SplitDestination to(const std::string& code, const std::string& part = {}) {
    SplitDestination destination;
    destination.account = AccountRef::parse(code);
    if (part.empty()) return destination;
    destination.share = Share::portion;
    destination.portion = *Portion::parse(part);
    return destination;
  }
  static PostTransfer split(Split::Total total, std::int64_t minor,
                            std::vector<SplitSource> sources,
                            std::vector<SplitDestination> destinations) {
    PostTransfer body;
    body.split = Split{kzt(), total, minor, std::move(sources), std::move(destinations)};
    return body;
  }
  bool is_closed(const std::string& code) {
    return books.queries.account(test_tenant, AccountRef::parse(code))->closed;
  }
  std::vector<std::string> last_events(std::size_t count) {
    std::vector<std::string> types;
    const auto all = books.events.read_after({}, 1'000);
    for (const events::Event& event : *all) types.push_back(event.type);
    types.erase(types.begin(), types.end() - static_cast<std::ptrdiff_t>(count));
    return types;
  }
};

// ---------------------------------------------------------------- balancing

TEST_F(Movements, ABalancingPostingMovesAtMostWhatTheDebitSideHas) {
  const Transfer swept =
      books.post(command(transfer_of({limited("ana", "shop", 5'000, Balancing::debit)})));
  EXPECT_EQ(swept.postings[0].amount.minor, 1'000);
  EXPECT_EQ(books.balance("shop"), 1'000);
  const Transfer less =
      books.post(command(transfer_of({limited("shop", "ana", 300, Balancing::debit)})));
  EXPECT_EQ(less.postings[0].amount.minor, 300);
}

TEST_F(Movements, TheGreatestAmountIsABoundToo) {
  books.open("vault", AccountType::asset);
  books.open("capital", AccountType::equity);
  const Transfer posted =
      books.post(command(transfer_of({limited("vault", "capital", INT64_MAX, Balancing::debit)})));
  EXPECT_EQ(posted.postings[0].amount.minor, INT64_MAX);
  // All there is happens to be the greatest amount.
  PostingRequest all = limited("capital", "vault", INT64_MAX, Balancing::debit);
  all.has_amount = false;
  EXPECT_EQ(books.post(command(transfer_of({all}))).postings[0].amount.minor, INT64_MAX);
}

TEST_F(Movements, ItLeavesMinBalanceAndWhatIsHeld) {
  books.open("credit", AccountType::liability, -200);
  books.place(hold_of({posting("ana", "shop", 100)}));
  EXPECT_EQ(books.post(command(transfer_of({limited("credit", "shop", 900, Balancing::debit)})))
                .postings[0]
                .amount.minor,
            200);
  EXPECT_EQ(books.post(command(transfer_of({limited("ana", "shop", 5'000, Balancing::debit)})))
                .postings[0]
                .amount.minor,
            900);
}

TEST_F(Movements, ItFillsTheCreditSideUpToMaxBalance) {
  books.open("capped", AccountType::liability, 0, 50);
  books.place(hold_of({posting("bank", "capped", 20)}));
  EXPECT_EQ(books.post(command(transfer_of({limited("bank", "capped", 100, Balancing::credit)})))
                .postings[0]
                .amount.minor,
            30);
  books.open("till", AccountType::liability, 0, 5'000);
  EXPECT_EQ(books.post(command(transfer_of({limited("ana", "till", 9'999, Balancing::both)})))
                .postings[0]
                .amount.minor,
            1'000);
}

TEST_F(Movements, ItSeesThePostingsBeforeIt) {
  const Transfer posted = books.post(command(
      transfer_of({posting("ana", "shop", 400), limited("shop", "bank", 9'999, Balancing::debit),
                   limited("shop", "bank", 9'999, Balancing::debit)})));
  ASSERT_EQ(posted.postings.size(), 2u);
  EXPECT_EQ(posted.postings[1].amount.minor, 400);
}

TEST_F(Movements, AHoldMayBeLimitedToo) {
  const Hold hold = books.place(hold_of({limited("ana", "shop", 5'000, Balancing::debit)}));
  EXPECT_EQ(hold.postings[0].remaining, 1'000);
  EXPECT_EQ(books.available("ana"), 0);
}

TEST_F(Movements, NothingToMove) {
  EXPECT_EQ(refusal(transfer_of({limited("shop", "ana", 5, Balancing::debit)})).code,
            errors::nothing_to_move);
  EXPECT_EQ(refusal(hold_of({limited("shop", "ana", 5, Balancing::debit)})).code,
            errors::nothing_to_move);
  EXPECT_EQ(refusal(split(Split::Total::all, 0, {from("shop")}, {to("ana")})).code,
            errors::nothing_to_move);
}

TEST_F(Movements, UnboundedAmount) {
  PostingRequest unlimited = limited("bank", "shop", INT64_MAX, Balancing::both);
  unlimited.has_amount = false;
  const Error posting_error = refusal(transfer_of({unlimited}));
  EXPECT_EQ(posting_error.code, errors::unbounded_amount);
  EXPECT_EQ(posting_error.fields[0].pointer, "/postings/0/amount");
  EXPECT_EQ(refusal(split(Split::Total::all, 0, {from("bank")}, {to("ana")})).code,
            errors::unbounded_amount);
  // A bound, though the greatest: together with more it is too much.
  SplitSource capped = from("bank");
  capped.max = INT64_MAX;
  EXPECT_EQ(refusal(split(Split::Total::all, 0, {from("ana"), capped}, {to("shop")})).code,
            errors::amount_overflow);
}

// ---------------------------------------------------------------- splits

TEST_F(Movements, ASplitDrawsFromSourcesInOrderAndSharesExactly) {
  books.open("gift");
  ASSERT_EQ(books.move("bank", "gift", 70), "");
  books.open("fee");
  SplitSource gift = from("gift");
  gift.keep = 20;
  const Transfer posted = books.post(command(
      split(Split::Total::exact, 101, {gift, from("ana")}, {to("fee", "1/3"), to("shop")})));
  const auto id = [&](const char* code) {
    return books.queries.account(test_tenant, AccountRef::parse(code))->id;
  };
  EXPECT_EQ(posted.postings, (std::vector<Posting>{{id("gift"), id("fee"), {34, kzt()}},
                                                   {id("gift"), id("shop"), {16, kzt()}},
                                                   {id("ana"), id("shop"), {51, kzt()}}}));
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Movements, ASplitMovesAllOrUpToWhatThereIs) {
  books.post(command(split(Split::Total::up_to, 400, {from("ana")}, {to("shop")})));
  EXPECT_EQ(books.balance("ana"), 600);
  SplitDestination kept;
  kept.share = Share::portion;
  kept.portion = *Portion::parse("50%");
  books.post(command(split(Split::Total::all, 0, {from("ana")}, {kept, to("shop")})));
  EXPECT_EQ(books.balance("ana"), 300);
  SplitSource capped = from("ana");
  capped.max = 100;
  books.post(command(split(Split::Total::all, 0, {capped}, {to("shop")})));
  EXPECT_EQ(books.balance("ana"), 200);
}

TEST_F(Movements, ASourceWithoutABoundGivesWhatItHasUnlessOverdraftIsAllowed) {
  books.open("income", AccountType::income, std::nullopt);
  EXPECT_EQ(refusal(split(Split::Total::exact, 10, {from("income")}, {to("ana")})).code,
            errors::insufficient_funds);
  SplitSource income = from("income");
  income.overdraft = true;
  books.post(command(split(Split::Total::exact, 10, {income}, {to("ana")})));
  EXPECT_EQ(books.balance("income"), -10);
}

TEST_F(Movements, ASplitIsRefusedWithFiguresAndPointers) {
  const Error uncovered =
      refusal(split(Split::Total::exact, 1'500, {from("ana"), from("ana")}, {to("shop")}));
  EXPECT_EQ(uncovered.code, errors::insufficient_funds);
  EXPECT_EQ(uncovered.fields[0].pointer, "/split/amount");
  EXPECT_EQ(uncovered.detail,
            "the sources cannot cover this: asked 1500, available 1000 (minor units of KZT)");
  EXPECT_EQ(refusal(split(Split::Total::exact, 5, {from("ana")}, {to("shop", "50%")})).code,
            errors::split_mismatch);
  const Error missing = refusal(split(Split::Total::exact, 5, {from("ana")}, {to("ghost")}));
  EXPECT_EQ(missing.code, errors::account_not_found);
  EXPECT_EQ(missing.fields[0].pointer, "/split/destinations/0/account");
  EXPECT_EQ(refusal(split(Split::Total::exact, 5, {from("ana")}, {to("ana")})).code,
            errors::same_account);
  books.open("capped", AccountType::liability, 0, 50);
  const Error above = refusal(split(Split::Total::exact, 51, {from("ana")}, {to("capped")}));
  EXPECT_EQ(above.code, errors::balance_limit_exceeded);
  EXPECT_EQ(above.fields[0].pointer, "/split/destinations/0/account");
  EXPECT_NE(above.detail.find("account capped would rise"), std::string::npos) << above.detail;
}

// ---------------------------------------------------------------- closing and opening

TEST_F(Movements, ATransferSweepsAnAccountAndClosesIt) {
  PostTransfer sweep = transfer_of({limited("ana", "shop", INT64_MAX, Balancing::debit)});
  sweep.close = {AccountRef::parse("ana")};
  books.post(command(sweep));
  EXPECT_EQ(books.balance("ana"), 0);
  EXPECT_TRUE(is_closed("ana"));
  EXPECT_EQ(last_events(2), (std::vector<std::string>{"transaction.executed", "account.closed"}));
  EXPECT_EQ(books.move("shop", "ana", 1), errors::account_closed.name);

  PostTransfer late = transfer_of({posting("shop", "ana", 1), posting("ana", "bank", 1)});
  late.reopen = late.close = {AccountRef::parse("ana")};
  books.post(command(late));
  EXPECT_TRUE(is_closed("ana"));
  late.close.clear();
  books.post(command(late));
  EXPECT_FALSE(is_closed("ana"));
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Movements, AnAccountThatIsNotEmptyAfterItIsNotClosed) {
  PostTransfer most = transfer_of({posting("ana", "shop", 999)});
  most.close = {AccountRef::parse("shop"), AccountRef::parse("ana")};
  const Error error = refusal(most);
  EXPECT_EQ(error.code, errors::account_not_empty);
  EXPECT_EQ(error.fields[0].pointer, "/close/0");
  EXPECT_FALSE(is_closed("ana"));
  EXPECT_EQ(books.move("ana", "shop", 1), "");
  most.close = {AccountRef::parse("ghost")};
  EXPECT_EQ(refusal(most).fields[0].pointer, "/close/0");
}

TEST_F(Movements, AClosedAccountIsOpenedAgain) {
  const auto reopen = [&](const std::string& code) {
    return code_of(books.database->write([&](sql::Tx& tx) {
      return books.service.reopen_account(tx, test_actor(), AccountRef::parse(code));
    }));
  };
  ASSERT_EQ(books.close("shop"), "");
  EXPECT_EQ(reopen("shop"), "");
  EXPECT_EQ(last_events(1), std::vector<std::string>{"account.reopened"});
  EXPECT_EQ(reopen("shop"), "");
  EXPECT_EQ(books.move("ana", "shop", 1), "");
  EXPECT_EQ(reopen("ghost"), errors::account_not_found.name);
}

TEST_F(Movements, SeveralAccountsAreOpenedTogetherOrNotAtAll) {
  const auto open = [&](std::vector<std::string> codes) {
    std::vector<Account> wanted;
    for (std::string& code : codes)
      wanted.push_back(Account::wallet(test_tenant, std::move(code), kzt()));
    return books.database->write(
        [&](sql::Tx& tx) { return books.service.open_accounts(tx, test_actor(), wanted); });
  };
  const auto before = books.footprint();
  const auto twice = open({"a", "b", "a"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, errors::account_exists);
  EXPECT_EQ(twice.error().fields[0].pointer, "/accounts/2/code");
  EXPECT_EQ(books.footprint(), before);
  EXPECT_EQ(open({"a", "b"})->size(), 2u);
}

// ---------------------------------------------------------------- steps

TEST_F(Movements, StepsOfEveryKindRunInOrder) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  const Hold held = books.place(hold_of({posting("ana", "shop", 10)}));
  RunSteps steps;
  steps.steps = {{hold_of({posting("ana", "shop", 100)})},
                 {CaptureHold{{}, 60, true}, 0},
                 {ReleaseHold{}, 0},
                 {CaptureHold{held.id, std::nullopt, false}},
                 {ReverseTransfer{sale.id, {}}},
                 {transfer_of({posting("shop", "ana", 70)})}};
  const std::string answer = books.answer_to(command(steps));
  EXPECT_EQ(books.balance("shop"), 0);
  EXPECT_EQ(books.available("ana"), 1'000);
  for (const char* part : {"\"posted\":6", "\"index\":0,\"status\":\"held\",\"id\":\"hold_",
                           "\"index\":1,\"status\":\"posted\",\"id\":\"tr_",
                           "\"index\":2,\"status\":\"released\",\"id\":\"hold_"})
    EXPECT_NE(answer.find(part), std::string::npos) << part << " in " << answer;
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Movements, ARefusedStepUndoesAtomicStepsOfEveryKind) {
  const Hold held = books.place(hold_of({posting("ana", "shop", 10)}));
  PostTransfer closing = transfer_of({limited("shop", "bank", 9'999, Balancing::debit)});
  closing.close = {AccountRef::parse("shop")};
  RunSteps steps;
  steps.steps = {{hold_of({posting("ana", "shop", 100)})},
                 {CaptureHold{{}, 60, false}, 0},
                 {CaptureHold{held.id, std::nullopt, false}},
                 {closing},
                 {transfer_of({posting("ana", "shop", 1)})}};
  const Error error = refusal(steps);
  EXPECT_EQ(error.code, errors::bulk_refused);
  EXPECT_EQ(error.fields[0].pointer, "/transfers/4/postings/0/credit");
  EXPECT_FALSE(is_closed("shop"));
  EXPECT_EQ(code_of(run(CaptureHold{held.id, std::nullopt, false})), "");
  EXPECT_TRUE(books.faults().empty());
}

// The hold is gone when the dry run goes back behind the steps, which went back themselves.
TEST_F(Movements, ADryRunOfRefusedStepsGoesBackTwice) {
  RunSteps steps;
  steps.steps = {{hold_of({posting("ana", "shop", 100)})},
                 {CaptureHold{{}, 60, true}, 0},
                 {transfer_of({posting("ana", "nobody-of-this-name", 1)})}};
  Command dry = command(steps);
  dry.dry_run = true;
  const Outcome outcome = books.service.execute(dry);
  const auto* error = std::get_if<Error>(&outcome);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, errors::account_not_found);
  EXPECT_EQ(error->fields[0].pointer, "/transfers/2/postings/0/credit");
  EXPECT_EQ(books.available("ana"), 1'000);
}

TEST_F(Movements, EventsOfOpeningAndClosingShowTheAccountAsItWasThen) {
  PostTransfer sweep = transfer_of({posting("ana", "shop", 1'000)});
  sweep.close = {AccountRef::parse("ana")};
  PostTransfer late = transfer_of({posting("shop", "ana", 30)});
  late.reopen = {AccountRef::parse("ana")};
  RunSteps steps;
  steps.steps = {{sweep}, {late}};
  books.answer_to(command(steps));
  const auto all = books.events.read_after({}, 1'000);
  std::vector<std::string> shown;
  for (const events::Event& event : *all) {
    if (event.type == "account.closed" || event.type == "account.reopened")
      shown.push_back(event.type +
                      (event.payload.find("\"balance\":0,") != std::string::npos ? " empty" : ""));
  }
  EXPECT_EQ(shown, (std::vector<std::string>{"account.closed empty", "account.reopened empty"}));
}

// 2,500 reversals of 1,000 postings each would keep everybody waiting for a minute.
TEST_F(Movements, StepsCountThePostingsOfWhatTheyName) {
  const std::vector<PostingRequest> many(1'000, posting("ana", "shop", 1));
  std::vector<TransferId> sales;
  for (int i = 0; i < 3; ++i) {
    sales.push_back(books.post(command(transfer_of(many))).id);
    ASSERT_EQ(books.move("shop", "ana", 1'000), "");
  }
  ASSERT_EQ(books.move("bank", "shop", 3'000), "");
  const Hold held = books.place(hold_of(many));
  const auto before = books.footprint();
  const auto rule_of = [&](const Step& first, const Step& second, const Step& third) {
    RunSteps steps;
    steps.steps = {first, second, third};
    Command wanted = command(steps, key(1));
    wanted.dry_run = true;
    const Outcome outcome = books.service.execute(wanted);
    const auto* error = std::get_if<Error>(&outcome);
    return error && !error->fields.empty() ? error->fields[0].rule : std::string_view();
  };
  const Step reversal{ReverseTransfer{sales[0], {}}};
  const Step another{ReverseTransfer{sales[1], {}}};
  const Step capture{CaptureHold{held.id, 1, true}};
  const Step small{transfer_of({posting("ana", "shop", 1)})};
  EXPECT_EQ(rule_of(reversal, another, {ReverseTransfer{sales[2], {}}}), "too_many_postings");
  EXPECT_EQ(rule_of(capture, capture, capture), "too_many_postings");
  EXPECT_EQ(rule_of(reversal, capture, {ReleaseHold{held.id}}), "too_many_postings");
  EXPECT_EQ(rule_of({hold_of(many)}, {CaptureHold{{}, 1, true}, 0}, {ReleaseHold{}, 0}),
            "too_many_postings");
  EXPECT_EQ(rule_of(reversal, another, small), "");
  EXPECT_EQ(rule_of(reversal, {ReverseTransfer{{12'345}, {}}}, small), "transfer_not_found");
  EXPECT_EQ(books.footprint(), before);
}

TEST_F(Movements, StepsThatStandForThemselvesGoOnAfterARefusal) {
  RunSteps steps;
  steps.atomic = false;
  steps.steps = {{hold_of({posting("ana", "shop", 1'001)})},
                 {CaptureHold{{}, 60, false}, 0},
                 {transfer_of({posting("ana", "shop", 1)})}};
  const Outcome outcome = run(steps);
  const auto& items = std::get<BulkResult>(outcome).items;
  EXPECT_EQ(std::get<Error>(items[0]).code, errors::insufficient_funds);
  EXPECT_EQ(std::get<Error>(items[1]).code, errors::hold_not_found);
  EXPECT_TRUE(std::holds_alternative<BulkDone>(items[2]));
}

}  // namespace
}  // namespace florin::ledger
