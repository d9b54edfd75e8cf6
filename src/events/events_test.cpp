#include "events/events.h"

#include <gtest/gtest.h>

#include "base/id_generator.h"
#include "events/errors.h"
#include "events/module.h"
#include "platform/sql/database.h"

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
    for (const http::Route& route : routes(log)) {
      if (route.pattern == pattern) return std::get<http::SyncHandler>(route.handler)(request);
    }
    return Error{florin::errors::internal_error, "no such route"};
  }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::unique_ptr<sql::Database> database = std::move(*sql::open_sqlite({.path = ":memory:"}));
  EventLog log{*database, ids};
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
  EXPECT_EQ(ids_of({.since = of_b}), (std::vector{c, b}));
  EXPECT_EQ(ids_of({.until = of_b}), std::vector{a});
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
  request.query_params = {{"since", "yesterday"}};
  EXPECT_EQ(get("/v1/events", request).error().fields.at(0).pointer, "#/query/since");
  request.query_params = {{"typ", "a.b"}};
  EXPECT_EQ(get("/v1/events", request).error().fields.at(0).rule, "unknown_parameter");
}

}  // namespace
}  // namespace florin::events
