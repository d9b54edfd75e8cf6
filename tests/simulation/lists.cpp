#include <algorithm>

#include "base/timestamp.h"
#include "call.h"

namespace florin::simulation {

using json::Array;
using json::Object;

std::optional<std::string> Call::param(const std::string& name) const {
  for (const auto& [key, value] : request.params) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Call::time_param(const std::string& name) const {
  const auto text = param(name);
  return text ? std::optional(Timestamp::parse(*text)->us) : std::nullopt;
}

/// A list with its parameters, which its cursors are good for; only the limit may change.
std::string Call::list_name(const std::string& list) const {
  std::set<std::string> filters;
  for (const auto& [name, value] : request.params) {
    if (name != "limit" && name != "cursor") filters.insert(name + "=" + value);
  }
  std::string name = std::to_string(request.tenant) + " " + list;
  for (const std::string& filter : filters) name += " " + filter;
  return name;
}

Expected Call::query() {
  const auto from = time_param("from"), to = time_param("to");
  if (from && to && *to <= *from) return refuse("validation_failed", {"#/query/to"});
  if (path[1] == "accounts" && path.size() == 2) return list_accounts();
  if (path[1] == "accounts" && path.size() == 3) {
    const auto i = find_account(path[2]);
    return i ? ok(account_json(books.accounts[*i])) : refuse("account_not_found");
  }
  if (path[1] == "accounts") return path[3] == "balance" ? balance() : statement();
  if (path[1] == "transfers" && path.size() == 2) return list_transfers();
  if (path[1] == "transfers") {
    const auto i = find_id(books.transfers, path[2]);
    return i ? ok(transfer_view(books.transfers[*i])) : refuse("transfer_not_found");
  }
  if (path[1] == "holds" && path.size() == 2) return list_holds();
  if (path[1] == "holds") {
    const auto i = find_id(books.holds, path[2]);
    return i ? ok(hold_json(books.holds[*i])) : refuse("hold_not_found");
  }
  return path[1] == "aggregates" ? aggregates() : trial_balance();
}

/// A page of rows, newest first. The cursor of another list is refused.
Expected Call::page(const std::string& list, const std::vector<std::size_t>& newest_first,
                    const std::function<Value(std::size_t)>& render, Object head) {
  const std::string name = list_name(list);
  std::size_t limit = 50;
  if (const auto text = param("limit")) limit = std::stoul(*text);
  auto from = newest_first.begin();
  if (const auto cursor = param("cursor")) {
    const auto known = model.cursors_.find(name + " " + *cursor);
    if (known == model.cursors_.end()) return refuse("validation_failed", {"#/query/cursor"});
    from = std::find_if(from, newest_first.end(),
                        [&](std::size_t row) { return row < known->second; });
  }
  Array rows;
  std::size_t last = 0;
  for (; from != newest_first.end() && rows.size() < limit; ++from) {
    last = *from;
    rows.push_back(render(last));
  }
  bool more = from != newest_first.end();
  const auto real_body = json::parse(real.body);
  const Value* said = real_body ? real_body->find("has_more") : nullptr;
  // A filtered list may look no further, and say that more may come.
  const bool filtered =
      std::any_of(request.params.begin(), request.params.end(), [](const auto& parameter) {
        return parameter.first != "limit" && parameter.first != "cursor";
      });
  if (!more && filtered && said && *said == Value(true)) more = true;
  Value next;
  if (more) {
    next = "a cursor";
    const auto document = json::parse(real.body);
    const Value* given = document ? document->find("next_cursor") : nullptr;
    if (given && given->as_string()) {
      next = *given;
      model.cursors_[name + " " + *given->as_string()] = last;
    }
  }
  head.emplace_back("data", rows);
  head.emplace_back("has_more", more);
  head.emplace_back("next_cursor", next);
  return ok(head);
}

Expected Call::list_accounts() {
  std::vector<std::size_t> rows;
  for (std::size_t i = books.accounts.size(); i-- > 0;) {
    const Account& a = books.accounts[i];
    if (param("type") && *param("type") != a.type) continue;
    if (param("currency") && *param("currency") != a.currency) continue;
    if (param("code_prefix") && !a.code.starts_with(*param("code_prefix"))) continue;
    rows.push_back(i);
  }
  return page("accounts", rows, [this](std::size_t i) { return account_json(books.accounts[i]); });
}

Expected Call::list_transfers() {
  std::optional<int> account;
  if (const auto ref = param("account")) {
    account = find_account(*ref);
    if (!account) return refuse("account_not_found");
  }
  const auto from = time_param("from");
  const auto to = time_param("to");
  std::vector<std::size_t> rows;
  for (std::size_t i = books.transfers.size(); i-- > 0;) {
    const Transfer& t = books.transfers[i];
    if (param("reference") && t.narrative.reference != Value(*param("reference"))) continue;
    if (from && t.created_us < *from) continue;
    if (to && t.created_us >= *to) continue;
    if (account && std::none_of(t.postings.begin(), t.postings.end(), [&](const Posting& p) {
          return p.debit == *account || p.credit == *account;
        }))
      continue;
    rows.push_back(i);
  }
  return page(account ? "transfers of an account" : "transfers", rows,
              [this](std::size_t i) { return transfer_view(books.transfers[i]); });
}

Expected Call::list_holds() {
  std::vector<std::size_t> rows;
  for (std::size_t i = books.holds.size(); i-- > 0;) {
    if (!param("status") || *param("status") == books.holds[i].status) rows.push_back(i);
  }
  return page("holds", rows, [this](std::size_t i) { return hold_json(books.holds[i]); });
}

Expected Call::balance() {
  const auto i = find_account(path[2]);
  if (!i) return refuse("account_not_found");
  const Account& a = books.accounts[*i];
  const auto at = time_param("at");
  const auto [debits, credits] = posted()[*i];
  Object shown{{"account_id", a.id},
               {"currency", a.currency},
               {"at", time_text(at.value_or(now))},
               {"balance", number(a.is_debit_normal() ? debits - credits : credits - debits)}};
  if (!at) {
    shown.emplace_back("available", number(a.available()));
    shown.emplace_back("incoming", number(a.incoming()));
  }
  return ok(shown);
}

Expected Call::statement() {
  const auto account = find_account(path[2]);
  if (!account) return refuse("account_not_found");
  const auto from = time_param("from");
  const auto to = time_param("to");
  std::vector<std::size_t> rows;
  std::optional<Wide> opening, closing;
  for (std::size_t i = books.entries.size(); i-- > 0;) {
    const Transfer& t = books.transfers[books.entries[i].transfer];
    if (books.entries[i].account != *account) continue;
    const bool is_behind = to && t.created_us >= *to;
    if (!is_behind && !closing) closing = books.entries[i].balance;
    if (from && t.created_us < *from) {
      opening = books.entries[i].balance;
      break;
    }
    if (!is_behind) rows.push_back(i);
  }
  const Account& a = books.accounts[*account];
  const auto moment = [](const auto& at) { return at ? Value(time_text(*at)) : Value(); };
  return page("statement of " + a.id, rows,
              [this](std::size_t i) -> Value {
                const Entry& e = books.entries[i];
                const Transfer& t = books.transfers[e.transfer];
                return Object{{"transfer_id", t.id},
                              {"kind", t.kind},
                              {"direction", e.is_debit ? "debit" : "credit"},
                              {"amount", e.amount},
                              {"balance", number(e.balance)},
                              {"counterparty", books.accounts[e.other].id},
                              {"reference", t.narrative.reference},
                              {"description", t.narrative.description},
                              {"effective_at", time_text(t.effective_us)},
                              {"created_at", time_text(t.created_us)}};
              },
              {{"account_id", a.id},
               {"currency", a.currency},
               {"time", "created"},
               {"from", moment(from)},
               {"to", moment(to)},
               {"opening_balance", number(opening.value_or(0))},
               {"closing_balance", number(closing.value_or(0))}});
}

}  // namespace florin::simulation
