#include <algorithm>

#include "generator.h"
#include "vocabulary.h"

namespace florin::simulation {

Request Generator::query(const Books& books) {
  const std::int64_t choice = random_.below(100);
  if (choice < 12) return {.path = "/v1/accounts/" + path_ref(books)};
  if (choice < 27) {
    Request request{.path = "/v1/accounts/" + path_ref(books) + "/balance"};
    if (random_.one_in(3)) return request;
    request.params.emplace_back("at", time_text(moment(books)));
    if (random_.one_in(4))
      request.params.emplace_back("time", random_.one_in(2) ? "created" : "effective");
    return request;
  }
  if (choice < 35)
    return {.path = "/v1/transfers/" + (books.transfers.empty() || random_.one_in(20)
                                            ? "tr_0000000000001"
                                            : random_.of(books.transfers).id)};
  if (choice < 42)
    return {.path = "/v1/holds/" + (books.holds.empty() || random_.one_in(20)
                                        ? "hold_0000000000001"
                                        : random_.of(books.holds).id)};
  return choice < 75 ? list(books) : report(books);
}

/// A default that the page before did not need.
void Generator::spell_out(Request& request) {
  const auto add = [&request](const char* name, const char* value) {
    const bool has = std::any_of(request.params.begin(), request.params.end(),
                                 [&](const auto& p) { return p.first == name; });
    if (!has) request.params.emplace_back(name, value);
  };
  const bool is_report = request.path == "/v1/trial-balance";
  const bool has_time = request.path.ends_with("/statement");
  if (is_report || (has_time && random_.one_in(2))) {
    add("time", is_report ? "effective" : "created");
  } else {
    add("order", "desc");
  }
}

void Generator::add_metadata(Request& request) {
  static const std::vector<std::pair<std::string, std::string>> members{
      {"region", "eu"}, {"region", "almaty"}, {"rank", "null"},
      {"rank", "1.50"}, {"rank", "1.5"},      {"note", R"({"a":[1,"ü\n\"",null,true]})"}};
  const auto& [key, value] = random_.of(members);
  request.params.emplace_back("metadata[" + key + "]", value);
}

