#include "platform/http/status.h"

#include <array>
#include <utility>

#include "platform/http/errors.h"

namespace florin::http {
namespace {

/// Codes whose status is another than that of their kind.
constexpr std::array<std::pair<ErrorCode, int>, 5> exceptions{{
    {errors::method_not_allowed, 405},
    {errors::request_timeout, 408},
    {errors::body_too_large, 413},
    {errors::unsupported_media_type, 415},
    {errors::headers_too_large, 431},
}};

int status_of_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::insufficient_funds:
      return 402;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::rejected:
      return 422;
    case ErrorKind::limited:
      return 429;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::internal:
      break;
  }
  return 500;
}

}  // namespace

int status_of(const ErrorCode& code) {
  for (const auto& [exception, status] : exceptions) {
    if (exception == code) return status;
  }
  return status_of_kind(code.kind);
}

}  // namespace florin::http
