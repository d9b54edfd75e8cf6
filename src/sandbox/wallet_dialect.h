#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/http/message.h"
#include "sandbox/books.h"

namespace florin::sandbox {

/// A call of the operator's own dialect, `POST /wallet/<operation>`.
struct WalletRequest {
  std::string operation;
  std::string request_id;  ///< Echoed; new for every attempt.
  Movement movement;       ///< Of authenticate and balance: player, currency and session alone.
  bool has_valid_amount = true;
};

/// Reads a body. Errors: malformed_json, validation_failed (both are BAD_REQUEST to the caller).
/// An amount that its currency cannot have is no error of form: see `has_valid_amount`.
Result<WalletRequest> parse_wallet_request(std::string_view operation, std::string_view body);

/// The word for an outcome: "OK", "INSUFFICIENT_FUNDS".
std::string_view wallet_word(Outcome outcome);

/// The answer: HTTP 200 for every outcome of the business.
http::Response wallet_answer(const WalletRequest& request, const Receipt& receipt);
/// HTTP 400 with BAD_REQUEST and the first thing that is wrong.
http::Response wallet_bad_request(const Error& error);
/// HTTP 401 with INVALID_SIGNATURE.
http::Response wallet_bad_signature();
/// A page of `GET /wallet/transactions`.
http::Response wallet_list(const RowPage& page);

}  // namespace florin::sandbox
