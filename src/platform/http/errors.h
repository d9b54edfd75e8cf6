#pragma once
#include "base/error.h"

namespace florin::http::errors {
/// The request is not valid HTTP/1.1.
inline constexpr ErrorCode malformed_request{ErrorKind::invalid, "malformed_request"};
/// No route matches this path.
inline constexpr ErrorCode route_not_found{ErrorKind::not_found, "route_not_found"};
/// The path does not support this method; see the Allow header.
inline constexpr ErrorCode method_not_allowed{ErrorKind::invalid, "method_not_allowed"};
/// The body exceeds the limit of the route.
inline constexpr ErrorCode body_too_large{ErrorKind::invalid, "body_too_large"};
/// The headers exceed the limit of the server.
inline constexpr ErrorCode headers_too_large{ErrorKind::invalid, "headers_too_large"};
/// The request timed out before it was complete; the connection is closed.
inline constexpr ErrorCode request_timeout{ErrorKind::invalid, "request_timeout"};
/// The Content-Type is not supported; send application/json.
inline constexpr ErrorCode unsupported_media_type{ErrorKind::invalid, "unsupported_media_type"};
/// The request queue is full. Nothing was executed; retry after Retry-After.
inline constexpr ErrorCode overloaded{ErrorKind::unavailable, "overloaded"};
/// The server ran out of memory. Whether the request was executed is unknown: retry with the same
/// Idempotency-Key, which executes it once.
inline constexpr ErrorCode out_of_memory{ErrorKind::unavailable, "out_of_memory"};
/// The server is shutting down. Nothing was executed; retry, or use another node.
inline constexpr ErrorCode shutting_down{ErrorKind::unavailable, "shutting_down"};
/// The port accepts HTTPS only; the client sent plain HTTP.
inline constexpr ErrorCode tls_required{ErrorKind::invalid, "tls_required"};
/// The certificate, its key or the client CA cannot be used.
inline constexpr ErrorCode tls_not_usable{ErrorKind::unavailable, "tls_not_usable"};
/// The server cannot listen on the address.
inline constexpr ErrorCode cannot_listen{ErrorKind::unavailable, "cannot_listen"};
}  // namespace florin::http::errors
