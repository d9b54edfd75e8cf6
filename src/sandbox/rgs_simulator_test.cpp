// The game server's side of webhooks over real HTTP.
#include "sandbox/rgs_simulator.h"

#include <future>
#include <memory>

#include "platform/crypto/base64.h"
#include "platform/crypto/hash.h"
#include "platform/jobs/delayer.h"
#include "sandbox/errors.h"
#include "sandbox/sandbox_fixture.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

constexpr std::string_view event = R"({"type":"transaction.created","data":{"amount":1}})";

std::string key_of_secret() { return *crypto::from_base64(webhook_secret.substr(6)); }

std::string standard_signature(std::string_view content) {
  return "v1," + crypto::to_base64(crypto::bytes_of(crypto::hmac_sha256(key_of_secret(), content)));
}

http_client::Request rgs_request(const SandboxFixture& sandbox, std::string_view method,
                                 std::string_view path, std::string_view body = "") {
  http_client::Request request = sandbox.request(method, "", body);
  request.url = sandbox.rgs_url() + std::string(path);
  return request;
}

http_client::Request webhook(const SandboxFixture& sandbox, const std::string& id) {
  http_client::Request request = rgs_request(sandbox, "POST", "/webhooks", event);
  request.headers.push_back({"webhook-id", id});
  request.headers.push_back({"webhook-timestamp", "1732104000"});
  request.headers.push_back(
      {"webhook-signature", "v1a,other " + standard_signature(id + ".1732104000." + request.body)});
  return request;
}

TEST(RgsSimulator, TakesASignedWebhookAndKnowsItAgain) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_1")).text("status"), "OK");
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_1")).text("status"), "DUPLICATE");
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_2")).text("status"), "OK");
  const Answer all = sandbox.send(rgs_request(sandbox, "GET", "/sandbox/deliveries"));
  EXPECT_EQ(all.number("received"), 3);
  EXPECT_EQ(all.number("unique"), 2);
  EXPECT_EQ(all.number("duplicates"), 1);
  const json::Array& data = *all.body.find("data")->as_array();
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(*data.at(0).find("id")->as_string(), "msg_2");
  EXPECT_EQ(*data.at(1).find("times")->as_integer(), 2);
  EXPECT_EQ(*data.at(1).find("type")->as_string(), "transaction.created");
  EXPECT_EQ(*data.at(1).find("body")->find("data")->find("amount")->as_integer(), 1);
  const Answer one = sandbox.send(rgs_request(sandbox, "GET", "/sandbox/deliveries?id=msg_1"));
  EXPECT_EQ(one.body.find("data")->as_array()->size(), 1U);
  const Answer none = sandbox.send(rgs_request(sandbox, "GET", "/sandbox/deliveries?type=other"));
  EXPECT_EQ(none.body.find("data")->as_array()->size(), 0U);
}

TEST(RgsSimulator, TheSignatureOfTheBodyAloneWillDo) {
  SandboxFixture sandbox;
  http_client::Request request = rgs_request(sandbox, "POST", "/webhooks", event);
  const auto digest = crypto::hmac_sha256(key_of_secret(), event);
  request.headers.push_back({"X-Webhook-Signature", crypto::to_hex(crypto::bytes_of(digest))});
  EXPECT_EQ(sandbox.send(request).text("status"), "OK");
  request.body += " ";
  EXPECT_EQ(sandbox.send(request).status, 401);
}

TEST(RgsSimulator, RefusesWhatIsNotSignedByTheSecret) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.send(rgs_request(sandbox, "POST", "/webhooks", event)).status, 401);
  http_client::Request tampered = webhook(sandbox, "msg_1");
  tampered.body.back() = ' ';
  EXPECT_EQ(sandbox.send(tampered).status, 401);
  http_client::Request other_id = webhook(sandbox, "msg_1");
  other_id.headers.at(1).value = "msg_2";
  EXPECT_EQ(sandbox.send(other_id).status, 401);
  http_client::Request with_wrong_second = webhook(sandbox, "msg_1");
  with_wrong_second.headers.push_back({"X-Webhook-Signature", std::string(64, '0')});
  EXPECT_EQ(sandbox.send(with_wrong_second).status, 401);
  sandbox.clock.advance_seconds(301);
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_1")).status, 401);
}

