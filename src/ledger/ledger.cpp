#include "ledger/ledger.h"

#include <algorithm>
#include <cctype>

#include "ledger/errors.h"

namespace florin::ledger {

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
