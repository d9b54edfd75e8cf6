#include "sandbox/hub_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "sandbox/sandbox_fixture.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

http::ServerOptions any_port() {
  http::ServerOptions options;
  options.port = 0;
  options.access_log = false;
  return options;
}

http::Response refusal(int status, const std::string& code) {
  return {status, "{\"code\":\"" + code + "\"}"};
}

std::string text(const json::Value& body, std::string_view name) {
  const json::Value* const found = body.find(name);
  return found == nullptr || found->as_string() == nullptr ? "" : *found->as_string();
}

}  // namespace

struct HubFixture::Call {
  std::string operation, key, player, ref, currency, body;
  std::int64_t amount = 0;
};

HubFixture::HubFixture(HubOptions options)
    : options_(options), server_(any_port(), routes(), *this, clock_, metrics_) {
  const auto started = server_.start();
  EXPECT_TRUE(started) << started.error().detail;
}

std::optional<http::Authentication> HubFixture::try_authenticate(const http::Request&,
                                                                 const http::Route&) {
  return http::Authentication{http::Caller{}};
}

http::Authentication HubFixture::authenticate(const http::Request&, const http::Route&) {
  return {http::Caller{}};
}

http::Routes HubFixture::routes() {
  http::Routes routes;
  for (const std::string operation : {"debit", "credit", "rollback", "balance"}) {
    routes.push_back({"POST", "/wallet/" + operation, "",
                      http::SyncHandler([this, operation](const http::Request& request) {
                        return take(operation, request);
                      })});
  }
  return routes;
}

bool HubFixture::is_signed(const http::Request& request) const {
  const auto timestamp = request.header("X-Timestamp").value_or("");
  if (!has(HubBug::checks_no_time) && !is_fresh(timestamp, clock_.now())) return false;
  return has(HubBug::checks_no_signature) ||
         request.header("X-Signature") ==
             sign_hub_call(Secret(std::string(hub_secret)), request.body, timestamp);
}

Result<http::Response> HubFixture::take(const std::string& operation,
                                        const http::Request& request) {
  ++calls_;
  if (!is_signed(request)) return refusal(401, "invalid_signature");
  const auto parsed = json::parse(request.body);
  const json::Value body = parsed ? *parsed : json::Value();
  Call call{operation,
            std::string(request.idempotency_key().value_or("")),
            text(body, "playerId"),
            text(body, "refId"),
            text(body, "currency"),
            request.body};
  if (const json::Value* amount = body.find("amountCents")) call.amount = *amount->as_integer();
  if (call.currency == "TRY" && !has(HubBug::takes_every_currency)) {
    return refusal(422, "unsupported_currency");
  }
  const std::lock_guard lock(mutex_);
  const http::Response answer = judge(call);
  if (has(HubBug::never_knows) && operation != "balance") return refusal(500, "internal_error");
  return dice_.hits(options_.lost_answers) ? refusal(500, "internal_error") : answer;
}

http::Response HubFixture::judge(const Call& call) {
  if (call.operation == "balance") {
    return has(HubBug::tells_no_balance) ? refusal(404, "player_not_found") : done(call, 0);
  }
  const auto found = stored_.find(call.operation + call.key);
  if (found != stored_.end() && !has(HubBug::charges_twice)) return known(call, found->second);
  if (call.operation == "debit") return debit(call);
  return call.operation == "credit" ? credit(call) : rollback(call);
}

http::Response HubFixture::known(const Call& call, Stored& stored) {
  if (stored.body == call.body) return stored.answer;
  if (has(HubBug::takes_changed_amounts)) return done(call, -call.amount);
  return refusal(422, "idempotency_mismatch");
}

http::Response HubFixture::debit(const Call& call) {
  if (tombstones_.count(call.key) != 0 && !has(HubBug::forgets_tombstones)) {
    return refusal(409, "already_rolled_back");
  }
  const bool is_poor = balances_[call.player] < call.amount && !has(HubBug::overdraws);
  if (is_poor || has(HubBug::refuses_debits)) {
    return refusal(402, "insufficient_funds");
  }
  return done(call, -call.amount);
}

http::Response HubFixture::credit(const Call& call) {
  if (has(HubBug::refuses_credits) && !call.ref.starts_with("open-"))
    return refusal(422, "player_blocked");
  const auto debit = stored_.find("debit" + call.ref);
  if (debit != stored_.end()) {
    if (debit->second.is_undone && !has(HubBug::credits_after_rollback)) {
      return refusal(409, "already_rolled_back");
    }
    debit->second.is_settled = true;
  }
  return done(call, call.amount);
}

http::Response HubFixture::rollback(const Call& call) {
  if (has(HubBug::refuses_rollbacks)) return refusal(409, "transaction_conflict");
  const auto debit = stored_.find("debit" + call.ref);
  if (debit == stored_.end()) {
    tombstones_[call.ref] = true;
    return done(call, 0);
  }
  if (debit->second.is_settled) return refusal(409, "transaction_conflict");
  debit->second.is_undone = true;
  return done(call, debit->second.amount);
}

http::Response HubFixture::done(const Call& call, std::int64_t change) {
  balances_[call.player] += change;
  const std::string id = "wtx_" + std::to_string(next_id_++);
  std::string body;
  json::Writer(body)
      .begin_object()
      .member("status", "OK")
      .member("balanceCents", balances_[call.player])
      .member("transactionId", id)
      .end_object();
  Stored stored{call.player, call.ref, id, std::abs(change), false, false, {}, call.body};
  stored.answer = {call.operation == "balance" ? 200 : 201, body};
  stored_[call.operation + call.key] = stored;
  return stored.answer;
}

}  // namespace florin::sandbox
