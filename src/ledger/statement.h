#pragma once
#include "base/result.h"
#include "ledger/ledger_queries.h"

namespace florin::sql {
class Tx;
}

namespace florin::ledger {

/// The account's posted balance after what was entered, or effective, at or before `at`.
Result<std::int64_t> posted_balance_at(sql::Tx& tx, const Account& account, Timestamp at,
                                       TimeKind time);

/// A page of the account's statement of the period, in the order of the time that the period is of.
/// Errors: too_many_rows.
Result<Statement> read_statement(sql::Tx& tx, Account account, const Period& period,
                                 PageRequest page);

}  // namespace florin::ledger
