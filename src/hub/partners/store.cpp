#include "hub/partners/store.h"

#include "base/try.h"
#include "hub/partners/fields.h"
#include "platform/sql/table.h"

namespace florin::hub::store {
namespace {

using sql::Query;
using sql::Role;
using sql::Tx;

std::string codes_of(const std::vector<Currency>& currencies) {
  std::string codes;
  for (const Currency& currency : currencies) {
    if (!codes.empty()) codes += ' ';
    codes += currency.code();
  }
  return codes;
}

std::optional<std::vector<Currency>> currencies_of(std::string_view codes) {
  std::vector<Currency> currencies;
  for (std::size_t at = 0; at < codes.size(); at += 4) {
    const auto currency = Currency::parse(codes.substr(at, 3));
    if (!currency) return std::nullopt;
    currencies.push_back(*currency);
  }
  return currencies;
}

std::string operator_text(const OperatorSettings& settings) {
  return json::write(stored_operator_fields(), settings);
}

std::optional<OperatorSettings> operator_from(std::string_view text) {
  return json::read_stored(stored_operator_fields(), text);
}

const sql::Table<Partner> partners(
    "partners", {
                    {"id", &Partner::id, {.role = Role::key}},
                    {"tenant_id", &Partner::tenant, {.role = Role::key}},
                    {"code", &Partner::code, {.role = Role::fixed}},
                    {"status", &Partner::status},
                    {"wallet_mode", &Partner::mode},
                    {"currencies", &Partner::currencies, {codes_of, currencies_of}},
                    {"max_amount", &Partner::max_amount_minor},
                    {"rate_limit", &Partner::rate_limit_per_second},
                    {"signature_scheme", &Partner::signature_scheme},
                    {"operator", &Partner::operator_settings, {operator_text, operator_from}},
                    {"created_at_us", &Partner::created_at, {.role = Role::fixed}},
                    {"updated_at_us", &Partner::updated_at},
                });
const auto all_partners = partners.select("hub.partners", "ORDER BY id");
const auto partner_by_id = partners.select("hub.partner_by_id", "WHERE id = $1 AND tenant_id = $2");
const auto partner_by_code = partners.select("hub.partner_by_code", "WHERE code = $1");

const sql::Table<StoredSecret> secrets("partner_secrets",
                                       {
                                           {"id", &StoredSecret::id, {.role = Role::key}},
                                           {"partner_id", &StoredSecret::partner},
                                           {"kind", &StoredSecret::kind},
                                           {"sealed", &StoredSecret::sealed},
                                           {"created_at_us", &StoredSecret::created_at},
                                           {"valid_until_us", &StoredSecret::valid_until},
                                       });
const auto newest_secrets = secrets.select("hub.secrets", "ORDER BY id DESC");
constexpr Query secrets_end{
    "hub.secrets_end",
    "UPDATE partner_secrets SET valid_until_us = $3 WHERE partner_id = $1 AND kind = $2"
    " AND (valid_until_us IS NULL OR valid_until_us > $3)"};

}  // namespace

Result<std::vector<Partner>> load_partners(Tx& tx) { return all_partners.all(tx); }

Result<std::optional<Partner>> load_partner(Tx& tx, TenantId tenant, PartnerId id) {
  return partner_by_id.first(tx, {id.value, tenant.value});
}

Result<std::optional<Partner>> load_partner(Tx& tx, std::string_view code) {
  return partner_by_code.first(tx, {code});
}

Result<void> insert_partner(Tx& tx, const Partner& partner) { return partners.insert(tx, partner); }

Result<void> update_partner(Tx& tx, const Partner& partner) {
  return partners.send_change(tx, partner);
}

Result<std::vector<StoredSecret>> load_secrets(Tx& tx) { return newest_secrets.all(tx); }

Result<void> insert_secret(Tx& tx, const StoredSecret& secret) {
  return secrets.insert(tx, secret);
}

Result<void> end_secrets(Tx& tx, PartnerId partner, SecretKind kind, Timestamp at) {
  return tx.send(secrets_end, {partner.value, to_word(kind), at.us});
}

}  // namespace florin::hub::store
