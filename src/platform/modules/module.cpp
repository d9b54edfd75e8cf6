#include "platform/modules/module.h"

#include <array>

#include "platform/crypto/vault.h"
#include "platform/log/log.h"

namespace florin::modules {

std::string_view to_string(HealthLevel level) {
  constexpr std::array<std::string_view, 3> words{"healthy", "degraded", "down"};
  return words[static_cast<std::size_t>(level)];
}

Result<void> without_secret_key(Result<void> outcome, std::string_view setting) {
  if (outcome || outcome.error().code != crypto::errors::secret_key_missing) return outcome;
  log::error("a configured secret was not loaded",
             {{"setting", setting}, {"reason", outcome.error().detail}});
  return {};
}

}  // namespace florin::modules
