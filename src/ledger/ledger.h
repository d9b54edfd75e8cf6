#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/actor.h"
#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "idempotency/key.h"
#include "ledger/account_ref.h"
#include "ledger/split.h"

namespace florin::ledger {

// ---------------------------------------------------------------- accounts

enum class AccountType : std::uint8_t { asset, liability, equity, income, expense };

constexpr auto words_of(AccountType) {
  using enum AccountType;
  return std::to_array<Word<AccountType>>({{asset, "asset"},
                                           {liability, "liability"},
                                           {equity, "equity"},
                                           {income, "income"},
                                           {expense, "expense"}});
}
/// Assets and expenses grow with debits; the others with credits.
constexpr bool is_debit_normal(AccountType type) {
  return type == AccountType::asset || type == AccountType::expense;
}

/// The four sums of an account, in minor units. They only grow, but for pending ones, which fall
/// when a hold ends. Posted plus pending of one side always fits into 64 bits.
struct Sums {
  std::int64_t debits_posted = 0, credits_posted = 0;
  std::int64_t debits_pending = 0, credits_pending = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

/// Posted balance in the normal direction of the type.
std::int64_t balance_of(AccountType type, const Sums& sums);
/// Balance less what open holds will take out.
std::int64_t available_of(AccountType type, const Sums& sums);
/// What open holds will bring in.
std::int64_t incoming_of(AccountType type, const Sums& sums);

/// Only an empty account may be closed. Errors: account_not_empty, which says what is left.
Result<void> check_empty(AccountType type, const Sums& sums);

struct Account {
  AccountId id = {};
  TenantId tenant = {};
  std::string code = {};
  AccountType type = AccountType::liability;
  Currency currency;
  std::optional<std::int64_t> min_balance = {};  ///< Of the available balance.
  std::optional<std::int64_t> max_balance = {};  ///< Of the balance plus what is incoming.
  bool frozen = false, closed = false;
  std::string metadata = "{}";  ///< A JSON object as text.
  Sums sums = {};
  Timestamp created_at = {};

