#include "idempotency/idempotency.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "idempotency/errors.h"
#include "idempotency/key_store.h"
#include "idempotency/module.h"
#include "platform/crypto/vault.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::idempotency {
namespace {

constexpr ErrorCode refused{ErrorKind::rejected, "refused"};
constexpr ErrorCode missing{ErrorKind::not_found, "missing"};
constexpr std::string_view route = "/v1/things";

http::Request request_with(std::string_view key, std::string body = "{}", TenantId tenant = {1}) {
  http::Request request;
  request.method = "POST";
  request.path = std::string(route);
  request.route = route;
  request.body = std::move(body);
  request.caller.tenant = tenant;
  request.request_id = "req_1";
  if (!key.empty()) request.headers.push_back({"Idempotency-Key", std::string(key)});
  return request;
}

bool is_replay(const http::Response& response) {
  for (const http::Header& header : response.headers) {
    if (header.name == "Idempotent-Replayed") return header.value == "true";
  }
  return false;
}

class IdempotencyTest : public testing::Test {
 protected:
  IdempotencyTest() {
    EXPECT_TRUE(sql::migrate(*database, migrations(), clock.now()));
    EXPECT_TRUE(database->write_work(
        [](sql::Tx& tx) { return tx.exec_script("CREATE TABLE runs (id INTEGER)"); }));
  }

  /// Work that leaves a row and answers with how many there are.
  Result<http::Response> work(sql::Tx& tx) {
    static constexpr sql::Query add{"test.add", "INSERT INTO runs VALUES (1)"};
    static constexpr sql::Query count{"test.count", "SELECT count(*) FROM runs"};
    if (auto done = tx.exec(add); !done) return done.error();
    std::int64_t runs = 0;
    if (auto done = tx.query(count, {},
                             [&](const sql::Row& row) {
                               runs = row.integer(0);
                               return false;
                             });
        !done)
      return done.error();
    if (failure) return *failure;
    return http::Response::created("{\"runs\":" + std::to_string(runs) + "}");
  }
  Result<http::Response> ask(const http::Request& request) {
    return idempotency.run(request, Lifetime::thirty_days,
                           [this](sql::Tx& tx) { return work(tx); });
  }

  FakeClock clock;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  Idempotency idempotency{*database, clock};
  std::optional<Error> failure;
};

TEST_F(IdempotencyTest, TheSameRequestGetsTheFirstAnswerAgain) {
  const auto first = ask(request_with("k"));
  const auto second = ask(request_with("k"));
  EXPECT_EQ(first->body, R"({"runs":1})");
  EXPECT_FALSE(is_replay(*first));
  EXPECT_TRUE(is_replay(*second));
  EXPECT_EQ(second->status, 201);
  EXPECT_EQ(second->body, first->body);
}

TEST_F(IdempotencyTest, WithoutAKeyEveryRequestRuns) {
  EXPECT_EQ(ask(request_with(""))->body, R"({"runs":1})");
  EXPECT_EQ(ask(request_with(""))->body, R"({"runs":2})");
}

TEST_F(IdempotencyTest, AnotherRequestUnderTheKeyIsRefused) {
  ASSERT_TRUE(ask(request_with("k")));
  EXPECT_EQ(ask(request_with("k", "{ }")).error().code, errors::idempotency_mismatch);
}

TEST_F(IdempotencyTest, TenantsAndRoutesHaveKeysOfTheirOwn) {
  EXPECT_EQ(ask(request_with("k"))->body, R"({"runs":1})");
  EXPECT_EQ(ask(request_with("k", "{}", {2}))->body, R"({"runs":2})");
  http::Request elsewhere = request_with("k");
  elsewhere.route = "/v1/others";
  EXPECT_EQ(ask(elsewhere)->body, R"({"runs":3})");
}

TEST(KeyOf, IsTheDigestOfTenantMethodRouteAndKey) {
  http::Request request = request_with("k", "{}", {7});
  request.route = "/v1/things/{id}";
  request.path = "/v1/things/1";
  const Key key = *key_of(request, Lifetime::thirty_days);
  EXPECT_EQ(key.digest, digest_of({"7", "POST", "/v1/things/{id}", "k"}));
  EXPECT_EQ(key.request, digest_of({"POST", "/v1/things/1", "{}"}));
}

TEST_F(IdempotencyTest, ARefusalIsRememberedAndItsWorkUndone) {
  failure = Error{refused, "no"};
  const auto first = ask(request_with("k"));
  EXPECT_EQ(first->status, 422);
  failure.reset();
  const auto second = ask(request_with("k"));
  EXPECT_TRUE(is_replay(*second));
  EXPECT_EQ(second->body, first->body);
  EXPECT_EQ(ask(request_with("other"))->body, R"({"runs":1})");
}

TEST_F(IdempotencyTest, ARequestRefusedBeforeItRanLeavesTheKeyFree) {
  failure = Error{missing, "nothing there"};
  EXPECT_EQ(ask(request_with("k")).error().code, missing);
  failure.reset();
  EXPECT_FALSE(is_replay(*ask(request_with("k"))));
}

TEST_F(IdempotencyTest, ASecondRequestHearsThatTheFirstStillRuns) {
  const auto ticket = idempotency.in_flight().enter(*key_of(request_with("k"), Lifetime::forever));
  ASSERT_TRUE(ticket);
  const auto second = ask(request_with("k"));
  EXPECT_EQ(second.error().code, errors::request_in_progress);
  EXPECT_EQ(second.error().retry_after_s, 1);
}

TEST_F(IdempotencyTest, ManyThreadsWithOneKeyRunTheWorkOnce) {
  std::atomic<int> fresh{0}, other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto answer = ask(request_with("k"));
        const bool ran = answer && !is_replay(*answer);
        (ran ? fresh : other) += 1;
        if (!answer) {
          EXPECT_EQ(answer.error().code, errors::request_in_progress);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(other, 8 * 20 - 1);
}

TEST_F(IdempotencyTest, KeysAreForgottenAfterTheirTime) {
  ASSERT_TRUE(ask(request_with("k")));
  const auto remove = [&] {
    return *database->write([&](sql::Tx& tx) { return remove_expired(tx, clock.now(), 10); });
  };
  clock.advance_seconds(30 * 24 * 3600 - 1);
  EXPECT_EQ(remove(), 0);
  clock.advance_seconds(1);
  EXPECT_EQ(remove(), 1);
  EXPECT_FALSE(is_replay(*ask(request_with("k"))));
}

class ShownOnce : public IdempotencyTest {
 protected:
  Result<http::Response> ask_secret(const http::Request& request, const crypto::Vault& by) {
    return idempotency.run_showing_secret(request, by, [](sql::Tx&) -> Result<SecretAnswer> {
      return SecretAnswer{http::Response::created(R"({"id":1,"secret":"hub_open sesame"})"),
                          R"({"id":1,"secret":null})"};
    });
  }
  Result<http::Response> ask_secret(const http::Request& request) {
    return ask_secret(request, vault);
  }
  /// Every value of both tables, as text.
  std::string stored() {
    static constexpr sql::Query all{"test.stored",
                                    "SELECT body FROM idempotency_keys UNION ALL"
                                    " SELECT sealed FROM idempotency_secrets"};
    std::string text;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      return tx.query(all, {}, [&](const sql::Row& row) {
        text += row.text(0);
        text += '\n';
        return true;
      });
    }));
    return text;
  }

  crypto::Vault vault{Secret("a key for tests only")};
};

