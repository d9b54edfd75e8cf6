#include "app/exposure.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "hub/settings.h"
#include "platform/crypto/base64.h"
#include "platform/crypto/random.h"
#include "webhooks/settings.h"

namespace florin::app {
namespace {

constexpr std::size_t key_bytes = 32;

Error refused(std::string detail) { return {errors::invalid_configuration, std::move(detail)}; }

constexpr std::string_view must_be_own_rule =
    "must not be a secret that the sandbox's documentation tells everybody when others than this "
    "machine can connect; take one from `openssl rand -hex 32`";

Error must_be_own(std::string_view setting) {
  return refused(fmt::format("{} {}", setting, must_be_own_rule));
}

}  // namespace

bool is_published(const Secret& secret) {
  const sandbox::Options published;
  std::vector<Secret> all = published.operator_secrets;
  all.push_back(published.hub_secret);
  all.push_back(published.webhook_secret);
  return std::any_of(all.begin(), all.end(),
                     [&](const Secret& each) { return each.reveal() == secret.reveal(); });
}

SecretRule secret_rule(const Config& config) {
  if (is_loopback(config.http.host)) return [](const Secret&) { return std::nullopt; };
  return [](const Secret& secret) -> std::optional<SecretFault> {
    if (!is_published(secret)) return std::nullopt;
    return SecretFault{"published", std::string(must_be_own_rule)};
  };
}

Result<void> check_combination(const Config& config) {
  if (config.sandbox && config.http.tls)
    return refused(
        "http.tls_certificate must not be set with --sandbox: a sandbox plays over plain HTTP");
  const auto& hub = config.get<hub::Settings>();
  const bool is_without_partner = hub.hmac_secret.empty() && !config.sandbox;
  if (is_without_partner && !hub.operator_base_url.empty())
    return refused(
        "hub.operator_base_url needs hub.hmac_secret: without it there is no default partner whose "
        "players' money the Operator could hold");
  return {};
}

Result<void> check_exposure(const Config& config) {
  if (is_loopback(config.http.host)) return {};
  if (config.sandbox && !config.is_public_sandbox) {
    return refused(
        "http.listen must be a loopback address with --sandbox, such as 127.0.0.1:8000: everybody "
        "knows its secrets; with --public too it takes any address and makes secrets of its own");
  }
  for (const auto& [setting, secret] :
       {std::pair("hub.hmac_secret", &config.get<hub::Settings>().hmac_secret),
        std::pair("hub.operator_secret", &config.get<hub::Settings>().operator_secret),
        std::pair("webhooks.rgs_secret", &config.get<webhooks::Settings>().game_server.secret)}) {
    if (is_published(*secret)) return must_be_own(setting);
  }
  return {};
}

Result<void> check_exposure(const Config& config, const hub::Partners& partners) {
  if (is_loopback(config.http.host)) return {};
  const std::string found = partners.active_with_secret(is_published);
  if (found.empty()) return {};
  const hub::PartnerPtr partner = partners.by_code(found);
  return refused(fmt::format(
      "the partner {0} has a secret that the sandbox's documentation tells everybody: listen on a "
      "loopback address, or first run: florin partners rotate-secret {0} --overlap 0 --tenant {1}",
      found, partner ? partner->partner.tenant.str() : "TENANT"));
}

Result<void> check_exposure(const sandbox::Options& options, bool is_public) {
  if (is_loopback(options.operator_host) && is_loopback(options.rgs_host)) return {};
  if (!is_public) {
    return refused(
        "--operator-listen and --rgs-listen must be loopback addresses, such as 127.0.0.1:3001: "
        "the control needs no key; with --public they may be any");
  }
  for (const auto& [flag, secret] :
       {std::pair("--secret", &options.hub_secret),
        std::pair("--operator-secret", &options.operator_secrets.front()),
        std::pair("--webhook-secret", &options.webhook_secret)}) {
    if (is_published(*secret)) return must_be_own(flag);
  }
  return {};
}

sandbox::Options sandbox_secrets(const Config& config) {
  sandbox::Options options;
  if (!config.is_public_sandbox) return options;
  options.hub_secret = hub::new_partner_secret();
  options.operator_secrets = {hub::new_partner_secret()};
  options.webhook_secret = Secret("whsec_" + crypto::to_base64(crypto::random_bytes(key_bytes)));
  return options;
}

}  // namespace florin::app
