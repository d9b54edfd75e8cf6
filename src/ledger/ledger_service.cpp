#include "ledger/ledger_service.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "ledger/bulk/large_bulks.h"
#include "ledger/bulk/weight.h"
#include "ledger/errors.h"
#include "ledger/ledger_json.h"
#include "ledger/store/account_store.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/ledger_store.h"
#include "ledger/writer/ledger_writer.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/batcher.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::ledger {
namespace {

/// Which bound of an account a request gives; of both, the lower one is named.
enum class GivenBound : std::uint8_t { min_balance, max_balance };

Result<void> check_bounds(const Account& account, GivenBound given) {
  if (!account.min_balance || !account.max_balance || *account.min_balance <= *account.max_balance)
    return {};
  FieldError field{"/min_balance", "above_max_balance", "must not be above max_balance"};
  if (given == GivenBound::max_balance) {
    field = {"/max_balance", "below_min_balance",
             "must not be below min_balance, which is " + std::to_string(*account.min_balance)};
  }
  return Error{florin::errors::validation_failed,
               field.pointer.substr(1) + " " + field.detail,
               {std::move(field)}};
}

}  // namespace

struct LedgerService::Impl {
  sql::Database& database;
  const Clock& clock;
  IdGenerator& ids;
  events::EventLog& events;
  LedgerWriter writer;
  metrics::Counter& applied;
  metrics::Counter& refused;
  metrics::Counter& replayed;
  metrics::Histogram& batch_size;

  sql::Batcher<BatchItem, Completion> batcher;
  std::unique_ptr<bulk::LargeBulks> large_bulks = {};

  void submit(Command command, Completion done);
  Result<void> run(sql::Tx& tx, std::span<BatchItem> batch);
  void complete(BatchItem& item, Completion& done, const Result<void>& committed);
  void count(const Outcome& outcome);
  Result<Account> account_to_change(sql::Tx& tx, TenantId tenant, const AccountRef& ref);
  Result<void> append_event(sql::Tx& tx, const Actor& actor, std::string_view type,
                            const Account& account);
};

LedgerService::LedgerService(sql::Database& database, const Clock& clock, IdGenerator& ids,
                             events::EventLog& events, metrics::Registry& metrics) {
  const std::string_view name = "florin_ledger_commands_total";
  const std::string_view help = "Ledger commands by their outcome.";
  impl_.reset(
      new Impl{database,
               clock,
               ids,
               events,
               LedgerWriter(clock, ids, events),
               metrics.counter(name, help, {{"outcome", "applied"}}),
               metrics.counter(name, help, {{"outcome", "refused"}}),
               metrics.counter(name, help, {{"outcome", "replayed"}}),
               metrics.histogram("florin_ledger_batch_commands", "Commands decided in one batch.",
                                 {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}),
               {database,
                [this](sql::Tx& tx, std::span<BatchItem> batch) { return impl_->run(tx, batch); },
                [this](BatchItem& item, Completion& done, const Result<void>& committed) {
                  impl_->complete(item, done, committed);
                },
                {},
                [](const BatchItem& item) {
                  return sql::Share{item.command.actor.tenant.value, bulk::weight_of(item.command)};
                }}});
  impl_->large_bulks = std::make_unique<bulk::LargeBulks>(bulk::LargeBulks::Collaborators{
      database, clock, ids, impl_->writer, metrics,
      [impl = impl_.get()](const Outcome& outcome) { impl->count(outcome); },
      [impl = impl_.get()](Command command, Completion done) {
        impl->submit(std::move(command), std::move(done));
      }});
}

LedgerService::~LedgerService() = default;

Result<void> LedgerService::recover() {
  const store::Newest newest =
      TRY(impl_->database.read([](sql::Tx& tx) { return store::find_newest(tx); }));
  impl_->ids.start_after(newest.id);
  impl_->ids.start_after(TRY(impl_->events.newest()).value);
  impl_->writer.start_after(newest.created_at);
  return impl_->large_bulks->recover();
}

