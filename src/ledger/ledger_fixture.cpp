#include "ledger/ledger_fixture.h"

#include <utility>

#include "events/module.h"
#include "idempotency/module.h"
#include "ledger/answers.h"
#include "ledger/module.h"
#include "ledger/verify.h"
#include "platform/sql/test_database.h"

namespace florin::ledger {
namespace {

std::vector<sql::Migration> schema() {
  std::vector<sql::Migration> all;
  for (const auto module : {idempotency::migrations(), events::migrations(), migrations()}) {
    all.insert(all.end(), module.begin(), module.end());
  }
  return all;
}

constexpr sql::Query footprint_query{
    "test.footprint",
    "SELECT 'transfers', count(*) FROM transfers"
    " UNION ALL SELECT 'postings', count(*) FROM postings"
    " UNION ALL SELECT 'events', count(*) FROM events"
    " UNION ALL SELECT 'holds', count(*) FROM holds"
    " UNION ALL SELECT 'open holds', count(*) FROM holds WHERE status = 'open'"
    " UNION ALL SELECT 'held', coalesce(sum(remaining), 0) FROM hold_postings"
    " UNION ALL SELECT 'hold_changes', count(*) FROM hold_changes"
    " UNION ALL SELECT 'accounts', count(*) FROM accounts"
    " UNION ALL SELECT 'checkpoints', count(*) FROM history_checkpoints"
    " UNION ALL SELECT 'sequences', coalesce(sum(posting_count), 0) FROM balances"
    " UNION ALL SELECT 'debits posted ' || account_id, debits_posted FROM balances"
    " UNION ALL SELECT 'credits posted ' || account_id, credits_posted FROM balances"
    " UNION ALL SELECT 'debits pending ' || account_id, debits_pending FROM balances"
    " UNION ALL SELECT 'credits pending ' || account_id, credits_pending FROM balances"};

constexpr sql::Query key_count{"test.key_count", "SELECT count(*) FROM idempotency_keys"};

}  // namespace

Currency kzt() { return *Currency::parse("KZT"); }
Currency usd() { return *Currency::parse("USD"); }
Actor test_actor() { return {test_tenant, "key_1", "req_1"}; }

idempotency::Key key(std::uint8_t n, std::uint8_t request) {
  return {{n}, {request}, idempotency::Lifetime::forever};
}

PostingRequest posting(const std::string& debit, const std::string& credit, std::int64_t minor,
                       Currency currency) {
  return {AccountRef::parse(debit), AccountRef::parse(credit), {minor, currency}};
}

PostTransfer transfer_of(std::vector<PostingRequest> postings) {
  PostTransfer body;
  body.postings = std::move(postings);
  return body;
}

PlaceHold hold_of(std::vector<PostingRequest> postings, std::optional<std::int64_t> expires_in_s) {
  PlaceHold body;
  body.postings = std::move(postings);
  body.expires_in_s = expires_in_s;
  return body;
}

Command command(Command::Body body, std::optional<idempotency::Key> key) {
  Command command;
  command.actor = test_actor();
  command.key = key;
  command.body = std::move(body);
  return command;
}

Command transfer(const std::string& debit, const std::string& credit, std::int64_t minor) {
  return command(transfer_of({posting(debit, credit, minor)}));
}

std::string code_of(const Outcome& outcome) {
  const auto* error = std::get_if<Error>(&outcome);
  return error ? std::string(error->code.name) : "";
}

Books::Books(const Clock& clock, const std::string& path)
    : Books(clock, std::move(*sql::open_test_database(path)), 0) {}

Books::Books(const Clock& clock, std::unique_ptr<sql::Database> opened, int node)
    : database(std::move(opened)),
      ids(clock, node),
      service(*database, clock, ids, events, metrics),
      queries(*database, clock) {
  EXPECT_TRUE(sql::migrate(*database, schema(), clock.now()));
  EXPECT_TRUE(service.recover());
}

AccountId Books::open(const Account& wanted) {
  const auto account = database->write([&](sql::Tx& tx) {
    return service.open_account(tx, {wanted.tenant, "key_1", "req_1"}, wanted);
  });
  EXPECT_EQ(code_of(account), "") << wanted.code;
  return account ? account->id : AccountId{};
}

AccountId Books::open(const std::string& code, AccountType type, std::optional<std::int64_t> min,
                      std::optional<std::int64_t> max) {
  return open(Account{.tenant = test_tenant,
                      .code = code,
                      .type = type,
                      .currency = kzt(),
                      .min_balance = min,
                      .max_balance = max});
}

std::string Books::change(const std::string& code, const std::function<void(Account&)>& change) {
  const auto changed = [&](const Account& before) -> Result<Account> {
    Account after = before;
    change(after);
    return after;
  };
  return code_of(database->write([&](sql::Tx& tx) {
    return service.change_account(tx, test_actor(), AccountRef::parse(code), changed);
  }));
}

std::string Books::close(const std::string& code) {
  return code_of(database->write([&](sql::Tx& tx) {
    return service.close_account(tx, test_actor(), AccountRef::parse(code));
  }));
}

std::string Books::move(const std::string& debit, const std::string& credit, std::int64_t minor) {
  return code_of(service.execute(transfer(debit, credit, minor)));
}

Transfer Books::post(Command command) {
  const Outcome outcome = service.execute(std::move(command));
  EXPECT_EQ(code_of(outcome), "");
  const auto* capture = std::get_if<Capture>(&outcome);
  if (capture) return capture->transfer;
  const auto* transfer = std::get_if<Transfer>(&outcome);
  EXPECT_NE(transfer, nullptr);
  return transfer ? *transfer : Transfer();
}

Hold Books::place(PlaceHold body) {
  const Outcome outcome = service.execute(command(std::move(body)));
  EXPECT_EQ(code_of(outcome), "");
  const auto* hold = std::get_if<Hold>(&outcome);
  return hold ? *hold : Hold();
}

std::string Books::answer_to(const Command& command) {
  return answer(command, service.execute(command)).body;
}

std::int64_t Books::balance(const std::string& code) {
  const Account account = *queries.account(test_tenant, AccountRef::parse(code));
  return balance_of(account.type, account.sums);
}

std::int64_t Books::available(const std::string& code) {
  const Account account = *queries.account(test_tenant, AccountRef::parse(code));
  return available_of(account.type, account.sums);
}

std::map<std::string, std::int64_t> Books::footprint() {
  std::map<std::string, std::int64_t> found;
  EXPECT_TRUE(database->read_work([&](sql::Tx& tx) {
    return tx.query(footprint_query, {}, [&](const sql::Row& row) {
      found.emplace(row.text(0), row.integer(1));
      return true;
    });
  }));
  return found;
}

std::int64_t Books::count_keys() {
  std::int64_t count = -1;
  EXPECT_TRUE(database->read_work([&](sql::Tx& tx) {
    return tx.query(key_count, {}, [&](const sql::Row& row) {
      count = row.integer(0);
      return true;
    });
  }));
  return count;
}

void Books::tamper(const std::string& sql) {
  ASSERT_TRUE(database->write_work([&](sql::Tx& tx) { return tx.exec_script(sql); })) << sql;
}

std::vector<std::string> Books::faults() {
  std::vector<std::string> names;
  const Verification result = *verify(*database, {});
  for (const Check& check : result.checks) {
    if (check.faults > 0) names.push_back(check.name);
  }
  return names;
}

LedgerTest::LedgerTest() {
  books.open("bank", AccountType::asset, std::nullopt);
  books.open("ana");
  books.open("shop");
  EXPECT_EQ(books.move("bank", "ana", 1'000), "");
}

}  // namespace florin::ledger
