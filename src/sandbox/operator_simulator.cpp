#include "sandbox/operator_simulator.h"

#include <charconv>
#include <utility>

#include "base/money.h"
#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/json/writer.h"
#include "sandbox/control.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr int largest_page = 1'000;

Currency currency_of(std::string_view code) { return *Currency::parse(code); }

/// What the answer says in place of what was booked.
Receipt distorted(Receipt receipt, FaultKind fault) {
  if (!receipt.currency) return receipt;
  if (fault == FaultKind::changed_amount) {
    ++receipt.moved_minor;
    ++receipt.balance_minor;
  }
  if (fault == FaultKind::other_currency) {
    receipt.currency = currency_of(receipt.currency->code() == "EUR" ? "USD" : "EUR");
  }
  return receipt;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Error bad_query(std::string_view name) {
  return {florin::errors::validation_failed, std::string(name) + " is not what this list takes"};
}

Result<std::optional<Timestamp>> time_param(const Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<Timestamp>();
  const auto time = Timestamp::parse(*text);
  if (!time) return bad_query(name);
  return time;
}

Result<std::int64_t> number_param(const Request& request, std::string_view name,
                                  std::int64_t otherwise) {
  const auto text = request.query_param(name);
  if (!text) return otherwise;
  const auto value = to_integer(*text);
  if (!value) return bad_query(name);
  return *value;
}

Result<RowFilter> parse_filter(const Request& request) {
  RowFilter filter;
  filter.from = TRY(time_param(request, "from"));
  filter.to = TRY(time_param(request, "to"));
  filter.after = TRY(number_param(request, "cursor", 0));
  const std::int64_t limit = TRY(number_param(request, "limit", filter.limit));
  if (limit < 1 || limit > largest_page) return bad_query("limit");
  filter.limit = static_cast<int>(limit);
  filter.transaction_id = request.query_param("transactionId").value_or("");
  return filter;
}

}  // namespace

