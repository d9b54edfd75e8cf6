#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace florin {

/// What the caller can do about an error. Outside, a kind is an HTTP status
/// (platform/http/status.h).
enum class ErrorKind : std::uint8_t {
  invalid,             ///< The request breaks a rule of its form; correct it.
  unauthenticated,     ///< No credential, or one that is not known.
  forbidden,           ///< Known, but not allowed.
  not_found,           ///< Nothing of that name, or it belongs to somebody else.
  conflict,            ///< The state of a thing forbids it now.
  rejected,            ///< Understood and refused by a rule of the business.
  insufficient_funds,  ///< Refused because the money is not there; with more of it, it works.
  limited,             ///< Too many or too much; later it may work.
  unavailable,         ///< A dependency is unavailable; nothing was acknowledged, retrying is safe.
  internal             ///< Our own fault.
};

/// A documented reason. Codes are constants in each module's errors.h and stand in docs/errors.md.
struct ErrorCode {
  ErrorKind kind;
  std::string_view name;

  friend constexpr bool operator==(const ErrorCode& a, const ErrorCode& b) {
    return a.name == b.name;
  }
};

/// One bad field of a request: `pointer` is a JSON pointer (RFC 6901), `rule` a snake_case word.
struct FieldError {
  std::string pointer;
  std::string_view rule;
  std::string detail;
};

/// Why something did not happen. `detail` is a sentence for the API client: no secret, no personal
/// data.
struct Error {
  ErrorCode code;
  std::string detail;
  std::vector<FieldError> fields = {};
  int retry_after_s = 0;  ///< Set where waiting helps; becomes `Retry-After`.
};

namespace errors {
/// The request is not valid; `errors` names every invalid field with its rule.
inline constexpr ErrorCode validation_failed{ErrorKind::invalid, "validation_failed"};
/// An error in Florin itself. The request id finds the log line.
inline constexpr ErrorCode internal_error{ErrorKind::internal, "internal_error"};
}  // namespace errors

}  // namespace florin
