// What clients send about runs and items, and what they are answered.
#include "reconciliation/requests.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "platform/json/value.h"
#include "reconciliation/errors.h"
#include "reconciliation/module.h"

namespace florin::reconciliation {
namespace {

using Rules = std::map<std::string, std::string>;

template <class T>
Rules rules_of(const Result<T>& result) {
  Rules rules;
  if (result) return rules;
  for (const FieldError& field : result.error().fields)
    rules[field.pointer] = std::string(field.rule);
  return rules;
}

http::Request with_body(std::string_view body) {
  http::Request request;
  request.body = body;
  return request;
}

http::Request with_query(std::string name, std::string value) {
  http::Request request;
  request.query_params = {{std::move(name), std::move(value)}};
  return request;
}

http::Request with_id(std::string id) {
  http::Request request;
  request.path_params = {{"id", std::move(id)}};
  return request;
}

Timestamp at(std::string_view text) { return *Timestamp::parse(text); }
const Timestamp noon = at("2026-11-20T12:00:00Z");
const Currency eur = *Currency::parse("EUR");

TEST(RunRequests, DaysArePartsOfThePeriodAsAWhole) {
  const auto run = requests::new_run(
      with_body(R"({"partner": "acme", "from": "2026-11-20", "to": "2026-11-20"})"));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->partner, "acme");
  EXPECT_EQ(run->period, (Period{at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z")}));
}

TEST(RunRequests, ATimeEndsThePeriodItself) {
  const auto run = requests::new_run(with_body(
      R"({"partner": "acme", "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T12:00:00Z"})"));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->period.to, noon);
}

TEST(RunRequests, EveryBadFieldIsNamed) {
  EXPECT_EQ(rules_of(requests::new_run(with_body(""))),
            (Rules{{"/partner", "required"}, {"/from", "required"}, {"/to", "required"}}));
  EXPECT_EQ(rules_of(requests::new_run(with_body(
                R"({"partner": ".hidden", "from": "soon", "to": 5, "id": "x", "nope": 1})"))),
            (Rules{{"/partner", "bad_characters"},
                   {"/from", "must_be_timestamp"},
                   {"/to", "wrong_type"},
                   {"/id", "read_only"},
                   {"/nope", "unknown_field"}}));
  EXPECT_EQ(rules_of(requests::new_run(
                with_body(R"({"partner": "acme", "from": "2026-11-20", "to": "2026-11-19"})"))),
            (Rules{{"/to", "too_small"}}));
  EXPECT_EQ(requests::new_run(with_body("{")).error().code, json::errors::malformed_json);
}

TEST(ItemRequests, AnExplanationHasANote) {
  EXPECT_EQ(requests::explanation(with_body(R"({"note": "known"})"))->note, "known");
  EXPECT_EQ(rules_of(requests::explanation(with_body(""))), (Rules{{"/note", "required"}}));
  EXPECT_EQ(rules_of(requests::explanation(with_body(R"({"note": ""})"))),
            (Rules{{"/note", "too_short"}}));
  const std::string long_note(2'001, 'x');
  EXPECT_EQ(rules_of(requests::explanation(with_body(R"({"note": ")" + long_note + R"("})"))),
            (Rules{{"/note", "too_long"}}));
}

TEST(ItemRequests, ARejectionMaySayNothing) {
  EXPECT_EQ(requests::rejection(with_body(""))->note, std::nullopt);
  EXPECT_EQ(requests::rejection(with_body("{}"))->note, std::nullopt);
  EXPECT_EQ(requests::rejection(with_body(R"({"note": "no"})"))->note, "no");
  EXPECT_EQ(rules_of(requests::rejection(with_body(R"({"because": "no"})"))),
            (Rules{{"/because", "unknown_field"}}));
}

TEST(ItemRequests, AProposalHasPostings) {
  const auto wanted = requests::proposal(with_body(
      R"({"postings": [{"debit": "bank", "credit": "acc_01h2xcejqtf2n", "amount": 5,
          "currency": "EUR"}]})"));
  ASSERT_TRUE(wanted);
  ASSERT_EQ(wanted->postings.size(), 1U);
  EXPECT_EQ(wanted->postings[0].debit.code, "bank");
  EXPECT_EQ(wanted->postings[0].credit.id.str(), "acc_01h2xcejqtf2n");
  EXPECT_EQ(wanted->postings[0].amount, (Money{5, eur}));
  EXPECT_FALSE(wanted->note);
}

TEST(ItemRequests, EveryBadFieldOfAPostingIsNamed) {
  EXPECT_EQ(rules_of(requests::proposal(with_body("{}"))), (Rules{{"/postings", "required"}}));
  EXPECT_EQ(rules_of(requests::proposal(with_body(R"({"postings": []})"))),
            (Rules{{"/postings", "too_few"}}));
  EXPECT_EQ(rules_of(requests::proposal(with_body(
                R"({"postings": [{"debit": "", "amount": 0, "currency": "XX", "balancing": "both"},
                                 5], "note": 1})"))),
            (Rules{{"/postings/0/debit", "too_short"},
                   {"/postings/0/credit", "required"},
                   {"/postings/0/amount", "too_small"},
                   {"/postings/0/currency", "unknown_currency"},
                   {"/postings/0/balancing", "unknown_field"},
                   {"/postings/1", "wrong_type"},
                   {"/note", "wrong_type"}}));
}

TEST(ItemRequests, FiltersAreReadFromTheQuery) {
  EXPECT_EQ(requests::item_filter(with_query("status", "open"))->status, ItemStatus::open);
  EXPECT_EQ(requests::item_filter(with_query("kind", "AMOUNT_MISMATCH"))->kind, "AMOUNT_MISMATCH");
  EXPECT_EQ(requests::item_filter(with_query("transaction_id", "t1"))->transaction_id, "t1");
  EXPECT_EQ(rules_of(requests::item_filter(with_query("status", "OPEN"))),
            (Rules{{"#/query/status", "unknown_value"}}));
}

TEST(ItemRequests, APathWithoutAnIdNamesNothing) {
  EXPECT_EQ(requests::run_in_path(with_id("rit_01h2xcejqtf2n")).error().code,
            errors::reconciliation_not_found);
  EXPECT_EQ(requests::item_in_path(with_id("5")).error().code,
            errors::reconciliation_item_not_found);
  EXPECT_TRUE(requests::item_in_path(with_id("rit_01h2xcejqtf2n")));
}

TEST(RunAnswers, HaveEveryField) {
  reconciliation::Run run;  // Not that of the base.
  run.id = {1};
  run.partner = "acme";
  run.period = {noon, noon.plus_seconds(60)};
  run.counts = to_json(Counts(), {});
  const std::string counts =
      R"({"ours":0,"theirs":0,"ours_outside":0,"theirs_outside":0,"matched":0,)"
      R"("matched_by_ref":0,"pending":0,"without_effect":0,"mismatches":{)"
      R"("MISSING_IN_OPERATOR":0,"MISSING_IN_HUB":0,"AMOUNT_MISMATCH":0,"CURRENCY_MISMATCH":0,)"
      R"("STATUS_MISMATCH":0,"PLAYER_MISMATCH":0,"DUPLICATE_IN_OPERATOR":0,"DUPLICATE_IN_HUB":0}})";
  EXPECT_EQ(
      to_json(run),
      R"({"id":")" + run.id.str() +
          R"(","partner":"acme","from":"2026-11-20T12:00:00.000000Z",)"
          R"("to":"2026-11-20T12:01:00.000000Z","status":"queued","attempt":0,)"
          R"("our_name":"hub","their_name":"operator","counts":)" +
          counts +
          R"(,"mismatches":0,"items_truncated":false,"error_code":null,"error_detail":null,)"
          R"("report_file":null,"requested_by":"","created_at":"1970-01-01T00:00:00.000000Z",)"
          R"("started_at":null,"finished_at":null})");
}

