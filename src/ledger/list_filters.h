#pragma once
#include "ledger/ledger_queries.h"
#include "ledger/store/hold_store.h"

/// Which rows the filters of lists let through.
namespace florin::ledger {

bool matches(const Account& account, const AccountFilter& filter);
/// But for what is asked of its postings.
bool matches(const Transfer& transfer, const TransferFilter& filter);
/// Whether one of its postings is of the amount and currency asked for, on this account (zero:
/// any).
bool moves(const Transfer& transfer, const TransferFilter& filter, AccountId account);
/// But for its accounts.
bool matches(const store::HoldHead& hold, const HoldFilter& filter);
/// Whether being a transfer of the account and the time of entry is enough.
bool is_plain(const TransferFilter& filter);

}  // namespace florin::ledger
