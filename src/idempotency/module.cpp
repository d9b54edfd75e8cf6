#include "idempotency/module.h"

#include "base/clock.h"
#include "base/try.h"
#include "idempotency/idempotency.h"
#include "idempotency/key_store.h"
#include "platform/sql/database.h"

namespace florin::idempotency {
namespace {

/// Keys that one run of the job removes at most: a unit of work stays short.
constexpr int removed_at_once = 10'000;

class IdempotencyPart final : public modules::Part {
 public:
  explicit IdempotencyPart(modules::Services& services)
      : database_(services.get<sql::Database>()),
        clock_(services.get<const Clock>()),
        idempotency_(database_, clock_) {
    services.provide(idempotency_);
  }

  std::vector<jobs::Job> jobs() override {
    return {{"idempotency.remove_expired", "Removes expired idempotency keys.", 60'000,
             [this] { return remove_expired(); }, true}};
  }

 private:
  Result<std::string> remove_expired() {
    const auto removed = TRY(database_.write([this](sql::Tx& tx) {
      return idempotency::remove_expired(tx, clock_.now(), removed_at_once);
    }));
    return removed == 0 ? std::string() : std::to_string(removed) + " keys removed";
  }

  sql::Database& database_;
  const Clock& clock_;
  Idempotency idempotency_;
};

}  // namespace

modules::Module module() {
  return {.name = "idempotency",
          .migrations = migrations(),
          .build = modules::make_part<IdempotencyPart>};
}

}  // namespace florin::idempotency