void Generator::add_range(Request& request, const std::string& name) {
  const std::int64_t low = random_.below(100) - (name == "balance" ? 20 : 0);
  if (!random_.one_in(3)) request.params.emplace_back(name + "_min", std::to_string(low));
  if (random_.one_in(2))
    request.params.emplace_back(name + "_max", std::to_string(low + random_.below(2'000)));
}

Request Generator::list(const Books& books) {
  if (!cursors_.empty() && random_.one_in(2)) {
    auto [request, cursor] =
        cursors_[cursors_.size() - 1 - random_.below(std::min<std::int64_t>(5, cursors_.size()))];
    if (random_.one_in(8)) {
      // The cursor of one list, shown to another.
      static const std::vector<std::string> lists{"/v1/accounts", "/v1/transfers", "/v1/holds",
                                                  "/v1/trial-balance?by=account"};
      const std::string& other = random_.of(lists);
      if (other.starts_with(request.path)) return request;
      request.path = other.substr(0, other.find('?'));
      request.params.clear();
      if (request.path != other) request.params.emplace_back("by", "account");
    } else if (random_.one_in(8) && request.path != "/v1/trial-balance") {
      // Or to the same list with another filter.
      request.params.emplace_back("currency", "KZT");
      if (request.path == "/v1/holds") request.params.back() = {"status", "open"};
      if (request.path.starts_with("/v1/transfers")) request.params.back() = {"reference", "rent"};
      if (request.path.ends_with("/statement"))
        request.params.back() = {"from", time_text(start_us)};
      const auto& added = request.params.back();
      if (std::count_if(request.params.begin(), request.params.end(),
                        [&](const auto& p) { return p.first == added.first; }) > 1)
        request.params.pop_back();
    }
    if (random_.one_in(6)) spell_out(request);
    std::erase_if(request.params, [](const auto& p) { return p.first == "cursor"; });
    request.params.emplace_back("cursor", cursor);
    return request;
  }
  Request request;
  if (!random_.one_in(4))
    request.params.emplace_back("limit", std::to_string(1 + random_.below(6)));
  switch (random_.below(4)) {
    case 0:
      request.path = "/v1/accounts";
      if (random_.one_in(4)) request.params.emplace_back("type", random_.of(types));
      if (random_.one_in(4)) request.params.emplace_back("currency", random_.of(currencies));
      if (random_.one_in(4)) request.params.emplace_back("code_prefix", random_.of(stems));
      if (random_.one_in(4)) add_range(request, "balance");
      break;
    case 1:
      request.path = "/v1/holds";
      if (random_.one_in(2)) {
        static const std::vector<std::string> states{"open", "captured", "released", "expired"};
        request.params.emplace_back("status", random_.of(states));
      }
      if (random_.one_in(4)) request.params.emplace_back("account", account_ref(books));
      if (random_.one_in(4)) request.params.emplace_back("reference", random_.of(references));
      if (random_.one_in(4)) add_metadata(request);
      if (random_.one_in(3))
        request.params.emplace_back("order", random_.one_in(4) ? "desc" : "asc");
      return request;
    case 2:
      request.path = "/v1/transfers";
      if (random_.one_in(3)) request.params.emplace_back("account", account_ref(books));
      if (random_.one_in(4)) request.params.emplace_back("reference", random_.of(references));
      if (random_.one_in(4)) request.params.emplace_back("currency", random_.of(currencies));
      if (random_.one_in(4)) add_range(request, "amount");
      if (random_.one_in(4))
        request.params.emplace_back("effective_after", time_text(moment(books)));
      if (random_.one_in(4))
        request.params.emplace_back("effective_before", time_text(moment(books)));
      if (!books.holds.empty() && random_.one_in(6))
        request.params.emplace_back("hold", random_.of(books.holds).id);
      break;
    default:
      request.path = "/v1/accounts/" + path_ref(books) + "/statement";
  }
  if (!request.path.ends_with("/statement") && random_.one_in(4)) add_metadata(request);
  if (random_.one_in(3)) request.params.emplace_back("order", random_.one_in(4) ? "desc" : "asc");
  const bool is_statement = request.path.ends_with("/statement");
  const std::string start = is_statement ? "from" : "created_after";
  const std::string end = is_statement ? "to" : "created_before";
  if (random_.one_in(4)) request.params.emplace_back(start, time_text(moment(books)));
  if (random_.one_in(4)) request.params.emplace_back(end, time_text(moment(books)));
  return request;
}

Request Generator::report(const Books& books) {
  Request request;
  bool of_transfers = false;
  bool by_account = false;
  const bool is_trial_balance = random_.one_in(2);
  if (is_trial_balance) {
    request.path = "/v1/trial-balance";
    by_account = random_.one_in(2);
    if (by_account || random_.one_in(2))
      request.params.emplace_back("by", by_account ? "account" : "type");
    if (by_account && random_.one_in(2))
      request.params.emplace_back("limit", std::to_string(1 + random_.below(6)));
  } else {
    static const std::vector<std::string> groupings{
        "type", "currency", "code:1", "code:2", "metadata:region", "transfer_metadata:region"};
    request.path = "/v1/aggregates";
    const std::string& by = random_.of(groupings);
    of_transfers = by.starts_with("transfer");
    request.params.emplace_back("by", by);
  }
  const std::int64_t rarely = of_transfers ? 30 : 4;
  if (random_.one_in(rarely)) request.params.emplace_back("code_prefix", random_.of(stems));
  if (random_.one_in(rarely)) request.params.emplace_back("type", random_.of(types));
  if (random_.one_in(3)) request.params.emplace_back("currency", random_.of(currencies));
  if (random_.one_in(4))
    request.params.emplace_back("time", random_.one_in(2) ? "created" : "effective");
  const bool has_window = !is_trial_balance && random_.one_in(of_transfers ? 2 : 4);
  if (has_window && !random_.one_in(3))
    request.params.emplace_back("from", time_text(moment(books)));
  if (has_window && !random_.one_in(3)) request.params.emplace_back("to", time_text(moment(books)));
  if (random_.one_in(of_transfers || has_window ? 30 : 2))
    request.params.emplace_back("at", time_text(moment(books)));
  if (random_.one_in(40)) request.params.emplace_back("dry_run", "true");
  return request;
}

}  // namespace florin::simulation
