#pragma once
#include "base/error.h"

namespace florin::access::errors {
/// No `Authorization: Bearer` header, or a key that Florin does not know.
inline constexpr ErrorCode unauthenticated{ErrorKind::unauthenticated, "unauthenticated"};
/// The API key's time is over. Create a new one.
inline constexpr ErrorCode key_expired{ErrorKind::unauthenticated, "key_expired"};
/// The API key was revoked.
inline constexpr ErrorCode key_revoked{ErrorKind::unauthenticated, "key_revoked"};
/// The API key lacks the permission that the route asks for; the detail names it.
inline constexpr ErrorCode permission_denied{ErrorKind::forbidden, "permission_denied"};
/// The key has used up its requests for now. Wait for Retry-After.
inline constexpr ErrorCode rate_limited{ErrorKind::limited, "rate_limited"};
/// A tenant of this name exists.
inline constexpr ErrorCode tenant_exists{ErrorKind::conflict, "tenant_exists"};
/// No tenant of this name or id.
inline constexpr ErrorCode tenant_not_found{ErrorKind::not_found, "tenant_not_found"};
/// No API key of this id.
inline constexpr ErrorCode api_key_not_found{ErrorKind::not_found, "api_key_not_found"};
}  // namespace florin::access::errors
