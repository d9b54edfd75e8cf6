// The routes, from the request to the answer.
#include "idempotency/idempotency.h"
#include "platform/json/value.h"
#include "reconciliation/reconciliation_routes.h"
#include "reconciliation/runs_fixture.h"

namespace florin::reconciliation {
namespace {

class ReconciliationRoutes : public RunsTest {
 protected:
  http::Request request(std::string body = "", std::string id = "") {
    http::Request made;
    made.method = body.empty() ? "GET" : "POST";
    made.body = std::move(body);
    made.caller = {tenant, "key_ana", false};
    if (!id.empty()) made.path_params = {{"id", std::move(id)}};
    return made;
  }
  Result<http::Response> call(std::string_view method, std::string_view pattern,
                              const http::Request& with) {
    for (const http::Route& route : routes) {
      if (route.method == method && route.pattern == pattern)
        return std::get<http::SyncHandler>(route.handler)(with);
    }
    return Error{florin::errors::validation_failed, "there is no such route"};
  }
  static std::string text_of(const Result<http::Response>& response, std::string_view name) {
    const auto body = response ? json::parse(response->body) : response.error();
    const json::Value* member = body ? body->find(name) : nullptr;
    const std::string* text = member ? member->as_string() : nullptr;
    return text ? *text : "";
  }

  int woken = 0;
  idempotency::Idempotency idempotency{*database, clock};
  http::Routes routes = reconciliation_routes(runs, items, idempotency, [this] { ++woken; });
};

TEST_F(ReconciliationRoutes, AStartIsQueuedAndWakesTheRunner) {
  const auto started =
      call("POST", "/v1/reconciliations",
           request(R"({"partner": "acme", "from": "2026-11-20", "to": "2026-11-20"})"));
  ASSERT_TRUE(started);
  EXPECT_EQ(started->status, 202);
  EXPECT_EQ(text_of(started, "status"), "queued");
  EXPECT_EQ(text_of(started, "to"), "2026-11-21T00:00:00.000000Z");
  EXPECT_EQ(woken, 1);
  const auto shown = call("GET", "/v1/reconciliations/{id}", request("", text_of(started, "id")));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->body, started->body);
}

TEST_F(ReconciliationRoutes, AnUnknownPartnerStartsNothing) {
  const auto refused =
      call("POST", "/v1/reconciliations",
           request(R"({"partner": "nobody", "from": "2026-11-20", "to": "2026-11-20"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::reconciliation_partner_not_found);
  EXPECT_EQ(woken, 0);
}

TEST_F(ReconciliationRoutes, ItemsAreListedByStatus) {
  const ItemId item = missing_item();
  const std::string run = runs.runs(tenant, {}, {})->rows[0].id.str();
  http::Request open = request("", run), explained = request("", run);
  open.query_params = {{"status", "open"}};
  explained.query_params = {{"status", "explained"}};
  const std::string_view list = "/v1/reconciliations/{id}/items";
  EXPECT_NE(call("GET", list, open)->body.find(item.str()), std::string::npos);
  EXPECT_EQ(call("GET", list, explained)->body,
            R"({"data":[],"has_more":false,"next_cursor":null})");
}

TEST_F(ReconciliationRoutes, AnItemIsExplainedProposedAndRejected) {
  const std::string id = missing_item().str();
  const std::string item = "/v1/reconciliation-items/{id}";
  const auto explained = call("POST", item + "/explain", request(R"({"note": "known"})", id));
  EXPECT_EQ(text_of(explained, "status"), "explained");
  EXPECT_EQ(text_of(explained, "explained_by"), "key_ana");
  const auto proposed = call("POST", item + "/propose",
                             request(R"({"postings": [{"debit": "bank", "credit": "wallet",
                                         "amount": 700, "currency": "KZT"}]})",
                                     id));
  ASSERT_TRUE(proposed) << proposed.error().detail;
  EXPECT_EQ(text_of(proposed, "status"), "proposed");
  EXPECT_EQ(text_of(proposed, "note"), "known");
  const auto approved = call("POST", item + "/approve", request("", id));
  ASSERT_FALSE(approved);
  EXPECT_EQ(approved.error().code, errors::four_eyes_required);
  const auto rejected = call("POST", item + "/reject", request("", id));
  EXPECT_EQ(text_of(rejected, "status"), "open");
}

TEST_F(ReconciliationRoutes, TheReportIsAFile) {
  missing_item();
  const std::string run = runs.runs(tenant, {}, {})->rows[0].id.str();
  const auto report = call("GET", "/v1/reconciliations/{id}/report.csv", request("", run));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->content_type, "text/csv; charset=utf-8");
  EXPECT_NE(report->headers[0].value.find(run), std::string::npos);
  EXPECT_NE(report->body.find("MISSING_IN_OPERATOR,a,"), std::string::npos);
}

TEST_F(ReconciliationRoutes, UnknownIdsAreNotFound) {
  EXPECT_EQ(call("GET", "/v1/reconciliations/{id}", request("", "rec_x")).error().code,
            errors::reconciliation_not_found);
  EXPECT_EQ(call("POST", "/v1/reconciliation-items/{id}/explain",
                 request(R"({"note": "x"})", ItemId{77}.str()))
                .error()
                .code,
            errors::reconciliation_item_not_found);
}

}  // namespace
}  // namespace florin::reconciliation
