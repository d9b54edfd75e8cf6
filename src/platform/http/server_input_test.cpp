// Broken, hostile and half-finished requests: each gets its documented refusal, and the server
// lives on.
#include <sys/socket.h>

#include <thread>

#include "platform/http/errors.h"
#include "platform/http/server_fixture.h"

namespace florin::http {
namespace {

using namespace std::string_view_literals;

class ServerInputTest : public testing::Test {
 protected:
  ~ServerInputTest() override { EXPECT_EQ(server_.ask(get("/hello")).status, 200); }

  void expect_refused(const std::string& request, int status, const ErrorCode& code) {
    RawClient client = server_.connect();
    const Answer answer = client.ask(request);
    EXPECT_EQ(answer.status, status) << request;
    EXPECT_EQ(answer.code(), code.name) << request;
    EXPECT_EQ(answer.header("connection"), "close") << request;
    client.stop_sending();
    EXPECT_TRUE(client.is_closed_by_server()) << request;
  }
  void expect_malformed(const std::string& request) {
    expect_refused(request, 400, errors::malformed_request);
  }
  /// The head of a POST with these framing headers, and what follows.
  static std::string framed(std::string_view headers, std::string_view rest = "") {
    return std::string("POST /echo HTTP/1.1\r\nHost: a\r\n").append(headers) + "\r\n" +
           std::string(rest);
  }

