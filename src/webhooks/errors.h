#pragma once
#include "base/error.h"

namespace florin::webhooks::errors {

/// No webhook endpoint of this id in the caller's tenant, or it was deleted.
inline constexpr ErrorCode webhook_endpoint_not_found{ErrorKind::not_found,
                                                      "webhook_endpoint_not_found"};
/// No webhook delivery of this id in the caller's tenant, or it is past its retention.
inline constexpr ErrorCode webhook_delivery_not_found{ErrorKind::not_found,
                                                      "webhook_delivery_not_found"};
/// The URL is not one that may be called: it must be https to a public address. The detail names
/// the rule.
inline constexpr ErrorCode webhook_url_refused{ErrorKind::rejected, "webhook_url_refused"};
/// The tenant has as many webhook endpoints as it may have; delete one first.
inline constexpr ErrorCode webhook_endpoint_limit{ErrorKind::conflict, "webhook_endpoint_limit"};
/// The endpoint belongs to the configuration of this server: its address cannot be changed here,
/// nor can it be deleted.
inline constexpr ErrorCode webhook_endpoint_managed{ErrorKind::conflict,
                                                    "webhook_endpoint_managed"};
/// The endpoint is disabled, so nothing can be sent to it. Enable it first.
inline constexpr ErrorCode webhook_endpoint_disabled{ErrorKind::conflict,
                                                     "webhook_endpoint_disabled"};
/// Too many secrets of this endpoint are valid at the same time; let one expire, or rotate without
/// overlap.
inline constexpr ErrorCode webhook_secret_limit{ErrorKind::conflict, "webhook_secret_limit"};
/// The delivery still waits for its next attempt: there is nothing to replay yet.
inline constexpr ErrorCode webhook_delivery_open{ErrorKind::conflict, "webhook_delivery_open"};

}  // namespace florin::webhooks::errors
