#include "events/module.h"

#include "base/id_generator.h"
#include "events/events.h"
#include "platform/sql/database.h"

namespace florin::events {
namespace {

class EventsPart final : public modules::Part {
 public:
  explicit EventsPart(modules::Services& services)
      : log_(services.get<sql::Database>(), services.get<IdGenerator>()) {
    services.provide(log_);
  }

  http::Routes routes() override { return events::routes(log_); }

 private:
  EventLog log_;
};

}  // namespace

modules::Module module() {
  return {.name = "events", .migrations = migrations(), .build = modules::make_part<EventsPart>};
}

}  // namespace florin::events
