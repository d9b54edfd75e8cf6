#include "hub/partners/requests.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "hub/operator/operator_client.h"
#include "platform/json/object_reader.h"

namespace florin::hub::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_currencies = 200;
constexpr std::int64_t max_rate = 1'000'000;
constexpr std::int64_t longest_overlap_s = 30 * 24 * 3600;
constexpr std::int64_t usual_overlap_s = 24 * 3600;

void read_code(ObjectReader& body, NewPartner& wanted) {
  const auto code = body.required_text("code", {1, max_partner_code_bytes});
  if (!code) return;
  wanted.code = *code;
  if (!is_partner_code(*code))
    body.problem("code", "bad_characters", "may hold a-z, 0-9, - and _ only");
}

void read_mode(ObjectReader& body, NewPartner& wanted) {
  const auto text = body.optional_text("wallet_mode", {1, 16});
  if (!text) return;
  const auto mode = parse_wallet_mode(*text);
  if (!mode) return body.problem("wallet_mode", "unknown_value", "must be internal or operator");
  wanted.mode = *mode;
}

std::optional<SignatureScheme> read_scheme(ObjectReader& body) {
  const auto text = body.optional_text("signature_scheme", {1, 32});
  const auto scheme = text ? parse_signature_scheme(*text) : std::nullopt;
  if (text && !scheme)
    body.problem("signature_scheme", "unknown_value", "must be body-timestamp or v2");
  return scheme;
}

std::vector<Currency> read_currencies(ObjectReader& body, Problems& problems) {
  std::vector<Currency> currencies;
  const json::Array* items = body.required_array("currencies", 1, max_currencies);
  if (!items) return currencies;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string* code = (*items)[i].as_string();
    const auto currency = code ? Currency::parse(*code) : std::nullopt;
    if (currency) {
      currencies.push_back(*currency);
    } else {
      problems.push_back({body.pointer_to("currencies") + "/" + std::to_string(i),
                          "unknown_currency", "must be a currency code of ISO 4217, such as EUR"});
    }
  }
  return currencies;
}

std::vector<Currency> usual_currencies() {
  std::vector<Currency> currencies;
  for (const char* code : {"USD", "EUR", "GBP"}) currencies.push_back(*Currency::parse(code));
  return currencies;
}

std::optional<Secret> read_secret(ObjectReader& body, std::string_view name) {
  auto text = body.optional_text(name, {0, 255});
  if (!text) return std::nullopt;
  Secret secret(*std::move(text));
  if (const auto broken = broken_secret_rule(secret))
    body.problem(name, broken->rule, broken->detail);
  return secret;
}

void read_number(ObjectReader& body, std::string_view name, json::IntegerRule rule,
                 std::int64_t& number) {
  number = body.optional_integer(name, rule).value_or(number);
}

void read_dialect(ObjectReader& body, OperatorSettings& settings) {
  const auto name = body.optional_text("dialect", {1, 32});
  if (!name) return;
  const auto names = operators::dialect_names();
  if (std::find(names.begin(), names.end(), *name) != names.end()) {
    settings.dialect = *name;
    return;
  }
  std::string choices;
  for (const std::string_view choice : names) choices.append(choices.empty() ? "" : ", ") += choice;
  body.problem("dialect", "unknown_value", "must be one of " + choices);
}

/// Nothing when there is none. Our ledger holds the money of an internal partner: nobody would be
/// called.
const json::Value* operator_of(ObjectReader& body, WalletMode mode) {
  const json::Value* settings = body.member("operator");
  if (!settings || settings->is_null()) return nullptr;
  if (mode == WalletMode::operator_wallet) return settings;
  body.problem("operator", "not_applicable", "goes with wallet_mode operator alone");
  return nullptr;
}

/// The secret of our calls to the Operator is one of its members, but kept apart.
void read_operator(const json::Value& value, Problems& problems, OperatorSettings& settings,
                   std::optional<Secret>& secret) {
  ObjectReader body(value, "/operator", problems);
  if (const auto url = body.optional_text("base_url", {8, 500})) {
    settings.base_url = *url;
    settings.is_trusted = false;
    if (!url->starts_with("https://") && !url->starts_with("http://"))
      body.problem("base_url", "bad_url", "must begin with https:// or http://");
  }
  read_dialect(body, settings);
  settings.operator_id = body.optional_text("operator_id", {1, 64}).value_or(settings.operator_id);
  read_number(body, "rate_per_minute", {0, max_rate}, settings.rate_per_minute);
  read_number(body, "timeout_ms", {100, 60'000}, settings.timeout_ms);
  read_number(body, "max_attempts", {1, 10}, settings.max_attempts);
  read_number(body, "max_concurrent", {1, 10'000}, settings.max_concurrent);
  secret = read_secret(body, "secret");
  body.reject_unknown();
}

}  // namespace

Result<NewPartner> new_partner(const http::Request& request) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  NewPartner wanted;
  read_code(body, wanted);
  read_mode(body, wanted);
  wanted.currencies = body.has("currencies") ? read_currencies(body, problems) : usual_currencies();
  wanted.max_amount_minor = body.optional_integer("max_amount", {1});
  read_number(body, "rate_limit_per_second", {0, max_rate}, wanted.rate_limit_per_second);
  wanted.signature_scheme = read_scheme(body).value_or(wanted.signature_scheme);
  wanted.secret = read_secret(body, "secret");
  if (const json::Value* settings = operator_of(body, wanted.mode))
    read_operator(*settings, problems, wanted.operator_settings, wanted.operator_secret);
  body.reject_unknown();
  if (wanted.mode == WalletMode::operator_wallet) {
    if (wanted.operator_settings.base_url.empty())
      problems.push_back({"/operator/base_url", "required", "is required in operator mode"});
    if (!wanted.operator_secret)
      problems.push_back({"/operator/secret", "required", "is required in operator mode"});
  }
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return wanted;
}

Result<PartnerChange> partner_change(const http::Request& request, const Partner& before) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  PartnerChange change;
  if (const auto status = body.optional_text("status", {1, 16})) {
    change.is_active = *status == "active";
    if (*status != "active" && *status != "disabled")
      body.problem("status", "unknown_value", "must be active or disabled");
  }
  if (body.has("currencies")) change.currencies = read_currencies(body, problems);
  if (body.has("max_amount")) change.max_amount_minor = body.optional_integer("max_amount", {1});
  change.signature_scheme = read_scheme(body);
  change.rate_limit_per_second = body.optional_integer("rate_limit_per_second", {0, max_rate});
  if (const json::Value* settings = operator_of(body, before.mode)) {
    change.operator_settings = before.operator_settings;
    read_operator(*settings, problems, *change.operator_settings, change.operator_secret);
  }
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return change;
}

Result<std::int64_t> rotation_overlap_s(const http::Request& request) {
  if (request.body.empty()) return usual_overlap_s;
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  const auto overlap = body.optional_integer("overlap_seconds", {0, longest_overlap_s});
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return overlap.value_or(usual_overlap_s);
}

Result<NewWallet> new_wallet(const http::Request& request, const Partner& partner) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  auto player = body.required_text("player_id", {1, 100});
  const auto code = body.required_text("currency", {1, 16});
  const auto currency = code ? Currency::parse(*code) : std::nullopt;
  if (code && (!currency || !partner.allows(*currency)))
    body.problem("currency", "unsupported_currency", "is not one of the partner's currencies");
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return NewWallet{*std::move(player), *currency};
}

}  // namespace florin::hub::requests
