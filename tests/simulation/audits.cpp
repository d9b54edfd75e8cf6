#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "runner.h"

namespace florin::simulation {

using json::Array;
using json::Object;

std::string Runner::audit() {
  for (const auto& [tenant, books] : model_.tenants()) {
    for (const char* path : {"/v1/accounts", "/v1/transfers", "/v1/holds"}) {
      if (auto fault = audit_list(tenant, path); !fault.empty()) return fault;
    }
    for (const Account& account : Books(books).accounts) {
      if (auto fault = audit_list(tenant, "/v1/accounts/" + account.id + "/statement");
          !fault.empty())
        return fault;
    }
    if (auto fault =
            ask({.tenant = tenant, .path = "/v1/trial-balance", .params = {{"by", "account"}}});
        !fault.empty())
      return fault;
    if (auto fault = audit_events(tenant); !fault.empty()) return fault;
  }
  return audit_proof();
}

/// The proof finds no fault, and has looked at all there is.
std::string Runner::audit_proof() {
  const Proof proof = world_.verify();
  if (!proof.clean) return "verify: " + proof.findings;
  std::int64_t postings = 0;
  std::int64_t held = 0;
  std::int64_t accounts = 0;
  for (const auto& [tenant, books] : model_.tenants()) {
    for (const Transfer& t : books.transfers)
      postings += static_cast<std::int64_t>(t.postings.size());
    for (const Hold& h : books.holds) held += static_cast<std::int64_t>(h.postings.size());
    accounts += static_cast<std::int64_t>(books.accounts.size());
  }
  const std::map<std::string, std::int64_t> wanted{
      {"account histories", postings}, {"holds", held}, {"balances", accounts}};
  for (const auto& [check, rows] : wanted) {
    const auto found = proof.rows.find(check);
    if (found == proof.rows.end()) return "verify does not check " + check;
    if (found->second != rows)
      return fmt::format("verify: {} has {} rows, not {}", check, found->second, rows);
  }
  return "";
}

std::string Runner::ask(const Request& request, Answer* given) {
  const Answer answer = world_.ask(request);
  const std::string differs = compare(model_.answer(request, now_us_, answer), answer);
  ++answers;
  if (given) *given = answer;
  if (differs.empty()) return "";
  return fmt::format("audit: {}\n  answer: {} {}\n  {}", shown(request), answer.status, answer.body,
                     differs);
}

std::string Runner::audit_list(std::int64_t tenant, const std::string& path) {
  Request request{.tenant = tenant, .path = path, .params = {{"limit", "200"}}};
  for (;;) {
    Answer answer;
    if (auto fault = ask(request, &answer); !fault.empty()) return fault;
    const auto body = json::parse(answer.body);
    const Value* next = body ? body->find("next_cursor") : nullptr;
    if (!next || !next->as_string()) return "";
    request.params = {{"limit", "200"}, {"cursor", *next->as_string()}};
  }
}

/// Every change has left its event, and nothing else has. When the expiry of a hold is written
/// down is the product's choice: it is looked for, wherever it stands.
std::string Runner::audit_events(std::int64_t tenant) {
  Array events;
  Request request{.tenant = tenant, .path = "/v1/events", .params = {{"limit", "200"}}};
  for (;;) {
    const Answer answer = world_.ask(request);
    const auto body = json::parse(answer.body);
    if (answer.status != 200 || !body) return "audit: the events cannot be listed: " + answer.body;
    for (const Value& event : *body->find("data")->as_array()) events.push_back(event);
    const Value* next = body->find("next_cursor");
    if (!next->as_string()) break;
    request.params = {{"limit", "200"}, {"cursor", *next->as_string()}};
  }
  const Books& books = model_.books(tenant);
  std::set<std::string> expired;
  std::vector<Value> found;
  for (std::size_t i = events.size(); i-- > 0;) {
    const Value& event = events[i];
    if (*event.find("type") != Value("hold.expired")) {
      found.push_back(event);
    } else if (!expired.insert(*event.find("subject")->as_string()).second) {
      return "audit: a hold expired twice: " + json::serialize(event);
    }
  }
  // Of one moment the order is that of each thing by itself.
  const auto moment_of = [](const Value& event) {
    return std::make_pair(*event.find("created_at")->as_string(),
                          *event.find("subject")->as_string());
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const Value& a, const Value& b) { return moment_of(a) < moment_of(b); });
  auto wanted = books.events;
  std::stable_sort(wanted.begin(), wanted.end(), [](const EventRow& a, const EventRow& b) {
    return std::tie(a.created_us, a.subject) < std::tie(b.created_us, b.subject);
  });
  for (std::size_t n = 0; n < std::min(wanted.size(), found.size()); ++n) {
    const EventRow& row = wanted[n];
    const Object expected{{"type", row.type},
                          {"subject", row.subject},
                          {"created_at", time_text(row.created_us)},
                          {"data", row.data},
                          {"id", *found[n].find("id")}};
    if (auto differs = difference(expected, found[n]); !differs.empty())
      return fmt::format("audit: event of tenant {}: {}\n  {}", tenant, differs,
                         json::serialize(found[n]));
  }
  if (wanted.size() != found.size())
    return fmt::format("audit: tenant {} has {} events, not {}", tenant, found.size(),
                       wanted.size());
  for (const Hold& hold : books.holds) {
    if (hold.status == "expired" && is_swept_ && !expired.contains(hold.id))
      return "audit: no event tells that a hold expired: " + hold.id;
    if (expired.contains(hold.id) && hold.status != "expired")
      return "audit: an event tells that a hold expired which did not: " + hold.id;
  }
  return "";
}

}  // namespace florin::simulation
