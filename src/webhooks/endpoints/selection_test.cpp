#include "webhooks/endpoints/selection.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

class Selecting : public testing::Test {
 protected:
  bool wants(const Selection& selection) {
    endpoint.selection = selection;
    EventView view(event);
    return selects(endpoint, view);
  }
  Selecting() {
    endpoint.tenant = {1};
    endpoint.start_after = {5};
  }

  Endpoint endpoint;
  events::Event event{{6},
                      {1},
                      "account.created",
                      "acc_1",
                      R"({"data":{"currency":"KZT","amount":5,"open":true}})",
                      "",
                      "",
                      {}};
};

TEST_F(Selecting, ByTypeAndFamily) {
  EXPECT_TRUE(wants({}));
  EXPECT_TRUE(wants({.event_types = {"account.created"}}));
  EXPECT_TRUE(wants({.event_types = {"x.y", "account.*"}}));
  EXPECT_FALSE(wants({.event_types = {"acc.*"}}));
  event.type = "webhook.test";
  EXPECT_FALSE(wants({}));
  EXPECT_FALSE(wants({.event_types = {"webhook.*"}}));
  EXPECT_TRUE(wants({.event_types = {"webhook.test"}}));
}

TEST_F(Selecting, ByFieldsWhichAllMustAgree) {
  EXPECT_TRUE(wants({.filter = {{"data.currency", {"USD", "KZT"}}, {"data.amount", {5}}}}));
  EXPECT_FALSE(wants({.filter = {{"data.currency", {"KZT"}}, {"data.amount", {6}}}}));
  EXPECT_TRUE(wants({.filter = {{"data.open", {true}}}}));
  EXPECT_FALSE(wants({.filter = {{"data.missing", {"x"}}}}));
}

TEST_F(Selecting, OnlyItsTenantAndWhatHappensAfterIt) {
  event.tenant = {2};
  EXPECT_FALSE(wants({}));
  event.tenant = {1};
  event.id = {5};
  EXPECT_FALSE(wants({}));
}

TEST_F(Selecting, TheOrderKeyIsTheSubjectOrAField) {
  EventView view(event);
  EXPECT_FALSE(order_key_of(endpoint, view));
  endpoint.policy.order_by = "subject";
  EXPECT_EQ(order_key_of(endpoint, view), "acc_1");
  endpoint.policy.order_by = "data.amount";
  EXPECT_EQ(order_key_of(endpoint, view), "5");
  endpoint.policy.order_by = "data.none";
  EXPECT_FALSE(order_key_of(endpoint, view));
}

}  // namespace
}  // namespace florin::webhooks
