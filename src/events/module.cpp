#include "events/module.h"

#include "base/id_generator.h"
#include "events/event_types.h"
#include "events/events.h"
#include "platform/sql/database.h"

namespace florin::events {
namespace {

class EventsPart final : public modules::Part {
 public:
  explicit EventsPart(modules::Services& services)
      : log_(services.get<sql::Database>(), services.get<IdGenerator>()),
        types_(services.get<const EventTypes>()) {
    services.provide(log_);
  }

  http::Routes routes() override { return events::routes(log_, types_); }

 private:
  EventLog log_;
  const EventTypes& types_;
};

constexpr std::string_view permissions[] = {"events:read"};

}  // namespace

modules::Module module() {
  return {.name = "events",
          .migrations = migrations(),
          .permissions = permissions,
          .build = modules::make_part<EventsPart>};
}

}  // namespace florin::events
