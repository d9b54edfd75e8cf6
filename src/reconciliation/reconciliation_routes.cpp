#include "reconciliation/reconciliation_routes.h"

#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "reconciliation/items.h"
#include "reconciliation/requests.h"
#include "reconciliation/runs.h"

namespace florin::reconciliation {
namespace {

using http::Request;
using http::Response;

template <class T>
Response list(const Request& request, const Paged<T>& page) {
  std::vector<std::string> rows;
  rows.reserve(page.rows.size());
  for (const T& row : page.rows) rows.push_back(to_json(row));
  return http::list_response(request, rows, page.next);
}

/// Everything the handlers share.
struct Handlers {
  Runs& runs;
  Items& items;
  idempotency::Idempotency& idempotency;
  std::function<void()> wake;

  Result<Response> start(const Request& request) const;
  Result<Response> list_runs(const Request& request) const;
  Result<Response> get_run(const Request& request) const;
  Result<Response> list_items(const Request& request) const;
  Result<Response> get_report(const Request& request) const;
  Result<Response> explain(const Request& request) const;
  Result<Response> propose(const Request& request) const;
  Result<Response> approve(const Request& request) const;
  Result<Response> reject(const Request& request) const;

  /// Runs a decision about the item in the path as a unit of work.
  template <class Decide>
  Result<Response> decide(const Request& request, const Decide& decision) const {
    const ItemId id = TRY(requests::item_in_path(request));
    return idempotency.run(request, idempotency::Lifetime::forever,
                           [&](sql::Tx& tx) -> Result<Response> {
                             const Item item = TRY(decision(tx, request.actor(), id));
                             return Response::ok(to_json(item));
                           });
  }
};

Result<Response> Handlers::start(const Request& request) const {
  const Run wanted = TRY(requests::new_run(request));
  const RunRequest prepared = TRY(runs.prepare(request.actor(), wanted.partner, wanted.period));
  auto response = idempotency.run(request, idempotency::Lifetime::thirty_days,
                                  [&](sql::Tx& tx) -> Result<Response> {
                                    const Run run = TRY(runs.request(tx, prepared));
                                    return Response{202, to_json(run)};
                                  });
  if (response) wake();
  return response;
}

Result<Response> Handlers::list_runs(const Request& request) const {
  const auto partner = requests::partner_filter(request);
  const PageRequest page = TRY(http::parse_page(request));
  return list(request, TRY(runs.runs(request.caller.tenant, partner, page)));
}

Result<Response> Handlers::get_run(const Request& request) const {
  const RunId id = TRY(requests::run_in_path(request));
  return Response::ok(to_json(TRY(runs.run(request.caller.tenant, id))));
}

Result<Response> Handlers::list_items(const Request& request) const {
  const RunId id = TRY(requests::run_in_path(request));
  const ItemFilter filter = TRY(requests::item_filter(request));
  const PageRequest page = TRY(http::parse_page(request));
  return list(request, TRY(runs.items(request.caller.tenant, id, filter, page)));
}

Result<Response> Handlers::get_report(const Request& request) const {
  const RunId id = TRY(requests::run_in_path(request));
  std::string text = TRY(runs.report_csv(request.caller.tenant, id));
  const std::string name = "attachment; filename=\"reconciliation-" + id.str() + ".csv\"";
  return Response{200, std::move(text), "text/csv; charset=utf-8", {{"Content-Disposition", name}}};
}

Result<Response> Handlers::explain(const Request& request) const {
  const Explanation explanation = TRY(requests::explanation(request));
  return decide(request, [&](sql::Tx& tx, const Actor& origin, ItemId id) {
    return items.explain(tx, origin, id, explanation.note);
  });
}

Result<Response> Handlers::propose(const Request& request) const {
  const Proposal wanted = TRY(requests::proposal(request));
  return decide(request, [&](sql::Tx& tx, const Actor& origin, ItemId id) {
    return items.propose(tx, origin, id, wanted);
  });
}

Result<Response> Handlers::approve(const Request& request) const {
  return decide(request, [&](sql::Tx& tx, const Actor& origin, ItemId id) {
    return items.approve(tx, origin, id);
  });
}

Result<Response> Handlers::reject(const Request& request) const {
  const Rejection rejection = TRY(requests::rejection(request));
  return decide(request, [&](sql::Tx& tx, const Actor& origin, ItemId id) {
    return items.reject(tx, origin, id, rejection.note);
  });
}

}  // namespace

http::Routes reconciliation_routes(Runs& runs, Items& items, idempotency::Idempotency& idempotency,
                                   std::function<void()> wake) {
  const auto sync = http::sync_of(
      std::make_shared<const Handlers>(Handlers{runs, items, idempotency, std::move(wake)}));
  const std::string read = "reconciliation:read";
  const std::string write = "reconciliation:write";
  const std::string approve = "reconciliation:approve";
  const http::QueryParam created_after{"created_after", http::QueryParam::Kind::time};
  const http::QueryParam created_before{"created_before", http::QueryParam::Kind::time};
  const std::string item = "/v1/reconciliation-items/{id}";
  return {
      {"POST", "/v1/reconciliations", write, sync(&Handlers::start)},
      {"GET",
       "/v1/reconciliations",
       read,
       sync(&Handlers::list_runs),
       {"limit", "cursor", "partner", created_after, created_before}},
      {"GET", "/v1/reconciliations/{id}", read, sync(&Handlers::get_run)},
      {"GET",
       "/v1/reconciliations/{id}/items",
       read,
       sync(&Handlers::list_items),
       {"limit", "cursor", "kind", http::word_param<ItemStatus>("status"), "transaction_id",
        created_after, created_before}},
      {"GET", "/v1/reconciliations/{id}/report.csv", read, sync(&Handlers::get_report)},
      {"POST", item + "/explain", write, sync(&Handlers::explain)},
      {"POST", item + "/propose", write, sync(&Handlers::propose)},
      {"POST", item + "/approve", approve, sync(&Handlers::approve), {}, http::Body::none},
      {"POST", item + "/reject", approve, sync(&Handlers::reject)},
  };
}

}  // namespace florin::reconciliation
