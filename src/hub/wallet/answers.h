#pragma once
#include "hub/hub.h"
#include "platform/http/message.h"

namespace florin::hub {

/// How the movement is answered. Made from what never changes about a settled transaction, so that
/// a replay is the same byte for byte: 201 when it is done, the stored refusal, 202 while pending.
http::Response answer_of(const MovementResult& settled);

/// Keeps the refusal as the answer of the transaction's key.
void remember_refusal(WalletTransaction& transaction, const Error& error);

}  // namespace florin::hub
