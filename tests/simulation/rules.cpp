#include "call.h"

// What commands share: finding, trying, writing down.
namespace florin::simulation {

// ---------------------------------------------------------------- a trial

Account& Trial::of(int account) {
  return touched_.emplace(account, books_.accounts[account]).first->second;
}

void Trial::mention(const Posting& posting) {
  for (const int side : {posting.debit, posting.credit}) {
    if (mentioned_.insert(side).second) order_.push_back(side);
  }
}

void Trial::post(const Posting& posting) {
  mention(posting);
  of(posting.debit).debits_posted += posting.amount;
  of(posting.credit).credits_posted += posting.amount;
}

void Trial::hold(const Posting& posting) {
  mention(posting);
  of(posting.debit).debits_pending += posting.amount;
  of(posting.credit).credits_pending += posting.amount;
}

std::optional<std::string> Trial::check() const {
  for (const int i : order_) {
    const Account& a = touched_.at(i);
    if (a.debits_posted + a.debits_pending > most || a.credits_posted + a.credits_pending > most)
      return "amount_overflow";
  }
  for (const int i : order_) {
    const Account& now_is = touched_.at(i);
    const Account& was = books_.accounts[i];
    if (now_is.min && now_is.available() < was.available() && now_is.available() < *now_is.min)
      return "insufficient_funds";
    const Wide would = now_is.balance() + now_is.incoming();
    if (now_is.max && would > was.balance() + was.incoming() && would > *now_is.max)
      return "balance_limit_exceeded";
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- finding

/// The id that the real answer has at the pointer, when one can be there; else one that differs.
std::string Call::adopt(const Way& way, const std::string& prefix) {
  const Value* at = &model.real_;
  for (const std::string& step : way) {
    if (!at) break;
    if (const json::Array* items = at->as_array()) {
      const auto i = std::stoul(step);
      at = i < items->size() ? &(*items)[i] : nullptr;
    } else {
      at = at->find(step);
    }
  }
  if (at && at->as_string() && is_id(*at->as_string(), prefix) &&
      model.ids_.insert(*at->as_string()).second)
    return *at->as_string();
  return "a new " + prefix + "_ id";
}

std::optional<int> Call::find_account(const std::string& ref) const {
  for (std::size_t i = 0; i < books.accounts.size(); ++i) {
    const Account& account = books.accounts[i];
    if (is_id(ref, "acc") ? account.id == ref : account.code == ref) return static_cast<int>(i);
  }
  return std::nullopt;
}

Call::Code Call::find_accounts(const std::vector<std::string>& refs,
                               std::vector<int>& found) const {
  for (const std::string& ref : refs) {
    const auto account = find_account(ref);
    if (!account) return "account_not_found";
    found.push_back(*account);
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- planning

Call::Code Call::resolve(const WantedMoves& wanted, std::vector<Posting>& postings) const {
  for (const WantedPosting& w : wanted.postings) {
    const auto debit = find_account(w.debit);
    const auto credit = find_account(w.credit);
    if (!debit || !credit) return "account_not_found";
    postings.push_back({*debit, *credit, w.amount.value_or(0), w.currency});
  }
  if (!wanted.split) return std::nullopt;
  for (const WantedSource& source : wanted.split->sources) {
    if (!find_account(source.account)) return "account_not_found";
  }
  for (const WantedShare& share : wanted.split->destinations) {
    if (!share.account.empty() && !find_account(share.account)) return "account_not_found";
  }
  return std::nullopt;
}

Call::Code Call::check_side(const Account& account, const std::string& currency) {
  if (account.currency != currency) return "currency_mismatch";
  if (account.closed) return "account_closed";
  if (account.frozen) return "account_frozen";
  return std::nullopt;
}

Call::Code Call::check_sides(const std::vector<Posting>& postings, Trial& trial) {
  for (const Posting& p : postings) {
    if (p.debit == p.credit) return "same_account";
    for (const int side : {p.debit, p.credit}) {
      if (auto code = check_side(trial.of(side), p.currency)) return code;
    }
  }
  return std::nullopt;
}

Call::Code Call::plan(const WantedMoves& wanted, Trial trial, bool held,
                      std::vector<Posting>& postings) {
  if (wanted.split) {
    if (auto code = check_split(*wanted.split, trial)) return code;
    return divide(*wanted.split, trial, held, postings);
  }
  if (auto code = check_sides(postings, trial)) return code;
  for (const WantedPosting& w : wanted.postings) {
    if (w.by_debit || w.by_credit) return limit(wanted, trial, held, postings);
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- writing

void Call::keep(const Trial& trial) {
  for (const auto& [i, account] : trial.accounts()) books.accounts[i] = account;
}

/// The transfer, with the lines of the statements: the balance after each posting on the way.
Transfer& Call::add(Transfer transfer, const Trial& trial) {
  const int place = static_cast<int>(books.transfers.size());
  std::map<int, Wide> balances;
  for (const Posting& p : transfer.postings) {
    for (const bool is_debit : {true, false}) {
      const int mine = is_debit ? p.debit : p.credit;
      const Account& account = books.accounts[mine];
      Wide& balance = balances.emplace(mine, account.balance()).first->second;
      balance += account.is_debit_normal() == is_debit ? Wide{p.amount} : -Wide{p.amount};
      books.entries.push_back(
          {mine, is_debit ? p.credit : p.debit, place, is_debit, p.amount, balance});
    }
  }
  keep(trial);
  books.transfers.push_back(std::move(transfer));
  Transfer& added = books.transfers.back();
  note("transaction.executed", added.id, transfer_json(added));
  return added;
}

void Call::note(const std::string& type, const std::string& subject, Value data) {
  books.events.push_back({type, subject, now, std::move(data)});
}

}  // namespace florin::simulation