TEST_F(ShownOnce, AReplayShowsTheSecretAgainFromASealedCopy) {
  const auto first = ask_secret(request_with("k"));
  const auto again = ask_secret(request_with("k"));
  EXPECT_EQ(first->body, R"({"id":1,"secret":"hub_open sesame"})");
  EXPECT_EQ(again->body, first->body);
  EXPECT_TRUE(is_replay(*again));
  EXPECT_EQ(stored().find("sesame"), std::string::npos) << stored();
}

TEST_F(ShownOnce, AfterItsTimeAReplaySaysWhatWasMadeWithoutTheSecret) {
  ASSERT_TRUE(ask_secret(request_with("k")));
  clock.advance_seconds(secret_shown_for_s - 1);
  EXPECT_NE(ask_secret(request_with("k"))->body.find("sesame"), std::string::npos);
  clock.advance_seconds(1);
  const auto later = ask_secret(request_with("k"));
  EXPECT_EQ(later->status, 201);
  EXPECT_EQ(later->body, R"({"id":1,"secret":null})");
  ASSERT_TRUE(database->write([&](sql::Tx& tx) { return remove_expired(tx, clock.now(), 10); }));
  EXPECT_EQ(stored(), "{\"id\":1,\"secret\":null}\n");
}

TEST_F(ShownOnce, ACopySealedWithAnotherKeyIsNotShown) {
  ASSERT_TRUE(ask_secret(request_with("k")));
  const crypto::Vault other(Secret("another key of the tests"));
  EXPECT_EQ(ask_secret(request_with("k"), other)->body, R"({"id":1,"secret":null})");
}

TEST_F(ShownOnce, WithoutAKeyNothingIsKept) {
  ASSERT_TRUE(ask_secret(request_with("")));
  EXPECT_EQ(stored(), "");
}

TEST_F(IdempotencyTest, AKeyOfMoneyIsKeptForEver) {
  const Key key = *key_of(request_with("k"), Lifetime::forever);
  ASSERT_TRUE(database->write([&](sql::Tx& tx) {
    return insert(tx, key, {key.request, 7, 201, {}}, clock.now());
  }));
  clock.advance_seconds(std::int64_t{100} * 365 * 24 * 3600);
  EXPECT_EQ(*database->write([&](sql::Tx& tx) { return remove_expired(tx, clock.now(), 10); }), 0);
  const auto found = database->read([&](sql::Tx& tx) { return find(tx, key.digest); });
  EXPECT_EQ((*found)->ref, 7);
}

TEST(InFlight, ATicketFreesItsKeyWhenItGoes) {
  InFlight in_flight;
  const Key key = *key_of(request_with("k"), Lifetime::forever);
  {
    auto first = in_flight.enter(key);
    ASSERT_TRUE(first);
    const InFlight::Ticket moved = *std::move(first);
    EXPECT_FALSE(in_flight.enter(key));
  }
  EXPECT_TRUE(in_flight.enter(key));
}

}  // namespace
}  // namespace florin::idempotency
