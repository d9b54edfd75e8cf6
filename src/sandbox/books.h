#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/currency.h"
#include "sandbox/fault.h"

namespace florin::sandbox {

enum class MovementKind : std::uint8_t { debit, credit, rollback, adjust };

/// What a call came to. Each dialect has its own words for them.
enum class Outcome : std::uint8_t {
  ok,
  insufficient_funds,
  limit_reached,
  game_not_allowed,
  player_blocked,
  session_expired,
  invalid_token,
  player_not_found,
  currency_mismatch,
  invalid_amount,
  transaction_conflict,
  transaction_not_found,
  already_rolled_back,
};

enum class PlayerStatus : std::uint8_t {
  active,
  blocked,  ///< No bets; wins and rollbacks reach the player.
  closed,   ///< No bets; wins and rollbacks go to suspense.
};

/// A request to move money, of any dialect.
struct Movement {
  MovementKind kind = MovementKind::debit;
  std::string transaction_id;  ///< The idempotency key.
  std::string reference_id;    ///< The debit that a credit settles or a rollback undoes.
  std::string round_id;
  std::string player_id;                 ///< A rollback may leave it to its debit.
  std::optional<Currency> currency;      ///< The same.
  std::int64_t amount_minor = 0;         ///< Negative in adjustments alone.
  std::string session_token, game_code;  ///< Not part of the content: a retry may have new ones.
};

struct Receipt {
  Outcome outcome = Outcome::ok;
  bool duplicate = false;          ///< Booked before; `balance_minor` is of now all the same.
  bool reference_unknown = false;  ///< A rollback of what never came: it left a tombstone.
  std::optional<Currency> currency = {};  ///< Of the player; nothing when there is none.
  std::int64_t balance_minor = 0;
  std::int64_t moved_minor = 0;
  std::string wallet_transaction_id = {};  ///< Empty when nothing was stored.
  Timestamp processed_at = {};
};

enum class RowStatus : std::uint8_t {
  booked,
  rolled_back,  ///< A debit that was undone.
  tombstone,    ///< A rollback that came before its debit, or instead of it: nothing moved.
  refused,      ///< Kept so that a late duplicate is refused again; in no list.
};

/// A row as the operator lists it for reconciliation.
struct ListedRow {
  Movement movement;
  RowStatus status;
  std::optional<Currency> currency;  ///< Nothing for a tombstone of which no call told it.
  std::int64_t amount_minor;
  std::string wallet_transaction_id;
  Timestamp processed_at;
};

struct RowFilter {
  std::optional<Timestamp> from, to;  ///< From inclusive, to exclusive.
  std::string transaction_id;         ///< Empty: any.
  std::int64_t after = 0;             ///< The `next` of the page before.
  int limit = 200;
};
struct RowPage {
  std::vector<ListedRow> rows;
  std::optional<std::int64_t> next;
};

/// Sums of one currency in minor units. Balances are at all times
/// openings + adjustments - debits + credits + rollbacks - suspense.
struct Totals {
  std::int64_t openings = 0, adjustments = 0, debits = 0, credits = 0, rollbacks = 0;
  std::int64_t suspense = 0;  ///< The part of credits and rollbacks for players who have left.
};
struct PlayerBalance {
  std::string player_id;
  Currency currency;
  std::int64_t balance_minor;
  PlayerStatus status;
};
struct BooksState {
  std::vector<PlayerBalance> players = {};
  std::map<Currency, Totals> totals = {};
  std::int64_t booked = 0;  ///< Movements that were booked; neither refusals nor tombstones.
};

/// The operator's books: players with one balance each, and the movements on them by the rules that
/// operator and game server have agreed on (README.md, "Rules"). A player opens at the first call,
/// in its currency, with the opening balance; names that begin with "blocked-", "closed-",
/// "limit-", "poor-" and "missing-" behave so. Everything is in memory. Safe for concurrent use.
class Books {
 public:
  /// `opening_balance_major` in whole units of whatever currency a player opens in.
  Books(std::int64_t opening_balance_major, const Clock& clock);

  /// Moves money, or says why not. `twist` is the fault of the call; those that touch bookings are
  /// wrong_amount, missing_row and extra_row.
  Receipt book(const Movement& movement, FaultKind twist = FaultKind::none);
  /// The balance, as a receipt that moved nothing. Without a currency that of the player is meant,
  /// and a new player opens in `otherwise`.
  Receipt balance(const std::string& player_id, std::optional<Currency> currency,
                  Currency otherwise);
  /// Takes a one-time token; false when it was taken before.
  bool take_token(const std::string& token);

  /// Makes a player or changes one. A balance that is given replaces the old and counts as opening.
  /// False when the player has another currency.
  bool set_player(const PlayerBalance& player);
  RowPage list(const RowFilter& filter) const;
  /// `player_id` empty: the first `max_players`, in no particular order.
  BooksState state(const std::string& player_id, std::size_t max_players) const;
  void reset();

 private:
  struct Account {
    std::string player_id;
    Currency currency;
    std::int64_t balance_minor;
    PlayerStatus status;
  };
  struct Row {
    Movement movement;
    Outcome outcome = Outcome::ok;
    RowStatus status = RowStatus::booked;
    Account* account = nullptr;
    std::int64_t moved_minor = 0;
    std::size_t number = 0;  ///< Where it stands in `rows_`.
    Timestamp processed_at = {};
    bool is_settled = false;  ///< A debit with a credit.
    bool is_listed = true;
  };

  std::int64_t opening_balance(std::string_view player_id, Currency currency) const;
  Account* account_of(const std::string& player_id, Currency currency);
  Row* find(const std::string& transaction_id);
  static bool fits(const Row& row, const RowFilter& filter);
  static ListedRow listed(const Row& row);
  static Receipt replay(const Row& row, const Movement& movement);
  Receipt dispatch(const Movement& movement, FaultKind twist);
  Receipt book_debit(const Movement& movement, FaultKind twist);
  Receipt book_credit(const Movement& movement, FaultKind twist);
  Receipt book_rollback(const Movement& movement, FaultKind twist);
  Receipt leave_tombstone(const Movement& movement);
  Receipt book_adjustment(const Movement& movement, FaultKind twist);
  Receipt move(Account& account, const Movement& movement, std::int64_t change, FaultKind twist);
  Receipt refuse(Account& account, const Movement& movement, Outcome outcome);
  void add_to_totals(const Account& account, MovementKind kind, std::int64_t change);
  Receipt store(Row row);
  void add_extra_row(const Row& like);
  static Receipt receipt_of(const Row& row);
  static Receipt refusal(Outcome outcome, const Account* account);

  const std::int64_t opening_balance_major_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Account> accounts_;  ///< Nodes stay where they are.
  std::deque<Row> rows_;
  std::unordered_map<std::string, std::size_t> row_by_id_;
  std::unordered_set<std::string> tombstones_, used_tokens_;
  std::map<Currency, Totals> totals_;
  std::int64_t booked_ = 0;
};

}  // namespace florin::sandbox
