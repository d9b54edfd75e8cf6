#include "ledger/store/ledger_store.h"

#include <algorithm>

#include "ledger/store/account_store.h"
#include "ledger/store/history_store.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"
#include "ledger/store/transfer_store.h"

namespace florin::ledger::store {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query newest_transfer{
    "ledger.newest_transfer",
    "SELECT id + posting_count - 1, created_at_us FROM transfers ORDER BY id DESC LIMIT 1"};
constexpr Query newest_hold_change{
    "ledger.newest_hold_change",
    "SELECT id, created_at_us FROM hold_changes ORDER BY id DESC LIMIT 1"};
constexpr Query newest_account{"ledger.newest_account",
                               "SELECT id, created_at_us FROM accounts ORDER BY id DESC LIMIT 1"};

}  // namespace

Result<void> save(Tx& tx, const engine::Changes& changes) {
  if (tx.dialect() == sql::Dialect::postgres) {
    TRY(save_hold_changes(tx, changes));
    return save_together(tx, changes);
  }
  TRY(save_transfers(tx, changes));
  TRY(save_hold_changes(tx, changes));
  TRY(save_checkpoints(tx, changes.checkpoints));
  return save_balances(tx, changes.accounts);
}

std::vector<const Query*> list_queries() {
  std::vector<const Query*> all;
  for (const auto& some :
       {account_list_queries(), transfer_list_queries(), hold_list_queries(), history_queries()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Result<Newest> find_newest(Tx& tx) {
  Newest newest;
  for (const Query* query : {&newest_transfer, &newest_hold_change, &newest_account}) {
    TRY(tx.query(*query, {}, [&](const Row& row) {
      newest.id = std::max(newest.id, row.integer(0));
      newest.created_at = std::max(newest.created_at, Timestamp{row.integer(1)});
      return false;
    }));
  }
  return newest;
}

}  // namespace florin::ledger::store
