#pragma once
#include <optional>

#include "base/result.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Tx;
}

namespace florin::ledger::bulk {

/// What a bulk with more than plain transfers is refused with because the holds and transfers that
/// its steps name have too many postings: weight_of() cannot know of them. It looks at no posting,
/// and at nothing for other commands. Nothing also for a bulk that is a replay of an earlier one.
/// Errors: those of the database.
Result<std::optional<Error>> refusal_of(sql::Tx& tx, const Command& command);

}  // namespace florin::ledger::bulk
