#include "app/settings/kinds.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "platform/http/network.h"

namespace florin::app::setting {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t";
  const std::size_t first = std::min(text.find_first_not_of(spaces), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(spaces) + 1);
}

}  // namespace

Error invalid(std::string detail) { return {errors::invalid_configuration, std::move(detail)}; }

Result<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value < min || value > max)
    return invalid(fmt::format("must be a whole number from {} to {}", min, max));
  return value;
}

std::string without_password(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t at = url.find('@', scheme);
  const std::size_t colon = url.find(':', scheme + 3);
  if (at != std::string::npos && colon < at) url.replace(colon + 1, at - colon - 1, "***");
  for (const std::string_view name :
       {"?password=", "&password=", "?sslpassword=", "&sslpassword="}) {
    const std::size_t found = url.find(name);
    if (found == std::string::npos) continue;
    const std::size_t value = found + name.size();
    url.replace(value, std::min(url.find('&', value), url.size()) - value, "***");
  }
  return url;
}

Setting text(std::string_view key, std::string_view env, std::string_view help,
             const std::function<std::string&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            if (value.empty()) return invalid("must not be empty");
            field(config) = std::string(value);
            return {};
          },
          [=](const Config& config) { return field(const_cast<Config&>(config)); }};
}

Setting flag(std::string_view key, std::string_view env, std::string_view help,
             const std::function<bool&(Config&)>& field) {
  return {
      key, env, help,
      [=](Config& config, std::string_view value) -> Result<void> {
        if (value != "true" && value != "false") return invalid("must be true or false");
        field(config) = value == "true";
        return {};
      },
      [=](const Config& config) { return field(const_cast<Config&>(config)) ? "true" : "false"; }};
}

Setting optional_text(std::string_view key, std::string_view env, std::string_view help,
                      const std::function<std::string&(Config&)>& field) {
  Setting setting = text(key, env, help, field);
  setting.set = [=](Config& config, std::string_view value) -> Result<void> {
    field(config) = std::string(value);
    return {};
  };
  return setting;
}

SecretRule at_least(std::size_t bytes) {
  return [=](const Secret& secret) -> std::optional<SecretFault> {
    if (secret.reveal().size() >= bytes) return std::nullopt;
    return SecretFault{"too_short", fmt::format("must have at least {} bytes", bytes)};
  };
}

Setting secret(std::string_view key, std::string_view env, std::string_view help,
               const SecretRule& rule, const std::function<Secret&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            Secret wanted{std::string(value)};
            if (const auto broken = wanted.empty() ? std::nullopt : rule(wanted))
              return invalid(broken->detail);
            field(config) = std::move(wanted);
            return {};
          },
          [=](const Config& config) {
            return std::string(field(const_cast<Config&>(config)).empty() ? "" : hidden);
          }};
}

std::optional<std::string> broken_host_rule(std::string_view item) {
  const std::string rule = "must be HOST or HOST:PORT, such as hooks.internal:8443";
  // An IPv6 address may stand alone; with a port it has brackets.
  const bool is_bare_ipv6 = http::Network::parse(item) && item.find(':') != std::string_view::npos;
  const std::size_t bracket = item.starts_with('[') ? item.find(']') : std::string_view::npos;
  const std::size_t colon = is_bare_ipv6
                                ? std::string_view::npos
                                : item.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (item.find_first_of("/*@? ") != std::string_view::npos || colon == 0) return rule;
  if (colon == std::string_view::npos) return std::nullopt;
  if (!whole_number(item.substr(colon + 1), 1, 65'535)) return rule;
  return std::nullopt;
}

std::optional<std::string> broken_network_rule(std::string_view item) {
  if (http::Network::parse(item)) return std::nullopt;
  return "must be an address or a network, such as 10.0.0.7 or 10.0.0.0/8";
}

Setting list(std::string_view key, std::string_view env, std::string_view help, ItemRule rule,
             const std::function<std::vector<std::string>&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            std::vector<std::string> items;
            while (!value.empty()) {
              const std::size_t comma = std::min(value.find(','), value.size());
              const std::string_view item = trimmed(value.substr(0, comma));
              value.remove_prefix(std::min(comma + 1, value.size()));
              if (item.empty()) continue;
              if (const auto broken = rule(item))
                return invalid(fmt::format("has the entry \"{}\", which {}", item, *broken));
              items.emplace_back(item);
            }
            field(config) = std::move(items);
            return {};
          },
          [=](const Config& config) { return joined(field(const_cast<Config&>(config))); }};
}

Setting url(std::string_view key, std::string_view env, std::string_view help, UrlRule rule,
            const std::function<std::string&(Config&)>& field) {
  return {
      key, env, help,
      [=](Config& config, std::string_view value) -> Result<void> {
        const std::size_t scheme = value.starts_with("https://")  ? 8
                                   : value.starts_with("http://") ? 7
                                                                  : 0;
        const bool is_url = scheme > 0 && value.size() > scheme &&
                            value.find_first_of(" \t\r\n") == std::string_view::npos;
        if (!value.empty() && !is_url) return invalid("must be an http or https URL");
        const auto broken = value.empty() ? std::nullopt : rule(value);
        if (broken) return invalid(*broken);
        field(config) = std::string(value);
        return {};
      },
      [=](const Config& config) { return without_password(field(const_cast<Config&>(config))); }};
}

}  // namespace florin::app::setting
