#pragma once
#include "ledger/ledger.h"
#include "platform/http/message.h"

namespace florin::ledger {

/// The one place that says how an outcome answers its command: status and body. What a key
/// remembers and what the first client read come from here both, so a replay is the same byte for
/// byte.
http::Response answer(const Command& command, const Outcome& outcome);

/// What the command's key remembers of the outcome; nothing when the key stays free.
std::optional<idempotency::Record> remembered_answer(const Command& command,
                                                     const Outcome& outcome);

}  // namespace florin::ledger