Result<std::int64_t> LedgerService::take_over_bulks() { return impl_->large_bulks->take_over(); }

bulk::Counts LedgerService::large_bulks() const { return impl_->large_bulks->counts(); }

// ---------------------------------------------------------------- commands

void LedgerService::submit(Command command, Completion done) {
  if (!bulk::LargeBulks::is_large(command))
    return impl_->submit(std::move(command), std::move(done));
  if (!impl_->large_bulks->submit(command, done))
    done(Error{errors::ledger_busy, "too many large bulks are waiting", {}, 1});
}

void LedgerService::Impl::submit(Command command, Completion done) {
  BatchItem item{std::move(command)};
  if (!batcher.submit(item, done))
    done(Error{errors::ledger_busy, "too many commands are waiting", {}, 1});
}

Result<void> LedgerService::Impl::run(sql::Tx& tx, std::span<BatchItem> batch) {
  batch_size.observe(static_cast<double>(batch.size()));
  return writer.run(tx, batch);
}

void LedgerService::Impl::complete(BatchItem& item, Completion& done,
                                   const Result<void>& committed) {
  Outcome outcome = committed ? std::move(item.outcome) : Outcome(committed.error());
  count(outcome);
  done(std::move(outcome));
}

void LedgerService::Impl::count(const Outcome& outcome) {
  if (std::holds_alternative<Error>(outcome)) {
    refused.add();
  } else if (std::holds_alternative<Replay>(outcome)) {
    replayed.add();
  } else {
    applied.add();
  }
}

Outcome LedgerService::execute(Command command) {
  std::promise<Outcome> promise;
  auto outcome = promise.get_future();
  submit(std::move(command), [&promise](Outcome result) { promise.set_value(std::move(result)); });
  return outcome.get();
}

Result<Outcome> LedgerService::post(sql::Tx& tx, Command command) {
  BatchItem item{std::move(command)};
  TRY(impl_->writer.run(tx, std::span(&item, 1)));
  return std::move(item.outcome);
}

Result<std::vector<Posted>> LedgerService::post_all(sql::Tx& tx, std::vector<Command> commands) {
  std::vector<BatchItem> items;
  items.reserve(commands.size());
  for (Command& command : commands) items.push_back({std::move(command)});
  TRY(impl_->writer.run(tx, items));
  std::vector<Posted> posted;
  posted.reserve(items.size());
  for (BatchItem& item : items)
    posted.push_back({std::move(item.outcome), std::move(item.balances)});
  return posted;
}

// ---------------------------------------------------------------- accounts

Result<void> LedgerService::Impl::append_event(sql::Tx& tx, const Actor& actor,
                                               std::string_view type, const Account& account) {
  const std::string data = to_json(account);
  const std::string subject = account.id.str();
  TRY(events.append(
      tx, {actor.tenant, type, subject, data, actor.name, actor.request_id, writer.now()}));
  return {};
}

/// What holds of the account whose time is over still hold is given back first.
Result<Account> LedgerService::Impl::account_to_change(sql::Tx& tx, TenantId tenant,
                                                       const AccountRef& ref) {
  const Account account = TRY(store::require_account(tx, tenant, ref));
  TRY(writer.expire_due_holds(tx, account.id));
  return store::require_account(tx, tenant, {account.id, {}});
}

Result<std::optional<Account>> LedgerService::find_account(sql::Tx& tx, TenantId tenant,
                                                           const AccountRef& ref) {
  auto account = store::require_account(tx, tenant, ref);
  if (account) {
    const store::DuePending due = TRY(store::find_due_pending(tx, impl_->clock.now()));
    store::settle_due(*account, due);
    return std::optional(*std::move(account));
  }
  if (account.error().code == errors::account_not_found) return std::optional<Account>();
  return std::move(account).error();
}

