#include "app/modules.h"

/// The list of modules. A module may use the services of those above it.
#define FLORIN_MODULES(MODULE) \
  MODULE(cluster)              \
  MODULE(idempotency)          \
  MODULE(access)               \
  MODULE(events)               \
  MODULE(ledger)               \
  MODULE(webhooks)             \
  MODULE(hub)                  \
  MODULE(reconciliation)       \
  MODULE(relay)

#define DECLARE_MODULE(name) \
  namespace florin::name {   \
  modules::Module module();  \
  }
FLORIN_MODULES(DECLARE_MODULE)

namespace florin::app {

std::span<const modules::Module> all_modules() {
#define MAKE_MODULE(name) florin::name::module(),
  static const modules::Module all[] = {FLORIN_MODULES(MAKE_MODULE)};
  return all;
}

namespace {

template <class T>
std::vector<T> of_all(std::span<const T> modules::Module::*member) {
  std::vector<T> all;
  for (const modules::Module& module : all_modules())
    all.insert(all.end(), (module.*member).begin(), (module.*member).end());
  return all;
}

}  // namespace

std::vector<sql::Migration> all_migrations() { return of_all(&modules::Module::migrations); }
std::vector<std::string_view> all_event_types() { return of_all(&modules::Module::event_types); }
std::vector<std::string_view> all_permissions() { return of_all(&modules::Module::permissions); }

}  // namespace florin::app
