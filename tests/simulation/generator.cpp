#include "generator.h"

#include <algorithm>
#include <array>
#include <limits>

namespace florin::simulation {
namespace {

using json::Array;
using json::Object;

constexpr std::int64_t start_us = 1'750'000'000'000'000;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

const std::vector<std::string> types{"asset",  "liability", "liability",
                                     "equity", "income",    "expense"};
const std::vector<std::string> currencies{"KZT", "KZT", "KZT", "USD", "EUR"};
const std::vector<std::string> stems{"wallet", "bank", "fees", "shop", "wallet:vip", "eu:de"};
const std::vector<std::string> references{"order-1", "order-2", "rent", "ü/é"};

std::string encoded(const std::string& text) {
  static constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace

bool is_batched(const Request& request) {
  return request.method == "POST" && !request.path.starts_with("/v1/accounts");
}

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Generator::Generator(std::uint64_t seed)
    : random_(seed), now_us_(start_us), huge_(random_.one_in(3)) {}

void Generator::saw_cursor(const Request& request, const std::string& cursor) {
  cursors_.emplace_back(request, cursor);
}

Step Generator::next(Model& model) {
  Step step;
  switch (random_.below(8)) {
    case 0:
    case 1:
      now_us_ += random_.below(1'000);
      break;
    case 2:
      now_us_ += second_us * (1 + random_.below(5));
      break;
    case 3:
      now_us_ += random_.one_in(20) ? second_us * 3'600 * (1 + random_.below(30)) : second_us;
      break;
    default:
      break;
  }
  const std::int64_t tenant = random_.below(10) < 7 ? 1 : 2 + random_.below(2);
  const Books& books = model.books(tenant);
  // To the very moment at which a hold expires, or to just before it.
  if (!books.holds.empty() && random_.one_in(12)) {
    const auto& hold = random_.of(books.holds);
    if (hold.expires_us && *hold.expires_us >= now_us_ + 1)
      now_us_ = *hold.expires_us - (random_.one_in(3) ? 1 : 0);
  }
  step.at_us = now_us_;
  if (random_.one_in(15)) {
    step.action = Action::expire_holds;
  } else if (random_.one_in(150)) {
    step.action = Action::restart;
  } else if (random_.one_in(100)) {
    step.action = Action::audit;
  }
  step.request.tenant = tenant;
  if (step.action != Action::request) return step;

  const bool is_command = random_.below(10) < 6;
  // Ids of another tenant are as good as unknown.
  foreign_ = &model.books(1 + tenant % 3);
  step.request = is_command ? command(books) : query(books);
  const bool is_page = !step.request.params.empty() && step.request.params.back().first == "cursor";
  if (!is_page) step.request.tenant = tenant;
  if (is_command) {
    if (random_.one_in(25)) spoil(step.request);
    if (random_.one_in(60)) step.request.params.emplace_back("dry_run", "true");
    if (!sent_.empty() && random_.one_in(12)) {
      step.request = random_.of(sent_);  // Once more, or another body under the same key.
      if (random_.one_in(4)) step.request.body += " ";
    } else if (!random_.one_in(5)) {
      step.request.key = "key-" + std::to_string(keys_++);
    }
    if (!step.request.key.empty()) sent_.push_back(step.request);
  }
  // Commands that wait together are decided in one batch; accounts change in units of their own.
  step.with_next = is_batched(step.request) && random_.one_in(3);
  return step;
}

// ---------------------------------------------------------------- names and numbers

std::string Generator::account_ref(const Books& books) {
  if (!foreign_->accounts.empty() && random_.one_in(60)) return random_.of(foreign_->accounts).id;
  if (books.accounts.empty() || random_.one_in(60))
    return random_.one_in(2) ? "nobody" : "acc_0000000000001";
  const Account& account = random_.of(books.accounts);
  return random_.one_in(3) ? account.id : account.code;
}

std::string Generator::path_ref(const Books& books) { return encoded(account_ref(books)); }

std::int64_t Generator::amount(const Account* from) {
  if (huge_ && random_.one_in(4)) {
    return random_.one_in(2) ? highest - random_.below(3) : highest / 2 + random_.below(1'000);
  }
  if (from && random_.one_in(3)) {
    // Around what is there: one less, all, one more.
    const Wide there = from->available() - from->min.value_or(0) + random_.below(3) - 1;
    if (there > 0 && there < highest) return static_cast<std::int64_t>(there);
  }
  return 1 + random_.below(random_.one_in(3) ? 10'000 : 100);
}

std::int64_t Generator::moment(const Books& books) {
  const auto near = [&](std::int64_t at) { return at + random_.below(3) - 1; };
  switch (random_.below(6)) {
    case 0:
      if (!books.transfers.empty()) return near(random_.of(books.transfers).effective_us);
      break;
    case 1:
      if (!books.transfers.empty()) return near(random_.of(books.transfers).created_us);
      break;
    case 2:
      if (!books.accounts.empty()) return near(random_.of(books.accounts).created_us);
      break;
    case 3:
      return start_us - second_us * random_.below(100'000);
    case 4:
      return now_us_ + second_us * random_.below(3);
    default:
      break;
  }
  return now_us_ - random_.below(now_us_ - start_us + second_us);
}

json::Value Generator::metadata() {
  Object members;
  if (random_.one_in(2)) members.emplace_back("region", random_.one_in(2) ? "eu" : "almaty");
  if (random_.one_in(4)) members.emplace_back("campaign", "spring");
  if (random_.one_in(8))
    members.emplace_back("note", Object{{"a", Array{1, "ü\n\"", nullptr, true}}});
  return members;
}

json::Array Generator::postings(const Books& books) {
  Array found;
  const std::int64_t count = random_.below(3) ? 1 : 1 + random_.below(4);
  for (std::int64_t i = 0; i < count; ++i) {
    std::string debit = account_ref(books);
    std::string credit = account_ref(books);
    std::string currency = "KZT";
    const Account* from = nullptr;
    if (!books.accounts.empty() && !random_.one_in(40)) {
      // Mostly two accounts of one currency.
      from = &random_.of(books.accounts);
      debit = random_.one_in(3) ? from->id : from->code;
      currency = from->currency;
      for (int tries = 0; tries < 10; ++tries) {
        const Account& to = random_.of(books.accounts);
        credit = random_.one_in(3) ? to.id : to.code;
        if (to.currency == currency && &to != from) break;
      }
    }
    if (random_.one_in(50)) currency = random_.of(currencies);
    found.emplace_back(Object{
        {"debit", debit}, {"credit", credit}, {"amount", amount(from)}, {"currency", currency}});
  }
  return found;
}

json::Object Generator::transfer_body(const Books& books) {
  Object body{{"postings", postings(books)}};
  if (random_.one_in(3)) body.emplace_back("reference", random_.of(references));
  if (random_.one_in(8)) body.emplace_back("description", "what it was for");
  if (random_.one_in(2)) body.emplace_back("metadata", metadata());
  if (random_.one_in(3)) {
    std::int64_t at = moment(books);
    if (!random_.one_in(5)) at = std::min(at, now_us_);
    body.emplace_back("effective_at", time_text(at));
  }
  return body;
}

// ---------------------------------------------------------------- commands

Request Generator::command(const Books& books) {
  if (books.accounts.size() < 4 || (books.accounts.size() < 20 && random_.one_in(25)))
    return open_account(books);
  const std::int64_t choice = random_.below(100);
  if (choice < 40) return transfer(books);
  if (choice < 50) return bulk(books);
  if (choice < 65) return hold(books);
  if (choice < 85) return of_hold(books);
  if (choice < 93) return reverse(books);
  return change_account(books);
}

Request Generator::open_account(const Books& books) {
  Request request{.method = "POST", .path = "/v1/accounts"};
  std::string code = random_.of(stems);
  if (!books.accounts.empty()) code += ":" + std::to_string(random_.below(100));
  const std::string& type = random_.of(types);
  Object body{{"code", code}, {"type", type}, {"currency", random_.of(currencies)}};
  if (type == "liability" && !random_.one_in(4))
    body.emplace_back("min_balance", random_.one_in(5) ? -50 : 0);
  if (random_.one_in(6)) body.emplace_back("max_balance", 5'000);
  if (random_.one_in(2)) body.emplace_back("metadata", metadata());
  request.body = json::serialize(body);
  return request;
}

Request Generator::change_account(const Books& books) {
  if (random_.one_in(3)) {
    // The empty ones are those that can be closed.
    std::string ref = path_ref(books);
    for (int tries = 0; tries < 5; ++tries) {
      const Account& account = random_.of(books.accounts);
      if (account.balance() == 0 && account.debits_posted > 0) ref = encoded(account.code);
    }
    Request close{.method = "POST", .path = "/v1/accounts/" + ref + "/close"};
    if (random_.one_in(10)) close.body = random_.one_in(2) ? R"({"dry_run":true})" : "{{{";
    return close;
  }
  Request request{.method = "PATCH", .path = "/v1/accounts/" + path_ref(books)};
  Object body;
  if (random_.one_in(3)) {
    body.emplace_back("frozen", random_.one_in(3));
  } else {
    body.emplace_back("frozen", false);
  }
  if (random_.one_in(3))
    body.emplace_back("min_balance",
                      random_.one_in(2) ? json::Value() : json::Value(-random_.below(100)));
  if (random_.one_in(4))
    body.emplace_back("max_balance",
                      random_.one_in(2) ? json::Value() : json::Value(random_.below(10'000)));
  if (random_.one_in(4)) body.emplace_back("metadata", metadata());
  request.body = json::serialize(body);
  return request;
}

Request Generator::transfer(const Books& books) {
  Request request{.method = "POST", .path = "/v1/transfers"};
  Object body = transfer_body(books);
  if (random_.one_in(12)) body.emplace_back("dry_run", true);
  request.body = json::serialize(body);
  return request;
}

Request Generator::bulk(const Books& books) {
  Request request{.method = "POST", .path = "/v1/transfers/bulk"};
  Array transfers;
  const std::int64_t count = 1 + random_.below(6);
  for (std::int64_t i = 0; i < count; ++i) transfers.emplace_back(transfer_body(books));
  Object body{{"transfers", transfers}};
  if (random_.one_in(2)) body.emplace_back("atomic", random_.one_in(4));
  if (random_.one_in(12)) body.emplace_back("dry_run", true);
  request.body = json::serialize(body);
  return request;
}

Request Generator::hold(const Books& books) {
  Request request{.method = "POST", .path = "/v1/holds"};
  Object body{{"postings", postings(books)}};
  if (random_.one_in(3)) body.emplace_back("reference", random_.of(references));
  if (random_.one_in(4)) body.emplace_back("metadata", metadata());
  if (!random_.one_in(3))
    body.emplace_back("expires_in", 1 + random_.below(random_.one_in(3) ? 100'000 : 20));
  if (random_.one_in(15)) body.emplace_back("dry_run", true);
  request.body = json::serialize(body);
  return request;
}

Request Generator::of_hold(const Books& books) {
  std::string id = "hold_0000000000001";
  const Hold* hold = nullptr;
  const Books& of = random_.one_in(20) ? *foreign_ : books;
  for (int tries = 0; !of.holds.empty() && tries < 6; ++tries) {
    hold = &random_.of(of.holds);
    id = hold->id;
    if (hold->status == "open") break;
  }
  if (random_.one_in(3)) {
    Request release{.method = "POST", .path = "/v1/holds/" + id + "/release"};
    if (random_.one_in(10)) release.body = R"({"dry_run":true})";
    return release;
  }
  Request request{.method = "POST", .path = "/v1/holds/" + id + "/capture"};
  Object body;
  if (random_.one_in(2))
    body.emplace_back("amount", hold && !hold->remaining.empty()
                                    ? std::max<std::int64_t>(
                                          1, random_.one_in(4) ? hold->remaining[0] +
                                                                     (random_.one_in(2) ? 0 : 1) -
                                                                     (hold->remaining[0] == highest)
                                                               : hold->remaining[0] / 2)
                                    : std::int64_t{1});
  if (random_.one_in(3)) body.emplace_back("keep_rest", true);
  if (random_.one_in(12)) body.emplace_back("dry_run", true);
  if (!body.empty()) request.body = json::serialize(body);
  return request;
}

Request Generator::reverse(const Books& books) {
  const Books& of = random_.one_in(20) ? *foreign_ : books;
  const std::string id =
      of.transfers.empty() || random_.one_in(20) ? "tr_0000000000001" : random_.of(of.transfers).id;
  Request request{.method = "POST", .path = "/v1/transfers/" + id + "/reverse"};
  Object body;
  if (random_.one_in(2)) body.emplace_back("reference", "refund");
  if (random_.one_in(2)) body.emplace_back("metadata", metadata());
  if (random_.one_in(3)) body.emplace_back("effective_at", time_text(moment(books)));
  if (random_.one_in(12)) body.emplace_back("dry_run", true);
  if (!body.empty()) request.body = json::serialize(body);
  return request;
}

/// Breaks the form of a body.
void Generator::spoil(Request& request) {
  static const std::vector<std::pair<std::string, std::string>> spoilers{
      {"\"amount\":", "\"amount\":-"},
      {"\"currency\":\"KZT\"", "\"currency\":\"ZZZ\""},
      {"\"postings\":", "\"posting\":"},
      {"\"debit\":", "\"from\":"},
      {"\"code\":\"", "\"code\":\" "},
      {"{", "{\"surprise\":1,"},
      {"}", "}}"},
      {"\"effective_at\":\"", "\"effective_at\":\"x"},
      {"\"reference\":\"", "\"reference\":\"" + std::string(256, 'r')},
  };
  const auto& [from, to] = random_.of(spoilers);
  const std::size_t at = request.body.find(from);
  if (at == std::string::npos) return;
  if (to.ends_with(",") && request.body.substr(at, 2) == "{}") return;
  request.body.replace(at, from.size(), to);
}

// ---------------------------------------------------------------- queries

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
      return request;
    case 1:
      request.path = "/v1/holds";
      if (random_.one_in(2)) {
        static const std::vector<std::string> states{"open", "captured", "released", "expired"};
        request.params.emplace_back("status", random_.of(states));
      }
      return request;
    case 2:
      request.path = "/v1/transfers";
      if (random_.one_in(3)) request.params.emplace_back("account", account_ref(books));
      if (random_.one_in(4)) request.params.emplace_back("reference", random_.of(references));
      break;
    default:
      request.path = "/v1/accounts/" + path_ref(books) + "/statement";
  }
  if (random_.one_in(4)) request.params.emplace_back("from", time_text(moment(books)));
  if (random_.one_in(4)) request.params.emplace_back("to", time_text(moment(books)));
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
