#include "hub/hub_fixture.h"

#include <future>
#include <utility>

#include "events/module.h"
#include "hub/module.h"
#include "hub/wallet/books.h"
#include "idempotency/module.h"
#include "ledger/module.h"
#include "ledger/verify.h"
#include "platform/sql/test_database.h"

namespace florin::hub {
namespace {

constexpr sql::Query all_event_types{"test.event_types", "SELECT type FROM events ORDER BY id"};

}  // namespace

Currency eur() { return *Currency::parse("EUR"); }

std::unique_ptr<sql::Database> open_hub_database(const std::string& path) {
  auto database = std::move(*sql::open_test_database(path));
  std::vector<sql::Migration> schema;
  for (const auto module :
       {idempotency::migrations(), events::migrations(), ledger::migrations(), migrations()})
    schema.insert(schema.end(), module.begin(), module.end());
  EXPECT_TRUE(sql::migrate(*database, schema, {1'700'000'000'000'000}));
  return database;
}

Movement movement_of(const Call& call) {
  static std::uint8_t unique = 0;
  Movement movement;
  movement.kind = call.kind;
  movement.key = call.key;
  movement.player = call.player;
  if (call.amount) movement.amount = Money{*call.amount, call.currency};
  if (call.amount || call.names_currency) movement.currency = call.currency;
  movement.ref = call.ref;
  movement.request = idempotency::digest_of({to_word(call.kind), call.player,
                                             std::to_string(call.amount.value_or(-1)), call.ref,
                                             call.currency.code()});
  if (call.signature == 0) {
    const auto digest = idempotency::digest_of({call.key, call.ref, std::to_string(++unique)});
    std::copy(digest.begin(), digest.end(), movement.signature.begin());
  } else {
    movement.signature[0] = call.signature;
  }
  movement.request_id = "req_test";
  return movement;
}

World::World(const Clock& time, const std::string& path)
    : clock(time),
      database(open_hub_database(path)),
      ids(time, 0),
      ledger(*database, time, ids, events, metrics),
      idempotency(*database, time),
      vault(Secret("a key for tests only")),
      partners(*database, time, ids, events, vault, *limits,
               [](const Secret&) { return std::nullopt; }),
      wallet(*database, time, ids, ledger, events) {
  EXPECT_TRUE(ledger.recover());
  EXPECT_TRUE(partners.refresh());
}

PartnerPtr World::add_partner(PartnerDraft wanted) {
  const Actor actor{test_tenant, "key_1", "req_1"};
  EXPECT_TRUE(database->write([&](sql::Tx& tx) { return partners.create(tx, actor, wanted); }));
  EXPECT_TRUE(partners.refresh());
  return partners.by_code(wanted.code);
}

PartnerPtr World::add_partner(const std::string& code, WalletMode mode) {
  PartnerDraft wanted;
  wanted.code = code;
  wanted.mode = mode;
  wanted.currencies = {eur(), *Currency::parse("USD")};
  wanted.secret = Secret(std::string(test_secret));
  return add_partner(std::move(wanted));
}

void World::fund(const PartnerPtr& partner, const std::string& player, std::int64_t minor) {
  const auto settled = move(partner, {Kind::credit, "fund-" + player, player, minor, "fund"});
  EXPECT_EQ(word_of(settled), "OK");
}

std::int64_t World::balance(const std::string& code) {
  const auto account = queries.account(test_tenant, {{}, code});
  return account ? ledger::balance_of(account->type, account->sums) : 0;
}

std::int64_t World::balance_of(const PartnerPtr& partner, const std::string& player) {
  return balance(books::wallet_code(partner->partner, player, eur()));
}

void World::change_wallet(const PartnerPtr& partner, const std::string& player,
                          const std::function<void(ledger::Account&)>& change) {
  const auto changed = [&](const ledger::Account& before) -> Result<ledger::Account> {
    ledger::Account after = before;
    change(after);
    return after;
  };
  EXPECT_TRUE(database->write([&](sql::Tx& tx) {
    const std::string code = books::wallet_code(partner->partner, player, eur());
    return ledger.change_account(tx, {test_tenant, "key_1", ""}, {{}, code}, changed);
  }));
}

std::vector<Result<MovementResult>> World::move_all(const PartnerPtr& partner,
                                                    const std::vector<Call>& calls) {
  std::vector<std::promise<Result<MovementResult>>> promises(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    wallet.submit(partner, movement_of(calls[i]),
                  [&promise = promises[i]](Result<MovementResult> got) {
                    promise.set_value(std::move(got));
                  });
  }
  std::vector<Result<MovementResult>> outcomes;
  for (auto& promise : promises) outcomes.push_back(promise.get_future().get());
  return outcomes;
}

Result<MovementResult> World::move(const PartnerPtr& partner, const Call& call) {
  return move_all(partner, {call}).front();
}

std::vector<std::string> World::event_types() {
  std::vector<std::string> types;
  EXPECT_TRUE(database->read_work([&](sql::Tx& tx) {
    return tx.query(all_event_types, {}, [&](const sql::Row& row) {
      if (row.text(0).starts_with("wallet.")) types.emplace_back(row.text(0));
      return true;
    });
  }));
  return types;
}

std::int64_t World::count_rows(const std::string& table) {
  const std::string text = "SELECT count(*) FROM " + table;
  const sql::Query query{"test.count", text};
  std::int64_t count = -1;
  EXPECT_TRUE(database->write_work([&](sql::Tx& tx) {
    return tx.query(query, {}, [&](const sql::Row& row) {
      count = row.integer(0);
      return false;
    });
  }));
  return count;
}

std::vector<std::string> World::faults() {
  std::vector<std::string> names;
  const auto result = *ledger::verify(*database, {});
  for (const ledger::Check& check : result.checks) {
    if (check.faults > 0) names.push_back(check.name);
  }
  return names;
}

std::string word_of(const Result<MovementResult>& outcome) {
  if (!outcome) return std::string(outcome.error().code.name);
  const WalletTransaction& transaction = outcome->transaction;
  if (!transaction.refusal.empty()) return transaction.refusal;
  return transaction.state == State::pending ? "PENDING" : "OK";
}

}  // namespace florin::hub
