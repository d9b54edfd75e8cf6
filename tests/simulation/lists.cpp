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

/// A list with what its parameters mean, which its cursors are good for; only the limit may change.
std::string Call::list_name(const std::string& list) const {
  const std::string usual_time = path[1] == "trial-balance" ? "effective" : "created";
  std::set<std::string> filters;
  for (const auto& [name, value] : request.params) {
    const bool is_default =
        (name == "order" && value == "desc") || (name == "time" && value == usual_time);
    if (name != "limit" && name != "cursor" && !is_default) filters.insert(name + "=" + value);
  }
  std::string name = std::to_string(request.tenant) + " " + list;
  for (const std::string& filter : filters) name += " " + filter;
  return name;
}

Expected Call::query() {
  for (const auto& [start, end] : {std::pair("from", "to"),
                                   {"created_after", "created_before"},
                                   {"effective_after", "effective_before"}}) {
    const auto from = time_param(start), to = time_param(end);
    if (from && to && *to <= *from)
      return refuse("validation_failed", {std::string("#/query/") + end});
  }
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

/// Every metadata[KEY]=VALUE: the text, or the JSON of what is none.
bool Call::has_metadata(const Value& metadata) const {
  constexpr std::string_view head = "metadata[";
  return std::all_of(request.params.begin(), request.params.end(), [&](const auto& wanted) {
    if (!wanted.first.starts_with(head)) return true;
    const std::string key = wanted.first.substr(head.size(), wanted.first.size() - head.size() - 1);
    const Value* member = metadata.find(key);
    if (!member) return false;
    const std::string* text = member->as_string();
    return (text ? *text : json::serialize(*member)) == wanted.second;
  });
}

bool Call::is_in_range(Wide value, const std::string& name) const {
  const auto min = param(name + "_min"), max = param(name + "_max");
  return (!min || value >= std::stoll(*min)) && (!max || value <= std::stoll(*max));
}

/// Whether one posting is all that is asked of a transfer's postings.
bool Call::moves(const Transfer& t, const std::optional<int>& account) const {
  return std::any_of(t.postings.begin(), t.postings.end(), [&](const Posting& p) {
    return (!account || p.debit == *account || p.credit == *account) &&
           (!param("currency") || p.currency == *param("currency")) &&
           is_in_range(p.amount, "amount");
  });
}

/// A page of rows. The cursor of another list is refused.
Expected Call::page(const std::string& list, std::vector<std::size_t> newest_first,
                    const std::function<Value(std::size_t)>& render, Object head) {
  const std::string name = list_name(list);
  const bool is_back = param("order").value_or("desc") == "desc";
  std::vector<std::size_t> found = std::move(newest_first);
  if (!is_back) std::reverse(found.begin(), found.end());
  std::size_t limit = 50;
  if (const auto text = param("limit")) limit = std::stoul(*text);
  auto from = found.begin();
  if (const auto cursor = param("cursor")) {
    const auto known = model.cursors_.find(name + " " + *cursor);
    if (known == model.cursors_.end()) return refuse("validation_failed", {"#/query/cursor"});
    from = std::find_if(from, found.end(), [&](std::size_t row) {
      return is_back ? row < known->second : row > known->second;
    });
  }
  Array rows;
  std::size_t last = 0;
  for (; from != found.end() && rows.size() < limit; ++from) {
    last = *from;
    rows.push_back(render(last));
  }
  bool more = from != found.end();
  const auto real_body = json::parse(real.body);
  const Value* said = real_body ? real_body->find("has_more") : nullptr;
  // A full page looks at no more than 1,000 steps of an account's history behind it, and large
  // bulks make more: then it says that more may come.
  const bool is_history = path[1] == "transfers" && param("account");
  if (!more && is_history && said && *said == Value(true)) more = true;
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
  const auto from = time_param("created_after"), to = time_param("created_before");
  std::vector<std::size_t> rows;
  for (std::size_t i = books.accounts.size(); i-- > 0;) {
    const Account& a = books.accounts[i];
    if (param("type") && *param("type") != a.type) continue;
    if (param("currency") && *param("currency") != a.currency) continue;
    if (param("code_prefix") && !a.code.starts_with(*param("code_prefix"))) continue;
    if (from && a.created_us < *from) continue;
    if (to && a.created_us >= *to) continue;
    if (!is_in_range(a.balance(), "balance") || !has_metadata(a.metadata)) continue;
    rows.push_back(i);
  }
  return page("accounts", rows, [this](std::size_t i) { return account_json(books.accounts[i]); });
}

Expected Call::list_transfers() {
  std::optional<int> hold;
  if (const auto id = param("hold")) {
    hold = find_id(books.holds, *id);
    if (!hold) return refuse("hold_not_found");
  }
  std::optional<int> account;
  if (const auto ref = param("account")) {
    account = find_account(*ref);
    if (!account) return refuse("account_not_found");
  }
  const auto is_within = [this](const std::string& which, std::int64_t at) {
    const auto from = time_param(which + "_after"), to = time_param(which + "_before");
    return (!from || at >= *from) && (!to || at < *to);
  };
  std::vector<std::size_t> rows;
  for (std::size_t i = books.transfers.size(); i-- > 0;) {
    const Transfer& t = books.transfers[i];
    if (param("reference") && t.narrative.reference != Value(*param("reference"))) continue;
    if (!is_within("created", t.created_us) || !is_within("effective", t.effective_us)) continue;
    if (hold && t.hold != *param("hold")) continue;
    if (!has_metadata(t.narrative.metadata) || !moves(t, account)) continue;
    rows.push_back(i);
  }
  return page(account ? "transfers of an account" : "transfers", rows,
              [this](std::size_t i) { return transfer_view(books.transfers[i]); });
}

Expected Call::list_holds() {
  std::optional<int> account;
  if (const auto ref = param("account")) {
    account = find_account(*ref);
    if (!account) return refuse("account_not_found");
  }
  const auto names = [&](const Posting& p) { return p.debit == *account || p.credit == *account; };
  std::vector<std::size_t> rows;
  for (std::size_t i = books.holds.size(); i-- > 0;) {
    const Hold& h = books.holds[i];
    if (param("status") && *param("status") != h.status) continue;
    if (param("reference") && h.narrative.reference != Value(*param("reference"))) continue;
    if (account && std::none_of(h.postings.begin(), h.postings.end(), names)) continue;
    if (has_metadata(h.narrative.metadata)) rows.push_back(i);
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
