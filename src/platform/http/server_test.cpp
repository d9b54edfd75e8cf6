#include "platform/http/server.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <new>
#include <thread>

#include "platform/http/errors.h"
#include "platform/http/server_fixture.h"
#include "platform/json/value.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {

/// Answers hot requests from a thread of its own, all that wait at a time: as the ledger does.
class BatchAnswerer {
 public:
  BatchAnswerer() : thread_([this] { run(); }) {}
  ~BatchAnswerer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  HotHandler handler() {
    return [this](const Request& request, Responder responder) {
      {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({std::move(responder), request.body});
      }
      changed_.notify_all();
    };
  }

 private:
  struct Waiting {
    Responder responder;
    std::string body;
  };
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      std::vector<Waiting> batch;
      batch.swap(waiting_);
      lock.unlock();
      for (const Waiting& each : batch) {
        each.responder.send_rendered([body = each.body] { return Response::ok(body); });
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

Result<Response> echo(const Request& request) { return Response::ok(request.body); }
Result<Response> who(const Request& request) {
  return Response::ok("\"" + request.caller.actor + " " + request.caller.tenant.str() + "\"");
}
Result<Response> seen(const Request& request) {
  return Response::ok(request.path + "|" + request.query + "|" +
                      std::string(request.path_param("id")) + "|" + request.remote + "|" +
                      request.method);
}
[[noreturn]] Result<Response> throwing(const Request&) { throw std::runtime_error("a bug"); }

class ServerTest : public testing::Test {
 protected:
  Routes routes() {
    const auto who_hot = [](const Request& request, Responder responder) {
      responder.send(who(request));
    };
    return {
        {"GET", "/hello", "", SyncHandler([](const Request&) { return Response::ok("\"hi\""); })},
        {"POST", "/echo", "", SyncHandler(echo), {"a"}},
        {"PATCH", "/echo", "", SyncHandler(echo)},
        {"DELETE", "/echo", "", SyncHandler([](const Request&) { return Response::no_content(); })},
        {"GET", "/things/{id}", "", SyncHandler(seen), any_query},
        {"GET", "/things/{id}/route", "", SyncHandler([](const Request& request) {
           return Response::ok("\"" + std::string(request.route) + "\"");
         })},
        {"GET", "/hot", "", HotHandler([](const Request&, Responder responder) {
           responder.send(Response::ok("\"hot\""));
         })},
        {"POST", "/batched", "", answerer_.handler()},
        {"GET", "/private", "x:read", SyncHandler(who), {"token"}},
        {"GET", "/private-hot", "x:read", HotHandler(who_hot)},
        {"GET", "/fails", "", SyncHandler([](const Request&) -> Result<Response> {
           return Error{{ErrorKind::rejected, "insufficient_funds"}, "not enough", {}, 7};
         })},
        {"GET", "/throws", "", SyncHandler(throwing)},
        {"GET", "/throws-oddly", "",
         SyncHandler([](const Request&) -> Result<Response> { throw 42; })},
        {"GET", "/hot-throws", "",
         HotHandler([](const Request&, const Responder&) { throw std::runtime_error("a bug"); })},
        {"GET", "/render-throws", "", HotHandler([](const Request&, const Responder& responder) {
           responder.send_rendered([]() -> Result<Response> { throw std::runtime_error("a bug"); });
         })},
        {"GET", "/no-memory", "",
         SyncHandler([](const Request&) -> Result<Response> { throw std::bad_alloc(); })},
        {"GET", "/hot-no-memory", "",
         HotHandler([](const Request&, const Responder&) { throw std::bad_alloc(); })},
        {"GET", "/drops", "", HotHandler([](const Request&, const Responder&) {})},
        {"GET", "/twice", "", HotHandler([](const Request&, const Responder& responder) {
           responder.send(Response::ok("1"));
           responder.send(Response::ok("2"));
         })},
    };
  }

  BatchAnswerer answerer_;
  TestServer server_{routes(), {.io_threads = 2}};
};

TEST_F(ServerTest, WhatARouteDoesNotDeclareIsRefusedBehindTheGate) {
  for (const auto* path : {"/private?dry_run=true", "/private-hot?dry_run=true"}) {
    EXPECT_EQ(server_.ask(get(path)).status, 401) << path;
    const Answer refused = server_.ask(get(path, "Authorization: Bearer fast\r\n"));
    EXPECT_EQ(refused.status, 400) << path;
    EXPECT_NE(refused.body.find("unknown_parameter"), std::string::npos);
    EXPECT_EQ(server_.ask(get(path, "Authorization: Bearer slow\r\n")).status, 400) << path;
  }
  EXPECT_EQ(server_.ask(post("/echo?dry_run=true", "1")).status, 400);
  EXPECT_EQ(server_.ask(post("/echo?a=1", "1")).status, 200);
  const Answer body =
      server_.ask("DELETE /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n{\"a\":1} ");
  EXPECT_EQ(body.status, 400);
  EXPECT_NE(body.body.find("unknown_field"), std::string::npos);
}

TEST_F(ServerTest, AnswersSyncHotAndBatchedRoutesOnOneConnection) {
  RawClient client = server_.connect();
  EXPECT_EQ(client.ask(get("/hello")).body, "\"hi\"");
  EXPECT_EQ(client.ask(post("/echo", "[1]")).body, "[1]");
  EXPECT_EQ(client.ask(get("/hot")).body, "\"hot\"");
  EXPECT_EQ(client.ask(post("/batched", "[2]")).body, "[2]");
  EXPECT_EQ(client.ask("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
}

TEST_F(ServerTest, HandlerSeesTheDecodedRequest) {
  EXPECT_EQ(server_.ask(get("/things/a%20b?x=%20")).body, "/things/a b|x=%20|a b|127.0.0.1|GET");
  EXPECT_EQ(server_.ask(get("/things/7/route")).body, "\"/things/{id}/route\"");
}

TEST_F(ServerTest, EveryAnswerCarriesTheCommonHeaders) {
  for (const auto& request : {get("/hello"), get("/nowhere"), std::string("rubbish\r\n\r\n")}) {
    const Answer answer = server_.ask(request);
    EXPECT_TRUE(answer.header("x-request-id").starts_with("req_")) << request;
    EXPECT_EQ(answer.header("traceparent").size(), 55u) << request;
    EXPECT_EQ(answer.header("date").size(), 29u) << request;
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << request;
    EXPECT_EQ(answer.header("cache-control"), "no-store") << request;
    EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size())) << request;
  }
}

TEST_F(ServerTest, KeepsTheCallersRequestIdAndTrace) {
  const Answer answer =
      server_.ask(get("/fails",
                      "X-Request-Id: mine-1\r\n"
                      "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"));
  EXPECT_EQ(answer.header("x-request-id"), "mine-1");
  EXPECT_TRUE(answer.header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  EXPECT_EQ(*json::parse(answer.body)->find("request_id")->as_string(), "mine-1");
}

TEST_F(ServerTest, AHandlersErrorIsProblemJson) {
  const Answer answer = server_.ask(get("/fails"));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.code(), "insufficient_funds");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.header("retry-after"), "7");
}

TEST_F(ServerTest, WhatGoesWrongInAHandlerIsInternalErrorAndTheConnectionLives) {
  RawClient client = server_.connect();
  for (const auto* path : {"/throws", "/throws-oddly", "/hot-throws", "/render-throws", "/drops"}) {
    const Answer answer = client.ask(get(path));
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_EQ(answer.code(), "internal_error") << path;
    EXPECT_EQ(answer.body.find("a bug"), std::string::npos) << path;
  }
  EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, MemoryThatRunsOutCostsOneRequest) {
  RawClient client = server_.connect();
  for (const auto* path : {"/no-memory", "/hot-no-memory"}) {
    const Answer answer = client.ask(get(path));
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(answer.code(), errors::out_of_memory.name) << path;
    EXPECT_EQ(answer.header("retry-after"), "1") << path;
  }
  EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, OnlyTheFirstAnswerCounts) {
  RawClient client = server_.connect();
  EXPECT_EQ(client.ask(get("/twice")).body, "1");
  EXPECT_EQ(client.ask(get("/hello")).body, "\"hi\"");
}

TEST_F(ServerTest, UnknownPathIsRouteNotFound) {
  const Answer answer = server_.ask(get("/nowhere"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "route_not_found");
}

TEST_F(ServerTest, OtherMethodIsRefusedWithAllow) {
  const Answer answer = server_.ask("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.code(), "method_not_allowed");
  EXPECT_EQ(answer.header("allow"), "POST, PATCH, DELETE, OPTIONS");
}

TEST_F(ServerTest, OptionsTellsTheMethods) {
  RawClient client = server_.connect();
  const Answer answer = client.ask("OPTIONS /things/7 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.ask("OPTIONS /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  RawClient client = server_.connect();
  const Answer answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "4");
  EXPECT_EQ(client.ask(get("/hello")).body, "\"hi\"");
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client = server_.connect();
  std::string requests;
  for (int i = 0; i < 300; ++i) {
    requests += post(i % 2 == 0 ? "/echo" : "/batched", std::to_string(i));
    requests += get("/nowhere") + get("/hot");
  }
  // More than the socket buffers hold may be on its way, in both directions.
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(client.receive().body, std::to_string(i));
    ASSERT_EQ(client.receive().status, 404);
    ASSERT_EQ(client.receive().body, "\"hot\"");
  }
  sender.join();
}

TEST_F(ServerTest, RequestsInSinglePiecesOfOneByteArrive) {
  RawClient client = server_.connect();
  for (const char c : post("/echo", "[1,2,3]")) client.send(std::string(1, c));
  EXPECT_EQ(client.receive().body, "[1,2,3]");
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;ext=\"x\"\r\n[1,2\r\n3\r\n,3]\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : chunked) client.send(std::string(1, c));
  EXPECT_EQ(client.receive().body, "[1,2,3]");
}

TEST_F(ServerTest, ALargeBodyGoesInAndOut) {
  const std::string body = "\"" + std::string((1 << 20) - 2, 'x') + "\"";
  RawClient client = server_.connect();
  std::thread sender([&] { client.send(post("/echo", body) + post("/batched", body)); });
  EXPECT_TRUE(client.receive().body == body);
  EXPECT_TRUE(client.receive().body == body);
  sender.join();
}

TEST_F(ServerTest, TrailersDoNotBecomeHeaders) {
  const TestServer server({{"POST", "/key", "", SyncHandler([](const Request& request) {
                              return Response::ok(std::string(request.header("X-A").value_or("-")));
                            })}});
  EXPECT_EQ(server
                .ask("POST /key HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0\r\nX-A: smuggled\r\n\r\n")
                .body,
            "-");
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToStay) {
  RawClient leaving = server_.connect();
  EXPECT_EQ(leaving.ask("GET /hello HTTP/1.0\r\n\r\n").header("connection"), "close");
  EXPECT_TRUE(leaving.is_closed_by_server());
  RawClient staying = server_.connect();
  const std::string keep = "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(staying.ask(keep).header("connection"), "keep-alive");
  EXPECT_EQ(staying.ask(keep).body, "\"hi\"");
}

TEST_F(ServerTest, ConnectionCloseIsHonoured) {
  RawClient client = server_.connect();
  EXPECT_EQ(client.ask(get("/hello", "Connection: close\r\n")).header("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, SaysContinueToAClientThatWaits) {
  RawClient client = server_.connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string wanted = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(client.receive_bytes(wanted.size()), wanted);
  EXPECT_EQ(client.ask("[1]").body, "[1]");
}

TEST_F(ServerTest, SaysNoContinueToARequestItRefuses) {
  RawClient client = server_.connect();
  EXPECT_EQ(client
                .ask("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n")
                .status,
            404);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerTest, ABodyOfAnotherTypeIsUnsupported) {
  RawClient client = server_.connect();
  for (const auto* type :
       {"text/plain", "application/xml", "json", "text/x+json", "application/j"}) {
    const Answer answer =
        client.ask(post("/echo", "1", "Content-Type: " + std::string(type) + "\r\n"));
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.code(), "unsupported_media_type");
  }
  for (const auto* type :
       {"application/json", "Application/JSON ; charset=utf-8", "application/merge-patch+json"}) {
    EXPECT_EQ(client.ask(post("/echo", "1", "Content-Type: " + std::string(type) + "\r\n")).status,
              200)
        << type;
  }
  EXPECT_EQ(client.ask(post("/echo", "", "Content-Type: text/plain\r\n")).status, 200);
}

TEST_F(ServerTest, AMalformedIdempotencyKeyIsRefused) {
  RawClient client = server_.connect();
  const std::string too_long(256, 'k');
  for (const std::string& key : {std::string(), too_long, std::string("a\tb"), std::string("é")}) {
    const Answer answer = client.ask(post("/echo", "1", "Idempotency-Key: " + key + "\r\n"));
    EXPECT_EQ(answer.status, 400) << key;
    EXPECT_EQ(answer.code(), "validation_failed");
    EXPECT_NE(answer.body.find("\"#/headers/Idempotency-Key\""), std::string::npos);
  }
  EXPECT_EQ(client.ask(post("/echo", "1", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n")).status,
            400);
  const std::string longest(255, '~');
  EXPECT_EQ(client.ask(post("/echo", "1", "Idempotency-Key: " + longest + "\r\n")).status, 200);
}

TEST_F(ServerTest, AnIdempotencyKeyIsCheckedWhateverTheMethod) {
  RawClient client = server_.connect();
  for (const std::string start : {"PATCH /echo", "DELETE /echo", "GET /hello"}) {
    const auto ask = [&](const std::string& keys) {
      return client.ask(start + " HTTP/1.1\r\nHost: a\r\n" + keys + "\r\n");
    };
    EXPECT_EQ(ask("Idempotency-Key: " + std::string(256, 'k') + "\r\n").code(), "validation_failed")
        << start;
    EXPECT_EQ(ask("Idempotency-Key: a\r\nIdempotency-Key: b\r\n").status, 400) << start;
    EXPECT_LT(ask("Idempotency-Key: k\r\n").status, 300) << start;
  }
}

TEST_F(ServerTest, TheGateDecidesFromMemoryOrOnAWorker) {
  RawClient client = server_.connect();
  for (const auto* path : {"/private", "/private-hot"}) {
    EXPECT_EQ(client.ask(get(path, "Authorization: Bearer fast\r\n")).body,
              "\"key_test ten_0000000000007\"");
  }
  EXPECT_EQ(server_.authenticator.authenticated_on_worker, 0);
  for (const auto* path : {"/private", "/private-hot"}) {
    EXPECT_EQ(client.ask(get(path, "Authorization: Bearer slow\r\n")).body,
              "\"key_test ten_0000000000007\"");
  }
  EXPECT_EQ(server_.authenticator.authenticated_on_worker, 2);
}

TEST_F(ServerTest, TheGatesRefusalIsTheAnswer) {
  const Answer answer = server_.ask(get("/private"));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.code(), "unauthenticated");
  EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
}

TEST_F(ServerTest, RateLimitFiguresBecomeHeaders) {
  const Answer within = server_.ask(get("/private", "Authorization: Bearer fast\r\n"));
  EXPECT_EQ(within.header("ratelimit-limit"), "100");
  EXPECT_EQ(within.header("ratelimit-remaining"), "99");
  EXPECT_EQ(within.header("ratelimit-reset"), "30");
  const Answer beyond = server_.ask(get("/private", "Authorization: Bearer limited\r\n"));
  EXPECT_EQ(beyond.status, 429);
  EXPECT_EQ(beyond.header("retry-after"), "30");
  EXPECT_EQ(beyond.header("ratelimit-remaining"), "0");
}

TEST_F(ServerTest, FiguresOfOneRequestDoNotReachTheNext) {
  RawClient client = server_.connect();
  EXPECT_EQ(client.ask(get("/private", "Authorization: Bearer fast\r\n")).header("ratelimit-limit"),
            "100");
  const Answer open = client.ask(get("/hello"));
  EXPECT_EQ(open.header("ratelimit-limit"), "");
}

TEST_F(ServerTest, ABrokenGateLetsNobodyIn) {
  for (const auto* token : {"throws", "throws_slow"}) {
    const Answer answer =
        server_.ask(get("/private", "Authorization: Bearer " + std::string(token) + "\r\n"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.code(), "internal_error");
  }
}

TEST_F(ServerTest, ManyConnectionsGetTheirOwnAnswersFromAnotherThread) {
  constexpr int connections = 64, rounds = 50;
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < connections; ++c) {
    clients.emplace_back([&, c] {
      RawClient client = server_.connect();
      for (int i = 0; i < rounds; ++i) {
        const std::string body = std::to_string(c * 1'000 + i);
        if (client.ask(post("/batched", body)).body == body) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, connections * rounds);
}

TEST_F(ServerTest, CountsRequestsByRouteAndStatus) {
  RawClient client = server_.connect();
  (void)client.ask(get("/things/1"));
  (void)client.ask(get("/things/2"));
  (void)client.ask(get("/nowhere/3"));
  (void)client.ask("BREW /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string total = "florin_http_requests_total";
  EXPECT_TRUE(
      server_.wait_for_metric(total + R"({method="GET",route="/things/{id}",status="200"})", 2));
  EXPECT_TRUE(server_.wait_for_metric(total + R"({method="GET",route="none",status="404"})", 1));
  EXPECT_TRUE(server_.wait_for_metric(total + R"({method="other",route="none",status="404"})", 1));
  EXPECT_TRUE(server_.wait_for_metric(
      R"(florin_http_request_duration_seconds_count{method="GET",route="/things/{id}"})", 2));
  EXPECT_TRUE(server_.wait_for_metric("florin_http_requests_in_flight", 0));
  EXPECT_TRUE(server_.wait_for_metric("florin_http_connections", 1));
}

/// Standard error goes to a file meanwhile.
class CapturedLog {
 public:
  CapturedLog() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
    ::dup2(::fileno(file_), STDERR_FILENO);
    log::configure(log::Level::info, log::Format::json);
  }
  ~CapturedLog() {
    log::configure(log::Level::off, log::Format::json);
    ::dup2(before_.get(), STDERR_FILENO);
    std::fclose(file_);
  }
  /// All that has been written when there are so many lines, or after ten seconds.
  std::string wait_for_lines(std::ptrdiff_t count) {
    std::string text;
    for (int i = 0; i < 10'000 && std::count(text.begin(), text.end(), '\n') < count; ++i) {
      log::flush();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      text.resize(100'000);
      const ssize_t size = ::pread(::fileno(file_), text.data(), text.size(), 0);
      text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    return text;
  }

 private:
  std::FILE* file_;
  UniqueFd before_;
};

TEST_F(ServerTest, TheAccessLogTellsWhoAndWhatButNoSecret) {
  CapturedLog log;
  (void)server_.ask(get("/private?token=query-secret", "Authorization: Bearer fast\r\n"));
  (void)server_.ask(post("/echo?a=query-secret", "\"body-secret\"", "X-Request-Id: mine-7\r\n"));
  (void)server_.ask(get("/%FFpath"));
  const std::string lines = log.wait_for_lines(3);
  EXPECT_NE(lines.find(R"("path":"/private")"), std::string::npos) << lines;
  EXPECT_NE(lines.find("key_test"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("request_id":"mine-7")"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("status":400)"), std::string::npos) << lines;
  for (const auto* secret : {"query-secret", "body-secret", "Bearer", "\xFF"}) {
    EXPECT_EQ(lines.find(secret), std::string::npos) << lines;
  }
}

TEST_F(ServerTest, AnExceptionLeavesItsReasonInTheLog) {
  CapturedLog log;
  (void)server_.ask(get("/throws", "X-Request-Id: mine-8\r\n"));
  const std::string lines = log.wait_for_lines(3);
  EXPECT_NE(lines.find(R"("request_id":"mine-8","route":"/throws","what":"a bug")"),
            std::string::npos)
      << lines;
}

}  // namespace
}  // namespace florin::http