TEST(RgsSimulator, ABodyThatIsNoJsonIs400) {
  SandboxFixture sandbox;
  http_client::Request request = rgs_request(sandbox, "POST", "/webhooks", "oops");
  const auto digest = crypto::hmac_sha256(key_of_secret(), "oops");
  request.headers.push_back({"X-Webhook-Signature", crypto::to_hex(crypto::bytes_of(digest))});
  EXPECT_EQ(sandbox.send(request).status, 400);
}

TEST(RgsSimulator, FailsAsItIsTold) {
  SandboxFixture sandbox;
  const auto fault = [&](std::string_view rule) {
    EXPECT_EQ(sandbox.send(rgs_request(sandbox, "POST", "/sandbox/faults", rule)).status, 201);
    return sandbox.send(webhook(sandbox, "msg_1"));
  };
  EXPECT_EQ(fault(R"({"kind":"error_500"})").status, 500);
  const Answer limited = fault(R"({"operation":"webhook","kind":"rate_limited"})");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.raw.header("Retry-After"), "1");
  EXPECT_EQ(fault(R"({"kind":"gone_410"})").status, 410);
  EXPECT_EQ(fault(R"({"kind":"timeout_after_commit","hold_ms":1})").status, 504);
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_1")).text("status"), "DUPLICATE");
  const Answer state = sandbox.send(rgs_request(sandbox, "GET", "/sandbox/state"));
  EXPECT_EQ(*state.body.find("calls")->find("webhook")->as_integer(), 5);
  EXPECT_EQ(state.number("unique"), 1);
  EXPECT_EQ(sandbox.send(rgs_request(sandbox, "POST", "/sandbox/reset")).status, 204);
  EXPECT_EQ(sandbox.send(webhook(sandbox, "msg_1")).text("status"), "OK");
}

/// Source: standard-webhooks libraries/go/webhook_test.go.
constexpr SignedWebhook published{
    "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", R"({"test": 2432232314})"};

TEST(Signatures, ThePublishedWebhookIsSigned) {
  EXPECT_TRUE(is_signed_webhook(Secret(std::string(webhook_secret)), published));
  EXPECT_TRUE(is_signed_webhook(Secret(std::string(webhook_secret.substr(6))), published));
  EXPECT_FALSE(is_signed_webhook(Secret("whsec_AAAA"), published));
  SignedWebhook several = published;
  several.signature =
      "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,g0hM9SsE "
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_TRUE(is_signed_webhook(Secret(std::string(webhook_secret)), several));
  several.signature = "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  EXPECT_FALSE(is_signed_webhook(Secret(std::string(webhook_secret)), several));
}

TEST(Signatures, ATimeIsWrittenInWholeSeconds) {
  EXPECT_TRUE(is_fresh("1732104000", vector_time));
  for (const std::string_view text : {"", "1732104000.0", "-1732104000", "99999999999999", "now"}) {
    EXPECT_FALSE(is_fresh(text, vector_time)) << text;
  }
}

TEST(Sandbox, SaysWhichAddressIsTaken) {
  const SandboxFixture running;
  Options options = options_for_tests();
  options.rgs_port = running.sandbox.operator_port();
  const SystemClock clock;
  Sandbox second(options, clock);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code.name, "cannot_listen");
  EXPECT_NE(started.error().detail.find(std::to_string(options.rgs_port)), std::string::npos);
}

TEST(Sandbox, StopsGamesThatRun) {
  auto sandbox = std::make_unique<SandboxFixture>();
  http_client::HttpClient client({});
  http_client::Request call =
      rgs_request(*sandbox, "POST", "/sandbox/play",
                  R"({"rounds":1000000,"retry_ms":[60000,60000],"hub_url":")" +
                      sandbox->operator_url() + "\"}");
  std::promise<void> ended;
  client.send(std::move(call), [&](const Result<http_client::Response>&) { ended.set_value(); });
  sandbox->sandbox.stop();
  ended.get_future().wait();
  EXPECT_FALSE(client.execute(rgs_request(*sandbox, "GET", "/sandbox/state")));
}

TEST(RgsSimulator, BeginsNoGameWhileItStops) {
  const SystemClock clock;
  jobs::Delayer delayer;
  RgsSimulator rgs({}, delayer, clock);
  rgs.break_off();
  for (const http::Route& route : rgs.routes()) {
    if (route.pattern != "/sandbox/play") continue;
    http::Request request;
    request.body = R"({"hub_url":"http://127.0.0.1:1"})";
    const auto answer = std::get<http::SyncHandler>(route.handler)(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errors::sandbox_stopping);
  }
}

}  // namespace
}  // namespace florin::sandbox
