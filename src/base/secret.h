#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace florin {

/// A value that never reaches a log, an error or a page: it has no way to print itself, and its
/// memory is overwritten when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  /// The one way in; search for it to find every use.
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// The rule that a secret which somebody chose breaks. It never quotes the secret.
struct SecretFault {
  std::string_view rule;  ///< "too_short"
  std::string detail;     ///< To stand behind the secret's name: "must have 16 to 255 bytes".
};
/// Nothing when the secret is good.
using SecretRule = std::function<std::optional<SecretFault>(const Secret&)>;

/// "guessable": it has fewer than six different bytes, or is a shorter text over and over. Chance
/// makes no such secret.
std::optional<SecretFault> guessable_secret(const Secret& secret);

}  // namespace florin
