#include "events/events.h"

#include <gtest/gtest.h>

#include <future>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/errors.h"
#include "events/event_types.h"
#include "events/module.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/test_database.h"

namespace florin::events {
namespace {

class EventsTest : public testing::Test {
 protected:
  EventsTest() { EXPECT_TRUE(sql::migrate(*database, migrations(), clock.now())); }

  EventId add(std::string_view type, std::string_view subject = "acc_1", TenantId tenant = {1}) {
    clock.advance_seconds(1);
    const NewEvent event{tenant, type, subject, R"({"a":1})", "key_1", "req_1", clock.now()};
    return *database->write([&](sql::Tx& tx) { return log.append(tx, event); });
  }
  std::vector<EventId> ids_of(const Filter& filter, EventId before = {}, int limit = 50) {
    std::vector<EventId> found;
    const EventPage page = *log.list({1}, filter, before, limit);
    for (const Event& event : page.events) found.push_back(event.id);
    return found;
  }
  Result<http::Response> get(const std::string& pattern, http::Request request) {
    request.caller.tenant = {1};
    for (const http::Route& route : routes(log, types)) {
      if (route.pattern != pattern) continue;
      if (auto known = http::check_query(request, route.query); !known) return known.error();
      return std::get<http::SyncHandler>(route.handler)(request);
    }
    return Error{florin::errors::internal_error, "no such route"};
  }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  EventLog log{*database, ids};
  const EventTypes types{{"account.closed", "account.created", "hold.created"}};
};

TEST_F(EventsTest, ThePayloadIsTheTextThatIsSent) {
  const EventId id = add("account.created", "acc \"1\"");
  const Event event = **log.find({1}, id);
  EXPECT_EQ(event.payload,
            "{\"id\":\"" + id.str() + "\",\"type\":\"account.created\",\"created_at\":\"" +
                clock.now().rfc3339() + R"(","subject":"acc \"1\"","data":{"a":1}})");
  EXPECT_EQ(event.actor, "key_1");
  EXPECT_EQ(event.request_id, "req_1");
}

TEST_F(EventsTest, TheDataOfAPayloadIsFoundWhateverItsTextsHold) {
  const EventId id = add("account.created", R"(,"data":{)");
  EXPECT_EQ(data_of(**log.find({1}, id)), R"({"a":1})");
}

TEST_F(EventsTest, CountsWhatComesAfterAnEventUpToALimit) {
  const EventId first = add("a.b");
  add("a.b");
  add("a.b", "x", {2});
  EXPECT_EQ(*log.count_after({}, 100), 3);
  EXPECT_EQ(*log.count_after(first, 100), 2);
  EXPECT_EQ(*log.count_after({}, 2), 2);
}

TEST_F(EventsTest, AnEventGoesWithTheWorkThatItTellsOf) {
  const auto failed = database->write_work([&](sql::Tx& tx) -> Result<void> {
    EXPECT_TRUE(log.append(tx, {{1}, "a.b", "x", "{}", "system", "", clock.now()}));
    return Error{florin::errors::internal_error, "the work failed"};
  });
  EXPECT_FALSE(failed);
  EXPECT_FALSE(*log.newest());
}

TEST_F(EventsTest, FiltersByTypeFamilySubjectAndTime) {
  const EventId a = add("account.created");
  const EventId b = add("account.closed", "acc_2");
  const EventId c = add("accounting.done");
  add("account.created", "acc_1", {2});
  EXPECT_EQ(ids_of({}), (std::vector{c, b, a}));
  EXPECT_EQ(ids_of({.type = "account.created"}), std::vector{a});
  EXPECT_EQ(ids_of({.type = "account.*"}), (std::vector{b, a}));
  EXPECT_EQ(ids_of({.subject = "acc_2"}), std::vector{b});
  const Timestamp of_b = (*log.find({1}, b))->created_at;
  EXPECT_EQ(ids_of({.created_after = of_b}), (std::vector{c, b}));
  EXPECT_EQ(ids_of({.created_before = of_b}), std::vector{a});
}

TEST_F(EventsTest, PagesStayStableWhileEventsAreAdded) {
  std::vector<EventId> all;
  for (int i = 0; i < 7; ++i) all.insert(all.begin(), add("a.b"));
  std::vector<EventId> seen;
  EventId before;
  for (bool more = true; more;) {
    const EventPage page = *log.list({1}, {}, before, 3);
    for (const Event& event : page.events) seen.push_back(event.id);
    before = page.next_before;
    more = page.has_more;
    add("later");
  }
  EXPECT_EQ(seen, all);
}

TEST_F(EventsTest, AFullPageSaysThatThereIsMoreOnlyWhenAnotherEventPasses) {
  add("other.a");
  for (int i = 0; i < 3; ++i) add("a.b");
  Filter filter;
  filter.type = "a.b";
  EXPECT_FALSE((*log.list({1}, filter, {}, 3)).has_more);
  const EventPage first = *log.list({1}, filter, {}, 2);
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ((*log.list({1}, filter, first.next_before, 2)).events.size(), 1u);
}

TEST_F(EventsTest, AReaderGoesOnAfterItsCursorOverAllTenants) {
  const EventId a = add("a.b");
  const EventId b = add("a.b", "x", {2});
  const auto events = *log.read_after(a, 10);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, b);
  EXPECT_EQ(*log.newest(), b);
  EXPECT_FALSE(*log.find({1}, b));
}

