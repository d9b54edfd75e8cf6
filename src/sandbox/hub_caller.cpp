#include "sandbox/hub_caller.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "platform/json/value.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

constexpr std::int64_t longest_wait_s = 5;

std::string text_member(const json::Value& body, std::string_view name) {
  const json::Value* const found = body.find(name);
  return found == nullptr || found->as_string() == nullptr ? "" : *found->as_string();
}

Meaning meaning_of(int status, const json::Value& body) {
  if (status == 200 || status == 201) {
    return text_member(body, "status") == "OK" ? Meaning::done : Meaning::unclear;
  }
  if (status < 400 || status == 408 || status == 429 || status >= 500) return Meaning::unclear;
  // The first attempt with this key still runs.
  return text_member(body, "code") == "request_in_progress" ? Meaning::unclear : Meaning::refused;
}

}  // namespace

HubReply read_reply(const http_client::Response& response, Timestamp now) {
  const auto parsed = json::parse(response.body);
  const json::Value body = parsed ? *parsed : json::Value();
  HubReply reply;
  reply.meaning = meaning_of(response.status, body);
  reply.status = response.status;
  reply.code = text_member(body, "code");
  reply.transaction_id = text_member(body, "transactionId");
  if (const json::Value* balance = body.find("balanceCents");
      balance != nullptr && balance->as_integer() != nullptr) {
    reply.balance_cents = *balance->as_integer();
  }
  reply.retry_after_s = http_client::retry_after_s(response, now.us / 1'000'000).value_or(0);
  return reply;
}

HubCaller::HubCaller(HubAccess access, http_client::HttpClient& client, const Clock& clock)
    : access_(std::move(access)), client_(client), clock_(clock) {}

http_client::Request HubCaller::request_of(const HubCall& call) const {
  const bool is_stale = call.forgery == HubCall::Forgery::stale_timestamp;
  const std::int64_t now_s = clock_.now().us / 1'000'000;
  const std::string timestamp = std::to_string(is_stale ? now_s - longest_skew_s - 100 : now_s);
  const std::string path = "/wallet/" + call.operation;
  std::string signature =
      access_.signs_by_v2
          ? sign_hub_call_v2(access_.secret, {timestamp, "POST", path, call.key, call.body})
          : sign_hub_call(access_.secret, call.body, timestamp);
  if (call.forgery == HubCall::Forgery::wrong_signature) {
    signature.back() = signature.back() == '0' ? '1' : '0';
  }
  http_client::Request request;
  request.url = access_.url + path;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Timestamp", timestamp},
                     {"X-Signature", std::move(signature)}};
  if (!access_.partner_id.empty()) request.headers.push_back({"X-Partner-Id", access_.partner_id});
  if (!call.key.empty()) request.headers.push_back({"Idempotency-Key", call.key});
  request.body = call.body;
  request.timeout_ms = access_.timeout_ms;
  request.addresses = http_client::AddressRule::any;
  return request;
}

std::future<HubReply> HubCaller::start(const HubCall& call) {
  auto promise = std::make_shared<std::promise<HubReply>>();
  std::future<HubReply> reply = promise->get_future();
  client_.send(request_of(call), [this, promise](const Result<http_client::Response>& response) {
    count(response ? response->status : 0);
    promise->set_value(response ? read_reply(*response, clock_.now()) : HubReply{});
  });
  return reply;
}

HubReply HubCaller::insist(const HubCall& call) { return insist_after(call, attempt(call)); }

HubReply HubCaller::insist_after(const HubCall& call, HubReply reply) {
  for (const int delay_ms : access_.retry_ms) {
    if (reply.meaning != Meaning::unclear || has_given_up_) break;
    const auto asked_ms = static_cast<int>(std::min(reply.retry_after_s, longest_wait_s) * 1'000);
    wait(std::max(delay_ms, asked_ms));
    reply = attempt(call);
  }
  return reply;
}

void HubCaller::wait(int delay_ms) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(delay_ms), [this] { return has_given_up(); });
}

void HubCaller::give_up() {
  const std::lock_guard lock(mutex_);
  has_given_up_ = true;
  wake_.notify_all();
}

void HubCaller::count(int status) {
  const std::lock_guard lock(mutex_);
  ++statuses_[status];
}

StatusCounts HubCaller::statuses() const {
  const std::lock_guard lock(mutex_);
  return statuses_;
}

}  // namespace florin::sandbox
