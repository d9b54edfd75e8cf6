#include <gtest/gtest.h>

#include <set>

#include "hub/errors.h"
#include "hub/operator/dialect.h"
#include "hub/operator/operator_fixture.h"
#include "ledger/errors.h"
#include "platform/http_client/http_client.h"
#include "platform/json/value.h"

namespace florin::hub::operators {
namespace {

struct Edit {
  std::string_view from, to;
};
struct Refusing {
  Edit edit;  ///< Of the sample of a refusal.
  ErrorCode code;
};

/// What the contract needs to know of a dialect to say the same thing in its words.
struct DialectCase {
  std::string_view name, ok_file, balance_file, refused_file;
  std::string_view text_of_150;  ///< The amount of the sample call as this dialect writes it.
  Edit other_currency, other_transaction, other_amount, unreadable_balance, unknown_word, no_word,
      nothing_undone;
  std::vector<Refusing> refusals;
};

const DialectCase florin_case{
    .name = "florin",
    .ok_file = "florin_ok.json",
    .balance_file = "florin_balance.json",
    .refused_file = "florin_refused.json",
    .text_of_150 = R"("150.00")",
    .other_currency = {"KZT", "USD"},
    .other_transaction = {"tx-1001", "tx-1002"},
    .other_amount = {R"("balance")", R"("amount":"150.01","balance")"},
    .unreadable_balance = {"850.00", "850.000"},
    .unknown_word = {R"("OK")", R"("PROBABLY")"},
    .no_word = {R"("status":"OK",)", ""},
    .nothing_undone = {R"("balance")", R"("amount":"0.00","balance")"},
    .refusals =
        {
            {{"", ""}, ledger::errors::insufficient_funds},
            {{"INSUFFICIENT_FUNDS", "LIMIT_REACHED"}, errors::limit_reached},
            {{"INSUFFICIENT_FUNDS", "GAME_NOT_ALLOWED"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "PLAYER_BLOCKED"}, errors::player_blocked},
            {{"INSUFFICIENT_FUNDS", "SESSION_EXPIRED"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "INVALID_TOKEN"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "PLAYER_NOT_FOUND"}, errors::player_not_found},
            {{"INSUFFICIENT_FUNDS", "CURRENCY_MISMATCH"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "INVALID_AMOUNT"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "BAD_REQUEST"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "TRANSACTION_CONFLICT"}, errors::transaction_conflict},
            {{"INSUFFICIENT_FUNDS", "TRANSACTION_NOT_FOUND"}, errors::operator_refused},
            {{"INSUFFICIENT_FUNDS", "ALREADY_ROLLED_BACK"}, errors::already_rolled_back},
            {{"INSUFFICIENT_FUNDS", "INVALID_SIGNATURE"}, errors::operator_refused},
        },
};

const DialectCase evenbet_case{
    .name = "evenbet",
    .ok_file = "evenbet_ok.json",
    .balance_file = "evenbet_balance.json",
    .refused_file = "evenbet_refused.json",
    .text_of_150 = "15000",
    .other_currency = {"KZT", "USD"},
    .other_transaction = {"tx-1001", "tx-1002"},
    .other_amount = {R"("amount":15000)", R"("amount":15001)"},
    .unreadable_balance = {"85000", "850.00"},
    .unknown_word = {R"("errorCode":0)", R"("errorCode":77)"},
    .no_word = {R"("errorCode":0,)", ""},
    .nothing_undone = {R"("amount":15000)", R"("amount":0)"},
    .refusals =
        {
            {{R"("errorCode":3)", R"("errorCode":1)"}, errors::operator_refused},
            {{R"("errorCode":3)", R"("errorCode":2)"}, errors::player_not_found},
            {{"", ""}, ledger::errors::insufficient_funds},
            {{R"("errorCode":3)", R"("errorCode":4)"}, errors::operator_refused},
            {{R"("errorCode":3)", R"("errorCode":5)"}, errors::operator_refused},
            {{R"("errorCode":3)", R"("errorCode":6)"}, errors::transaction_conflict},
            {{R"("errorCode":3)", R"("errorCode":7)"}, errors::already_rolled_back},
            {{R"("errorCode":3)", R"("errorCode":8)"}, errors::player_blocked},
            {{R"("errorCode":3)", R"("errorCode":9)"}, errors::limit_reached},
        },
};

/// Every dialect passes this; a new one adds its case.
struct DialectContract : ::testing::TestWithParam<const DialectCase*> {
  const DialectCase& its = *GetParam();
  const Dialect& dialect = *find_dialect(its.name);

