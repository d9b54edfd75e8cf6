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
  const std::string pointer = pointer_to(account.id, side);
  if (!pointer.empty()) error.fields.push_back({pointer, code.name, error.detail});
  return error;
}

/// The first of the request's parts that moves the account on this side.
std::string Wording::pointer_to(AccountId id, Side side) const {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const std::string at = "/postings/" + std::to_string(i);
    if (side != Side::credit && requests_[i].debit.id == id) return at + "/debit";
    if (side != Side::debit && requests_[i].credit.id == id) return at + "/credit";
  }
  if (!split_) return {};
  for (std::size_t i = 0; i < split_->sources.size(); ++i) {
    if (side != Side::credit && split_->sources[i].account.id == id)
      return "/split/sources/" + std::to_string(i) + "/account";
  }
  for (std::size_t i = 0; i < split_->destinations.size(); ++i) {
    const auto& account = split_->destinations[i].account;
    if (side != Side::debit && account && account->id == id)
      return "/split/destinations/" + std::to_string(i) + "/account";
  }
  return {};
}

std::string Wording::name_of(AccountId id) const {
  const auto is_named = [id](const AccountRef& ref) { return ref.id == id && !ref.code.empty(); };
  for (const PostingRequest& request : requests_) {
    if (is_named(request.debit)) return request.debit.code;
    if (is_named(request.credit)) return request.credit.code;
  }
  if (split_) {
    for (const SplitSource& source : split_->sources)
      if (is_named(source.account)) return source.account.code;
    for (const SplitDestination& destination : split_->destinations)
      if (destination.account && is_named(*destination.account)) return destination.account->code;
  }
  return id.str();
}

}  // namespace florin::ledger::engine