  TestServer server_{
      {{"GET", "/hello", "", SyncHandler([](const Request&) { return Response::ok("\"hi\""); })},
       {"POST", "/echo", "",
        SyncHandler([](const Request& request) { return Response::ok(request.body); })},
       {"POST",
        "/small",
        "",
        SyncHandler([](const Request& request) { return Response::ok(request.body); }),
        {},
        Body::by_method,
        10},
       {"GET", "/large", "",
        SyncHandler([](const Request&) { return Response::ok(std::string(8 << 20, 'x')); })}},
      {.max_header_bytes = 2'000}};
};

TEST_F(ServerInputTest, BytesThatAreNoHttpAreMalformed) {
  expect_malformed("\x16\x03\x01\x02\x01\r\n\r\n");
  expect_malformed("rubbish\r\n\r\n");
  expect_malformed("GET /hello\r\n\r\n");
  expect_malformed("GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_malformed("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n");
  expect_malformed("GET /hello HTTP/1.2\r\nHost: a\r\n\r\n");
  expect_malformed("GET /hello HTTP/1.1\nHost: a\n\n");
  expect_malformed("G@T /hello HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_F(ServerInputTest, BrokenHeadersAreMalformed) {
  expect_malformed("GET /hello HTTP/1.1\r\nHost: a\r\nNo colon here\r\n\r\n");
  expect_malformed("GET /hello HTTP/1.1\r\nHost: a\r\nSpace : x\r\n\r\n");
  expect_malformed("GET /hello HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n");
  expect_malformed(get("/hello", "X: a\0b\r\n"sv));
}

TEST_F(ServerInputTest, HostMustStandOnce) {
  expect_malformed("GET /hello HTTP/1.1\r\n\r\n");
  expect_malformed("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
}

TEST_F(ServerInputTest, BrokenTargetsAreMalformed) {
  for (const auto* target : {"/a%zz", "/a%00", "/%FF", "/a?b=%C3", "*", "hello", "/a#b"}) {
    RawClient client = server_.connect();
    const Answer answer = client.ask(get(target));
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.code(), "malformed_request") << target;
  }
}

TEST_F(ServerInputTest, TwoOpinionsOnTheLengthAreRefused) {
  const std::string chunks = "5\r\n[1,2]\r\n0\r\n\r\n";
  expect_malformed(framed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks));
  expect_malformed(framed("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunks));
  expect_malformed(framed("Content-Length: 5\r\nContent-Length: 6\r\n", "[1,2]"));
  expect_malformed(framed("Content-Length: 5\r\nContent-Length: 5\r\n", "[1,2]"));
  expect_malformed(framed("Content-Length: 5, 5\r\n", "[1,2]"));
  expect_malformed(framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks));
  expect_malformed(framed("Transfer-Encoding: chunked, chunked\r\n", chunks));
}

TEST_F(ServerInputTest, OtherLengthsAndCodingsAreRefused) {
  const std::string chunks = "5\r\n[1,2]\r\n0\r\n\r\n";
  for (const auto* length : {"", "-1", "+5", "0x5", "5 5", "5a", "18446744073709551616", "٥"}) {
    expect_malformed(framed("Content-Length: " + std::string(length) + "\r\n", "[1,2]"));
  }
  for (const auto* coding :
       {"identity", "gzip", "gzip, chunked", "chunked, gzip", "xchunked", ""}) {
    expect_malformed(framed("Transfer-Encoding: " + std::string(coding) + "\r\n", chunks));
  }
  expect_malformed("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
}

TEST_F(ServerInputTest, BadChunksAreMalformed) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const auto* chunks :
       {"x\r\n[1]\r\n0\r\n\r\n", "-3\r\n[1]\r\n0\r\n\r\n", "0x3\r\n[1]\r\n0\r\n\r\n",
        "3\r\n[1]0\r\n\r\n", "3\r\n[1]\n0\r\n\r\n", "11111111111111111\r\n[1]\r\n0\r\n\r\n",
        "\r\n[1]\r\n0\r\n\r\n", " 3\r\n[1]\r\n0\r\n\r\n"}) {
    expect_malformed(framed(chunked, chunks));
  }
}

TEST_F(ServerInputTest, AnEndlessChunkHeaderIsMalformed) {
  RawClient client = server_.connect();
  client.send(framed("Transfer-Encoding: chunked\r\n", "3;" + filler(100'000)));
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "malformed_request");
}

TEST_F(ServerInputTest, HeadersBeyondTheLimitAreTooLarge) {
  const std::string many = filler(3'000);
  expect_refused(get("/hello", "X: " + many + "\r\n"), 431, errors::headers_too_large);
  expect_refused(get("/" + many), 431, errors::headers_too_large);
  expect_refused("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + many, 431, errors::headers_too_large);
  EXPECT_EQ(server_.ask(get("/hello", "X: " + filler(1'900) + "\r\n")).status, 200);
}

TEST_F(ServerInputTest, ABodyBeyondTheRoutesLimitIsTooLarge) {
  expect_refused(post("/small", "[1,2,3,4,5]"), 413, errors::body_too_large);
  expect_refused("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413,
                 errors::body_too_large);
  expect_refused(
      "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n[1,2,3,4\r\n3\r\n,5]\r\n0\r\n\r\n",
      413, errors::body_too_large);
  EXPECT_EQ(server_.ask(post("/small", "[1,2,3,45]")).status, 200);
}

TEST_F(ServerInputTest, ARefusedClientThatKeepsSendingStillReadsWhy) {
  RawClient client = server_.connect();
  const Answer answer = client.ask(post("/small", filler(200'000)));
  EXPECT_EQ(answer.status, 413);
}

TEST_F(ServerInputTest, EmptyLinesBeforeARequestAreSkipped) {
  EXPECT_EQ(server_.ask("\r\n\r\n" + get("/hello")).status, 200);
}

TEST_F(ServerInputTest, AFoldedHeaderDoesNotBecomeTwo) {
  const Answer answer = server_.ask(get("/hello", "X: a\r\n Content-Length: 5\r\n"));
  EXPECT_EQ(answer.status, 200);
}

TEST_F(ServerInputTest, AHalfRequestIsToldThatItsEndIsMissing) {
  for (const std::string& half : {std::string("GET /hel"), framed("Content-Length: 9\r\n", "[1,2"),
                                  framed("Transfer-Encoding: chunked\r\n", "5\r\n[1")}) {
    RawClient client = server_.connect();
    client.send(half);
    client.stop_sending();
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, 400) << half;
    EXPECT_EQ(answer.code(), "malformed_request") << half;
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

TEST_F(ServerInputTest, AClientThatOnlyStoppedSendingGetsItsAnswers) {
  RawClient client = server_.connect();
  client.send(get("/hello") + post("/echo", "[1]"));
  client.stop_sending();
  EXPECT_EQ(client.receive().body, "\"hi\"");
  EXPECT_EQ(client.receive().body, "[1]");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(ServerInputTest, AClientThatSaysNothingAndLeavesIsForgotten) {
  {
    const RawClient client = server_.connect();
    EXPECT_TRUE(server_.wait_for_metric("florin_http_connections", 1));
  }
  EXPECT_TRUE(server_.wait_for_metric("florin_http_connections", 0));
}

TEST_F(ServerInputTest, ClientsThatVanishMidAnswerHarmNobody) {
  for (int i = 0; i < 8; ++i) {
    RawClient client = server_.connect();
    client.send(get("/large") + get("/large"));
    EXPECT_EQ(client.receive_bytes(100).size(), 100u);
    client.reset();
  }
  EXPECT_TRUE(server_.wait_for_metric("florin_http_connections", 0));
}

}  // namespace
}  // namespace florin::http
