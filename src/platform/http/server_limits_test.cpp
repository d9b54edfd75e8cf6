// Time, load and the end of the server.
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "platform/http/errors.h"
#include "platform/http/server_fixture.h"

namespace florin::http {
namespace {

/// A door that holds handlers until it is opened.
class Door {
 public:
  void pass() {
    ++inside;
    open_.wait();
  }
  void open() { promise_.set_value(); }
  std::atomic<int> inside{0};

 private:
  std::promise<void> promise_;
  std::shared_future<void> open_ = promise_.get_future().share();
};

Route hello() {
  return {"GET", "/hello", "", HotHandler([](const Request&, const Responder& responder) {
            responder.send(Response::ok("\"hi\""));
          })};
}
Route echo() {
  return {"POST", "/echo", "",
          SyncHandler([](const Request& request) { return Response::ok(request.body); })};
}
Route waits_at(Door& door) {
  return {"GET", "/waits", "", SyncHandler([&door](const Request&) {
            door.pass();
            return Response::ok("\"done\"");
          })};
}
void wait_until_inside(const Door& door, int count) {
  while (door.inside < count) std::this_thread::yield();
}

/// ::1 as a socket takes it.
sockaddr_in6 ipv6_loopback(int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  return address;
}

TEST(ServerAddress, MayBeOfIpv6) {
  const UniqueFd probe = new_socket(AF_INET6);
  const sockaddr_in6 any_port = ipv6_loopback(0);
  if (probe.get() < 0 ||
      ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port) != 0)
    GTEST_SKIP() << "this machine has no IPv6";
  const TestServer server({hello()}, {.host = "::1"});
  UniqueFd socket = new_socket(AF_INET6);
  const sockaddr_in6 address = ipv6_loopback(server.server.port());
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  EXPECT_EQ(RawClient(std::move(socket)).ask(get("/hello")).status, 200);
}

TEST(ServerTime, ASlowHeadIsCutWith408) {
  const TestServer server({hello()}, {.header_timeout_ms = 40});
  RawClient client = server.connect();
  client.send("GET /hello HTTP/1.1\r\nHo");
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.code(), errors::request_timeout.name);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST(ServerTime, TricklingDoesNotProlongTheHead) {
  const TestServer server({hello()}, {.header_timeout_ms = 100});
  RawClient client = server.connect();
  std::atomic<bool> cut{false};
  std::thread trickle([&] {
    client.send("GET /hello HTTP/1.1\r\nX: ");
    while (!cut) {
      client.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  EXPECT_EQ(client.receive().status, 408);
  cut = true;
  trickle.join();
}

TEST(ServerTime, ASlowBodyIsCutWith408) {
  const TestServer server({echo()}, {.body_timeout_ms = 40});
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n[1");
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.code(), "request_timeout");
}

TEST(ServerTime, AnIdleConnectionIsClosedWithoutAWord) {
  const TestServer server({hello()}, {.idle_timeout_ms = 40});
  RawClient fresh = server.connect();
  EXPECT_TRUE(fresh.is_closed_by_server());
  RawClient used = server.connect();
  EXPECT_EQ(used.ask(get("/hello")).status, 200);
  EXPECT_TRUE(used.is_closed_by_server());
}

TEST(ServerTime, AHandlerMayTakeLongerThanAClientMay) {
  Door door;
  const TestServer server({waits_at(door)},
                          {.header_timeout_ms = 20, .body_timeout_ms = 20, .idle_timeout_ms = 20});
  RawClient client = server.connect();
  client.send(get("/waits"));
  wait_until_inside(door, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several sweeps go by.
  door.open();
  EXPECT_EQ(client.receive().body, "\"done\"");
}

TEST(ServerTime, AClientThatDoesNotReadItsAnswerIsCut) {
  const Route large{"GET", "/large", "", SyncHandler([](const Request&) {
                      return Response::ok(std::string(16 << 20, 'x'));
                    })};
  const TestServer server({large}, {.body_timeout_ms = 40});
  RawClient client = server.connect();
  client.send(get("/large"));
  EXPECT_TRUE(server.wait_for_metric("florin_http_connections", 1));
  EXPECT_TRUE(server.wait_for_metric("florin_http_connections", 0));
}

TEST(ServerLoad, AFullQueueAnswersOverloaded) {
  Door door;
  const TestServer server({waits_at(door), hello()}, {.worker_threads = 1, .max_queued = 1});
  RawClient running = server.connect(), queued = server.connect();
  running.send(get("/waits"));
  wait_until_inside(door, 1);
  queued.send(get("/waits"));
  EXPECT_TRUE(server.wait_for_metric("florin_http_requests_in_flight", 2));
  const Answer refused = server.ask(get("/waits"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), errors::overloaded.name);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(server.ask(get("/hello")).status, 200);  // Hot routes do not queue.
  door.open();
  EXPECT_EQ(running.receive().status, 200);
  EXPECT_EQ(queued.receive().status, 200);
}

Route health() {
  return {"GET", "/health/ready", "", HotHandler([](const Request&, const Responder& responder) {
            responder.send(Response::ok("\"up\""));
          })};
}

TEST(ServerLoad, WhenAllConnectionsAreBusyHealthIsAnsweredAndOthersAreToldOverloaded) {
  Door door;
  const TestServer server({waits_at(door), hello(), health()},
                          {.worker_threads = 2, .max_connections = 2});
  RawClient first = server.connect(), second = server.connect();
  first.send(get("/waits"));
  second.send(get("/waits"));
  wait_until_inside(door, 2);
  const Answer refused = server.ask(get("/hello"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), "overloaded");
  EXPECT_EQ(refused.header("retry-after"), "1");
  RawClient checker = server.connect();
  const Answer healthy = checker.ask(get("/health/ready"));
  EXPECT_EQ(healthy.body, "\"up\"");
  EXPECT_EQ(healthy.header("connection"), "close");
  EXPECT_TRUE(checker.is_closed_by_server());
  door.open();
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(second.receive().status, 200);
}

TEST(ServerLoad, AtTheLimitTheLongestIdleMakesRoom) {
  const TestServer server({hello()}, {.max_connections = 2});
  RawClient oldest = server.connect();
  EXPECT_EQ(oldest.ask(get("/hello")).status, 200);
  EXPECT_TRUE(server.wait_for_metric("florin_http_connections", 1));
  RawClient silent = server.connect();
  EXPECT_TRUE(server.wait_for_metric("florin_http_connections", 2));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server.ask(get("/hello")).status, 200) << i;
  EXPECT_TRUE(oldest.is_closed_by_server());
  EXPECT_LE(server.metric("florin_http_connections"), 2);
}

TEST(ServerLoad, TellsWhatConnectionsAreAt) {
  Door door;
  {
    const TestServer server({waits_at(door), hello(), echo()});
    RawClient busy = server.connect(), idle = server.connect(), slow = server.connect();
    busy.send(get("/waits"));
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    slow.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    for (const char* state : {"handling", "idle", "reading"})
      EXPECT_TRUE(server.wait_for_metric(
          "florin_http_connections_by_state{state=\"" + std::string(state) + "\"}", 1))
          << state;
    door.open();
    EXPECT_EQ(busy.receive().status, 200);
    EXPECT_TRUE(server.wait_for_metric("florin_http_connections_by_state{state=\"idle\"}", 2));
  }
}

TEST(ServerLoad, OneAddressHasItsOwnLimitUnlessItIsTrusted) {
  for (const char* trusted : {"127.0.0.1", "127.0.0.0/8", "10.0.0.0/8"}) {
    Door door;
    const TestServer server({waits_at(door), hello()},
                            {.max_connections_per_address = 1, .trusted_addresses = {trusted}});
    RawClient busy = server.connect();
    busy.send(get("/waits"));
    wait_until_inside(door, 1);
    const bool is_trusted = std::string_view(trusted).starts_with("127");
    EXPECT_EQ(server.ask(get("/hello")).status, is_trusted ? 200 : 503) << trusted;
    door.open();
    EXPECT_EQ(busy.receive().status, 200);
  }
}

std::string begin_body(std::size_t length, std::string_view token = "fast") {
  return "POST /private HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + std::string(token) +
         "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

Route takes_bodies(std::string_view path, std::string_view permission) {
  return {"POST",
          std::string(path),
          std::string(permission),
          SyncHandler([](const Request&) { return Response::ok("1"); }),
          {},
          Body::by_method,
          16 << 20};
}

TEST(ServerMemory, TheBodiesOfAKeyAndOfAllAreBoundedAndGivenBack) {
  for (const ServerOptions& options : {ServerOptions{.body_memory_per_key_bytes = 3 << 20},
                                       ServerOptions{.body_memory_bytes = 3 << 20}}) {
    const TestServer server({takes_bodies("/private", "write")}, options);
    {
      RawClient first = server.connect();
      first.send(begin_body(2 << 20)).send(filler((2 << 20) - 1));
      while (server.metric("florin_http_body_bytes_in_flight") < (2 << 20) - 1)
        std::this_thread::yield();
      const Answer refused = server.ask(begin_body(2 << 20));
      EXPECT_EQ(refused.status, 503);
      EXPECT_EQ(refused.code(), "overloaded");
      EXPECT_EQ(refused.header("retry-after"), "1");
      EXPECT_EQ(server.ask(begin_body(3) + "[1]").status, 200);  // Small ones pass.
      EXPECT_EQ(first.ask("x").status, 200);
    }
    EXPECT_TRUE(server.wait_for_metric("florin_http_body_bytes_in_flight", 0));
    const std::string body(2 << 20, ' ');
    EXPECT_EQ(server.ask(begin_body(body.size()) + body).status, 200);
  }
}

TEST(ServerMemory, ChunkedBodiesCountAsTheyCome) {
  const TestServer server({takes_bodies("/private", "write")},
                          {.body_memory_per_key_bytes = 1 << 20});
  RawClient client = server.connect();
  client.send(
      "POST /private HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer fast\r\n"
      "Transfer-Encoding: chunked\r\n\r\n200000\r\n");
  const Answer refused = client.send(filler(2 << 20)).receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(server.wait_for_metric("florin_http_body_bytes_in_flight", 0));
  EXPECT_EQ(server.metric("florin_http_refused_bodies_total{reason=\"key\"}"), 1);
}

TEST(ServerMemory, WithoutAKeyTheAddressHasAShare) {
  const TestServer server({takes_bodies("/open", "")},
                          {.trusted_addresses = {}, .body_memory_per_address_bytes = 1 << 20});
  const std::string head = "POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n";
  EXPECT_EQ(server.ask(head).code(), "overloaded");
  EXPECT_EQ(server.metric("florin_http_refused_bodies_total{reason=\"address\"}"), 1);
}

TEST(ServerLoad, RunningOutOfFileDescriptorsIsSurvived) {
  const TestServer server({hello()});
  RawClient old = server.connect();
  EXPECT_EQ(old.ask(get("/hello")).status, 200);
  UniqueFd socket = new_socket();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // A limit below what is open: no new descriptor can be had, the present ones go on.
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  RawClient waiting(std::move(socket), server.server.port());
  waiting.send(get("/hello"));
  EXPECT_EQ(old.ask(get("/hello")).status, 200);
  EXPECT_EQ(server.metric("florin_http_connections"), 1);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(waiting.receive().status, 200);
  EXPECT_EQ(server.ask(get("/hello")).status, 200);
}

TEST(ServerStart, AnAddressInUseCannotBeListenedOn) {
  const TestServer first({hello()});
  SystemClock clock;
  metrics::Registry metrics;
  TestAuthenticator authenticator;
  for (const auto& [host, port] : std::vector<std::pair<std::string, int>>{
           {"127.0.0.1", first.server.port()}, {"192.0.2.1", 0}, {"no.such.host.invalid", 0}}) {
    Server second({.host = host, .port = port}, {hello()}, authenticator, clock, metrics);
    const auto started = second.start();
    ASSERT_FALSE(started) << host;
    EXPECT_EQ(started.error().code, errors::cannot_listen);
    EXPECT_NE(started.error().detail.find(host + ":" + std::to_string(port)), std::string::npos);
  }
}

TEST(ServerStop, IsSafeBeforeStartAndTwice) {
  SystemClock clock;
  metrics::Registry metrics;
  TestAuthenticator authenticator;
  Server server({.port = 0}, {hello()}, authenticator, clock, metrics);
  server.stop();
  ASSERT_TRUE(server.start());
  server.stop();
  server.stop();
}

TEST(ServerStop, ClosesIdleConnectionsAtOnce) {
  TestServer server({hello()}, {.io_threads = 2});
  RawClient idle = server.connect(), other = server.connect();
  EXPECT_EQ(idle.ask(get("/hello")).status, 200);
  EXPECT_EQ(other.ask(get("/hello")).status, 200);
  server.server.stop();
  EXPECT_TRUE(idle.is_closed_by_server());
  EXPECT_TRUE(other.is_closed_by_server());
}

TEST(ServerStop, AfterTheGoodbyeEachAnswerIsTheLastOfItsConnection) {
  TestServer server({hello()}, {.io_threads = 2});
  RawClient kept = server.connect();
  EXPECT_NE(kept.ask(get("/hello")).header("connection"), "close");
  server.server.announce_shutdown();
  RawClient fresh = server.connect();  // Still welcome.
  EXPECT_EQ(fresh.ask(get("/hello")).status, 200);
  EXPECT_TRUE(fresh.is_closed_by_server());
  const Answer last = kept.ask(get("/hello"));
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(kept.is_closed_by_server());
  server.server.stop();
}

TEST(ServerStop, AnswersTheHotRequestThatIsOutstanding) {
  std::promise<Responder> taken;
  TestServer server({{"GET", "/waits", "", HotHandler([&](const Request&, Responder responder) {
                        taken.set_value(std::move(responder));
                      })}});
  RawClient client = server.connect();
  client.send(get("/waits"));
  std::thread completion([responder = taken.get_future().get(), &server] {
    // An idle connection tells when the server has begun to drain.
    RawClient probe = server.connect();
    EXPECT_TRUE(probe.is_closed_by_server());
    responder.send(Response::ok("\"done\""));
  });
  EXPECT_TRUE(server.wait_for_metric("florin_http_connections", 2));
  server.server.stop();
  completion.join();
  const Answer answer = client.receive();
  EXPECT_EQ(answer.body, "\"done\"");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST(ServerStop, ARequestThatCompletesTooLateIsToldSo) {
  Door door;
  TestServer server({waits_at(door), echo()});
  RawClient busy = server.connect(), late = server.connect(), idle = server.connect();
  EXPECT_EQ(late.ask(post("/echo", "1")).status, 200);
  EXPECT_EQ(idle.ask(post("/echo", "1")).status, 200);
  late.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(late.receive_bytes(25).size(), 25u);
  busy.send(get("/waits"));
  wait_until_inside(door, 1);
  std::thread stopper([&] { server.server.stop(); });
  EXPECT_TRUE(idle.is_closed_by_server());  // It drains.
  const Answer refused = late.ask("[1]");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), errors::shutting_down.name);
  EXPECT_EQ(refused.header("retry-after"), "1");
  door.open();
  EXPECT_EQ(busy.receive().body, "\"done\"");
  stopper.join();
}

TEST(ServerStop, GivesUpOnTheQueueWhenTheTimeIsOver) {
  Door door;
  TestServer server({waits_at(door)}, {.worker_threads = 1, .drain_timeout_ms = 50});
  RawClient running = server.connect(), queued = server.connect();
  running.send(get("/waits"));
  wait_until_inside(door, 1);
  queued.send(get("/waits"));
  EXPECT_TRUE(server.wait_for_metric("florin_http_requests_in_flight", 2));
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    door.open();
  });
  server.server.stop();
  opener.join();
  EXPECT_EQ(running.receive().status, 200);
  const Answer refused = queued.receive();
  EXPECT_EQ(refused.code(), "shutting_down");
}

TEST(ServerStop, AResponderMayOutliveTheServer) {
  std::promise<Responder> taken;
  std::optional<Responder> kept;
  {
    TestServer server({{"GET", "/waits", "", HotHandler([&](const Request&, Responder responder) {
                          taken.set_value(std::move(responder));
                        })}},
                      {.drain_timeout_ms = 10});
    RawClient client = server.connect();
    client.send(get("/waits"));
    kept = taken.get_future().get();
    server.server.stop();
    EXPECT_TRUE(client.is_closed_by_server());
  }
  kept->send(Response::ok("\"too late\""));
}

}  // namespace
}  // namespace florin::http
