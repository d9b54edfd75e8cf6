#pragma once
#include <functional>

#include "platform/http/route.h"

namespace florin::idempotency {
class Idempotency;
}

namespace florin::reconciliation {
class Items;
class Runs;

/// Runs and items over HTTP. `wake` is called when a run has been queued.
http::Routes reconciliation_routes(Runs& runs, Items& items, idempotency::Idempotency& idempotency,
                                   std::function<void()> wake);

}  // namespace florin::reconciliation
