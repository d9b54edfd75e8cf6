#pragma once
#include <memory>
#include <string>
#include <vector>

#include "access/access.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/id_generator.h"
#include "base/secret.h"
#include "events/event_types.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"
#include "platform/crypto/vault.h"
#include "platform/metrics/metrics.h"
#include "platform/modules/module.h"
#include "reconciliation/reconciliation.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// A module at work, with its name.
struct NamedPart {
  std::string_view name;
  std::unique_ptr<modules::Part> part;
};

/// All modules over one database: built in the order of the list, destroyed in the reverse order.
/// The server and the commands beside it work with them.
class Core {
 public:
  /// `secret_key` is what load_secret_key() gives. `given` has what a server brings besides:
  /// jobs::HeldLeases and its place among the nodes. All of it outlives this.
  Core(sql::Database& database, const Clock& clock, const Config& config, const Secret& secret_key,
       modules::Services given = {});
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// The facade of a module, or something that modules are built over.
  template <class T>
  T& get() const {
    return services_.get<T>();
  }
  const std::vector<NamedPart>& parts() const { return parts_; }

  /// Before the first request or command: ids continue after the newest that are stored. The second
  /// call does nothing. Errors: store errors.
  Result<void> recover();
  /// What is shared by all modules: Redis, when it is configured, and metrics.
  void start();
  /// Redis, and what the modules depend on.
  std::vector<modules::Dependency> dependencies() const;
  /// Things whose secrets do not open with the secret key: "partner acme". Errors: store errors.
  Result<std::vector<std::string>> unreadable_secrets() const;

 private:
  metrics::Registry metrics_;
  std::unique_ptr<cache::RateLimiter> limits_;
  std::unique_ptr<cache::TtlCache> values_;
  const crypto::Vault vault_;
  IdGenerator ids_;
  const Config config_;
  const SecretRule secret_rule_;
  const modules::DataFolder data_;
  const events::EventTypes event_types_;
  const access::Permissions permissions_;
  const jobs::HeldLeases every_duty_;
  const modules::ConfiguredTenant tenant_;
  const reconciliation::SourceFactory sources_;
  bool is_recovered_ = false;
  modules::Services services_;
  std::vector<NamedPart> parts_;
};

}  // namespace florin::app
