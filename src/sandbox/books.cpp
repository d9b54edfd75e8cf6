#include "sandbox/books.h"

#include <utility>

#include "base/id.h"
#include "base/money.h"

namespace florin::sandbox {
namespace {

struct WalletTransactionTag {
  static constexpr std::string_view prefix = "wtx";
};

std::string wallet_id_of(std::size_t number) {
  return Id<WalletTransactionTag>{static_cast<std::int64_t>(number) + 1}.str();
}

bool same_content(const Movement& a, const Movement& b) {
  return a.kind == b.kind && a.reference_id == b.reference_id && a.round_id == b.round_id &&
         a.player_id == b.player_id && a.currency == b.currency && a.amount_minor == b.amount_minor;
}

PlayerStatus first_status(std::string_view player_id) {
  if (player_id.starts_with("blocked-")) return PlayerStatus::blocked;
  if (player_id.starts_with("closed-")) return PlayerStatus::closed;
  return PlayerStatus::active;
}

/// Why this player gets no bet, money aside. The names make every answer of the contract reachable.
Outcome verdict_on_bet(const Movement& bet, PlayerStatus status) {
  if (status != PlayerStatus::active) return Outcome::player_blocked;
  if (bet.session_token.starts_with("expired-")) return Outcome::session_expired;
  if (bet.session_token.starts_with("invalid-")) return Outcome::invalid_token;
  if (bet.game_code.starts_with("forbidden-")) return Outcome::game_not_allowed;
  if (bet.player_id.starts_with("limit-")) return Outcome::limit_reached;
  return Outcome::ok;
}

/// The product's times have microseconds, the operator's lists milliseconds.
Timestamp to_milliseconds(Timestamp at) { return {at.us - at.us % 1'000}; }

}  // namespace

Books::Books(std::int64_t opening_balance_major, const Clock& clock)
    : opening_balance_major_(opening_balance_major), clock_(clock) {}

std::int64_t Books::opening_balance(std::string_view player_id, Currency currency) const {
  if (player_id.starts_with("poor-")) return 0;
  std::int64_t balance = opening_balance_major_;
  for (int digit = 0; digit < currency.digits(); ++digit) balance *= 10;
  return balance;
}

Receipt Books::book(const Movement& movement, FaultKind twist) {
  const std::lock_guard lock(mutex_);
  if (const Row* row = find(movement.transaction_id)) return replay(*row, movement);
  const Receipt receipt = dispatch(movement, twist);
  Row* const row = find(movement.transaction_id);
  if (row == nullptr || row->status == RowStatus::refused) return receipt;
  if (twist == FaultKind::missing_row) row->is_listed = false;
  if (twist == FaultKind::extra_row) add_extra_row(*row);
  return receipt;
}

Receipt Books::dispatch(const Movement& movement, FaultKind twist) {
  switch (movement.kind) {
    case MovementKind::debit:
      return book_debit(movement, twist);
    case MovementKind::credit:
      return book_credit(movement, twist);
    case MovementKind::rollback:
      return book_rollback(movement, twist);
    case MovementKind::adjust:
      break;
  }
  return book_adjustment(movement, twist);
}

Receipt Books::replay(const Row& row, const Movement& movement) {
  if (!same_content(row.movement, movement)) {
    return refusal(Outcome::transaction_conflict, row.account);
  }
  Receipt receipt = receipt_of(row);
  receipt.duplicate = true;
  return receipt;
}

Receipt Books::book_debit(const Movement& movement, FaultKind twist) {
  Account* const account = account_of(movement.player_id, *movement.currency);
  if (account == nullptr) return refusal(Outcome::player_not_found, nullptr);
  // Networks reorder: without the tombstone a debit that comes after its rollback would stay.
  if (tombstones_.count(movement.transaction_id) != 0) {
    return refusal(Outcome::already_rolled_back, account);
  }
  if (account->currency != *movement.currency) return refusal(Outcome::currency_mismatch, account);
  const Outcome verdict = verdict_on_bet(movement, account->status);
  if (verdict != Outcome::ok) return refuse(*account, movement, verdict);
  return move(*account, movement, -movement.amount_minor, twist);
}

Receipt Books::book_credit(const Movement& movement, FaultKind twist) {
  Account* const account = account_of(movement.player_id, *movement.currency);
  if (account == nullptr) return refusal(Outcome::player_not_found, nullptr);
  if (account->currency != *movement.currency) return refusal(Outcome::currency_mismatch, account);
  if (movement.reference_id.empty()) return move(*account, movement, movement.amount_minor, twist);

  if (tombstones_.count(movement.reference_id) != 0) {
    return refusal(Outcome::already_rolled_back, account);
  }
  Row* const debit = find(movement.reference_id);
  if (debit == nullptr || debit->movement.kind != MovementKind::debit ||
      debit->status == RowStatus::refused || debit->account != account) {
    return refusal(Outcome::transaction_not_found, account);
  }
  if (debit->status == RowStatus::rolled_back) {
    return refusal(Outcome::already_rolled_back, account);
  }
  const Receipt receipt = move(*account, movement, movement.amount_minor, twist);
  if (receipt.outcome == Outcome::ok) debit->is_settled = true;
  return receipt;
}

Receipt Books::book_rollback(const Movement& movement, FaultKind twist) {
  Row* const debit = find(movement.reference_id);
  if (debit == nullptr) return leave_tombstone(movement);
  if (debit->movement.kind != MovementKind::debit) {
    return refusal(Outcome::transaction_conflict, debit->account);
  }
  if (!movement.player_id.empty() && movement.player_id != debit->account->player_id) {
    return refusal(Outcome::transaction_not_found, nullptr);
  }
  if (debit->status == RowStatus::rolled_back) {
    return refusal(Outcome::already_rolled_back, debit->account);
  }
  if (debit->is_settled) return refusal(Outcome::transaction_conflict, debit->account);
  if (debit->status == RowStatus::refused) {
    return store({.movement = movement, .status = RowStatus::tombstone, .account = debit->account});
  }
  const Receipt receipt = move(*debit->account, movement, debit->moved_minor, twist);
  if (receipt.outcome == Outcome::ok) debit->status = RowStatus::rolled_back;
  return receipt;
}

Receipt Books::leave_tombstone(const Movement& movement) {
  const auto known = accounts_.find(movement.player_id);
  Account* const account = known == accounts_.end() ? nullptr : &known->second;
  if (!tombstones_.insert(movement.reference_id).second) {
    return refusal(Outcome::already_rolled_back, account);
  }
  return store({.movement = movement, .status = RowStatus::tombstone, .account = account});
}

Receipt Books::book_adjustment(const Movement& movement, FaultKind twist) {
  Account* const account = account_of(movement.player_id, *movement.currency);
  if (account == nullptr) return refusal(Outcome::player_not_found, nullptr);
  if (account->currency != *movement.currency) return refusal(Outcome::currency_mismatch, account);
  return move(*account, movement, movement.amount_minor, twist);
}

/// Changes the balance and stores the row; a refusal is stored too.
Receipt Books::move(Account& account, const Movement& movement, std::int64_t change,
                    FaultKind twist) {
  if (twist == FaultKind::wrong_amount) change += movement.kind == MovementKind::debit ? -1 : 1;
  const auto after = checked_add(account.balance_minor, change);
  if (!after) return refusal(Outcome::invalid_amount, &account);
  if (change < 0 && *after < 0) return refuse(account, movement, Outcome::insufficient_funds);
  add_to_totals(account, movement.kind, change);
  const bool is_for_suspense = change > 0 && account.status == PlayerStatus::closed;
  if (!is_for_suspense) account.balance_minor = *after;
  ++booked_;
  return store({.movement = movement,
                .account = &account,
                .moved_minor = movement.kind == MovementKind::debit ? -change : change});
}

void Books::add_to_totals(const Account& account, MovementKind kind, std::int64_t change) {
  Totals& totals = totals_[account.currency];
  if (change > 0 && account.status == PlayerStatus::closed) totals.suspense += change;
  switch (kind) {
    case MovementKind::debit:
      totals.debits -= change;
      return;
    case MovementKind::credit:
      totals.credits += change;
      return;
    case MovementKind::rollback:
      totals.rollbacks += change;
      return;
    case MovementKind::adjust:
      totals.adjustments += change;
      return;
  }
}

Receipt Books::refuse(Account& account, const Movement& movement, Outcome outcome) {
  return store({.movement = movement,
                .outcome = outcome,
                .status = RowStatus::refused,
                .account = &account});
}

Receipt Books::store(Row row) {
  row.number = rows_.size();
  row.processed_at = to_milliseconds(clock_.now());
  row_by_id_.emplace(row.movement.transaction_id, row.number);
  rows_.push_back(std::move(row));
  return receipt_of(rows_.back());
}

/// A row that no call has asked for, as a list may show it; no balance knows of it.
void Books::add_extra_row(const Row& like) {
  Row extra = like;
  extra.movement.transaction_id.insert(0, "extra-");
  extra.number = rows_.size();
  extra.is_listed = true;
  rows_.push_back(std::move(extra));
}

Receipt Books::receipt_of(const Row& row) {
  Receipt receipt = refusal(row.outcome, row.account);
  receipt.reference_unknown = row.status == RowStatus::tombstone;
  if (row.account == nullptr) receipt.currency = row.movement.currency;
  receipt.moved_minor = row.moved_minor;
  receipt.wallet_transaction_id = wallet_id_of(row.number);
  receipt.processed_at = row.processed_at;
  return receipt;
}

Receipt Books::refusal(Outcome outcome, const Account* account) {
  Receipt receipt{.outcome = outcome};
  if (account != nullptr) {
    receipt.currency = account->currency;
    receipt.balance_minor = account->balance_minor;
  }
  return receipt;
}

Books::Account* Books::account_of(const std::string& player_id, Currency currency) {
  if (player_id.starts_with("missing-")) return nullptr;
  const std::int64_t opening = opening_balance(player_id, currency);
  const auto [place, is_new] = accounts_.try_emplace(
      player_id, Account{player_id, currency, opening, first_status(player_id)});
  if (is_new) totals_[currency].openings += opening;
  return &place->second;
}

Books::Row* Books::find(const std::string& transaction_id) {
  const auto found = row_by_id_.find(transaction_id);
  return found == row_by_id_.end() ? nullptr : &rows_[found->second];
}

Receipt Books::balance(const std::string& player_id, std::optional<Currency> currency,
                       Currency otherwise) {
  const std::lock_guard lock(mutex_);
  const Account* const account = account_of(player_id, currency.value_or(otherwise));
  if (account == nullptr) return refusal(Outcome::player_not_found, nullptr);
  const bool fits = !currency || *currency == account->currency;
  return refusal(fits ? Outcome::ok : Outcome::currency_mismatch, account);
}

bool Books::take_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  return used_tokens_.insert(token).second;
}

bool Books::set_player(const PlayerBalance& player) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = accounts_.try_emplace(
      player.player_id, Account{player.player_id, player.currency, 0, player.status});
  Account& account = place->second;
  if (account.currency != player.currency) return false;
  totals_[player.currency].openings += player.balance_minor - account.balance_minor;
  account.balance_minor = player.balance_minor;
  account.status = player.status;
  return true;
}

RowPage Books::list(const RowFilter& filter) const {
  const std::lock_guard lock(mutex_);
  RowPage page;
  if (!filter.transaction_id.empty()) {
    const auto found = row_by_id_.find(filter.transaction_id);
    if (found == row_by_id_.end() || !fits(rows_[found->second], filter)) return page;
    page.rows.push_back(listed(rows_[found->second]));
    return page;
  }
  for (std::size_t i = static_cast<std::size_t>(filter.after); i < rows_.size(); ++i) {
    if (!fits(rows_[i], filter)) continue;
    if (page.rows.size() == static_cast<std::size_t>(filter.limit)) {
      page.next = static_cast<std::int64_t>(i);
      return page;
    }
    page.rows.push_back(listed(rows_[i]));
  }
  return page;
}

bool Books::fits(const Row& row, const RowFilter& filter) {
  return row.status != RowStatus::refused && row.is_listed &&
         (!filter.from || row.processed_at >= *filter.from) &&
         (!filter.to || row.processed_at < *filter.to);
}

ListedRow Books::listed(const Row& row) {
  const Movement& movement = row.movement;
  return {movement,
          row.status,
          row.account != nullptr ? row.account->currency : movement.currency,
          row.moved_minor,
          wallet_id_of(row.number),
          row.processed_at};
}

BooksState Books::state(const std::string& player_id, std::size_t max_players) const {
  const std::lock_guard lock(mutex_);
  BooksState state{.totals = totals_, .booked = booked_};
  const auto add = [&](const Account& account) {
    state.players.push_back(
        {account.player_id, account.currency, account.balance_minor, account.status});
  };
  if (!player_id.empty()) {
    const auto found = accounts_.find(player_id);
    if (found != accounts_.end()) add(found->second);
    return state;
  }
  for (const auto& [id, account] : accounts_) {
    if (state.players.size() == max_players) break;
    add(account);
  }
  return state;
}

void Books::reset() {
  const std::lock_guard lock(mutex_);
  accounts_.clear();
  rows_.clear();
  row_by_id_.clear();
  tombstones_.clear();
  used_tokens_.clear();
  totals_.clear();
  booked_ = 0;
}

}  // namespace florin::sandbox
