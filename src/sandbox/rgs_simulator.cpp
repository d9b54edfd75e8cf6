#include "sandbox/rgs_simulator.h"

#include <utility>

#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "sandbox/control.h"
#include "sandbox/errors.h"
#include "sandbox/play.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using json::Writer;

constexpr std::size_t deliveries_shown = 1'000;

Response status_answer(int status, std::string_view word) {
  std::string body;
  Writer(body).begin_object().member("status", word).end_object();
  return {status, std::move(body)};
}

std::string type_of(const json::Value& body) {
  const json::Value* const type = body.find("type");
  return type == nullptr || type->as_string() == nullptr ? "" : *type->as_string();
}

/// A sender that signs with X-Webhook-Signature alone names no id; its body stands for it.
std::string id_of(const Request& request) {
  if (const auto id = request.header("webhook-id")) return std::string(*id);
  return crypto::to_hex(crypto::bytes_of(crypto::sha256(request.body)));
}

void write_delivery(Writer& writer, const Delivery& delivery) {
  writer.begin_object().member("id", delivery.id).member("type", delivery.type);
  writer.member("times", delivery.times).member("received_at", delivery.received_at.rfc3339());
  writer.member_raw("body", delivery.body).end_object();
}

}  // namespace

RgsSimulator::RgsSimulator(RgsOptions options, jobs::Delayer& delayer, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      stage_(0, delayer, clock),
      client_({.user_agent = "Florin-Sandbox-RGS"}) {}

http::Routes RgsSimulator::routes() {
  http::Routes routes = control_routes(stage_);
  routes.push_back({"POST", "/webhooks", "",
                    http::HotHandler([this](const Request& request, Responder answer) {
                      webhook(request, answer);
                    }),
                    http::any_query});
  routes.push_back(
      {"GET",
       "/sandbox/deliveries",
       "",
       http::SyncHandler([this](const Request& request) { return deliveries(request); }),
       {"id", "type"}});
  routes.push_back({"POST", "/sandbox/play", "",
                    http::SyncHandler([this](const Request& request) { return play(request); })});
  routes.push_back(
      {"GET", "/sandbox/state", "", http::SyncHandler([this](const Request&) { return state(); })});
  routes.push_back({"POST",
                    "/sandbox/reset",
                    "",
                    http::SyncHandler([this](const Request&) { return reset(); }),
                    {},
                    http::Body::none});
  return routes;
}

/// At least one of the two signatures, and each that is there by our secret.
bool RgsSimulator::is_signed(const Request& request) const {
  const auto id = request.header("webhook-id");
  const auto timestamp = request.header("webhook-timestamp");
  const auto standard = request.header("webhook-signature");
  const auto plain = request.header("X-Webhook-Signature");
  if (!standard && !plain) return false;
  if (plain && !is_signed_body(options_.webhook_secret, request.body, *plain)) return false;
  if (!standard) return true;
  return id && timestamp && is_fresh(*timestamp, clock_.now()) &&
         is_signed_webhook(options_.webhook_secret, {*id, *timestamp, *standard, request.body});
}

void RgsSimulator::webhook(const Request& request, const Responder& responder) {
  if (!is_signed(request)) {
    stage_.refuse("bad_signature", status_answer(401, "INVALID_SIGNATURE"), responder);
    return;
  }
  const auto body = json::parse(request.body);
  if (!body) {
    stage_.refuse("bad_request", status_answer(400, "BAD_REQUEST"), responder);
    return;
  }
  const Delivery delivery{id_of(request), type_of(*body), request.body, clock_.now()};
  stage_.play({"webhook", "", delivery.id, [this, delivery](FaultKind) { return take(delivery); }},
              responder);
}

Executed RgsSimulator::take(const Delivery& delivery) {
  const bool is_new = deliveries_.add(delivery);
  const std::string_view word = is_new ? "OK" : "DUPLICATE";
  return {status_answer(200, word), std::string(word)};
}

Response RgsSimulator::deliveries(const Request& request) const {
  const DeliveryCounts counts = deliveries_.counts();
  std::string body;
  Writer writer(body);
  writer.begin_object().member("received", counts.received).member("unique", counts.unique);
  writer.member("duplicates", counts.duplicates).key("data").begin_array();
  for (const Delivery& delivery :
       deliveries_.last(request.query_param("id").value_or(""),
                        request.query_param("type").value_or(""), deliveries_shown)) {
    write_delivery(writer, delivery);
  }
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

Result<Response> RgsSimulator::play(const Request& request) {
  PlayRequest wanted = TRY(parse_play(request.body, options_.play_defaults));
  Play game(std::move(wanted), options_.hub_secret, client_, clock_);
  {
    const std::lock_guard lock(mutex_);
    if (is_broken_off_) {
      return Error{errors::sandbox_stopping, "the sandbox is stopping; no game is begun"};
    }
    games_.insert(&game);
  }
  const PlayReport report = game.run();
  const std::lock_guard lock(mutex_);
  games_.erase(&game);
  return Response::ok(to_json(report));
}

void RgsSimulator::break_off() {
  const std::lock_guard lock(mutex_);
  is_broken_off_ = true;
  for (Play* const game : games_) game->break_off();
}

Response RgsSimulator::state() const {
  const DeliveryCounts counts = deliveries_.counts();
  std::string body;
  Writer writer(body);
  writer.begin_object().member("received", counts.received).member("unique", counts.unique);
  writer.member("duplicates", counts.duplicates);
  write_stage(writer, stage_);
  writer.end_object();
  return Response::ok(std::move(body));
}

Response RgsSimulator::reset() {
  deliveries_.clear();
  stage_.reset();
  return Response::no_content();
}

}  // namespace florin::sandbox
