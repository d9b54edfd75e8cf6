#pragma once
#include <optional>

#include "base/result.h"
#include "idempotency/key.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Tx;
}

/// What an idempotency key stores of an outcome, and the outcome read back for a replay. Of what
/// was made it stores ids: the answer is rendered after the commit, and again for each replay.
namespace florin::ledger {

/// What the command's key remembers of the outcome; nothing when the key stays free. A refusal, and
/// a bulk with one in it, is stored as it was sent (docs/adr/0006).
std::optional<idempotency::Record> remember(const Command& command, const Outcome& outcome);

/// Fills in what a Replay's first request made; other outcomes are left alone. `command` is that
/// request again.
/// Errors: store_corrupt.
Result<void> recall(sql::Tx& tx, const Command& command, Outcome& outcome);

}  // namespace florin::ledger
