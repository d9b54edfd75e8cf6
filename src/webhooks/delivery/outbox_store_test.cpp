#include "webhooks/delivery/outbox_store.h"

#include "webhooks/store_fixture.h"

namespace florin::webhooks {
namespace {

class Outbox : public StoreFixture {
 protected:
  std::vector<DeliveryId> list(const DeliveryFilter& filter, PageRequest page = {},
                               TenantId of = tenant) {
    std::vector<DeliveryId> found;
    const auto rows = read([&](sql::Tx& tx) { return outbox::list(tx, of, filter, page); });
    for (const Delivery& one : rows.rows) found.push_back(one.id);
    return found;
  }
  std::vector<DeliveryId> open(EndpointId of) {
    std::vector<DeliveryId> found;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      return outbox::visit_open(tx, of, [&](const Delivery& one) {
        found.push_back(one.id);
        return true;
      });
    }));
    return found;
  }
  Delivery insert_with_key(const std::string& key, std::int64_t event) {
    Delivery delivery = new_delivery(endpoint.id, event);
    delivery.order_key = key;
    return insert(delivery);
  }
  void release(const std::string& key) {
    write([&](sql::Tx& tx) { return outbox::release_next(tx, endpoint.id, key, clock.now()); });
  }

  const Endpoint endpoint = insert_endpoint();
};

TEST_F(Outbox, ADeliveryIsReadAsItWasWritten) {
  Delivery delivery = new_delivery(endpoint.id, 7);
  delivery.order_key = "a key";
  insert(delivery);
  delivery.state = DeliveryState::failed;
  delivery.attempts = 2;
  delivery.next_attempt_at = clock.now().plus_seconds(5);
  delivery.last_status = 503;
  delivery.last_error = "bad_status";
  EXPECT_TRUE(write([&](sql::Tx& tx) { return outbox::update(tx, delivery); }));
  const Delivery found = find(delivery);
  EXPECT_EQ(found.endpoint, endpoint.id);
  EXPECT_EQ(found.event, EventId{7});
  EXPECT_EQ(found.event_type, "account.created");
  EXPECT_EQ(found.state, DeliveryState::failed);
  EXPECT_EQ(found.attempts, 2);
  EXPECT_EQ(found.next_attempt_at, delivery.next_attempt_at);
  EXPECT_EQ(found.order_key, "a key");
  EXPECT_FALSE(found.is_replay);
  EXPECT_EQ(found.last_status, 503);
  EXPECT_EQ(found.last_error, "bad_status");
  EXPECT_EQ(found.created_at, clock.now());
  EXPECT_FALSE(found.delivered_at);
  EXPECT_FALSE(found.replayed_at);
}

TEST_F(Outbox, AnEventHasOneFirstDeliveryToAnEndpointAndAnyNumberOfReplays) {
  insert_delivery(endpoint.id, 7);
  Delivery again = new_delivery(endpoint.id, 7);
  EXPECT_FALSE(write([&](sql::Tx& tx) { return outbox::insert(tx, again); }));
  EXPECT_FALSE(exists(again));
  again.is_replay = true;
  insert(again);
  again.id = {ids.next()};
  insert(again);
  insert_delivery(insert_endpoint().id, 7);
  EXPECT_EQ(list({.event = EventId{7}}).size(), 4u);
}

TEST_F(Outbox, TheSecondOfAKeyIsHeldUntilTheFirstEnds) {
  const Delivery first = insert_with_key("k", 1);
  const Delivery second = insert_with_key("k", 2);
  const Delivery third = insert_with_key("k", 3);
  const Delivery other = insert_with_key("other", 4);
  EXPECT_EQ(first.next_attempt_at, clock.now());
  EXPECT_EQ(second.next_attempt_at, Delivery::held);
  EXPECT_EQ(other.next_attempt_at, clock.now());
  release("k");
  EXPECT_EQ(find(second).next_attempt_at, Delivery::held) << "the first is open still";
  end_as(first, DeliveryState::delivered);
  release("k");
  EXPECT_EQ(find(second).next_attempt_at, clock.now());
  EXPECT_EQ(find(third).next_attempt_at, Delivery::held);
  end_as(find(second), DeliveryState::dead_letter);
  release("k");
  EXPECT_EQ(find(third).next_attempt_at, clock.now());
  end_as(find(third), DeliveryState::delivered);
  release("k");
  EXPECT_EQ(insert_with_key("k", 5).next_attempt_at, clock.now());
}

