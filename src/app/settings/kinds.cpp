#include "app/settings/kinds.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace florin::app::setting {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
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
  return [=](const Secret& secret) -> std::optional<std::string> {
    if (secret.reveal().size() >= bytes) return std::nullopt;
    return fmt::format("must have at least {} bytes", bytes);
  };
}

Setting secret(std::string_view key, std::string_view env, std::string_view help,
               const SecretRule& rule, const std::function<Secret&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            Secret wanted{std::string(value)};
            if (const auto broken = wanted.empty() ? std::nullopt : rule(wanted))
              return invalid(*broken);
            field(config) = std::move(wanted);
            return {};
          },
          [=](const Config& config) {
            return std::string(field(const_cast<Config&>(config)).empty() ? "" : hidden);
          }};
}

Setting list(std::string_view key, std::string_view env, std::string_view help,
             const std::function<std::vector<std::string>&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            std::vector<std::string> items;
            while (!value.empty()) {
              const std::size_t comma = std::min(value.find(','), value.size());
              if (comma > 0) items.emplace_back(value.substr(0, comma));
              value.remove_prefix(std::min(comma + 1, value.size()));
            }
            field(config) = std::move(items);
            return {};
          },
          [=](const Config& config) { return joined(field(const_cast<Config&>(config))); }};
}

}  // namespace florin::app::setting
