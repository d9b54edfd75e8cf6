#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "hub/hub.h"
#include "hub/partners/authentication.h"
#include "hub/wallet/store.h"
#include "platform/http/message.h"

/// The bodies of the wallet API, checked. Errors: malformed_json, validation_failed naming every
/// bad field.
namespace florin::hub::requests {

/// Errors besides: unsupported_currency, amount_limit_exceeded (both store nothing).
Result<Movement> movement(const http::Request& request, const SignedCall& caller, Kind kind);

struct BalanceRequest {
  std::string player;
  Currency currency;
};
/// Errors besides: unsupported_currency.
Result<BalanceRequest> balance(const http::Request& request, const Partner& partner);

/// Of the query: all but the partner.
Result<store::Filter> transaction_filter(const http::Request& request);

}  // namespace florin::hub::requests