TEST_F(Outbox, ReleasingDoesNotBringARetryForward) {
  Delivery first = insert_with_key("k", 1);
  first.state = DeliveryState::failed;
  first.next_attempt_at = clock.now().plus_seconds(60);
  EXPECT_TRUE(write([&](sql::Tx& tx) { return outbox::update(tx, first); }));
  release("k");
  EXPECT_EQ(find(first).next_attempt_at, clock.now().plus_seconds(60));
}

TEST_F(Outbox, OpenDeliveriesComeInTheOrderInWhichTheyAreDue) {
  Delivery late = new_delivery(endpoint.id, 1);
  late.next_attempt_at = clock.now().plus_seconds(9);
  insert(late);
  const Delivery soon = insert_delivery(endpoint.id, 2);
  const Delivery ended = insert_delivery(endpoint.id, 3);
  end_as(ended, DeliveryState::delivered);
  insert_delivery(insert_endpoint().id, 2);
  EXPECT_EQ(open(endpoint.id), (std::vector{soon.id, late.id}));
}

TEST_F(Outbox, ListsAreFilteredAndPaged) {
  std::vector<DeliveryId> all;
  for (int i = 1; i <= 5; ++i) {
    all.insert(all.begin(), insert_delivery(endpoint.id, i).id);
    clock.advance_seconds(10);
  }
  EXPECT_EQ(list({}), all);
  const auto first = read([&](sql::Tx& tx) { return outbox::list(tx, tenant, {}, {.limit = 2}); });
  ASSERT_EQ(first.rows.size(), 2u);
  EXPECT_NE(first.next, 0);
  EXPECT_EQ(list({}, {.limit = 9, .before = first.next}), std::vector(all.begin() + 2, all.end()));
  EXPECT_EQ(list({.event = EventId{3}}), std::vector{all[2]});
  EXPECT_TRUE(list({.state = DeliveryState::delivered}).empty());
  EXPECT_TRUE(list({.event_type = "account.closed"}).empty());
  EXPECT_TRUE(list({.endpoint = EndpointId{5}}).empty());
  EXPECT_EQ(list({.endpoint = endpoint.id, .event_type = "account.created"}), all);
  EXPECT_TRUE(list({}, {}, other_tenant).empty());
}

TEST_F(Outbox, ListsAreBoundedByTheTimeOfCreation) {
  std::vector<DeliveryId> all;
  std::vector<Timestamp> times;
  for (int i = 1; i <= 4; ++i) {
    times.push_back(clock.now());
    all.push_back(insert_delivery(endpoint.id, i).id);
    clock.advance_seconds(10);
  }
  EXPECT_EQ(list({}, {.created_after = times[1], .created_before = times[3]}),
            (std::vector{all[2], all[1]}));
  EXPECT_EQ(list({}, {.created_after = times[3]}), std::vector{all[3]});
  EXPECT_TRUE(list({}, {.created_before = times[0]}).empty());
}

TEST_F(Outbox, AChangeReachesItsOwnTenantAlone) {
  Delivery delivery = insert_delivery(endpoint.id, 1);
  delivery.tenant = other_tenant;
  delivery.state = DeliveryState::delivered;
  EXPECT_FALSE(write([&](sql::Tx& tx) { return outbox::update(tx, delivery); }));
  delivery.tenant = tenant;
  EXPECT_EQ(find(delivery).state, DeliveryState::pending);
  EXPECT_FALSE(read([&](sql::Tx& tx) { return outbox::find(tx, other_tenant, delivery.id); }));
  write([&](sql::Tx& tx) {
    return outbox::mark_replayed(tx, other_tenant, delivery.id, clock.now());
  });
  EXPECT_FALSE(find(delivery).replayed_at);
}

