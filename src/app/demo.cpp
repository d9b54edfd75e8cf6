#include "app/demo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>

#include "access/access.h"
#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/ledger_service.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::app {
namespace {

using ledger::Account;
using ledger::AccountType;

constexpr std::array<std::string_view, 6> customers{"ana",  "bolat", "chidi",
                                                    "dana", "emeka", "farida"};
constexpr std::int64_t opening_minor = 250'000'00;

Currency tenge() { return *Currency::parse("KZT"); }

std::string wallet_code(std::string_view customer) { return "wallet:" + std::string(customer); }

std::vector<Account> chart(TenantId tenant) {
  std::vector<Account> accounts{
      Account::without_bounds(tenant, "bank:settlement", AccountType::asset, tenge()),
      Account::without_bounds(tenant, "equity:capital", AccountType::equity, tenge()),
      Account::without_bounds(tenant, "income:fees", AccountType::income, tenge()),
      Account::without_bounds(tenant, "expense:provider-fees", AccountType::expense, tenge()),
      Account::wallet(tenant, "merchant:coffee", tenge()),
      Account::wallet(tenant, "merchant:books", tenge()),
  };
  for (const std::string_view customer : customers) {
    accounts.push_back(Account::wallet(tenant, wallet_code(customer), tenge()));
  }
  return accounts;
}

ledger::PostingRequest posting(std::string debit, std::string credit, std::int64_t minor) {
  return {{{}, std::move(debit)}, {{}, std::move(credit)}, {minor, tenge()}};
}

ledger::Command command(TenantId tenant, ledger::Command::Body body) {
  ledger::Command made;
  made.actor = {tenant, "demo", ""};
  made.body = std::move(body);
  return made;
}

ledger::PostTransfer transfer(std::vector<ledger::PostingRequest> postings,
                              std::string description) {
  ledger::PostTransfer made;
  made.postings = std::move(postings);
  made.details.description = std::move(description);
  return made;
}

/// Opens what is missing of the chart; a wallet that is new gets its opening balance from the bank.
Result<void> open_chart(Core& core, sql::Database& database, TenantId tenant) {
  for (const Account& wanted : chart(tenant)) {
    const auto opened = database.write([&](sql::Tx& tx) {
      return core.get<ledger::LedgerService>().open_account(tx, {tenant, "demo", ""}, wanted);
    });
    if (!opened && opened.error().code == ledger::errors::account_exists) continue;
    if (!opened) return opened.error();
    if (!wanted.code.starts_with("wallet:")) continue;
    const auto outcome = core.get<ledger::LedgerService>().execute(command(
        tenant,
        transfer({posting("bank:settlement", wanted.code, opening_minor)}, "Opening deposit")));
    if (const auto* error = std::get_if<Error>(&outcome)) return *error;
  }
  return {};
}

std::string demo_path(const std::string& data_dir) { return data_dir + "/demo.json"; }

/// The key of an earlier start; empty when the file is missing or unreadable.
std::string stored_key(const std::string& data_dir) {
  std::ifstream file(demo_path(data_dir));
  std::stringstream text;
  text << file.rdbuf();
  const auto document = json::parse(text.str());
  const json::Value* key = document ? document->find("api_key") : nullptr;
  return key && key->as_string() ? *key->as_string() : std::string();
}

Result<void> store_key(const std::string& data_dir, TenantId tenant, std::string_view key) {
  std::string text;
  json::Writer(text)
      .begin_object()
      .member("tenant", tenant.str())
      .member("api_key", key)
      .end_object();
  text += '\n';
  const std::string path = demo_path(data_dir);
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) ::close(file);
  if (!written)
    return Error{sql::errors::store_unavailable, "the file " + path + " cannot be written"};
  return {};
}

Result<access::Tenant> demo_tenant(access::Access& access) {
  auto found = access.find_tenant("demo");
  return found ? std::move(found) : access.create_tenant("demo");
}

/// One step of the trickle.
class Trickle {
 public:
  Trickle(Core& core, TenantId tenant) : core_(core), tenant_(tenant) {}

  Result<std::string> step() {
    const std::string payer = wallet_code(pick());
    const std::int64_t minor =
        std::uniform_int_distribution<std::int64_t>(50, 4'000)(random_) * 100;
    ledger::Command::Body body;
    switch (std::uniform_int_distribution<int>(0, 3)(random_)) {
      case 0:
        body = transfer({posting(payer, wallet_code(pick_other_than(payer)), minor)},
                        "Sent to a friend");
        break;
      case 1:
        body = transfer({posting("bank:settlement", payer, minor)}, "Card top-up");
        break;
      default:
        body = transfer({posting(payer, "merchant:coffee", minor),
                         posting("merchant:coffee", "income:fees", minor / 100)},
                        "Coffee and its fee");
    }
    const ledger::Outcome outcome =
        core_.get<ledger::LedgerService>().execute(command(tenant_, std::move(body)));
    const auto* error = std::get_if<Error>(&outcome);
    // An empty wallet is part of a living demo; a database that is away is not.
    if (error && error->code.kind == ErrorKind::unavailable) return *error;
    return std::string(error ? "refused: " + std::string(error->code.name) : "posted one transfer");
  }

 private:
  std::string_view pick() {
    return customers[std::uniform_int_distribution<std::size_t>(0, customers.size() - 1)(random_)];
  }
  std::string_view pick_other_than(const std::string& code) {
    std::string_view other = pick();
    while (wallet_code(other) == code) other = pick();
    return other;
  }

  Core& core_;
  TenantId tenant_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace

Result<Demo> prepare_demo(Core& core, sql::Database& database, const std::string& data_dir) {
  const access::Tenant tenant = TRY(demo_tenant(core.get<access::Access>()));
  TRY(open_chart(core, database, tenant.id));
  std::string key = stored_key(data_dir);
  if (key.empty()) {
    access::NewApiKey wanted;
    wanted.tenant = tenant.id;
    wanted.name = "demo";
    wanted.mode = access::KeyMode::test;
    wanted.permissions = {"*"};
    wanted.rate_limit_per_second = 0;
    const access::CreatedApiKey created = TRY(core.get<access::Access>().create_key(wanted));
    key = std::string(created.secret.reveal());
    TRY(store_key(data_dir, tenant.id, key));
  }
  return Demo{tenant.id, std::move(key)};
}

jobs::Job demo_trickle(Core& core, TenantId tenant) {
  auto trickle = std::make_shared<Trickle>(core, tenant);
  return {"demo.trickle", "Posts demo transfers, so that there is something to see.", 1'000,
          [trickle] { return trickle->step(); }};
}

}  // namespace florin::app
