#pragma once
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/delivery/outbox_store.h"

namespace florin {
class IdGenerator;
}

namespace florin::webhooks {
class Endpoints;

/// A tenant's view of the outbox. Stateless, safe for concurrent use.
class Deliveries {
 public:
  Deliveries(const Endpoints& endpoints, IdGenerator& ids, const Clock& clock)
      : endpoints_(endpoints), ids_(ids), clock_(clock) {}

  /// Newest first.
  Result<Paged<Delivery>> list(sql::Tx& tx, TenantId tenant, const DeliveryFilter& filter,
                               const PageRequest& page) const;
  /// Errors: webhook_delivery_not_found, here and below.
  Result<Delivery> get(sql::Tx& tx, TenantId tenant, DeliveryId id) const;
  /// The latest first.
  Result<std::vector<Attempt>> attempts(sql::Tx& tx, TenantId tenant, DeliveryId id) const;
  /// A new delivery of the same event to the same endpoint.
  /// Errors: webhook_delivery_open, webhook_endpoint_disabled, webhook_endpoint_not_found.
  Result<Delivery> replay(sql::Tx& tx, TenantId tenant, DeliveryId id) const;

 private:
  const Endpoints& endpoints_;
  IdGenerator& ids_;
  const Clock& clock_;
};

}  // namespace florin::webhooks
