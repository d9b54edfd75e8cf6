#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/config/settings.h"
#include "platform/http/route.h"
#include "platform/jobs/leased_task.h"
#include "platform/jobs/scheduler.h"
#include "platform/json/value.h"
#include "platform/modules/services.h"
#include "platform/sql/migration.h"

/// What every module of the program brings to it. src/app/modules.cpp has the list of them.
namespace florin::modules {

/// degraded: it works, and a person should check it.
enum class HealthLevel : std::uint8_t { healthy, degraded, down };
std::string_view to_string(HealthLevel level);

struct Health {
  HealthLevel level = HealthLevel::healthy;
  std::string reason = {};  ///< One sentence; empty when there is nothing to say.

  static Health degraded(std::string reason) { return {HealthLevel::degraded, std::move(reason)}; }
};

/// Something outside that the program can do without for a time: while it is unavailable, the
/// server is degraded and continues.
struct Dependency {
  std::string name;  ///< "kafka"
  bool is_healthy = true;
  std::string detail;
};

/// A module at work in one process. Parts are built in the order of the list of modules and
/// destroyed in the reverse order. Routes, health() and dependency() are used by many threads.
class Part {
 public:
  virtual ~Part() = default;

  /// Called once, before the first request or command: ids continue after the newest stored.
  virtual Result<void> recover() { return {}; }
  /// Brings into the database what the settings ask for. Called by the server, after recover().
  virtual Result<void> apply_settings() { return {}; }
  virtual http::Routes routes() { return {}; }
  virtual std::vector<jobs::Job> jobs() { return {}; }
  /// Run by one node alone, besides the jobs that say so.
  virtual std::vector<jobs::LeasedTask> leased_tasks() { return {}; }

  /// Cheap; called while the database answers. Failed jobs of the module are reported without it.
  virtual Health health() { return {}; }
  /// Nothing when it is not configured.
  virtual std::optional<Dependency> dependency() { return std::nullopt; }
  /// Things whose sealed secrets do not open with the secret key: "partner acme".
  virtual Result<std::vector<std::string>> unreadable_secrets() {
    return std::vector<std::string>();
  }

  /// Before the first request is taken.
  virtual Result<void> start() { return {}; }
  /// First step of a stop: background work ends, requests are still answered. May be called
  /// without start().
  virtual void begin_to_leave() {}
  /// No request, job or leased task runs any more. May be called twice, and without start().
  virtual void stop() {}
};

/// A module as a value. `name` is that of its folder, and its jobs and leased tasks begin with it.
struct Module {
  std::string_view name;
  std::span<const sql::Migration> migrations = {};
  /// The types of the events that it writes; docs/events.md describes them.
  std::span<const std::string_view> event_types = {};
  /// The permissions that its routes ask for: "ledger:read".
  std::span<const std::string_view> permissions = {};
  /// The schemas of the API document that are made from descriptions of fields.
  json::Object (*api_schemas)() = nullptr;
  /// Each fills a struct, which `build` finds as a const service.
  std::vector<config::Section> settings = {};
  /// Takes what it needs from `services` and provides its facade to the modules after it. Null: the
  /// module has nothing that runs in the server.
  std::unique_ptr<Part> (*build)(Services& services) = nullptr;
};

/// For Module::build.
template <class P>
std::unique_ptr<Part> make_part(Services& services) {
  return std::make_unique<P>(services);
}

/// Where the program keeps files.
struct DataFolder {
  std::string path;
};

/// The tenant of what the settings alone describe. Made when it is missing.
struct ConfiguredTenant {
  std::function<Result<TenantId>()> find;
};

/// A configured secret cannot be stored while the secret key is lost: that is logged, and the
/// server starts without it. Any other outcome is passed on.
Result<void> without_secret_key(Result<void> outcome, std::string_view setting);

}  // namespace florin::modules