TEST_F(Outbox, AttemptsAreKeptOnceAndShownTheLatestFirst) {
  const Delivery delivery = insert_delivery(endpoint.id, 1);
  Attempt attempt;
  attempt.delivery = delivery.id;
  attempt.number = 1;
  attempt.started_at = clock.now();
  attempt.duration_us = 1'234;
  attempt.status = 500;
  attempt.error = "bad_status";
  attempt.request_headers = R"({"webhook-id":"evt_1"})";
  attempt.response_headers = "{}";
  attempt.response_body = "no";
  attempt.is_truncated = true;
  const auto add = [&](const Attempt& one) {
    write([&](sql::Tx& tx) { return outbox::insert_attempt(tx, one); });
  };
  add(attempt);
  Attempt again = attempt;
  again.response_body = "written twice";
  add(again);
  Attempt second = attempt;
  second.number = 2;
  second.status.reset();
  second.is_truncated = false;
  add(second);
  const auto found = read([&](sql::Tx& tx) { return outbox::attempts(tx, tenant, delivery.id); });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].number, 2);
  EXPECT_FALSE(found[0].status);
  EXPECT_EQ(found[1].delivery, delivery.id);
  EXPECT_EQ(found[1].duration_us, 1'234);
  EXPECT_EQ(found[1].status, 500);
  EXPECT_EQ(found[1].error, "bad_status");
  EXPECT_EQ(found[1].request_headers, R"({"webhook-id":"evt_1"})");
  EXPECT_EQ(found[1].response_body, "no");
  EXPECT_TRUE(found[1].is_truncated);
  EXPECT_TRUE(
      read([&](sql::Tx& tx) { return outbox::attempts(tx, other_tenant, delivery.id); }).empty());
}

TEST_F(Outbox, DeadLettersAreThoseOfAnEndpointThatWereNotReplayed) {
  std::vector<Delivery> all;
  for (int i = 1; i <= 4; ++i) {
    all.push_back(insert_delivery(endpoint.id, i));
    end_as(all.back(), DeliveryState::dead_letter);
  }
  end_as(insert_delivery(endpoint.id, 5), DeliveryState::delivered);
  end_as(insert_delivery(insert_endpoint().id, 6), DeliveryState::dead_letter);
  write([&](sql::Tx& tx) { return outbox::mark_replayed(tx, tenant, all[1].id, clock.now()); });
  const auto dead = [&](std::int64_t after, std::int64_t last, int limit) {
    std::vector<DeliveryId> found;
    for (const Delivery& one : read([&](sql::Tx& tx) {
           return outbox::dead_letters(tx, endpoint.id, after, last, limit);
         }))
      found.push_back(one.id);
    return found;
  };
  EXPECT_EQ(dead(0, INT64_MAX, 9), (std::vector{all[0].id, all[2].id, all[3].id}));
  EXPECT_EQ(dead(0, INT64_MAX, 1), std::vector{all[0].id});
  EXPECT_EQ(dead(all[0].id.value, all[2].id.value, 9), std::vector{all[2].id});
}

TEST_F(Outbox, AReplayGoesOnFromItsPositionAndIsRemovedAtItsEnd) {
  outbox::Replay replay;
  replay.id = ids.next();
  replay.tenant = tenant;
  replay.endpoint = endpoint.id;
  replay.kind = outbox::ReplayKind::failed;
  replay.position = 3;
  replay.last = 10;
  replay.created_at = clock.now();
  write([&](sql::Tx& tx) { return outbox::insert_replay(tx, replay); });
  const auto all = [&] { return read([](sql::Tx& tx) { return outbox::replays(tx); }); };
  const auto move_to = [&](std::int64_t position) {
    replay.position = position;
    write([&](sql::Tx& tx) { return outbox::move_replay(tx, replay); });
  };
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all()[0].kind, outbox::ReplayKind::failed);
  EXPECT_EQ(all()[0].position, 3);
  EXPECT_EQ(all()[0].last, 10);
  EXPECT_EQ(all()[0].endpoint, endpoint.id);
  move_to(7);
  EXPECT_EQ(all()[0].position, 7);
  move_to(10);
  EXPECT_TRUE(all().empty());
}

