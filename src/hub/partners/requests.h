#pragma once
#include "base/result.h"
#include "hub/partners/partners.h"
#include "platform/http/message.h"

/// The bodies of /v1/partners, checked. Errors: malformed_json, validation_failed.
namespace florin::hub::requests {

Result<PartnerDraft> new_partner(const http::Request& request);
/// `before` as the request changes it.
Result<PartnerDraft> partner_change(const http::Request& request, const Partner& before);
/// For how long the secrets of before stay good, in seconds.
Result<std::int64_t> rotation_overlap_s(const http::Request& request);

struct NewWallet {
  std::string player;
  Currency currency;
};
Result<NewWallet> new_wallet(const http::Request& request, const Partner& partner);

}  // namespace florin::hub::requests
