#pragma once
#include "base/error.h"

namespace florin::access::errors {
/// The request has no `Authorization: Bearer` header and no session, or the API key is unknown.
inline constexpr ErrorCode unauthenticated{ErrorKind::unauthenticated, "unauthenticated"};
/// The API key has expired. Create a new one.
inline constexpr ErrorCode key_expired{ErrorKind::unauthenticated, "key_expired"};
/// The API key was revoked.
inline constexpr ErrorCode key_revoked{ErrorKind::unauthenticated, "key_revoked"};
/// The session has expired or was signed out, or is unknown to this node. Sign in again.
inline constexpr ErrorCode session_expired{ErrorKind::unauthenticated, "session_expired"};
/// The request was made with an API key; it has no session to show or end.
inline constexpr ErrorCode session_not_found{ErrorKind::not_found, "session_not_found"};
/// A session request that changes data has no valid X-CSRF-Token.
inline constexpr ErrorCode csrf_token_invalid{ErrorKind::forbidden, "csrf_token_invalid"};
/// The API key lacks the permission that the route requires; the detail names it.
inline constexpr ErrorCode permission_denied{ErrorKind::forbidden, "permission_denied"};
/// The rate limit of the API key is exceeded. Wait for Retry-After.
inline constexpr ErrorCode rate_limited{ErrorKind::limited, "rate_limited"};
/// A tenant with this name already exists.
inline constexpr ErrorCode tenant_exists{ErrorKind::conflict, "tenant_exists"};
/// No tenant has this name or id.
inline constexpr ErrorCode tenant_not_found{ErrorKind::not_found, "tenant_not_found"};
/// No API key has this id.
inline constexpr ErrorCode api_key_not_found{ErrorKind::not_found, "api_key_not_found"};
}  // namespace florin::access::errors
