#include "ledger/engine/wording.h"

#include <utility>

#include "ledger/errors.h"

namespace florin::ledger::engine {
namespace {

std::string figure(std::string_view name, std::int64_t minor) {
  return std::string(name) + " " + std::to_string(minor);
}

std::string units_of(const AccountState& account) {
  return " (minor units of " + std::string(account.currency.code()) + ")";
}

}  // namespace

Error Wording::overflow(const AccountState& account) const {
  return refusal(errors::amount_overflow, account, Side::any,
                 "would hold sums that do not fit into 64 bits");
}

Error Wording::uncovered(const AccountState& account, const Sums& then) const {
  const std::int64_t available = available_of(account.type, account.sums);
  const Side lowers = is_debit_normal(account.type) ? Side::credit : Side::debit;
  return refusal(
      errors::insufficient_funds, account, lowers,
      "cannot cover this: " + figure("asked", available - available_of(account.type, then)) +
          figure(", available", available) +
          figure(", min_balance", account.min_balance.value_or(0)) + units_of(account));
}

Error Wording::above_limit(const AccountState& account, const Sums& then) const {
  const std::int64_t balance = balance_of(account.type, account.sums);
  const std::int64_t incoming = incoming_of(account.type, account.sums);
  const std::int64_t asked =
      balance_of(account.type, then) - balance + (incoming_of(account.type, then) - incoming);
  const Side raises = is_debit_normal(account.type) ? Side::debit : Side::credit;
  return refusal(errors::balance_limit_exceeded, account, raises,
                 "would rise above its max_balance: " + figure("asked", asked) +
                     figure(", balance", balance) + figure(", incoming", incoming) +
                     figure(", max_balance", account.max_balance.value_or(0)) + units_of(account));
}

Error Wording::refusal(const ErrorCode& code, const AccountState& account, Side side,
                       std::string what) const {
  Error error{code, "account " + name_of(account.id) + " " + what};
  for (std::size_t i = 0; i < requests_.size() && error.fields.empty(); ++i) {
    const std::string at = "/postings/" + std::to_string(i);
    if (side != Side::credit && requests_[i].debit.id == account.id) {
      error.fields.push_back({at + "/debit", code.name, error.detail});
    } else if (side != Side::debit && requests_[i].credit.id == account.id) {
      error.fields.push_back({at + "/credit", code.name, error.detail});
    }
  }
  return error;
}

std::string Wording::name_of(AccountId id) const {
  for (const PostingRequest& request : requests_) {
    for (const AccountRef* ref : {&request.debit, &request.credit}) {
      if (ref->id == id && !ref->code.empty()) return ref->code;
    }
  }
  return id.str();
}

}  // namespace florin::ledger::engine
