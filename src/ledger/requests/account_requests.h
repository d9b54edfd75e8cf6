#pragma once
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "platform/http/message.h"

/// Accounts as clients send them, read and checked by account_fields(): every bad field is named at
/// once (validation_failed).
namespace florin::ledger::requests {

/// Of the caller's tenant.
Result<Account> new_account(const http::Request& request);
Result<std::vector<Account>> new_accounts(const http::Request& request);
/// `before` as the request changes it.
Result<Account> account_change(const http::Request& request, const Account& before);

AccountRef account_in_path(const http::Request& request);

}  // namespace florin::ledger::requests