  static Account without_bounds(TenantId tenant, std::string code, AccountType type,
                                Currency currency) {
    return {.tenant = tenant, .code = std::move(code), .type = type, .currency = currency};
  }
  /// What we owe a customer: a liability that cannot be overdrawn.
  static Account wallet(TenantId tenant, std::string code, Currency currency) {
    return {.tenant = tenant, .code = std::move(code), .currency = currency, .min_balance = 0};
  }
};

// ---------------------------------------------------------------- transfers and holds

struct Posting {
  AccountId debit, credit;
  Money amount;  ///< Positive.
  friend bool operator==(const Posting&, const Posting&) = default;
};

/// Posted balances of a posting's accounts after it, each in its account's normal direction.
struct PostingBalances {
  std::int64_t debit = 0, credit = 0;
};

enum class TransferKind : std::uint8_t { transfer, capture, reversal };
constexpr auto words_of(TransferKind) {
  using enum TransferKind;
  return std::to_array<Word<TransferKind>>(
      {{transfer, "transfer"}, {capture, "capture"}, {reversal, "reversal"}});
}

/// What the client says about a movement, kept as it was said.
struct TransferDetails {
  std::optional<std::string> reference, description;
  std::string metadata = "{}";  ///< A JSON object as text.
};

/// A posted transfer. Immutable: a later reversal is a transfer of its own that names this one.
struct Transfer {
  TransferId id;
  TenantId tenant;
  TransferKind kind = TransferKind::transfer;
  std::vector<Posting> postings;
  TransferDetails details;
  Timestamp effective_at, created_at;
  HoldId hold;          ///< Of a capture.
  TransferId reverses;  ///< Of a reversal.
};

enum class HoldStatus : std::uint8_t { open, captured, released, expired };
constexpr auto words_of(HoldStatus) {
  using enum HoldStatus;
  return std::to_array<Word<HoldStatus>>(
      {{open, "open"}, {captured, "captured"}, {released, "released"}, {expired, "expired"}});
}

struct HoldPosting {
  Posting posting;
  std::int64_t remaining = 0;  ///< Still held, in minor units.
};

/// Money set aside on the debit side and announced on the credit side, until it is captured,
/// released or expires.
struct Hold {
  HoldId id;
  TenantId tenant;
  HoldStatus status = HoldStatus::open;
  std::vector<HoldPosting> postings;
  TransferDetails details;
  std::optional<Timestamp> expires_at;
  Timestamp created_at;
};
/// A hold's time is over from its expires_at on, whether or not that has been written yet.
bool is_over(const Hold& hold, Timestamp now);

// ---------------------------------------------------------------- commands

/// Which accounts bound a posting's amount: then it moves at most what the debit side has, what the
/// credit side may take, or the lesser of both, and is left out when that is nothing.
enum class Balancing : std::uint8_t { none, debit, credit, both };
/// `none` is not said: the member is absent then.
constexpr auto words_of(Balancing) {
  using enum Balancing;
  return std::to_array<Word<Balancing>>({{debit, "debit"}, {credit, "credit"}, {both, "both"}});
}

struct PostingRequest {
  AccountRef debit, credit;
  Money amount;  ///< Positive; with `balancing` the most that moves.
  Balancing balancing = Balancing::none;
  bool has_amount = true;  ///< False, with `balancing`: the sides alone bound what moves.
};

/// Post a transfer.
struct PostTransfer {
  std::vector<PostingRequest> postings;  ///< 1 to max_postings.
  TransferDetails details;
  std::optional<Timestamp> effective_at;      ///< Backdates; not in the future. Absent: now.
  std::optional<Split> split = std::nullopt;  ///< Instead of postings.
  std::vector<AccountRef> reopen = {};        ///< Opened again before the money moves.
  std::vector<AccountRef> close = {};         ///< Closed when it has moved; empty by then.
  bool is_plain() const { return !split && reopen.empty() && close.empty(); }
};

/// Post many plain transfers; all or nothing when `atomic`, else each for itself.
struct PostBulk {
  std::vector<PostTransfer> transfers;  ///< 1 to max_bulk.
  bool atomic = true;
};

struct PlaceHold {
  std::vector<PostingRequest> postings;
  TransferDetails details;
  std::optional<std::int64_t> expires_in_s;
  std::optional<Split> split = std::nullopt;  ///< Instead of postings.
};

/// Capture all that remains, or `amount` of it (one posting only). What is left is released, or
/// stays held when `keep_rest`.
struct CaptureHold {
  HoldId hold;
  std::optional<std::int64_t> amount_minor;
  bool keep_rest = false;
};

struct ReleaseHold {
  HoldId hold;
};

/// Ends a hold whose time is over, if nothing ended it at its time before; of the scheduler, not of
/// clients.
struct ExpireHold {
  HoldId hold;
};

struct ReverseTransfer {
  TransferId transfer;
  TransferDetails details;
  /// Backdates; neither in the future nor before the transfer's own. Absent: now.
  std::optional<Timestamp> effective_at = std::nullopt;
};

/// One step of several. Where `hold_of` is set, a capture or release means the hold that the step
/// of this index placed.
struct Step {
  std::variant<PostTransfer, PlaceHold, CaptureHold, ReleaseHold, ReverseTransfer> body;
  std::optional<std::size_t> hold_of = std::nullopt;
};

/// As PostBulk, with steps of any kind, each seeing what those before it did.
struct RunSteps {
  std::vector<Step> steps;  ///< 1 to max_bulk.
  bool atomic = true;
};

/// One change asked of the ledger.
struct Command {
  using Body = std::variant<PostTransfer, PostBulk, PlaceHold, CaptureHold, ReleaseHold, ExpireHold,
                            ReverseTransfer, RunSteps>;
  Actor actor;
  std::optional<idempotency::Key> key;
  bool dry_run = false;  ///< Decide and answer; write nothing and use no key up.
  Body body;
};

inline constexpr std::size_t max_postings = 1'000;
inline constexpr std::size_t max_bulk = 10'000;

// ---------------------------------------------------------------- outcomes

/// What one step of a bulk did.
struct BulkDone {
  TransferId transfer;  ///< Posted.
  HoldId hold;          ///< Placed, captured or released.
  HoldStatus hold_status = HoldStatus::open;
};

/// The outcome of one step of a bulk.
using BulkItem = std::variant<BulkDone, Error>;

struct BulkResult {
  std::vector<BulkItem> items;  ///< In the order of the request.
};

/// A capture: the transfer it posted and the hold as it now is.
struct Capture {
  Transfer transfer;
  Hold hold;
};

/// What a command made. Nothing where a key stores its answer as it was sent.
using Made = std::variant<std::monostate, Transfer, Hold, Capture, BulkResult>;

/// A key was used before with the same request: what that request made, as it was then, or its
/// answer in `record.body`.
struct Replay {
  idempotency::Record record;
  Made made = {};
};

/// The outcome of a command. An Error means that nothing was written.
using Outcome = std::variant<Transfer, Hold, Capture, BulkResult, Replay, Error>;

}  // namespace florin::ledger
