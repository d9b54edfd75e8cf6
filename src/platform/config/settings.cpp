#include "platform/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "platform/config/errors.h"
#include "platform/http/network.h"

namespace florin::config {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t";
  const std::size_t first = std::min(text.find_first_not_of(spaces), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(spaces) + 1);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return out;
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

SecretRule at_least(std::size_t bytes) {
  return [=](const Secret& secret) -> std::optional<SecretFault> {
    if (secret.reveal().size() >= bytes) return std::nullopt;
    return SecretFault{"too_short", fmt::format("must have at least {} bytes", bytes)};
  };
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

namespace detail {

std::string sentence(std::string_view help, std::string_view rest, const More& more) {
  std::string text = fmt::format("{}{}.", help, rest);
  if (!more.help.empty()) text.append(" ").append(more.help);
  return text;
}

std::string bounds_text(const Bounds& bounds) {
  return fmt::format("{} to {}", bounds.min, bounds.max);
}

std::string words_text(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string must_be_word(const std::vector<std::string>& words) {
  return fmt::format("must be one of {}", fmt::join(words, ", "));
}

std::optional<std::string> broken_url(std::string_view value) {
  const std::size_t scheme = value.starts_with("https://")  ? 8
                             : value.starts_with("http://") ? 7
                                                            : 0;
  const bool is_url = scheme > 0 && value.size() > scheme &&
                      value.find_first_of(" \t\r\n") == std::string_view::npos;
  if (value.empty() || is_url) return std::nullopt;
  return "must be an http or https URL";
}

Result<std::vector<std::string>> list_of(
    std::string_view value,
    const std::function<std::optional<std::string>(std::string_view)>& rule) {
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
  return items;
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ","));
}

std::string key_of(std::string_view section, std::string_view name) {
  return fmt::format("{}.{}", section, name);
}

std::string env_of(std::string_view prefix, std::string_view section, std::string_view name) {
  if (!prefix.empty()) return std::string(prefix) + upper(name);
  return "FLORIN_" + upper(section) + "_" + upper(name);
}

}  // namespace detail
}  // namespace florin::config
