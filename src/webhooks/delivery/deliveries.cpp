#include "webhooks/delivery/deliveries.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "webhooks/endpoints/endpoints.h"
#include "webhooks/errors.h"

namespace florin::webhooks {

Result<Paged<Delivery>> Deliveries::list(sql::Tx& tx, TenantId tenant, const DeliveryFilter& filter,
                                         const PageRequest& page) const {
  return outbox::list(tx, tenant, filter, page);
}

Result<Delivery> Deliveries::get(sql::Tx& tx, TenantId tenant, DeliveryId id) const {
  auto found = TRY(outbox::find(tx, tenant, id));
  if (!found)
    return Error{errors::webhook_delivery_not_found, "there is no webhook delivery with this id"};
  return *std::move(found);
}

Result<std::vector<Attempt>> Deliveries::attempts(sql::Tx& tx, TenantId tenant,
                                                  DeliveryId id) const {
  TRY(get(tx, tenant, id));
  return outbox::attempts(tx, tenant, id);
}

Result<Delivery> Deliveries::replay(sql::Tx& tx, TenantId tenant, DeliveryId id) const {
  const Delivery first = TRY(get(tx, tenant, id));
  if (is_open(first.state))
    return Error{errors::webhook_delivery_open, "the delivery is still pending"};
  const Endpoint endpoint = TRY(endpoints_.load(tx, tenant, first.endpoint));
  if (endpoint.status != EndpointStatus::enabled)
    return Error{errors::webhook_endpoint_disabled, "enable the endpoint first"};
  const Timestamp now = clock_.now();
  Delivery again;
  again.id = {ids_.next()};
  again.tenant = tenant;
  again.endpoint = first.endpoint;
  again.event = first.event;
  again.event_type = first.event_type;
  again.order_key = first.order_key;
  again.is_replay = true;
  again.created_at = again.next_attempt_at = now;
  TRY(outbox::insert(tx, again));
  TRY(outbox::mark_replayed(tx, tenant, id, now));
  return again;
}

}  // namespace florin::webhooks
