#include <algorithm>

#include "generator.h"
#include "vocabulary.h"

namespace florin::simulation {

using json::Array;
using json::Object;

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
    Object posting{{"debit", debit}, {"credit", credit}, {"currency", currency}};
    if (random_.one_in(6)) {
      static const std::vector<std::string> sides{"debit", "debit", "credit", "both"};
      posting.emplace_back("balancing", random_.of(sides));
      if (random_.one_in(2)) posting.emplace_back("amount", amount(from));
    } else {
      posting.emplace_back("amount", amount(from));
    }
    found.emplace_back(std::move(posting));
  }
  return found;
}

/// Of postings or of a split.
json::Object Generator::moves(const Books& books) {
  if (books.accounts.size() > 3 && random_.one_in(5)) return Object{{"split", split(books)}};
  return Object{{"postings", postings(books)}};
}

json::Array Generator::account_refs(const Books& books, bool closed) {
  Array refs;
  for (std::int64_t i = 1 + random_.below(2); i > 0; --i) {
    std::string ref = account_ref(books);
    for (int tries = 0; tries < 5 && !books.accounts.empty(); ++tries) {
      const Account& account = random_.of(books.accounts);
      if (account.closed == closed) ref = account.code;
    }
    refs.emplace_back(ref);
  }
  return refs;
}

json::Object Generator::transfer_body(const Books& books) {
  if (!books.accounts.empty() && random_.one_in(25)) return closing_body(books);
  Object body = moves(books);
  if (random_.one_in(10)) body.emplace_back("reopen", account_refs(books, true));
  if (random_.one_in(25)) body.emplace_back("close", account_refs(books, false));
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

/// Empties an account into another one and closes it.
json::Object Generator::closing_body(const Books& books) {
  const Account& account = random_.of(books.accounts);
  const std::string other = account_ref(books);
  const bool pays = !account.is_debit_normal();
  Object posting{{"debit", pays ? account.code : other},
                 {"credit", pays ? other : account.code},
                 {"currency", account.currency},
                 {"balancing", pays ? "debit" : "credit"}};
  Object body{{"postings", Array{posting}}, {"close", Array{account.id}}};
  if (account.closed) body.emplace_back("reopen", Array{account.code});
  return body;
}

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

json::Object Generator::account_body(const Books& books) {
  std::string code = random_.of(stems);
  if (!books.accounts.empty()) code += ":" + std::to_string(random_.below(100));
  const std::string& type = random_.of(types);
  Object body{{"code", code}, {"type", type}, {"currency", random_.of(currencies)}};
  if (type == "liability" && !random_.one_in(4))
    body.emplace_back("min_balance", random_.one_in(5) ? -50 : 0);
  if (random_.one_in(6)) body.emplace_back("max_balance", 5'000);
  if (random_.one_in(2)) body.emplace_back("metadata", metadata());
  return body;
}

Request Generator::open_account(const Books& books) {
  Request request{.method = "POST", .path = "/v1/accounts"};
  Object body = account_body(books);
  if (random_.one_in(5)) {
    request.path += "/bulk";
    Array accounts{body};
    for (std::int64_t i = random_.below(3); i > 0; --i) accounts.emplace_back(account_body(books));
    body = Object{{"accounts", accounts}};
  }
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
  if (random_.one_in(4))
    return {
        .method = "POST",
        .path = "/v1/accounts/" + encoded(*account_refs(books, true)[0].as_string()) + "/reopen"};
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
  if (random_.one_in(20)) return large_bulk(books);
  Array transfers;
  std::vector<std::string> refs;
  const std::int64_t count = 1 + random_.below(6);
  for (std::int64_t i = 0; i < count; ++i) transfers.emplace_back(bulk_item(books, refs));
  Object body{{"transfers", transfers}};
  if (random_.one_in(2)) body.emplace_back("atomic", random_.one_in(4));
  if (random_.one_in(12)) body.emplace_back("dry_run", true);
  request.body = json::serialize(body);
  return request;
}

json::Object Generator::hold_body(const Books& books) {
  Object body = moves(books);
  if (random_.one_in(3)) body.emplace_back("reference", random_.of(references));
  if (random_.one_in(4)) body.emplace_back("metadata", metadata());
  if (!random_.one_in(3))
    body.emplace_back("expires_in_seconds", 1 + random_.below(random_.one_in(3) ? 100'000 : 20));
  return body;
}

Request Generator::hold(const Books& books) {
  Request request{.method = "POST", .path = "/v1/holds"};
  Object body = hold_body(books);
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
    body.emplace_back(
        "amount",
        hold && !hold->remaining.empty()
            ? std::max<std::int64_t>(1, random_.one_in(4)
                                            ? hold->remaining[0] + (random_.one_in(2) ? 0 : 1) -
                                                  (hold->remaining[0] == greatest)
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
      {"\"portion\":\"", "\"portion\":\"x"},
      {"\"balancing\":\"", "\"balancing\":\"x"},
      {"\"split\":", "\"splits\":"},
      {"\"max\":", "\"max\":-"},
      {"\"reference\":\"", "\"reference\":\"" + std::string(256, 'r')},
  };
  const auto& [from, to] = random_.of(spoilers);
  const std::size_t at = request.body.find(from);
  if (at == std::string::npos) return;
  if (to.ends_with(",") && request.body.substr(at, 2) == "{}") return;
  request.body.replace(at, from.size(), to);
}

}  // namespace florin::simulation