Result<Account> LedgerService::open_account(sql::Tx& tx, const Actor& actor,
                                            const Account& wanted) {
  Account account = wanted;
  account.id = {impl_->ids.next()};
  account.frozen = account.closed = false;
  account.sums = {};
  account.created_at = impl_->writer.now();
  TRY(check_bounds(account, GivenBound::min_balance));
  if (TRY(store::find_account_id(tx, wanted.tenant, wanted.code))) {
    return Error{errors::account_exists,
                 "an account with this code exists",
                 {{"/code", "account_exists", "an account with this code exists"}}};
  }
  TRY(store::insert_account(tx, account));
  TRY(impl_->append_event(tx, actor, "account.created", account));
  return account;
}

Result<std::vector<Account>> LedgerService::open_accounts(sql::Tx& tx, const Actor& actor,
                                                          const std::vector<Account>& wanted) {
  std::vector<Account> accounts;
  accounts.reserve(wanted.size());
  for (const Account& one : wanted) {
    Result<Account> opened = open_account(tx, actor, one);
    if (!opened) {
      Error error = std::move(opened).error();
      for (FieldError& field : error.fields)
        field.pointer = "/accounts/" + std::to_string(accounts.size()) + field.pointer;
      return error;
    }
    accounts.push_back(*std::move(opened));
  }
  return accounts;
}

Result<Account> LedgerService::change_account(sql::Tx& tx, const Actor& actor,
                                              const AccountRef& ref, const AccountChange& change) {
  const Account before = TRY(impl_->account_to_change(tx, actor.tenant, ref));
  if (before.closed) return Error{errors::account_closed, "the account is closed"};
  const Account account = TRY(change(before));
  const bool is_min_given = account.min_balance != before.min_balance;
  TRY(check_bounds(account, is_min_given ? GivenBound::min_balance : GivenBound::max_balance));
  TRY(store::update_account(tx, account));
  TRY(impl_->append_event(tx, actor, "account.updated", account));
  return account;
}

Result<Account> LedgerService::close_account(sql::Tx& tx, const Actor& actor,
                                             const AccountRef& ref) {
  Account account = TRY(impl_->account_to_change(tx, actor.tenant, ref));
  if (account.closed) return account;
  TRY(check_empty(account.type, account.sums));
  account.closed = true;
  TRY(store::update_account(tx, account));
  TRY(impl_->append_event(tx, actor, "account.closed", account));
  return account;
}

Result<Account> LedgerService::reopen_account(sql::Tx& tx, const Actor& actor,
                                              const AccountRef& ref) {
  Account account = TRY(impl_->account_to_change(tx, actor.tenant, ref));
  if (!account.closed) return account;
  account.closed = false;
  TRY(store::update_account(tx, account));
  TRY(impl_->append_event(tx, actor, "account.reopened", account));
  return account;
}

// ---------------------------------------------------------------- holds

Result<std::int64_t> LedgerService::expire_holds() {
  constexpr int at_once = 500;
  std::int64_t expired = 0;
  for (bool is_last = false; !is_last;) {
    const Timestamp now = impl_->clock.now();
    const auto due = TRY(
        impl_->database.read([&](sql::Tx& tx) { return store::find_due_holds(tx, now, at_once); }));
    std::vector<std::future<Outcome>> outcomes;
    outcomes.reserve(due.size());
    for (const store::DueHold& hold : due) {
      Command command;
      command.actor.tenant = hold.tenant;
      command.body = ExpireHold{hold.id};
      auto promise = std::make_shared<std::promise<Outcome>>();
      outcomes.push_back(promise->get_future());
      submit(std::move(command),
             [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
    }
    is_last = due.size() < at_once;
    for (auto& outcome : outcomes) {
      const Outcome ended = outcome.get();
      if (std::holds_alternative<Hold>(ended)) ++expired;
      // A hold that ended meanwhile is fine; an unavailable database is an error.
      const auto* error = std::get_if<Error>(&ended);
      if (error && error->code.kind == ErrorKind::unavailable) return *error;
    }
  }
  return expired;
}

}  // namespace florin::ledger
