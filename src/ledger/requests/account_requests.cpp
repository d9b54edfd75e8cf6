#include "ledger/requests/account_requests.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "ledger/account_fields.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

namespace florin::ledger::requests {
namespace {

constexpr std::size_t max_new_accounts = 1'000;

/// A body that is missing reads as an empty object: the required fields are named then.
std::string_view body_of(const http::Request& request) {
  return request.body.empty() ? std::string_view("{}") : std::string_view(request.body);
}

std::vector<FieldError> crossed_bounds(const Account& account) {
  if (!account.min_balance || !account.max_balance || *account.min_balance <= *account.max_balance)
    return {};
  return {{"/min_balance", "above_max_balance", "must not be above max_balance"}};
}

}  // namespace

Result<Account> new_account(const http::Request& request) {
  return json::read_new(account_fields(), body_of(request), unread_account(request.caller.tenant),
                        crossed_bounds);
}

Result<std::vector<Account>> new_accounts(const http::Request& request) {
  const json::Value document = TRY(json::parse(body_of(request)));
  std::vector<FieldError> problems;
  json::ObjectReader body(document, "", problems);
  std::vector<Account> accounts;
  if (const json::Array* items = body.required_array("accounts", 1, max_new_accounts)) {
    for (const json::Value& item : *items) {
      const std::string pointer = "/accounts/" + std::to_string(accounts.size());
      accounts.push_back(json::read_new_item(account_fields(), item, pointer, problems,
                                             unread_account(request.caller.tenant),
                                             crossed_bounds));
    }
  }
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return accounts;
}

Result<Account> account_change(const http::Request& request, const Account& before) {
  return json::read_change(account_fields(), body_of(request), before);
}

AccountRef account_in_path(const http::Request& request) {
  return AccountRef::parse(request.path_param("id"));
}

}  // namespace florin::ledger::requests
