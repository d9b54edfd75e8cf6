#include "ledger/engine/refusals.h"

#include "ledger/errors.h"

namespace florin::ledger::engine {

std::string pointer_to(std::string_view list, std::size_t place, std::string_view member) {
  std::string pointer = "/" + std::string(list) + "/" + std::to_string(place);
  return member.empty() ? pointer : pointer + "/" + std::string(member);
}

Error account_missing(std::string pointer) {
  return Error{errors::account_not_found,
               "there is no account of this id or code",
               {{std::move(pointer), "account_not_found", "no account of this id or code"}}};
}

Error missing_hold() { return Error{errors::hold_not_found, "there is no hold of this id"}; }

Error nothing_to_move() {
  return Error{errors::nothing_to_move, "the accounts leave nothing to move"};
}

Error at_posting(const ErrorCode& code, std::size_t posting, std::string_view member,
                 std::string detail) {
  return Error{code, detail, {{pointer_to("postings", posting, member), code.name, detail}}};
}

Error at_effective_at(const ErrorCode& code, std::string rule) {
  return Error{code, "effective_at " + rule, {{"/effective_at", code.name, rule}}};
}

Error at_split(const ErrorCode& code, std::string_view member, std::string detail) {
  return Error{code, detail, {{"/split/" + std::string(member), code.name, detail}}};
}

Error in_bulk(const Error& error, std::size_t index) {
  const std::string at = "/transfers/" + std::to_string(index);
  Error whole{errors::bulk_refused, "transfer " + std::to_string(index) + " was refused (" +
                                        std::string(error.code.name) + "), so none was written"};
  // A reason that keys do not remember (an unknown account, say) must leave the bulk's key free as
  // well.
  if (!idempotency::is_remembered(error)) whole.code = error.code;
  for (const FieldError& field : error.fields)
    whole.fields.push_back({at + field.pointer, field.rule, field.detail});
  if (whole.fields.empty()) whole.fields.push_back({at, error.code.name, error.detail});
  return whole;
}

Result<void> check_open(const Hold& hold, Timestamp now) {
  const bool is_open = hold.status == HoldStatus::open;
  if (hold.status == HoldStatus::expired || (is_open && is_over(hold, now)))
    return Error{errors::hold_expired, "the hold has expired"};
  if (!is_open) {
    return Error{errors::hold_not_open,
                 "the hold was " + std::string(to_word(hold.status)) + " before"};
  }
  return {};
}

Result<void> check_amount(const Hold& hold, const CaptureHold& wanted) {
  if (!wanted.amount_minor) return {};
  if (hold.postings.size() != 1) {
    return Error{errors::partial_capture_unsupported,
                 "a hold of several postings is captured whole; leave amount out"};
  }
  if (*wanted.amount_minor > hold.postings[0].remaining) {
    return Error{
        errors::capture_exceeds_hold,
        "the hold has only " + std::to_string(hold.postings[0].remaining) + " minor units left"};
  }
  return {};
}

Obstacle obstacle_on(const AccountState& account, Currency currency, std::string_view side) {
  if (account.currency != currency) {
    return {errors::currency_mismatch, "the " + std::string(side) + " account is kept in " +
                                           std::string(account.currency.code())};
  }
  if (account.closed) return {errors::account_closed, "the account is closed"};
  if (account.frozen) return {errors::account_frozen, "the account is frozen"};
  return {};
}

}  // namespace florin::ledger::engine
