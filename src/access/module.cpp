#include "access/module.h"

#include "access/access.h"
#include "access/key_authenticator.h"
#include "access/sessions.h"
#include "access/settings.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"
#include "platform/sql/database.h"

namespace florin::access {
namespace {

class AccessPart final : public modules::Part {
 public:
  explicit AccessPart(modules::Services& services)
      : access_(services.get<sql::Database>(), services.get<const Clock>(),
                services.get<IdGenerator>(), services.get<const Permissions>(),
                services.get<const Settings>().rate_limit_per_second),
        sessions_(services.get<cache::TtlCache>(), services.get<const Clock>(),
                  services.get<const SessionSettings>()),
        authenticator_(services.get<sql::Database>(), services.get<const Clock>(),
                       services.get<cache::RateLimiter>(), sessions_) {
    services.provide(access_);
    services.provide(sessions_);
    services.provide(authenticator_);
  }

  http::Routes routes() override { return session_routes({access_, authenticator_, sessions_}); }

  std::vector<jobs::Job> jobs() override {
    return {{"access.refresh_keys", "Loads API keys that were made or revoked elsewhere.", 1'000,
             [this]() -> Result<std::string> {
               TRY(authenticator_.refresh());
               return std::string();
             }}};
  }

  Result<void> start() override { return authenticator_.refresh(); }

 private:
  Access access_;
  Sessions sessions_;
  KeyAuthenticator authenticator_;
};

}  // namespace

modules::Module module() {
  return {.name = "access",
          .migrations = migrations(),
          .settings = {settings_section(), session_settings_section()},
          .build = modules::make_part<AccessPart>};
}

}  // namespace florin::access
