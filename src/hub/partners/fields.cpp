#include "hub/partners/fields.h"

#include <string>
#include <utility>

namespace florin::hub {
namespace {

using json::Fields;
using json::Given;
using json::Object;

constexpr std::int64_t max_rate = 1'000'000;

std::optional<BrokenRule> broken_code(const std::string& code) {
  if (is_partner_code(code)) return std::nullopt;
  return BrokenRule{"bad_characters", "may hold a-z, 0-9, - and _ only"};
}

std::optional<BrokenRule> broken_url(const std::string& url) {
  if (url.starts_with("https://") || url.starts_with("http://")) return std::nullopt;
  return BrokenRule{"bad_url", "must begin with https:// or http://"};
}

std::optional<BrokenRule> broken_secret(const Secret& secret) {
  const auto fault = broken_secret_rule(secret);
  if (!fault) return std::nullopt;
  return BrokenRule{fault->rule, fault->detail};
}

/// Our ledger holds the money of an internal partner: nobody would be called.
bool has_operator(const PartnerDraft& partner) {
  return partner.mode == WalletMode::operator_wallet;
}

const Fields<OperatorSettings>& operator_fields() {
  static const Fields<OperatorSettings> fields({
      {"base_url",
       &OperatorSettings::base_url,
       {.text = {8, 500},
        .check = broken_url,
        .help = "Must not resolve to a private, loopback or reserved address, unless "
                "hub.allowed_hosts allows the host.",
        .example = "https://wallet.operator.example"}},
      {"dialect", &OperatorSettings::dialect, {.choices = operators::dialect_names()}},
      {"operator_id",
       &OperatorSettings::operator_id,
       {.text = {1, 64}, .help = "The Operator's name for us."}},
      {"rate_per_minute",
       &OperatorSettings::rate_per_minute,
       {.integer = {0, max_rate}, .help = "0 means no limit."}},
      {"timeout_ms", &OperatorSettings::timeout_ms, {.integer = {100, 60'000}}},
      {"max_attempts", &OperatorSettings::max_attempts, {.integer = {1, 10}}},
      {"max_concurrent", &OperatorSettings::max_concurrent, {.integer = {1, 10'000}}},
  });
  return fields;
}

/// The secret of our calls to the Operator is one of its members, but kept apart.
Fields<PartnerDraft> operator_group() {
  return Fields<PartnerDraft>::of(&Partner::operator_settings, operator_fields())
      .and_also(
          {{"secret",
            &PartnerDraft::operator_secret,
            {.text = {16, 255},
             .check = broken_secret,
             .help = "Signs our calls to it: at least six different bytes, not a shorter text "
                     "repeated.",
             .example = "a secret of the operator"}}});
}

}  // namespace

const Fields<PartnerDraft>& partner_fields() {
  static const Fields<PartnerDraft> fields({
      {"id", &Partner::id, {.given = Given::never}},
      {"code",
       &Partner::code,
       {.given = Given::at_creation,
        .required = true,
        .text = {1, max_partner_code_bytes},
        .check = broken_code,
        .pattern = "^[a-z0-9_-]{1,64}$",
        .help = "The value of X-Partner-Id; unique among all tenants.",
        .example = "acme"}},
      {"status", &Partner::status, {.given = Given::in_changes}},
      {"wallet_mode", &Partner::mode, {.given = Given::at_creation}},
      {"currencies", &Partner::currencies, {.items = {1, 200}}},
      {"max_amount",
       &Partner::max_amount_minor,
       {.integer = {.min = 1},
        .help = "Maximum of one movement, in minor units; null means none."}},
      {"rate_limit_per_second",
       &Partner::rate_limit_per_second,
       {.integer = {0, max_rate}, .help = "0 means none."}},
      {"signature_scheme",
       &Partner::signature_scheme,
       {.help = "The scheme that its calls must use; v2 is always accepted."}},
      {"secret",
       &PartnerDraft::secret,
       {.given = Given::at_creation,
        .text = {16, 255},
        .check = broken_secret,
        .help = "Signs its calls: at least six different bytes, not a shorter text repeated; "
                "absent: one is generated.",
        .example = "a secret of its calls"}},
      {"operator",
       operator_group(),
       {.applies = has_operator,
        .otherwise = "goes with wallet_mode operator alone",
        .help = "Only with wallet_mode operator."}},
      {"created_at", &Partner::created_at, {.given = Given::never}},
      {"updated_at", &Partner::updated_at, {.given = Given::never}},
  });
  return fields;
}

PartnerDraft usual_partner() {
  PartnerDraft partner;
  for (const char* code : {"USD", "EUR", "GBP"})
    partner.currencies.push_back(*Currency::parse(code));
  return partner;
}

const Fields<OperatorSettings>& stored_operator_fields() {
  static const Fields<OperatorSettings> fields =
      Fields<OperatorSettings>(operator_fields())
          .and_also({{"is_trusted", &OperatorSettings::is_trusted}});
  return fields;
}

const Fields<operators::Trouble>& trouble_fields() {
  using operators::Trouble;
  static const Fields<Trouble> fields({
      {"reason", &Trouble::reason},
      {"since",
       &Trouble::since,
       {.help = "The first failed attempt after the last successful one."}},
      {"last_at", &Trouble::last},
  });
  return fields;
}

Object partner_schemas() {
  Object shown = json::schema(partner_fields(), json::Use::answer);
  Object trouble = json::schema(trouble_fields(), json::Use::answer);
  trouble.emplace_back("description",
                       "Why the last attempt to call the Operator failed, as this node saw it; "
                       "absent when it succeeded or there was none.");
  add_property(shown, "operator_trouble", std::move(trouble), false);
  Object with_secret = shown;
  const Object secret{{"type", json::Array{"string", "null"}},
                      {"description", "Shown once; null in a replay after an hour."}};
  add_property(with_secret, "secret", secret, true);
  return {{"Partner", std::move(shown)},
          {"NewPartner", json::schema(partner_fields(), json::Use::creation, usual_partner())},
          {"PartnerChange", json::schema(partner_fields(), json::Use::change)},
          {"PartnerWithSecret", std::move(with_secret)}};
}

}  // namespace florin::hub
