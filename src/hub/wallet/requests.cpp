#include "hub/wallet/requests.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "hub/errors.h"
#include "platform/http/route.h"
#include "platform/json/object_reader.h"

namespace florin::hub::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_player_bytes = 100;
constexpr std::size_t max_ref_bytes = 255;
constexpr std::size_t max_meta_bytes = 16 * 1024;

/// With the members of every object in the order of their names.
json::Value sorted(const json::Value& value) {
  if (const json::Object* members = value.as_object()) {
    json::Object copy;
    for (const auto& [name, member] : *members) copy.emplace_back(name, sorted(member));
    std::sort(copy.begin(), copy.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return json::Value(std::move(copy));
  }
  const json::Array* items = value.as_array();
  if (!items) return value;
  json::Array copy;
  for (const json::Value& item : *items) copy.push_back(sorted(item));
  return json::Value(std::move(copy));
}

/// Two texts of one movement, with other spaces or another order of members, have one digest.
idempotency::Digest digest_of_fields(const Movement& movement, const json::Value& document) {
  const json::Value* const meta = document.find("meta");
  const std::string amount = movement.amount ? std::to_string(movement.amount->minor) : "";
  return idempotency::digest_of(
      {"fields", to_word(movement.kind), movement.player, amount,
       movement.currency ? movement.currency->code() : "", movement.ref,
       meta && meta->as_object() ? json::serialize(sorted(*meta)) : "{}"});
}

std::string read_meta(ObjectReader& body) {
  const json::Object* members = body.optional_object("meta");
  if (!members) return "{}";
  std::string text = json::serialize(json::Value(*members));
  if (text.size() > max_meta_bytes)
    body.problem("meta", "too_long", "must not be longer than 16384 bytes");
  return text;
}

Result<void> check_currency(const Partner& partner, const Currency& currency) {
  if (partner.allows(currency)) return {};
  return Error{errors::unsupported_currency,
               "the partner does not take " + std::string(currency.code()),
               {{"/currency", "unsupported_currency", "is not one of the partner's currencies"}}};
}

Result<void> check_amount(const Partner& partner, const Money& amount) {
  if (!partner.max_amount_minor || amount.minor <= *partner.max_amount_minor) return {};
  return Error{errors::amount_limit_exceeded,
               "the amount is above what the partner may move at once",
               {{"/amountCents", "too_large", "is above the partner's limit"}}};
}

/// A rollback may leave out player, amount and currency: its debit knows them.
void read_movement(ObjectReader& body, Movement& movement) {
  const bool is_rollback = movement.kind == Kind::rollback;
  const json::TextRule player_rule{1, max_player_bytes};
  movement.player = (is_rollback ? body.optional_text("playerId", player_rule)
                                 : body.required_text("playerId", player_rule))
                        .value_or("");
  const auto amount = is_rollback ? body.optional_integer("amountCents", {0})
                                  : body.required_integer("amountCents", {0});
  const auto currency =
      !is_rollback || amount ? body.required_currency() : body.optional_currency();
  movement.currency = currency;
  if (amount && currency) movement.amount = Money{*amount, *currency};
  movement.ref = body.required_text("refId", {1, max_ref_bytes}).value_or("");
  movement.meta = read_meta(body);
}

}  // namespace

Result<Movement> movement(const http::Request& request, const SignedCall& caller, Kind kind) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  Movement movement;
  movement.kind = kind;
  movement.signature = caller.signature;
  movement.request_id = request.request_id;
  movement.raw_request = idempotency::digest_of({to_word(kind), request.body});
  movement.key = request.idempotency_key().value_or("");
  read_movement(body, movement);
  body.reject_unknown();
  if (movement.key.empty())
    problems.push_back({"#/headers/Idempotency-Key", "required", "is required"});
  if (!problems.empty()) return json::validation_error(std::move(problems));
  movement.request = digest_of_fields(movement, document);
  if (movement.currency) TRY(check_currency(caller.partner->partner, *movement.currency));
  if (movement.amount) TRY(check_amount(caller.partner->partner, *movement.amount));
  return movement;
}

Result<BalanceRequest> balance(const http::Request& request, const Partner& partner) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  auto player = body.required_text("playerId", {1, max_player_bytes});
  const auto currency = body.required_currency();
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  TRY(check_currency(partner, *currency));
  return BalanceRequest{*std::move(player), *currency};
}

Result<store::Filter> transaction_filter(const http::Request& request) {
  store::Filter filter;
  filter.player = request.query_param("playerId");
  filter.ref = request.query_param("refId");
  filter.key = request.query_param("idempotencyKey");
  filter.state = TRY(http::query_word<State>(request, "status"));
  filter.kind = TRY(http::query_word<Kind>(request, "kind"));
  filter.is_stuck = TRY(http::query_flag(request, "stuck"));
  return filter;
}

}  // namespace florin::hub::requests
