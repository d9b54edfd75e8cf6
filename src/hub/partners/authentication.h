#pragma once
#include "base/result.h"
#include "base/timestamp.h"
#include "hub/partners/partners.h"
#include "platform/http/message.h"

namespace florin::hub {

/// A call that may go on: whose it is, and the first bytes of its signature.
struct SignedCall {
  PartnerPtr partner;
  SignatureMark signature{};
};

/// Admits a signed call: X-Partner-Id (absent: "default") names an active partner, X-Timestamp
/// (Unix seconds) is at most 300 s off, X-Signature fits one of its active secrets, and its rate is
/// kept. The signature is the lower-case hex of HMAC-SHA256(secret, raw body + timestamp), or "v2="
/// and that of HMAC-SHA256(secret, "v2\n" timestamp "\n" method "\n" path["?"query] "\n"
/// Idempotency-Key "\n" raw body); a partner of scheme v2 takes the latter alone. Works from
/// memory, for hot routes. Errors: stale_timestamp, invalid_signature (one answer for a wrong
/// signature, an unknown and a disabled partner), partner_rate_limited.
Result<SignedCall> authenticate(const Partners& partners, const http::Request& request,
                                Timestamp now);

}  // namespace florin::hub