TEST_F(Outbox, TheCursorIsNoneAtFirstAndThenTheLastThatWasSet) {
  const auto cursor = [&] { return read([](sql::Tx& tx) { return outbox::cursor(tx); }); };
  EXPECT_FALSE(cursor());
  for (const std::int64_t event : {5, 9}) {
    write([&](sql::Tx& tx) { return outbox::set_cursor(tx, EventId{event}); });
    EXPECT_EQ(cursor(), EventId{event});
  }
}

TEST_F(Outbox, TheBacklogIsWhatIsOpen) {
  const auto backlog = [&] { return read([](sql::Tx& tx) { return outbox::backlog(tx); }); };
  EXPECT_EQ(backlog().count, 0);
  EXPECT_FALSE(backlog().oldest);
  const Timestamp start = clock.now();
  const Delivery first = insert_delivery(endpoint.id, 1);
  clock.advance_seconds(10);
  insert_delivery(endpoint.id, 2);
  EXPECT_EQ(backlog().count, 2);
  EXPECT_EQ(backlog().oldest, start);
  end_as(first, DeliveryState::delivered);
  EXPECT_EQ(backlog().count, 1);
  EXPECT_EQ(backlog().oldest, clock.now());
}

TEST_F(Outbox, RetentionRemovesWhatHasEndedInPiecesAndKeepsWhatIsOpen) {
  std::vector<Delivery> all;
  for (int i = 1; i <= 5; ++i) all.push_back(insert_delivery(endpoint.id, i));
  end_as(all[0], DeliveryState::delivered);
  end_as(all[1], DeliveryState::dead_letter);
  end_as(all[3], DeliveryState::delivered);
  end_as(all[4], DeliveryState::failed);
  Attempt attempt;
  attempt.delivery = all[0].id;
  attempt.number = 1;
  attempt.request_headers = attempt.response_headers = "{}";
  write([&](sql::Tx& tx) { return outbox::insert_attempt(tx, attempt); });
  const auto remove = [&](std::int64_t before, int limit) {
    return write([&](sql::Tx& tx) { return outbox::remove_old(tx, before, limit); });
  };
  EXPECT_EQ(remove(all[0].id.value, 9), 0);
  EXPECT_EQ(remove(all[3].id.value, 1), 1);
  EXPECT_FALSE(exists(all[0]));
  EXPECT_EQ(remove(all[3].id.value, 9), 1);
  EXPECT_TRUE(exists(all[2]));
  EXPECT_TRUE(exists(all[3]));
  EXPECT_EQ(remove(INT64_MAX, 9), 1);
  EXPECT_TRUE(exists(all[4])) << "a retry is due";
}

TEST_F(Outbox, ADeletedEndpointLosesOpenDeliveriesToo) {
  for (int i = 1; i <= 3; ++i) insert_delivery(endpoint.id, i);
  const Delivery other = insert_delivery(insert_endpoint().id, 1);
  const auto remove = [&](int limit) {
    return write([&](sql::Tx& tx) { return outbox::remove_of(tx, endpoint.id, limit); });
  };
  EXPECT_EQ(remove(2), 2);
  EXPECT_EQ(remove(2), 1);
  EXPECT_EQ(remove(2), 0);
  EXPECT_TRUE(exists(other));
  EXPECT_EQ(read([](sql::Tx& tx) { return outbox::greatest_id(tx); }), other.id.value);
}

}  // namespace
}  // namespace florin::webhooks