TEST(ItemAnswers, HaveTheReasonAndBothSides) {
  Item item;
  item.id = {1};
  item.run = {2};
  item.kind = "AMOUNT_MISMATCH";
  item.transaction_id = "t1";
  item.ours = Entry{"t1", "", "ana", {1'250, eur}, "debit", EntryStatus::success, noon};
  item.theirs = Entry{"t1", "r", "", {1'200, eur}, "debit", EntryStatus::rolled_back, noon};
  item.proposal = {{{{}, "bank"}, {{7}, ""}, {50, eur}}};
  EXPECT_EQ(to_json(item),
            R"({"id":")" + item.id.str() + R"(","reconciliation_id":")" + item.run.str() +
                R"(","kind":"AMOUNT_MISMATCH","status":"open","transaction_id":"t1",)"
                R"("reason":"ours is 12.50 EUR, theirs is 12.00 EUR; the difference is 0.50 EUR",)"
                R"("ours":{"transaction_id":"t1","ref_id":"","player_id":"ana","type":"debit",)"
                R"("amount":1250,"currency":"EUR","status":"success",)"
                R"("at":"2026-11-20T12:00:00.000000Z"},)"
                R"("theirs":{"transaction_id":"t1","ref_id":"r","player_id":"","type":"debit",)"
                R"("amount":1200,"currency":"EUR","status":"rolled_back",)"
                R"("at":"2026-11-20T12:00:00.000000Z"},"note":null,"explained_by":null,)"
                R"("proposal":[{"debit":"bank","credit":")" +
                AccountId{7}.str() +
                R"(","amount":50,"currency":"EUR"}],"proposed_by":null,"decided_by":null,)"
                R"("transfer_id":null,"created_at":"1970-01-01T00:00:00.000000Z",)"
                R"("updated_at":"1970-01-01T00:00:00.000000Z"})");
}

TEST(ReconciliationSchemas, SayWhatRequestsAndAnswersHold) {
  const json::Value schemas(api_schemas());
  const auto property = [&](std::string_view schema, std::string_view name) {
    return json::serialize(*schemas.find(schema)->find("properties")->find(name));
  };
  EXPECT_EQ(json::serialize(*schemas.find("NewReconciliation")->find("required")),
            R"(["partner","from","to"])");
  EXPECT_NE(property("NewReconciliation", "from").find(R"("maxLength":64)"), std::string::npos);
  EXPECT_NE(property("Reconciliation", "from").find("schemas/Time"), std::string::npos);
  EXPECT_EQ(property("ReconciliationItem", "ours"),
            R"({"anyOf":[{"$ref":"#/components/schemas/ReconciliationEntry"},{"type":"null"}]})");
  EXPECT_EQ(property("ReconciliationProposal", "postings"),
            R"({"type":"array","items":{"$ref":"#/components/schemas/ReconciliationPosting"},)"
            R"("minItems":1,"maxItems":20})");
  EXPECT_NE(property("ReconciliationItem", "status")
                .find(R"("enum":["open","explained","proposed","resolved","cleared"])"),
            std::string::npos);
}

}  // namespace
}  // namespace florin::reconciliation
