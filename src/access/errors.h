#pragma once
#include "base/error.h"

namespace florin::access::errors {
/// Neither an `Authorization: Bearer` header nor a session, or a key that Florin does not know.
inline constexpr ErrorCode unauthenticated{ErrorKind::unauthenticated, "unauthenticated"};
/// The API key's time is over. Create a new one.
inline constexpr ErrorCode key_expired{ErrorKind::unauthenticated, "key_expired"};
/// The API key was revoked.
inline constexpr ErrorCode key_revoked{ErrorKind::unauthenticated, "key_revoked"};
/// The session has ended, by its time or by signing out, or this node does not know it. Sign in
/// again.
inline constexpr ErrorCode session_expired{ErrorKind::unauthenticated, "session_expired"};
/// The request came with an API key; there is no session to show or to end.
inline constexpr ErrorCode session_not_found{ErrorKind::not_found, "session_not_found"};
/// A request that changes something came by a session without its X-CSRF-Token.
inline constexpr ErrorCode csrf_token_invalid{ErrorKind::forbidden, "csrf_token_invalid"};
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
