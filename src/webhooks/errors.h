#pragma once
#include "base/error.h"

namespace florin::webhooks::errors {

/// The caller's tenant has no webhook endpoint with this id, or it was deleted.
inline constexpr ErrorCode webhook_endpoint_not_found{ErrorKind::not_found,
                                                      "webhook_endpoint_not_found"};
/// The caller's tenant has no webhook delivery with this id, or its retention period has ended.
inline constexpr ErrorCode webhook_delivery_not_found{ErrorKind::not_found,
                                                      "webhook_delivery_not_found"};
/// The URL is not allowed: it must be https to a public address. The detail names the rule.
inline constexpr ErrorCode webhook_url_refused{ErrorKind::rejected, "webhook_url_refused"};
/// The tenant has reached its limit of webhook endpoints; delete one first.
inline constexpr ErrorCode webhook_endpoint_limit{ErrorKind::conflict, "webhook_endpoint_limit"};
/// The endpoint is managed by the server's configuration; its address cannot be changed here, and
/// it cannot be deleted.
inline constexpr ErrorCode webhook_endpoint_managed{ErrorKind::conflict,
                                                    "webhook_endpoint_managed"};
/// The endpoint is disabled; nothing is sent to it. Enable it first.
inline constexpr ErrorCode webhook_endpoint_disabled{ErrorKind::conflict,
                                                     "webhook_endpoint_disabled"};
/// Too many secrets of this endpoint are valid at the same time; let one expire, or rotate without
/// overlap.
inline constexpr ErrorCode webhook_secret_limit{ErrorKind::conflict, "webhook_secret_limit"};
/// The delivery is still pending; only a finished one can be replayed.
inline constexpr ErrorCode webhook_delivery_open{ErrorKind::conflict, "webhook_delivery_open"};

}  // namespace florin::webhooks::errors
