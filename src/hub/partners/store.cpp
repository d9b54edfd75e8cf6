#include "hub/partners/store.h"

#include "base/try.h"
#include "hub/partners/json.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::hub::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

#define FLORIN_PARTNER_COLUMNS                                                              \
  "id, tenant_id, code, status, wallet_mode, currencies, max_amount, rate_limit, operator," \
  " created_at_us, updated_at_us, signature_scheme"
constexpr Query all_partners{"hub.partners",
                             "SELECT " FLORIN_PARTNER_COLUMNS " FROM partners ORDER BY id"};
constexpr Query partner_by_id{"hub.partner_by_id", "SELECT " FLORIN_PARTNER_COLUMNS
                                                   " FROM partners WHERE id = $1"
                                                   " AND tenant_id = $2"};
constexpr Query partner_by_code{"hub.partner_by_code",
                                "SELECT " FLORIN_PARTNER_COLUMNS " FROM partners WHERE code = $1"};
constexpr Query partner_insert{"hub.partner_insert",
                               "INSERT INTO partners (" FLORIN_PARTNER_COLUMNS
                               ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"};
#undef FLORIN_PARTNER_COLUMNS
constexpr Query partner_update{
    "hub.partner_update",
    "UPDATE partners SET status = $2, wallet_mode = $3, currencies = $4, max_amount = $5,"
    " rate_limit = $6, operator = $7, updated_at_us = $8, signature_scheme = $9 WHERE id = $1"};
constexpr Query all_secrets{"hub.secrets",
                            "SELECT partner_id, kind, sealed, valid_until_us FROM partner_secrets"
                            " ORDER BY id DESC"};
constexpr Query secret_insert{
    "hub.secret_insert",
    "INSERT INTO partner_secrets (id, partner_id, kind, sealed, created_at_us, valid_until_us)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr Query secrets_end{
    "hub.secrets_end",
    "UPDATE partner_secrets SET valid_until_us = $3 WHERE partner_id = $1 AND kind = $2"
    " AND (valid_until_us IS NULL OR valid_until_us > $3)"};

constexpr sql::Words<SecretKind, 2> secret_kinds{
    {{"calls", SecretKind::calls}, {"operator", SecretKind::operator_calls}}};

std::string_view word(SecretKind kind) { return kind == SecretKind::calls ? "calls" : "operator"; }

std::string codes_of(const std::vector<Currency>& currencies) {
  std::string codes;
  for (const Currency& currency : currencies) {
    if (!codes.empty()) codes += ' ';
    codes += currency.code();
  }
  return codes;
}

std::vector<Currency> currencies_of(const Row& row, int column) {
  std::vector<Currency> currencies;
  const std::string_view codes = row.text(column);
  for (std::size_t at = 0; at < codes.size(); at += 4) {
    const auto currency = Currency::parse(codes.substr(at, 3));
    if (currency) {
      currencies.push_back(*currency);
    } else {
      sql::refuse_word(row, column, "partners.currencies");
    }
  }
  return currencies;
}

Partner read_partner(const Row& row) {
  Partner partner;
  partner.id = {row.integer(0)};
  partner.tenant = {row.integer(1)};
  partner.code = row.text(2);
  partner.status = sql::word(row, 3, "partners.status", parse_word<PartnerStatus>);
  partner.mode = sql::word(row, 4, "partners.wallet_mode", parse_word<WalletMode>);
  partner.currencies = currencies_of(row, 5);
  partner.max_amount_minor = row.optional_integer(6);
  partner.rate_limit_per_second = row.integer(7);
  partner.operator_settings = operator_settings_from(row.text(8));
  partner.created_at = {row.integer(9)};
  partner.updated_at = {row.integer(10)};
  partner.signature_scheme =
      sql::word(row, 11, "partners.signature_scheme", parse_word<SignatureScheme>);
  return partner;
}

Result<std::optional<Partner>> first_partner(Tx& tx, const Query& query,
                                             std::initializer_list<Param> params) {
  std::optional<Partner> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read_partner(row);
    return false;
  }));
  return found;
}

}  // namespace

Result<std::vector<Partner>> load_partners(Tx& tx) {
  std::vector<Partner> all;
  TRY(tx.query(all_partners, {}, [&](const Row& row) {
    all.push_back(read_partner(row));
    return true;
  }));
  return all;
}

Result<std::optional<Partner>> load_partner(Tx& tx, TenantId tenant, PartnerId id) {
  return first_partner(tx, partner_by_id, {id.value, tenant.value});
}

Result<std::optional<Partner>> load_partner(Tx& tx, std::string_view code) {
  return first_partner(tx, partner_by_code, {code});
}

Result<void> insert_partner(Tx& tx, const Partner& p) {
  const std::string settings = to_json(p.operator_settings);
  TRY(tx.exec(partner_insert,
              {p.id.value, p.tenant.value, p.code, to_word(p.status), to_word(p.mode),
               codes_of(p.currencies), p.max_amount_minor, p.rate_limit_per_second, settings,
               p.created_at.us, p.updated_at.us, to_word(p.signature_scheme)}));
  return {};
}

Result<void> update_partner(Tx& tx, const Partner& p) {
  const std::string settings = to_json(p.operator_settings);
  TRY(tx.exec(partner_update, {p.id.value, to_word(p.status), to_word(p.mode),
                               codes_of(p.currencies), p.max_amount_minor, p.rate_limit_per_second,
                               settings, p.updated_at.us, to_word(p.signature_scheme)}));
  return {};
}

Result<std::vector<StoredSecret>> load_secrets(Tx& tx) {
  std::vector<StoredSecret> all;
  TRY(tx.query(all_secrets, {}, [&](const Row& row) {
    StoredSecret secret{{row.integer(0)},
                        sql::word(row, 1, "partner_secrets.kind", secret_kinds),
                        std::string(row.text(2)),
                        {}};
    if (const auto until = row.optional_integer(3)) secret.valid_until = Timestamp{*until};
    all.push_back(std::move(secret));
    return true;
  }));
  return all;
}

Result<void> insert_secret(Tx& tx, std::int64_t id, const StoredSecret& secret, Timestamp now) {
  const auto until =
      secret.valid_until ? std::optional(secret.valid_until->us) : std::optional<std::int64_t>();
  TRY(tx.exec(secret_insert,
              {id, secret.partner.value, word(secret.kind), secret.sealed, now.us, until}));
  return {};
}

Result<void> end_secrets(Tx& tx, PartnerId partner, SecretKind kind, Timestamp at) {
  TRY(tx.exec(secrets_end, {partner.value, word(kind), at.us}));
  return {};
}

}  // namespace florin::hub::store
