#include <algorithm>

#include "call.h"

namespace florin::simulation {

using json::Array;
using json::Object;

bool Call::is_chosen(const Account& a) const {
  return (!param("currency") || *param("currency") == a.currency) &&
         (!param("type") || *param("type") == a.type) &&
         (!param("code_prefix") || a.code.starts_with(*param("code_prefix")));
}

/// Whether sums over accounts count this one: open by then, or moved by then; in a window, moved.
bool Call::counts(const Account& a, const std::pair<Wide, Wide>& sums) const {
  if (sums.first != 0 || sums.second != 0) return true;
  if (param("from") || param("to")) return false;
  const auto at = time_param("at");
  return !at || a.created_us <= *at;
}

/// Whether a transfer moved in the window that the parameters name.
std::function<bool(const Transfer&)> Call::window() const {
  const bool by_entry = param("time") == "created";
  return [=, at = time_param("at"), from = time_param("from"),
          to = time_param("to")](const Transfer& t) {
    const std::int64_t moved = by_entry ? t.created_us : t.effective_us;
    return (!at || moved <= *at) && (!from || moved >= *from) && (!to || moved < *to);
  };
}

/// What was posted on each account within that time.
std::vector<std::pair<Wide, Wide>> Call::posted() const {
  std::vector<std::pair<Wide, Wide>> sums(books.accounts.size(), {0, 0});
  const auto is_within = window();
  for (const Entry& e : books.entries) {
    if (!is_within(books.transfers[e.transfer])) continue;
    auto& [debits, credits] = sums[e.account];
    (e.is_debit ? debits : credits) += e.amount;
  }
  return sums;
}

Expected Call::trial_balance() {
  const bool by_account = param("by").value_or("type") == "account";
  struct Row {
    std::int64_t accounts = 0;
    const Account* account = nullptr;
    std::string type;
    Wide debits = 0, credits = 0;
  };
  std::map<std::string, std::map<std::string, Row>> found;
  const auto posted_sums = posted();
  for (std::size_t i = 0; i < books.accounts.size(); ++i) {
    const Account& a = books.accounts[i];
    const auto& sums = posted_sums[i];
    if (!is_chosen(a) || !counts(a, sums)) continue;
    Row& row = found[a.currency][by_account ? a.code : a.type];
    ++row.accounts;
    row.account = &a;
    row.type = a.type;
    row.debits += sums.first;
    row.credits += sums.second;
  }
  // The page begins after the account that the one before ended with.
  std::string after;
  const std::string name = list_name("trial balance");
  if (const auto cursor = param("cursor")) {
    const auto known = model.account_cursors_.find(name + " " + *cursor);
    if (known == model.account_cursors_.end())
      return refuse("validation_failed", {"#/query/cursor"});
    after = known->second;
  }
  std::size_t left = by_account ? std::stoul(param("limit").value_or("50")) : highest;
  bool more = false;
  std::string last;
  Array shown;
  for (const auto& [currency, rows] : found) {
    Array lines;
    Wide debits = 0;
    Wide credits = 0;
    for (const auto& [group, row] : rows) {
      debits += row.debits;
      credits += row.credits;
      if (debits > most || credits > most) return refuse("amount_overflow");
      const std::string place = currency + " " + group;
      if (!after.empty() && place <= after) continue;
      if (left == 0) {
        more = true;
        continue;
      }
      --left;
      last = place;
      const bool normal = row.type == "asset" || row.type == "expense";
      const Wide balance = normal ? row.debits - row.credits : row.credits - row.debits;
      Object line{{"type", row.type}};
      if (by_account) {
        line.emplace_back("account_id", row.account->id);
        line.emplace_back("code", row.account->code);
      } else {
        line.emplace_back("accounts", row.accounts);
      }
      line.emplace_back("debits", number(row.debits));
      line.emplace_back("credits", number(row.credits));
      line.emplace_back("balance", number(balance));
      lines.emplace_back(std::move(line));
    }
    shown.emplace_back(Object{{"currency", currency},
                              {"debits", number(debits)},
                              {"credits", number(credits)},
                              {"balanced", debits == credits},
                              {"rows", lines}});
  }
  Value next;
  if (more) {
    next = "a cursor";
    const auto document = json::parse(real.body);
    const Value* given = document ? document->find("next_cursor") : nullptr;
    if (given && given->as_string()) {
      next = *given;
      model.account_cursors_[name + " " + *given->as_string()] = last;
    }
  }
  return ok(Object{{"at", time_text(time_param("at").value_or(now))},
                   {"time", param("time").value_or("effective")},
                   {"currencies", shown},
                   {"has_more", more},
                   {"next_cursor", next}});
}

Expected Call::aggregates() {
  const std::string by = *param("by");
  const bool has_window = param("from") || param("to");
  const bool of_transfers = by.starts_with("transfer_metadata:");
  if (param("at") && (has_window || of_transfers))
    return refuse("validation_failed", {"#/query/at"});
  if (of_transfers && param("code_prefix"))
    return refuse("validation_failed", {"#/query/code_prefix"});
  if (of_transfers && param("type")) return refuse("validation_failed", {"#/query/type"});

  const std::string key = by.substr(by.find(':') + 1);
  struct Row {
    std::int64_t count = 0;
    Wide debits = 0, credits = 0;
    bool debit_normal = false;
  };
  std::map<std::pair<std::string, std::string>, Row> found;
  if (of_transfers) {
    std::map<std::pair<std::string, std::string>, std::set<int>> counted;
    const auto is_within = window();
    for (const Entry& e : books.entries) {
      const Transfer& t = books.transfers[e.transfer];
      const Account& a = books.accounts[e.account];
      const Value* value = t.narrative.metadata.find(key);
      if (!value || !value->as_string() || !is_chosen(a) || !is_within(t)) continue;
      const auto group = std::make_pair(a.currency, *value->as_string());
      Row& row = found[group];
      counted[group].insert(e.transfer);
      row.count = static_cast<std::int64_t>(counted[group].size());
      (e.is_debit ? row.debits : row.credits) += e.amount;
    }
  } else {
    const auto posted_sums = posted();
    for (std::size_t i = 0; i < books.accounts.size(); ++i) {
      const Account& a = books.accounts[i];
      const auto& sums = posted_sums[i];
      if (!is_chosen(a) || !counts(a, sums)) continue;
      const auto group = group_of(a, by);
      if (!group) continue;
      Row& row = found[{a.currency, *group}];
      ++row.count;
      row.debits += sums.first;
      row.credits += sums.second;
      row.debit_normal = by == "type" && a.is_debit_normal();
    }
  }
  Array shown;
  for (const auto& [name, row] : found) {
    if (row.debits > most || row.credits > most) return refuse("amount_overflow");
    shown.emplace_back(Object{{"group", name.second},
                              {"currency", name.first},
                              {"count", row.count},
                              {"debits", number(row.debits)},
                              {"credits", number(row.credits)},
                              {"balance", number(row.debit_normal ? row.debits - row.credits
                                                                  : row.credits - row.debits)}});
  }
  const auto shown_time = [this](const char* name) {
    const auto at = time_param(name);
    return at ? Value(time_text(*at)) : Value();
  };
  return ok(Object{{"by", by},
                   {"time", param("time").value_or("effective")},
                   {"at", has_window    ? Value()
                          : param("at") ? shown_time("at")
                                        : Value(time_text(now))},
                   {"from", shown_time("from")},
                   {"to", shown_time("to")},
                   {"data", shown}});
}

std::optional<std::string> Call::group_of(const Account& a, const std::string& by) {
  const std::string key = by.substr(by.find(':') + 1);
  if (by == "type") return a.type;
  if (by == "currency") return a.currency;
  if (by.starts_with("code:")) {
    std::size_t end = a.code.find(':');
    for (int n = std::stoi(key); n > 1 && end != std::string::npos; --n)
      end = a.code.find(':', end + 1);
    return a.code.substr(0, end);
  }
  const Value* value = a.metadata.find(key);
  if (!value || !value->as_string()) return std::nullopt;
  return *value->as_string();
}

}  // namespace florin::simulation
