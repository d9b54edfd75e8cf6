#include <array>

#include "platform/modules/module.h"
#include "resources/resource.h"

namespace florin::merchants {

std::span<const sql::Migration> migrations();  // Made from migrations/*.sql.

struct MerchantTag {
  static constexpr std::string_view prefix = "mrc";
};
enum class Status : std::uint8_t { active, suspended };
constexpr auto words_of(Status) {
  return std::to_array<Word<Status>>(
      {{Status::active, "active"}, {Status::suspended, "suspended"}});
}

struct Merchant {
  Id<MerchantTag> id;
  TenantId tenant;
  std::string code, name, country;
  Status status = Status::active;
  std::optional<std::string> email, website;
  std::optional<Currency> settlement_currency;
  std::int64_t settlement_delay_days = 1;
  std::optional<std::int64_t> max_payment_minor;
  bool is_test = false;
  Timestamp created_at, updated_at;
};

/// There is no merchant with this id.
constexpr ErrorCode merchant_not_found{ErrorKind::not_found, "merchant_not_found"};
/// Another merchant of the tenant has this code.
constexpr ErrorCode merchant_exists{ErrorKind::conflict, "merchant_exists"};

using json::Given;
const json::Fields<Merchant> fields{
    {"id", &Merchant::id, {.given = Given::never}},
    {"code", &Merchant::code, {.given = Given::at_creation, .required = true, .text = {1, 64}}},
    {"name", &Merchant::name, {.required = true, .text = {1, 200}, .example = "Duka la Mama"}},
    {"country", &Merchant::country, {.required = true, .text = {2, 2}, .help = "ISO 3166."}},
    {"status", &Merchant::status, {.given = Given::in_changes}},
    {"email", &Merchant::email, {.text = {3, 254}}},
    {"website", &Merchant::website, {.text = {8, 500}}},
    {"settlement_currency", &Merchant::settlement_currency},
    {"settlement_delay_days", &Merchant::settlement_delay_days, {.integer = {0, 30}}},
    {"max_payment", &Merchant::max_payment_minor, {.integer = {.min = 1}}},
    {"is_test", &Merchant::is_test, {.given = Given::at_creation}},
    {"created_at", &Merchant::created_at, {.given = Given::never}},
    {"updated_at", &Merchant::updated_at, {.given = Given::never}},
};

using sql::Role;
const sql::Table<Merchant> table(
    "merchants", {
                     {"id", &Merchant::id, {.role = Role::key}},
                     {"tenant_id", &Merchant::tenant, {.role = Role::key}},
                     {"code", &Merchant::code, {.role = Role::fixed}},
                     {"name", &Merchant::name},
                     {"country", &Merchant::country},
                     {"status", &Merchant::status},
                     {"email", &Merchant::email},
                     {"website", &Merchant::website},
                     {"settlement_currency", &Merchant::settlement_currency},
                     {"settlement_delay_days", &Merchant::settlement_delay_days},
                     {"max_payment_minor", &Merchant::max_payment_minor},
                     {"is_test", &Merchant::is_test, {.role = Role::fixed}},
                     {"created_at_us", &Merchant::created_at, {.role = Role::fixed}},
                     {"updated_at_us", &Merchant::updated_at},
                 });
const auto by_id = table.select("merchants.by_id", "WHERE id = $1 AND tenant_id = $2");
const sql::List<Merchant> newest_first(table, "merchants.list");

const resources::Description<Merchant> description{
    .schema = "Merchant",
    .path = "/v1/merchants",
    .permission = "merchants",
    .event = "merchant",
    .fields = fields,
    .table = table,
    .by_id = by_id,
    .list = newest_first,
    .filters = {resources::by_word<Status>("status"), resources::by_text("code")},
    .not_found = merchant_not_found,
    .exists = merchant_exists,
};

struct Part final : modules::Part {
  explicit Part(modules::Services& given) : services(given) {}
  http::Routes routes() override { return resources::routes_of(services, description); }
  modules::Services& services;
};

constexpr std::string_view event_types[] = {"merchant.created", "merchant.updated"};
constexpr std::string_view permissions[] = {"merchants:read", "merchants:write"};

modules::Module module() {
  return {.name = "merchants",
          .migrations = migrations(),
          .event_types = event_types,
          .permissions = permissions,
          .api_schemas = [] { return resources::schemas_of(description); },
          .build = modules::make_part<Part>};
}

}  // namespace florin::merchants
