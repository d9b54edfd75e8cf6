#pragma once
#include "base/result.h"
#include "ledger/ledger.h"
#include "platform/http/message.h"

/// Commands as clients send them, read and checked: every bad field is named at once
/// (validation_failed), before anything is looked up. Each carries the key of its request.
namespace florin::ledger::requests {

Result<Command> post_transfer(const http::Request& request);
Result<Command> post_bulk(const http::Request& request);
Result<Command> place_hold(const http::Request& request);
Result<Command> capture_hold(const http::Request& request);
Result<Command> release_hold(const http::Request& request);
Result<Command> reverse_transfer(const http::Request& request);

/// Errors: transfer_not_found, hold_not_found when the path holds no id of that kind.
Result<TransferId> transfer_in_path(const http::Request& request);
Result<HoldId> hold_in_path(const http::Request& request);

}  // namespace florin::ledger::requests
