#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.h"

/// The kinds of settings: how each reads its text, what it refuses, and how it is shown.
namespace florin::app::setting {

/// How a secret that is set is shown.
constexpr const char* hidden = "(set)";

/// invalid_configuration; whoever sets the setting puts its name before the detail.
Error invalid(std::string detail);

/// A password in a URL stays out of sight, before the host and among the parameters.
std::string without_password(std::string url);

/// Errors: invalid_configuration when the text is none, or out of bounds.
Result<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max);

/// A setting that is a whole number within bounds.
template <class Int>
Setting number(std::string_view key, std::string_view env, std::string_view help, std::int64_t min,
               std::int64_t max, const std::function<Int&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view text) -> Result<void> {
            const auto value = whole_number(text, min, max);
            if (!value) return value.error();
            field(config) = static_cast<Int>(*value);
            return {};
          },
          [=](const Config& config) { return std::to_string(field(const_cast<Config&>(config))); }};
}

/// Not empty.
Setting text(std::string_view key, std::string_view env, std::string_view help,
             const std::function<std::string&(Config&)>& field);
/// A text that may be empty.
Setting optional_text(std::string_view key, std::string_view env, std::string_view help,
                      const std::function<std::string&(Config&)>& field);
/// true or false.
Setting flag(std::string_view key, std::string_view env, std::string_view help,
             const std::function<bool&(Config&)>& field);
SecretRule at_least(std::size_t bytes);
/// A setting whose value is never shown. Empty: there is none.
Setting secret(std::string_view key, std::string_view env, std::string_view help,
               const SecretRule& rule, const std::function<Secret&(Config&)>& field);
/// The rule that one text of a list breaks, to stand behind it; nothing when it is good.
using ItemRule = std::optional<std::string> (*)(std::string_view item);
/// "HOST" or "HOST:PORT", without scheme, path or pattern.
std::optional<std::string> broken_host_rule(std::string_view item);
/// An address or a network, such as 10.0.0.0/8.
std::optional<std::string> broken_network_rule(std::string_view item);
/// Texts with commas between; spaces around them do not count.
Setting list(std::string_view key, std::string_view env, std::string_view help, ItemRule rule,
             const std::function<std::vector<std::string>&(Config&)>& field);
using UrlRule = std::optional<std::string> (*)(std::string_view url);
/// An http or https URL that keeps the rule, or nothing.
Setting url(std::string_view key, std::string_view env, std::string_view help, UrlRule rule,
            const std::function<std::string&(Config&)>& field);

/// One of a few words.
template <class Enum, std::size_t count>
Setting word(std::string_view key, std::string_view env, std::string_view help,
             const std::array<std::pair<std::string_view, Enum>, count>& words,
             const std::function<Enum&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            std::string choices;
            for (const auto& [name, meaning] : words) {
              if (name == value) {
                field(config) = meaning;
                return {};
              }
              choices += choices.empty() ? "" : ", ";
              choices += name;
            }
            return invalid("must be one of " + choices);
          },
          [=](const Config& config) {
            for (const auto& [name, meaning] : words) {
              if (meaning == field(const_cast<Config&>(config))) return std::string(name);
            }
            return std::string();
          }};
}

}  // namespace florin::app::setting