TEST_F(EventsTest, RoutesListAndFind) {
  const EventId id = add("a.b");
  EXPECT_EQ(get("/v1/events", {})->body, "{\"data\":[" + (*log.find({1}, id))->payload +
                                             R"(],"has_more":false,"next_cursor":null})");
  http::Request one;
  one.path_params = {{"id", id.str()}};
  EXPECT_EQ(get("/v1/events/{id}", one)->body, (*log.find({1}, id))->payload);
  for (const char* text : {"evt_nonsense", "evt_0000000000001"}) {
    one.path_params = {{"id", text}};
    EXPECT_EQ(get("/v1/events/{id}", one).error().code, errors::event_not_found);
  }
}

TEST_F(EventsTest, BadParametersAreNamed) {
  http::Request request;
  request.query_params = {{"created_after", "yesterday"}};
  EXPECT_EQ(get("/v1/events", request).error().fields.at(0).pointer, "#/query/created_after");
  request.query_params = {{"typ", "a.b"}};
  EXPECT_EQ(get("/v1/events", request).error().fields.at(0).rule, "unknown_parameter");
}

// One node's clock is an hour behind that of the node that wrote last.
class FollowTest : public testing::Test {
 protected:
  void SetUp() override {
    nodes = std::move(*sql::open_test_nodes(2));
    if (nodes.empty()) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
    ahead_clock.advance_seconds(3'600);
    ASSERT_TRUE(sql::migrate(*nodes[0], migrations(), ahead_clock.now()));
    ahead.emplace(*nodes[0], ahead_ids);
    behind.emplace(*nodes[1], behind_ids);
    newest = *nodes[0]->write([&](sql::Tx& tx) { return ahead->append(tx, event); });
  }

  const NewEvent event{{1}, "a.b", "s", "{}", "key_1", "", Timestamp{1}};
  const std::vector<NewEvent> three{event, event, event};
  std::vector<std::unique_ptr<sql::Database>> nodes;
  FakeClock ahead_clock, behind_clock;
  IdGenerator ahead_ids{ahead_clock, 1}, behind_ids{behind_clock, 2};
  std::optional<EventLog> ahead, behind;
  EventId newest;
};

TEST_F(FollowTest, ManyEventsComeBehindAllThatTheLogHolds) {
  const auto outcome = nodes[1]->write([&](sql::Tx& tx) -> Result<void> {
    sql::Pipeline pipeline(tx);
    TRY(behind->follow(pipeline));
    TRY(pipeline.sync());
    return behind->append_all(tx, three);
  });
  ASSERT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(behind->read_after(newest, 100)->size(), 3u);
}

TEST_F(FollowTest, ManyEventsThatDoNotFollowAreRefusedWhole) {
  const auto outcome =
      nodes[1]->write([&](sql::Tx& tx) -> Result<void> { return behind->append_all(tx, three); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, sql::errors::constraint_violated);
  EXPECT_EQ(*behind->count_after({}, 100), 1);
}

// Two nodes on one database, the one that is slow with a clock ahead of the other's or behind it.
class TwoNodes : public testing::TestWithParam<int> {
 protected:
  Result<EventId> add(EventLog& log, sql::Tx& tx) {
    return log.append(tx, {{1}, "a.b", "s", "{}", "key_1", "", Timestamp{1}});
  }
};

TEST_P(TwoNodes, AReaderNeverStepsOverAnEventThatCommitsLater) {
  const auto nodes = std::move(*sql::open_test_nodes(2));
  if (nodes.empty()) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  FakeClock slow_clock, fast_clock;
  slow_clock.advance_seconds(60 + GetParam());
  fast_clock.advance_seconds(60);
  ASSERT_TRUE(sql::migrate(*nodes[0], migrations(), fast_clock.now()));
  IdGenerator slow_ids{slow_clock, 1}, fast_ids{fast_clock, 2};
  EventLog slow{*nodes[0], slow_ids}, fast{*nodes[1], fast_ids};

  for (int round = 0; round < 5; ++round) {
    std::promise<void> has_appended, may_commit;
    auto slow_write = std::async(std::launch::async, [&] {
      return nodes[0]->write([&](sql::Tx& tx) -> Result<EventId> {
        const EventId id = TRY(add(slow, tx));
        has_appended.set_value();
        may_commit.get_future().wait();
        return id;
      });
    });
    has_appended.get_future().wait();
    const EventId cursor = *fast.newest();
    auto fast_write = std::async(std::launch::async, [&] {
      return nodes[1]->write([&](sql::Tx& tx) { return add(fast, tx); });
    });
    // What is read now must leave nothing behind that will turn up before it.
    const auto early = *fast.read_after(cursor, 100);
    may_commit.set_value();
    const EventId slow_id = *slow_write.get(), fast_id = *fast_write.get();

    const EventId reached = early.empty() ? cursor : early.back().id;
    std::vector<EventId> seen;
    for (const Event& event : early) seen.push_back(event.id);
    const auto late = *fast.read_after(reached, 100);
    for (const Event& event : late) seen.push_back(event.id);
    EXPECT_EQ(seen, (std::vector{slow_id, fast_id}));
  }
}

INSTANTIATE_TEST_SUITE_P(ClocksApartBySeconds, TwoNodes, testing::Values(-30, 0, 30));

TEST(EventTypes, AreKnownExactlyOrAsAFamily) {
  const EventTypes types({"webhook.test", "account.created", "wallet.debit.failed",
                          "wallet.credit.failed", "account.closed"});
  for (const char* known : {"account.created", "account.*", "wallet.debit.*", "webhook.test"})
    EXPECT_TRUE(types.has_type_or_family(known)) << known;
  for (const char* unknown : {"transactions.*", "acc.*", "account", "account.created.*", "*", ".*",
                              "", "account.**", "Account.created"}) {
    EXPECT_FALSE(types.has_type_or_family(unknown)) << unknown;
  }
  EXPECT_FALSE(types.has("account.*"));
  EXPECT_TRUE(types.has("account.closed"));
  EXPECT_EQ(types.families(), "account.*, wallet.*, webhook.*");
}

}  // namespace
}  // namespace florin::events