  static Call call_of(Operation operation) {
    Call call;
    call.operation = operation;
    call.transaction_id = "tx-1001";
    call.ref_id = "round-77";
    call.player = "p-42";
    if (operation != Operation::balance)
      call.amount = Money{15'000, *Currency::parse("KZT")};
    else
      call.currency = Currency::parse("KZT");
    return call;
  }
  static Target target() {
    Target target;
    target.settings.base_url = "https://operator.example/api/";
    target.secret = Secret("operator-shared-secret");
    return target;
  }
  http_client::Request build(const Call& call) const {
    return dialect.build(target(), call, Timestamp{1'732'104'000'000'000});
  }
  static http_client::Response response(std::string body, int status = 200) {
    http_client::Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
  }
  static std::string edited(std::string_view file, const Edit& edit) {
    return edit.from.empty() ? sample(file) : replaced(sample(file), edit.from, edit.to);
  }
  Answer read_ok(Operation operation, const Edit& edit) const {
    return dialect.read(call_of(operation), response(edited(its.ok_file, edit)));
  }
};

constexpr std::array<Operation, 3> movements{Operation::debit, Operation::credit,
                                             Operation::rollback};

TEST_P(DialectContract, AnOkThatFitsTheCallIsDone) {
  for (const Operation operation : movements) {
    const Answer answer = read_ok(operation, {});
    EXPECT_EQ(answer.meaning, Meaning::done) << answer.detail;
    EXPECT_EQ(answer.balance_minor, 85'000);
    EXPECT_EQ(answer.reference, "01JD2Q8W");
    EXPECT_FALSE(answer.refusal);
  }
}

TEST_P(DialectContract, ABalanceIsRead) {
  const Call call = call_of(Operation::balance);
  const Answer answer = dialect.read(call, response(sample(its.balance_file)));
  EXPECT_EQ(answer.meaning, Meaning::done) << answer.detail;
  EXPECT_EQ(answer.balance_minor, 85'000);
  const auto other = response(edited(its.balance_file, its.other_currency));
  EXPECT_EQ(dialect.read(call, other).meaning, Meaning::unknown);
}

TEST_P(DialectContract, AnOkThatDoesNotFitTheCallIsUnknown) {
  for (const Operation operation : movements) {
    for (const Edit& edit : {its.other_currency, its.other_transaction, its.other_amount,
                             its.unreadable_balance, its.unknown_word, its.no_word}) {
      const Answer answer = read_ok(operation, edit);
      EXPECT_EQ(answer.meaning, Meaning::unknown) << edit.to;
      EXPECT_FALSE(answer.detail.empty());
      EXPECT_FALSE(answer.balance_minor);
    }
  }
}

TEST_P(DialectContract, EachRefusalHasItsCode) {
  for (const Refusing& refusing : its.refusals) {
    const auto answer =
        dialect.read(call_of(Operation::debit), response(edited(its.refused_file, refusing.edit)));
    EXPECT_EQ(answer.meaning, Meaning::refused) << refusing.edit.to;
    ASSERT_TRUE(answer.refusal) << refusing.edit.to;
    EXPECT_EQ(answer.refusal->code, refusing.code) << refusing.edit.to;
    EXPECT_EQ(answer.balance_minor, 2'000);
  }
}

TEST_P(DialectContract, ARefusalOfAnotherTransactionIsUnknown) {
  const std::string refused = sample(its.refused_file);
  const auto naming = [&](std::string_view id) {
    return response("{\"transactionId\":\"" + std::string(id) + "\"," + refused.substr(1));
  };
  const Call call = call_of(Operation::debit);
  EXPECT_EQ(dialect.read(call, naming("tx-1001")).meaning, Meaning::refused);
  EXPECT_EQ(dialect.read(call, naming("tx-1002")).meaning, Meaning::unknown);
}

TEST_P(DialectContract, ARefusalGivesNoBalanceOfAnotherCurrency) {
  const auto answer = dialect.read(call_of(Operation::debit),
                                   response(edited(its.refused_file, its.other_currency)));
  EXPECT_EQ(answer.meaning, Meaning::refused);
  EXPECT_FALSE(answer.balance_minor);
}

TEST_P(DialectContract, WhatIsNoAnswerOfTheDialectIsUnknown) {
  const std::string good = sample(its.ok_file);
  for (const std::string& body :
       {std::string(), good.substr(0, good.size() / 2), sample("service_page.html"),
        std::string("[]"), std::string("null"), std::string("{}"), good + good}) {
    EXPECT_EQ(dialect.read(call_of(Operation::debit), response(body)).meaning, Meaning::unknown)
        << body;
  }
  http_client::Response cut_off = response(good);
  cut_off.is_cut_off = true;
  EXPECT_EQ(dialect.read(call_of(Operation::debit), cut_off).meaning, Meaning::unknown);
}

TEST_P(DialectContract, AnOkUnderAnotherStatusIsUnknown) {
  for (const int status : {201, 202, 204, 302, 400, 401, 402, 404, 409, 429, 500, 502, 503}) {
    const auto answer =
        dialect.read(call_of(Operation::debit), response(sample(its.ok_file), status));
    EXPECT_EQ(answer.meaning, Meaning::unknown) << status;
    const auto refused =
        dialect.read(call_of(Operation::debit), response(sample(its.refused_file), status));
    EXPECT_EQ(refused.meaning, Meaning::unknown) << status;
  }
}

TEST_P(DialectContract, ARollbackThatFoundNothingIsDone) {
  EXPECT_EQ(read_ok(Operation::rollback, its.nothing_undone).meaning, Meaning::done);
  EXPECT_EQ(read_ok(Operation::debit, its.nothing_undone).meaning, Meaning::unknown);
}

TEST_P(DialectContract, ServerFaultsAreWorthAnotherAttempt) {
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_TRUE(dialect.is_fault(response("", status))) << status;
  }
  EXPECT_FALSE(dialect.is_fault(response(sample(its.ok_file))));
  EXPECT_FALSE(dialect.is_fault(response(sample(its.refused_file))));
  EXPECT_FALSE(dialect.is_fault(response("", 404)));
}

TEST_P(DialectContract, EveryAttemptNamesTheSameTransactionAndMoney) {
  for (const Operation operation : movements) {
    const http_client::Request first = build(call_of(operation));
    EXPECT_EQ(first.method, "POST");
    EXPECT_TRUE(first.url.starts_with("https://operator.example/api/")) << first.url;
    EXPECT_EQ(first.url.find("//", 8), std::string::npos) << first.url;
    const auto document = json::parse(first.body);
    ASSERT_TRUE(document) << first.body;
    const auto again = json::parse(build(call_of(operation)).body);
    for (const auto& [name, value] : *document->as_object()) {
      if (name == "requestId") continue;
      EXPECT_EQ(value, *again->find(name)) << name;
    }
    EXPECT_EQ(*document->find("transactionId"), json::Value("tx-1001"));
    EXPECT_NE(first.body.find("\"amount\":" + std::string(its.text_of_150)), std::string::npos)
        << first.body;
  }
}

TEST_P(DialectContract, TheSecretIsNotSent) {
  const http_client::Request request = build(call_of(Operation::debit));
  std::string sent = request.url + request.body;
  for (const auto& header : request.headers) sent += header.name + header.value;
  EXPECT_EQ(sent.find("operator-shared-secret"), std::string::npos);
}

TEST_P(DialectContract, DetailsNameNoPlayer) {
  const std::string strange = R"({"status":"p-42 is gone","errorCode":12,"message":"p-42"})";
  for (const std::string& body : {strange, sample(its.refused_file), std::string("p-42")}) {
    const auto answer = dialect.read(call_of(Operation::debit), response(body));
    EXPECT_EQ(answer.detail.find("p-42"), std::string::npos);
    const std::string refusal = answer.refusal ? answer.refusal->detail : "";
    EXPECT_EQ(refusal.find("p-42"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, DialectContract, ::testing::Values(&florin_case, &evenbet_case),
                         [](const auto& its) { return std::string(its.param->name); });

TEST(Dialects, EachHasItsCaseInTheContract) {
  const std::vector<std::string_view> tested{florin_case.name, evenbet_case.name};
  EXPECT_EQ(dialect_names(), tested);
  EXPECT_EQ(find_dialect("esperanto"), nullptr);
}

}  // namespace
}  // namespace florin::hub::operators
