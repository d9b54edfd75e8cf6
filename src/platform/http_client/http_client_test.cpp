#include "platform/http_client/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "platform/http_client/raw_server_fixture.h"

namespace florin::http_client {
namespace {

Request post(const RawServer& server, std::string body = "{}") {
  Request request;
  request.url = server.url("/in");
  request.body = std::move(body);
  request.addresses = AddressRule::any;
  request.timeout_ms = 5'000;
  return request;
}

std::string answer(std::string_view status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

TEST(HttpClient, SendsMethodHeadersAndBodyAndReadsTheAnswer) {
  RawServer server([](const std::string&) { return answer("201 Created", "yes", "X-Two: 2\r\n"); });
  HttpClient client({});
  Request request = post(server, "the body");
  request.headers = {{"X-One", "1"}, {"Content-Type", "application/json"}};
  const auto response = client.execute(request);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "yes");
  EXPECT_EQ(response->header("x-two"), "2");
  EXPECT_FALSE(response->header("X-Three"));
  const std::string got = server.received().front();
  EXPECT_TRUE(got.starts_with("POST /in HTTP/1.1\r\n")) << got;
  EXPECT_NE(got.find("X-One: 1\r\n"), std::string::npos);
  EXPECT_NE(got.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(got.find("Expect"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\nthe body")) << got;
}

TEST(HttpClient, GetCarriesNoBody) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  HttpClient client({});
  Request request = post(server, "");
  request.method = "GET";
  ASSERT_TRUE(client.execute(request));
  EXPECT_EQ(server.received().front().find("Content-Length"), std::string::npos);
}

TEST(HttpClient, KeepsItsConnections) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  HttpClient client({});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.execute(post(server)));
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, DoesNotFollowRedirects) {
  RawServer server([](const std::string&) {
    return answer("302 Found", "", "Location: http://127.0.0.1:1/\r\n");
  });
  HttpClient client({});
  const auto response = client.execute(post(server));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
}

TEST(HttpClient, NobodyListeningMeansNothingWasSent) {
  int port = 0;
  {
    RawServer gone([](const std::string&) { return std::string(); });
    port = gone.port();
  }
  HttpClient client({});
  Request request;
  request.url = "http://127.0.0.1:" + std::to_string(port);
  request.addresses = AddressRule::any;
  const auto answered = client.execute(request);
  EXPECT_EQ(answered.error().code, errors::connection_refused);
  EXPECT_TRUE(is_surely_not_sent(answered.error().code));
}

TEST(HttpClient, AnUnknownNameIsToldApart) {
  HttpClient client({});
  Request request;
  request.url = "http://no-such-host.invalid/";
  request.addresses = AddressRule::any;
  EXPECT_EQ(client.execute(request).error().code, errors::dns_failed);
}

TEST(HttpClient, AServerThatNeverFinishesTlsTimesOutInConnecting) {
  RawServer silent([](const std::string&) { return RawServer::stay_silent; });
  HttpClient client({});
  Request request = post(silent);
  request.url.replace(0, 4, "https");
  request.timeout_ms = 5'000;
  request.connect_timeout_ms = 100;
  EXPECT_EQ(client.execute(request).error().code, errors::connect_timed_out);
}

TEST(HttpClient, AServerWithoutTlsFailsInTls) {
  RawServer plain([](const std::string&) { return answer("200 OK", "x"); }, "not TLS at all\r\n");
  HttpClient client({});
  Request request = post(plain);
  request.url.replace(0, 4, "https");
  EXPECT_EQ(client.execute(request).error().code, errors::tls_failed);
}

TEST(HttpClient, AnUnreadableUrlAndAnotherSchemeAreNotSent) {
  HttpClient client({});
  for (const char* url :
       {"", "http://", "not a url at all", "ftp://127.0.0.1/x", "file:///etc/passwd"}) {
    Request request;
    request.url = url;
    request.addresses = AddressRule::any;
    EXPECT_EQ(client.execute(request).error().code, errors::not_connected) << url;
  }
}

TEST(HttpClient, SilenceHalfAnAnswerAndHangingUpLeaveTheOutcomeOpen) {
  HttpClient client({});
  RawServer silent([](const std::string&) { return RawServer::stay_silent; });
  Request request = post(silent);
  request.timeout_ms = 100;
  const auto slow = client.execute(request);
  EXPECT_EQ(slow.error().code, errors::answer_timed_out);
  EXPECT_FALSE(is_surely_not_sent(slow.error().code));

  RawServer half([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" + RawServer::then_close;
  });
  Request broken = post(half);
  int status = 0;
  broken.on_broken_answer = [&status](int came) { status = came; };
  EXPECT_EQ(client.execute(broken).error().code, errors::closed_early);
  EXPECT_EQ(status, 200);

  RawServer hangs_up([](const std::string&) { return RawServer::then_close; });
  const auto nothing = client.execute(post(hangs_up));
  EXPECT_EQ(nothing.error().code, errors::closed_early);
  EXPECT_FALSE(is_surely_not_sent(nothing.error().code));

  RawServer garbage([](const std::string&) { return "SSH-2.0-x\r\n\r\n" + RawServer::then_close; });
  EXPECT_EQ(client.execute(post(garbage)).error().code, errors::no_answer);
}

TEST(HttpClient, ALongAnswerIsCutOff) {
  RawServer server([](const std::string&) { return answer("200 OK", std::string(100'000, 'x')); });
  HttpClient client({});
  Request request = post(server);
  request.max_response_bytes = 1'000;
  const auto response = client.execute(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(response->is_cut_off);
  EXPECT_EQ(response->body.size(), 1'000u);
}

TEST(HttpClient, ConnectsToNoPrivateAddressForTenants) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  HttpClient client({});
  Request request = post(server);
  request.addresses = AddressRule::public_only;
  EXPECT_EQ(client.execute(request).error().code, errors::address_refused);
  // By another name for the same machine, which only resolving shows.
  request.url = "http://localhost:" + std::to_string(server.port());
  EXPECT_EQ(client.execute(request).error().code, errors::address_refused);
  request.url = "http://[::ffff:127.0.0.1]:" + std::to_string(server.port());
  EXPECT_EQ(client.execute(request).error().code, errors::address_refused);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, APooledConnectionOfConfigurationServesNoTenant) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  HttpClient client({});
  ASSERT_TRUE(client.execute(post(server)));
  Request request = post(server);
  request.addresses = AddressRule::public_only;
  EXPECT_EQ(client.execute(request).error().code, errors::address_refused);
}

TEST(HttpClient, AnAllowedHostIsOpen) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  ClientOptions options;
  options.guard = AddressGuard({"127.0.0.1:" + std::to_string(server.port())});
  HttpClient client(options);
  Request request = post(server);
  request.addresses = AddressRule::public_only;
  EXPECT_TRUE(client.execute(request));
}

TEST(HttpClient, ManyAtOnceFromManyThreads) {
  RawServer server([](const std::string&) { return answer("200 OK", "x"); });
  HttpClient client({});
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) answered += client.execute(post(server)).has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, 200);
}

TEST(HttpClient, EndingAnswersWhatIsUnderWay) {
  RawServer silent([](const std::string&) { return RawServer::stay_silent; });
  std::promise<Result<Response>> promise;
  {
    HttpClient client({});
    client.send(post(silent), [&](Result<Response> r) { promise.set_value(std::move(r)); });
    silent.wait_for_requests(1);
  }
  EXPECT_EQ(promise.get_future().get().error().code, errors::no_answer);
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  const auto read = [](const char* value) {
    Response response;
    response.headers = {{"retry-after", value}};
    return retry_after_s(response, 1'732'104'000);
  };
  EXPECT_EQ(read("0"), 0);
  EXPECT_EQ(read("120"), 120);
  EXPECT_EQ(read("Wed, 20 Nov 2024 12:01:00 GMT"), 60);
  EXPECT_EQ(read("Wed, 20 Nov 2024 11:00:00 GMT"), 0) << "in the past";
  EXPECT_FALSE(read("-5"));
  EXPECT_FALSE(read("-99999999999999999999"));
  EXPECT_FALSE(read(""));
  const std::int64_t max_s = 10LL * 365 * 86'400;
  EXPECT_EQ(read("9223372036854775807"), max_s);
  EXPECT_EQ(read("99999999999999999999999999"), max_s);
  EXPECT_FALSE(read("soon"));
  EXPECT_FALSE(retry_after_s(Response{}, 0));
}

}  // namespace
}  // namespace florin::http_client
