#include "ledger/account_fields.h"

#include <algorithm>
#include <string>

#include "ledger/metadata.h"

namespace florin::ledger {
namespace {

using json::Fields;
using json::Given;

std::int64_t balance(const Account& account) { return balance_of(account.type, account.sums); }
std::int64_t available(const Account& account) { return available_of(account.type, account.sums); }
std::int64_t incoming(const Account& account) { return incoming_of(account.type, account.sums); }

bool is_code_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":._@/+-").find(c) != std::string_view::npos;
}

std::optional<BrokenRule> broken_code(const std::string& code) {
  if (!std::all_of(code.begin(), code.end(), is_code_char))
    return BrokenRule{"bad_characters", "may hold letters, digits and : . _ @ / + - only"};
  if (looks_like_account_id(code))
    return BrokenRule{"looks_like_id", "must not look like an account id"};
  if (code == "." || code == "..")
    return BrokenRule{"not_allowed", "must not be . or .., which clients take out of a path"};
  return std::nullopt;
}

}  // namespace

const Fields<Account>& account_fields() {
  static const json::Rule<std::int64_t> sum{.given = Given::never, .help = "Minor units."};
  static const Fields<Account> fields({
      {"id", &Account::id, {.given = Given::never}},
      {"code",
       &Account::code,
       {.given = Given::at_creation,
        .required = true,
        .text = {1, max_code_bytes},
        .check = broken_code,
        .pattern = "^[A-Za-z0-9:._@/+-]{1,200}$",
        .help = "Unique in the tenant; cannot be changed."}},
      {"type", &Account::type, {.given = Given::at_creation, .required = true}},
      {"currency", &Account::currency, {.given = Given::at_creation, .required = true}},
      {"balance", balance, {.help = "Posted, in the normal direction of the type."}},
      {"available", available, {.help = "Balance minus amounts that open holds will take out."}},
      {"incoming", incoming, {.help = "Amounts that open holds will bring in."}},
      {"debits_posted", &Account::sums, &Sums::debits_posted, sum},
      {"credits_posted", &Account::sums, &Sums::credits_posted, sum},
      {"debits_pending", &Account::sums, &Sums::debits_pending, sum},
      {"credits_pending", &Account::sums, &Sums::credits_pending, sum},
      {"min_balance",
       &Account::min_balance,
       {.help = "Lowest available balance, in minor units; null means none."}},
      {"max_balance",
       &Account::max_balance,
       {.help = "Highest balance plus incoming, in minor units; null means none."}},
      {"frozen", &Account::frozen, {.given = Given::in_changes}},
      {"closed", &Account::closed, {.given = Given::never}},
      {"metadata", &Account::metadata, {.codec = metadata_codec()}},
      {"created_at", &Account::created_at, {.given = Given::never}},
  });
  return fields;
}

Account unread_account(TenantId tenant) {
  return {.tenant = tenant, .currency = *Currency::parse(Currency::all().front().code)};
}

json::Object account_schemas() {
  return {{"Account", json::schema(account_fields(), json::Use::answer, unread_account())},
          {"NewAccount", json::schema(account_fields(), json::Use::creation, unread_account())},
          {"AccountChange", json::schema(account_fields(), json::Use::change, unread_account())}};
}

}  // namespace florin::ledger
