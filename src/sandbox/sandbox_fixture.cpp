#include "sandbox/sandbox_fixture.h"

#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

constexpr int patience_ms = 10'000;

}  // namespace

std::string Answer::text(std::string_view member) const {
  const json::Value* const found = body.find(member);
  return found == nullptr || found->as_string() == nullptr ? "" : *found->as_string();
}

std::int64_t Answer::number(std::string_view member) const {
  const json::Value* const found = body.find(member);
  return found == nullptr || found->as_integer() == nullptr ? -1 : *found->as_integer();
}

Options options_for_tests() {
  Options options;
  options.operator_port = 0;
  options.rgs_port = 0;
  options.operator_secrets = {Secret(std::string(first_secret)),
                              Secret(std::string(second_secret))};
  options.webhook_secret = Secret(std::string(webhook_secret));
  options.hub_secret = Secret(std::string(hub_secret));
  return options;
}

SandboxFixture::SandboxFixture(const Options& options) : sandbox(options, clock) {
  const auto started = sandbox.start();
  EXPECT_TRUE(started) << started.error().detail;
}

std::string SandboxFixture::operator_url() const {
  return "http://127.0.0.1:" + std::to_string(sandbox.operator_port());
}

std::string SandboxFixture::rgs_url() const {
  return "http://127.0.0.1:" + std::to_string(sandbox.rgs_port());
}

http_client::Request SandboxFixture::request(std::string_view method, std::string_view path,
                                             std::string_view body) const {
  http_client::Request request;
  request.method = method;
  request.url = operator_url() + std::string(path);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  request.addresses = http_client::AddressRule::any;
  request.timeout_ms = patience_ms;
  return request;
}

Answer SandboxFixture::send(http_client::Request request) {
  auto response = client.execute(std::move(request));
  if (!response) {
    ADD_FAILURE() << response.error().detail;
    return {};
  }
  auto body = json::parse(response->body);
  return {response->status, body ? *body : json::Value(), *std::move(response)};
}

Answer SandboxFixture::wallet(std::string_view operation, std::string_view body) {
  const std::string path = "/wallet/" + std::string(operation);
  const std::string text =
      "{\"requestId\":\"q-" + std::to_string(++requests_) + "\"," + std::string(body) + "}";
  http_client::Request call = request("POST", path, text);
  const std::string timestamp = std::to_string(clock.now().us / 1'000'000);
  call.headers.push_back({"X-Timestamp", timestamp});
  call.headers.push_back({"X-Signature", sign_wallet_call(Secret(std::string(first_secret)),
                                                          {timestamp, "POST", path, text})});
  return send(std::move(call));
}

Answer SandboxFixture::list(std::string_view query) {
  http_client::Request call = request("GET", "/wallet/transactions" + std::string(query), "");
  const std::string timestamp = std::to_string(clock.now().us / 1'000'000);
  call.headers.push_back({"X-Timestamp", timestamp});
  call.headers.push_back(
      {"X-Signature", sign_wallet_call(Secret(std::string(first_secret)),
                                       {timestamp, "GET", "/wallet/transactions", ""})});
  return send(std::move(call));
}

Answer SandboxFixture::evenbet(std::string_view body) {
  http_client::Request call = request("POST", "/evenbet", body);
  call.headers.push_back({"sign", sign_evenbet_call(Secret(std::string(first_secret)), body)});
  return send(std::move(call));
}

Answer SandboxFixture::control(std::string_view method, std::string_view path,
                               std::string_view body) {
  return send(request(method, path, body));
}

void SandboxFixture::add_fault(std::string_view rule) {
  EXPECT_EQ(control("POST", "/sandbox/faults", rule).status, 201) << rule;
}

}  // namespace florin::sandbox
