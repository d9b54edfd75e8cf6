#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/bulk/counts.h"
#include "ledger/ledger.h"

namespace florin {
class IdGenerator;
}
namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql
namespace florin::events {
class EventLog;
}
namespace florin::metrics {
class Registry;
}

namespace florin::ledger {

/// The outcome of a command, and the balances after a posted transfer.
struct Posted {
  Outcome outcome;
  std::vector<PostingBalances> balances;  ///< Of a Transfer: one for each posting.
};

/// What changes the books. Safe for concurrent use unless said otherwise.
class LedgerService {
 public:
  using Completion = std::function<void(Outcome)>;

  LedgerService(sql::Database& database, const Clock& clock, IdGenerator& ids,
                events::EventLog& events, metrics::Registry& metrics);
  ~LedgerService();

  /// Call once before the first command: ids and times continue after the newest stored ones.
  Result<void> recover();

  /// The hot path: queues the command and returns. Commands that wait together are decided in one
  /// batch and become durable in one commit; then `done` runs on the database's writer thread (it
  /// must be short) with the outcome, or with the error of the database that undid the batch (safe
  /// to retry with the same key). Bulks of more than 1,000 postings are worked on beside the
  /// batches (bulk/large_bulks.h), so that other tenants do not wait for them. Errors besides those
  /// of the engine: ledger_busy, store errors.
  void submit(Command command, Completion done);

  /// submit() and wait. Never from the writer's thread.
  Outcome execute(Command command);

  /// The command inside the caller's unit of work: its rows and events live or die with that. An
  /// Error outcome has written nothing, and the caller may continue.
  Result<Outcome> post(sql::Tx& tx, Command command);
  /// Many, decided one after another as one batch: as cheap as the hot path. In their order.
  Result<std::vector<Posted>> post_all(sql::Tx& tx, std::vector<Command> commands);

  /// An account as the caller's unit of work sees it; nothing when there is none.
  Result<std::optional<Account>> find_account(sql::Tx& tx, TenantId tenant, const AccountRef& ref);

  // Accounts change inside a unit of work of the caller.
  /// Errors: account_exists, validation_failed (min_balance above max_balance).
  /// Id, sums, status and time of `wanted` are ignored.
  Result<Account> open_account(sql::Tx& tx, const Actor& actor, const Account& wanted);
  /// The account as a client wants it to be; only bounds, `frozen` and metadata may differ.
  using AccountChange = std::function<Result<Account>(const Account& before)>;
  /// `change` is asked inside, with the row: two changes at one time lose nothing.
  /// Errors: those of `change`; account_not_found, account_closed, validation_failed.
  Result<Account> change_account(sql::Tx& tx, const Actor& actor, const AccountRef& ref,
                                 const AccountChange& change);
  /// All or none. Errors: as open_account, with the place in the list; the caller's unit of work
  /// must end then.
  Result<std::vector<Account>> open_accounts(sql::Tx& tx, const Actor& actor,
                                             const std::vector<Account>& wanted);
  /// Opening an account that is open changes nothing. Errors: account_not_found.
  Result<Account> reopen_account(sql::Tx& tx, const Actor& actor, const AccountRef& ref);
  /// Closing twice changes nothing. Errors: account_not_found, account_not_empty.
  Result<Account> close_account(sql::Tx& tx, const Actor& actor, const AccountRef& ref);

  /// Writes out the rows of large bulks that were promised and that nobody works on any more;
  /// returns how many bulks. The scheduler calls it.
  Result<std::int64_t> take_over_bulks();

  bulk::Counts large_bulks() const;

  /// Ends holds whose time is over; returns how many. The scheduler calls it.
  Result<std::int64_t> expire_holds();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::ledger
