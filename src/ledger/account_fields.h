#pragma once
#include "ledger/ledger.h"
#include "platform/json/fields.h"

namespace florin::ledger {

/// What an account looks like outside: reading a new one and a change, writing it, and its schemas
/// (docs/adr/0032).
const json::Fields<Account>& account_fields();

/// What reading a new one begins with. Its currency is anyone's until the required field is read.
Account unread_account(TenantId tenant = {});

/// Account, NewAccount and AccountChange of the API document.
json::Object account_schemas();

}  // namespace florin::ledger
