#pragma once
#include "ledger/ledger.h"
#include "platform/http/message.h"

namespace florin::ledger {

/// The one place that says how an outcome answers its command: status and body. The first answer
/// and each replay come from here, so they are the same byte for byte.
http::Response answer(const Command& command, const Outcome& outcome);

/// The status alone, without rendering the body.
int status_of(const Command& command, const Outcome& outcome);

}  // namespace florin::ledger
