#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/http/message.h"
#include "sandbox/books.h"

namespace florin::sandbox {

/// A call of the EvenBet-like dialect: one address, the method in the body, whole minor units.
struct EvenbetRequest {
  std::string operation;  ///< As in our own dialect, so that faults match both: "debit", "balance".
  Movement movement;
};

/// Reads a body. Errors: malformed_json, validation_failed.
Result<EvenbetRequest> parse_evenbet_request(std::string_view body);

/// The number for an outcome. A rollback of what never came is 5 although it left its tombstone.
int evenbet_code(const Receipt& receipt);

http::Response evenbet_answer(const EvenbetRequest& request, const Receipt& receipt);
http::Response evenbet_bad_request();
http::Response evenbet_bad_signature();

}  // namespace florin::sandbox