OperatorSimulator::OperatorSimulator(OperatorOptions options, jobs::Delayer& delayer,
                                     const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      books_(options_.opening_balance_major, clock),
      stage_(options_.latency_ms, delayer, clock) {}

http::Routes OperatorSimulator::routes() {
  http::Routes routes = control_routes(stage_);
  for (const std::string_view operation :
       {"authenticate", "balance", "debit", "credit", "rollback", "adjust"}) {
    routes.push_back({"POST", std::string("/wallet/").append(operation), "",
                      http::HotHandler([this, operation](const Request& request, Responder answer) {
                        wallet(operation, request, answer);
                      }),
                      http::any_query});
  }
  routes.push_back({"GET", "/wallet/transactions", "",
                    http::HotHandler([this](const Request& request, Responder answer) {
                      wallet_transactions(request, answer);
                    }),
                    http::any_query, http::Body::any});
  routes.push_back({"POST", "/evenbet", "",
                    http::HotHandler([this](const Request& request, Responder answer) {
                      evenbet(request, answer);
                    }),
                    http::any_query});
  routes.push_back({"GET",
                    "/sandbox/state",
                    "",
                    http::SyncHandler([this](const Request& request) { return state(request); }),
                    {"player"}});
  routes.push_back(
      {"POST", "/sandbox/players", "",
       http::SyncHandler([this](const Request& request) { return set_player(request); })});
  routes.push_back({"POST",
                    "/sandbox/reset",
                    "",
                    http::SyncHandler([this](const Request&) { return reset(); }),
                    {},
                    http::Body::none});
  return routes;
}

bool OperatorSimulator::is_signed(const Request& request) const {
  const auto timestamp = request.header("X-Timestamp");
  const auto signature = request.header("X-Signature");
  if (!timestamp || !signature || !is_fresh(*timestamp, clock_.now())) return false;
  const auto fits = [&](std::string_view path) {
    for (const Secret& secret : options_.secrets) {
      const WalletCall call{*timestamp, request.method, path, request.body};
      if (crypto::equal_constant_time(sign_wallet_call(secret, call), *signature)) return true;
    }
    return false;
  };
  // The contract says "path" alone; who signs the query with it is understood too.
  return fits(request.path) || (!request.query.empty() && fits(request.path + "?" + request.query));
}

void OperatorSimulator::wallet(std::string_view operation, const Request& request,
                               const Responder& responder) {
  if (!is_signed(request)) {
    stage_.refuse("bad_signature", wallet_bad_signature(), responder);
    return;
  }
  auto parsed = parse_wallet_request(operation, request.body);
  if (!parsed) {
    stage_.refuse("bad_request", wallet_bad_request(parsed.error()), responder);
    return;
  }
  const WalletRequest call = *std::move(parsed);
  stage_.play({std::string(operation), call.movement.player_id, call.movement.transaction_id,
               [this, call](FaultKind fault) {
                 WalletRequest answered = call;
                 const Receipt receipt = call.operation == "authenticate" ? authenticate(answered)
                                                                          : execute(call, fault);
                 return Executed{wallet_answer(answered, distorted(receipt, fault)),
                                 std::string(wallet_word(receipt.outcome))};
               }},
              responder);
}

Receipt OperatorSimulator::execute(const WalletRequest& request, FaultKind fault) {
  if (!request.has_valid_amount) return {.outcome = Outcome::invalid_amount};
  const Movement& movement = request.movement;
  if (request.operation != "balance") return books_.book(movement, fault);
  return books_.balance(movement.player_id, movement.currency, currency_of("KZT"));
}

/// A token is for one time. "launch-ana" is ana's; any other token needs the playerId beside it.
Receipt OperatorSimulator::authenticate(WalletRequest& request) {
  constexpr std::string_view launch = "launch-";
  Movement& movement = request.movement;
  const std::string& token = movement.session_token;
  if (movement.player_id.empty() && token.starts_with(launch)) {
    movement.player_id = token.substr(launch.size());
  }
  if (movement.player_id.empty() || token.starts_with("invalid-")) {
    return {.outcome = Outcome::invalid_token};
  }
  if (token.starts_with("expired-")) return {.outcome = Outcome::session_expired};
  if (!books_.take_token(token)) return {.outcome = Outcome::invalid_token};
  return books_.balance(movement.player_id, movement.currency, currency_of("KZT"));
}

void OperatorSimulator::wallet_transactions(const Request& request, const Responder& responder) {
  if (!is_signed(request)) {
    stage_.refuse("bad_signature", wallet_bad_signature(), responder);
    return;
  }
  const auto filter = parse_filter(request);
  if (!filter) {
    stage_.refuse("bad_request", wallet_bad_request(filter.error()), responder);
    return;
  }
  stage_.play({"transactions", "", filter->transaction_id,
               [this, wanted = *filter](FaultKind) {
                 return Executed{wallet_list(books_.list(wanted)), "OK"};
               }},
              responder);
}

bool OperatorSimulator::is_evenbet_signed(const Request& request) const {
  const auto sign = request.header("sign");
  if (!sign) return false;
  for (const Secret& secret : options_.secrets) {
    if (crypto::equal_constant_time(sign_evenbet_call(secret, request.body), *sign)) return true;
  }
  return false;
}

void OperatorSimulator::evenbet(const Request& request, const Responder& responder) {
  if (!is_evenbet_signed(request)) {
    stage_.refuse("bad_signature", evenbet_bad_signature(), responder);
    return;
  }
  auto parsed = parse_evenbet_request(request.body);
  if (!parsed) {
    stage_.refuse("bad_request", evenbet_bad_request(), responder);
    return;
  }
  const EvenbetRequest call = *std::move(parsed);
  stage_.play({call.operation, call.movement.player_id, call.movement.transaction_id,
               [this, call](FaultKind fault) {
                 const Movement& movement = call.movement;
                 const Receipt receipt =
                     call.operation == "balance"
                         ? books_.balance(movement.player_id, movement.currency, currency_of("KZT"))
                         : books_.book(movement, fault);
                 return Executed{evenbet_answer(call, distorted(receipt, fault)),
                                 std::string(wallet_word(receipt.outcome))};
               }},
              responder);
}

Response OperatorSimulator::state(const Request& request) const {
  constexpr std::size_t most_players = 1'000;
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  write_books(writer,
              books_.state(std::string(request.query_param("player").value_or("")), most_players),
              books_.list({}));
  write_stage(writer, stage_);
  writer.end_object();
  return Response::ok(std::move(body));
}

Result<Response> OperatorSimulator::set_player(const Request& request) {
  const PlayerBalance player = TRY(parse_player(request.body));
  if (!books_.set_player(player)) {
    return Error{florin::errors::currency_mismatch, "the player has another currency"};
  }
  std::string body;
  json::Writer writer(body);
  write_player(writer, player);
  return Response::ok(std::move(body));
}

Response OperatorSimulator::reset() {
  books_.reset();
  stage_.reset();
  return Response::no_content();
}

}  // namespace florin::sandbox
