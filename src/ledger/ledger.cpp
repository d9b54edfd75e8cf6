#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ledger/errors.h"

namespace florin::ledger {
namespace {

/// Words of an enumeration in the order of its values.
template <class Enum, std::size_t size>
std::optional<Enum> parse_word(const std::array<std::string_view, size>& words,
                               std::string_view text) {
  for (std::size_t i = 0; i < size; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 5> account_types{"asset", "liability", "equity", "income",
                                                        "expense"};
constexpr std::array<std::string_view, 3> transfer_kinds{"transfer", "capture", "reversal"};
constexpr std::array<std::string_view, 4> hold_statuses{"open", "captured", "released", "expired"};
constexpr std::array<std::string_view, 4> balancing_words{"none", "debit", "credit", "both"};

}  // namespace

std::string_view to_string(AccountType type) {
  return account_types[static_cast<std::size_t>(type)];
}
std::string_view to_string(TransferKind kind) {
  return transfer_kinds[static_cast<std::size_t>(kind)];
}
std::string_view to_string(HoldStatus status) {
  return hold_statuses[static_cast<std::size_t>(status)];
}

std::optional<AccountType> parse_account_type(std::string_view text) {
  return parse_word<AccountType>(account_types, text);
}
std::optional<TransferKind> parse_transfer_kind(std::string_view text) {
  return parse_word<TransferKind>(transfer_kinds, text);
}
std::optional<HoldStatus> parse_hold_status(std::string_view text) {
  return parse_word<HoldStatus>(hold_statuses, text);
}

std::int64_t balance_of(AccountType type, const Sums& sums) {
  const std::int64_t credit_balance = sums.credits_posted - sums.debits_posted;
  return is_debit_normal(type) ? -credit_balance : credit_balance;
}

std::int64_t available_of(AccountType type, const Sums& sums) {
  return balance_of(type, sums) -
         (is_debit_normal(type) ? sums.credits_pending : sums.debits_pending);
}

std::int64_t incoming_of(AccountType type, const Sums& sums) {
  return is_debit_normal(type) ? sums.debits_pending : sums.credits_pending;
}

Result<void> check_empty(AccountType type, const Sums& sums) {
  const std::int64_t balance = balance_of(type, sums);
  std::vector<std::string> left;
  if (balance != 0) left.push_back("a balance of " + std::to_string(balance));
  if (sums.debits_pending != 0)
    left.push_back("open holds with " + std::to_string(sums.debits_pending) + " to debit");
  if (sums.credits_pending != 0)
    left.push_back("open holds with " + std::to_string(sums.credits_pending) + " to credit");
  if (left.empty()) return {};
  std::string detail = "the account cannot be closed: it has " + left[0];
  for (std::size_t i = 1; i < left.size(); ++i) detail += " and " + left[i];
  return Error{errors::account_not_empty, detail + " (minor units)"};
}

bool is_over(const Hold& hold, Timestamp now) { return hold.expires_at && *hold.expires_at <= now; }

std::optional<Balancing> parse_balancing(std::string_view text) {
  return parse_word<Balancing>(balancing_words, text);
}

AccountRef AccountRef::parse(std::string_view text) {
  if (const auto id = AccountId::parse(text)) return {*id, {}};
  return {{}, std::string(text)};
}

bool looks_like_account_id(std::string_view text) {
  const std::size_t length = AccountId{}.str().size();
  const std::string_view prefix = "acc_";
  return text.size() == length && text.starts_with(prefix) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(prefix.size()), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace florin::ledger
