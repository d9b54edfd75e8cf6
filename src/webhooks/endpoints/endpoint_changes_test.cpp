#include "webhooks/endpoints/endpoint_changes.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace florin::webhooks {
namespace {

TEST(EndpointChanges, AMarkIsGoodUntilTheNextChangeBegins) {
  EndpointChanges changes;
  const auto mark = changes.settled();
  ASSERT_TRUE(mark);
  EXPECT_TRUE(changes.is_still(*mark));
  {
    const auto change = changes.announce();
    EXPECT_FALSE(changes.is_still(*mark)) << "before its commit";
    EXPECT_FALSE(changes.settled()) << "neither the old state nor the new one can be kept";
  }
  EXPECT_FALSE(changes.is_still(*mark)) << "after its commit";
  ASSERT_TRUE(changes.settled());
  EXPECT_TRUE(changes.is_still(*changes.settled()));
}

TEST(EndpointChanges, OneThatEndsDuringAnotherSettlesNothing) {
  EndpointChanges changes;
  auto first = changes.announce();
  { const auto second = changes.announce(); }
  EXPECT_FALSE(changes.settled());
  { const auto ended = std::move(first); }
  EXPECT_TRUE(changes.settled());
}

TEST(EndpointChanges, ListenersHearOfAChangeWhenItEndsAndOfWhichEndpoint) {
  EndpointChanges changes;
  std::vector<EndpointId> heard;
  changes.listen([&](EndpointId id) { heard.push_back(id); });
  {
    auto change = changes.announce();
    change.of({7});
    EXPECT_TRUE(heard.empty());
  }
  EXPECT_EQ(heard, std::vector{EndpointId{7}});
  { const auto of_none = changes.announce(); }
  EXPECT_EQ(heard.size(), 1u);
}

TEST(EndpointChanges, AMovedAnnouncementEndsOnce) {
  EndpointChanges changes;
  int heard = 0;
  changes.listen([&](EndpointId) { ++heard; });
  {
    auto first = changes.announce();
    first.of({7});
    auto second = std::move(first);
    EXPECT_FALSE(changes.settled());
    auto third = changes.announce();
    third.of({8});
    third = std::move(second);
    EXPECT_EQ(heard, 1) << "what was announced before has ended";
  }
  EXPECT_EQ(heard, 2);
  EXPECT_TRUE(changes.settled());
}

}  // namespace
}  // namespace florin::webhooks
