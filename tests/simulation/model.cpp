#include "model.h"

#include "base/timestamp.h"
#include "call.h"

namespace florin::simulation {

std::string time_text(std::int64_t us) { return Timestamp{us}.rfc3339(); }

Wide Account::balance() const {
  return is_debit_normal() ? debits_posted - credits_posted : credits_posted - debits_posted;
}
Wide Account::available() const {
  return balance() - (is_debit_normal() ? credits_pending : debits_pending);
}
Wide Account::incoming() const { return is_debit_normal() ? debits_pending : credits_pending; }
bool Account::is_empty() const {
  return balance() == 0 && debits_pending == 0 && credits_pending == 0;
}

int status_of(const std::string& code) {
  static const std::map<std::string, int> statuses{
      {"validation_failed", 400},
      {"malformed_json", 400},
      {"effective_at_before_transfer", 400},
      {"same_account", 400},
      {"effective_at_in_future", 400},
      {"insufficient_funds", 402},
      {"account_not_found", 404},
      {"transfer_not_found", 404},
      {"hold_not_found", 404},
      {"account_exists", 409},
      {"account_closed", 409},
      {"account_frozen", 409},
      {"account_not_empty", 409},
      {"transfer_already_reversed", 409},
      {"hold_not_open", 409},
      {"hold_expired", 409},
      {"capture_exceeds_hold", 422},
      {"partial_capture_unsupported", 422},
      {"bulk_refused", 422},
      {"balance_limit_exceeded", 422},
      {"currency_mismatch", 422},
      {"amount_overflow", 422},
      {"idempotency_mismatch", 422},
      {"nothing_to_move", 422},
      {"split_mismatch", 422},
      {"unbounded_amount", 422},
  };
  return statuses.at(code);
}

Expected Model::answer(const Request& request, std::int64_t now_us, const Answer& real) {
  advance(now_us);
  const auto document = json::parse(real.body);
  real_ = document ? *document : Value();
  return Call(*this, request, now_us, real).answer();
}

void Model::advance(std::int64_t now_us) {
  for (auto& [tenant, books] : tenants_) {
    for (Hold& hold : books.holds) {
      if (hold.status != "open" || !hold.expires_us || *hold.expires_us > now_us) continue;
      for (std::size_t i = 0; i < hold.postings.size(); ++i) {
        const Posting& p = hold.postings[i];
        books.accounts[p.debit].debits_pending -= hold.remaining[i];
        books.accounts[p.credit].credits_pending -= hold.remaining[i];
        hold.remaining[i] = 0;
      }
      hold.status = "expired";
    }
  }
}

Call::Call(Model& m, const Request& r, std::int64_t now_us, const Answer& answer)
    : model(m),
      request(r),
      now(now_us),
      real(answer),
      books(m.tenants_[r.tenant]),
      path(segments_of(r.path)) {}

/// Form first; then the key; then the work. What was refused for its form or for something that is
/// not there does not use the key up, nor does a dry run.
Expected Call::answer() {
  if (param("dry_run")) return refuse("validation_failed", {"#/query/dry_run"});
  if (request.method == "GET") return query();

  Value body = json::Object{};
  if (!request.body.empty()) {
    const auto parsed = json::parse(request.body);
    const bool takes_none = path[1] == "accounts" && path.size() == 4;  // Close and reopen.
    if (!parsed && takes_none) return refuse("validation_failed", {""});
    if (!parsed) return refuse("malformed_json");
    body = *parsed;
  }
  Bad bad;
  const Work work = prepare(body, bad);
  if (!bad.empty()) return refuse("validation_failed", bad);
  if (request.key.empty()) return work();

  const std::string route = request.method + " " + path[1] + " " +
                            (path.size() == 3 && path[2] == "bulk" ? "bulk" : "") + " " +
                            (path.size() > 3 ? path[3] : "") + std::to_string(path.size());
  const std::string key = std::to_string(request.tenant) + " " + route + " " + request.key;
  const std::string asked = request.path + "\n" + request.body;
  const auto kept = model.keys_.find(key);
  if (kept != model.keys_.end()) {
    if (kept->second.request != asked) return refuse("idempotency_mismatch");
    Expected again;
    again.status = kept->second.status;
    again.bytes = kept->second.body;
    return again;
  }
  const Expected expected = work();
  const Value* dry = body.find("dry_run");
  const bool is_dry = dry && dry->as_bool() && *dry->as_bool();
  if (expected.status != 400 && expected.status != 404 && !is_dry)
    model.keys_[key] = {asked, expected.status, real.body};
  return expected;
}

Call::Work Call::prepare(const Value& body, Bad& bad) {
  if (request.method == "PATCH") return change_account(body, bad);
  if (path[1] == "accounts" && path.size() == 2) return open_account(body, bad);
  if (path[1] == "accounts" && path.size() == 3) return open_accounts(body, bad);
  if (path[1] == "accounts") {
    Fields(body, "", bad);
    return [this] { return path[3] == "close" ? close_account() : reopen_account(); };
  }
  if (path[1] == "transfers" && path.size() == 2) return post_transfer(body, bad);
  if (path[1] == "transfers" && path.size() == 3) return post_bulk(body, bad);
  if (path[1] == "transfers") return reverse_transfer(body, bad);
  if (path.size() == 2) return place_hold(body, bad);
  if (path[3] == "capture") return capture_hold(body, bad);
  return release_hold(body, bad);
}

}  // namespace florin::simulation
