#include <atomic>

#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

/// Two nodes on one database: the fixture's own, and another of which the test says whether it may
/// deliver.
class Handover : public WebhooksFixture {
 protected:
  Handover() {
    Settings settings = settings_of_tests();
    settings.poll_interval_ms = 1;
    Webhooks::Parts parts{*database, clock, other_ids, events, event_types, vault, metrics};
    parts.fence = [this](sql::Tx&) -> Result<void> {
      if (has_lease) return {};
      is_stopped_by_fence = true;
      return Error{florin::errors::internal_error, "another node delivers"};
    };
    other = std::make_unique<Webhooks>(std::move(parts), settings);
    EXPECT_TRUE(other->recover());
  }

  IdGenerator other_ids{clock, 1};
  std::atomic<bool> has_lease{true}, is_stopped_by_fence{false};
  std::unique_ptr<Webhooks> other;
};

TEST_F(Handover, TheNextNodeGoesOnWhereTheLastOneEnded) {
  const Receiver receiver;
  create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  webhooks->end();
  emit();
  ASSERT_TRUE(other->begin());
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  other->end();
  ASSERT_TRUE(webhooks->begin());
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 3));
  EXPECT_EQ(receiver.received().size(), 3u);
}

TEST_F(Handover, WhoHasLostItsLeaseWritesNothing) {
  const Receiver receiver;
  create(receiver);
  webhooks->end();
  has_lease = false;
  ASSERT_TRUE(other->begin());
  emit();
  ASSERT_TRUE(wait_until([&] { return is_stopped_by_fence.load(); }));
  EXPECT_TRUE(deliveries().empty());
  EXPECT_TRUE(receiver.received().empty());
  other->end();
  ASSERT_TRUE(webhooks->begin());
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
}

TEST_F(Handover, WhatAnotherNodeChangesIsSeen) {
  webhooks->end();
  ASSERT_TRUE(other->begin());
  emit();  // Nobody wants it; the deliverer has read its endpoints by now, or reads none.
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);  // By the node that does not deliver.
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  const Delivery delivered = deliveries().at(0);
  EXPECT_EQ(call("POST", "/v1/webhook-deliveries/{id}/replay", delivered.id.str()).status, 202);
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  EXPECT_EQ(receiver.received().size(), 2u);
}

}  // namespace
}  // namespace florin::webhooks
