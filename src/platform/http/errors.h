#pragma once
#include "base/error.h"

namespace florin::http::errors {
/// The bytes are not an HTTP/1.1 request.
inline constexpr ErrorCode malformed_request{ErrorKind::invalid, "malformed_request"};
/// No route has this path.
inline constexpr ErrorCode route_not_found{ErrorKind::not_found, "route_not_found"};
/// The path exists, with other methods; see the Allow header.
inline constexpr ErrorCode method_not_allowed{ErrorKind::invalid, "method_not_allowed"};
/// The body is longer than the route takes.
inline constexpr ErrorCode body_too_large{ErrorKind::invalid, "body_too_large"};
/// The header block is longer than the server takes.
inline constexpr ErrorCode headers_too_large{ErrorKind::invalid, "headers_too_large"};
/// The request did not arrive in time; the connection is closed.
inline constexpr ErrorCode request_timeout{ErrorKind::invalid, "request_timeout"};
/// A body came with another content type than application/json.
inline constexpr ErrorCode unsupported_media_type{ErrorKind::invalid, "unsupported_media_type"};
/// More requests wait than the server is willing to queue. Nothing was done; retry after the pause.
inline constexpr ErrorCode overloaded{ErrorKind::unavailable, "overloaded"};
/// Memory ran out while the request was worked on. Whether it was done is not known: retry with the
/// same Idempotency-Key, which does it once.
inline constexpr ErrorCode out_of_memory{ErrorKind::unavailable, "out_of_memory"};
/// The server is shutting down. Nothing was done; another node or a retry will serve it.
inline constexpr ErrorCode shutting_down{ErrorKind::unavailable, "shutting_down"};
/// The port takes HTTPS, and the client spoke plain HTTP.
inline constexpr ErrorCode tls_required{ErrorKind::invalid, "tls_required"};
/// The certificate, its key or the client CA cannot be used.
inline constexpr ErrorCode tls_not_usable{ErrorKind::unavailable, "tls_not_usable"};
/// The address cannot be listened on.
inline constexpr ErrorCode cannot_listen{ErrorKind::unavailable, "cannot_listen"};
}  // namespace florin::http::errors
