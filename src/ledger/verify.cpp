#include "ledger/verify.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/try.h"
#include "events/event_chain.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/chain_walk.h"
#include "ledger/engine/engine.h"
#include "ledger/errors.h"
#include "ledger/key_losses.h"
#include "ledger/ledger.h"
#include "ledger/ledger_json.h"
#include "ledger/store/set_store.h"
#include "ledger/store/transfer_store.h"
#include "platform/crypto/hash.h"
#include "platform/sql/database.h"
#include "platform/sql/sealer.h"
#include "platform/sql/stored_types.h"

namespace florin::ledger {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query hold_states{
    "verify.hold_states",
    "SELECT h.id, h.status, c.kind FROM holds h"
    " LEFT JOIN (SELECT hold_id, max(id) AS newest FROM hold_changes GROUP BY hold_id) n"
    " ON n.hold_id = h.id LEFT JOIN hold_changes c ON c.id = n.newest"
    " WHERE c.id IS NULL OR (h.status = 'open' AND c.kind NOT IN ('placed', 'captured'))"
    " OR (h.status <> 'open' AND h.status <> c.kind)",
    sql::Rows::many};
constexpr Query open_holds{"verify.open_holds", "SELECT id FROM holds WHERE status = 'open'",
                           sql::Rows::many};
constexpr Query account_rows{
    "verify.account_rows",
    "SELECT id, tenant_id, code, type, currency, min_balance, max_balance, frozen, closed,"
    " metadata, created_at_us FROM accounts",
    sql::Rows::many};
constexpr Query all_accounts{
    "verify.accounts",
    "SELECT a.id, a.type, a.currency, b.debits_posted, b.credits_posted, b.debits_pending,"
    " b.credits_pending, b.last_posting, b.posting_count, b.account_id"
    " FROM accounts a LEFT JOIN balances b ON b.account_id = a.id",
    sql::Rows::many};
constexpr Query posting_counts{"verify.posting_counts",
                               "SELECT (SELECT coalesce(sum(posting_count), 0) FROM transfers), "
                               "(SELECT count(*) FROM postings)"};
constexpr Query checkpoints{
    "verify.checkpoints",
    "SELECT m.account_id, m.sequence, p.debit_id, p.debit_sequence, p.credit_id, p.credit_sequence,"
    " m.created_at_us, t.created_at_us"
    " FROM history_checkpoints m LEFT JOIN postings p ON p.id = m.posting_id"
    " LEFT JOIN transfers t ON t.id = p.transfer_id",
    sql::Rows::many};
constexpr Query held{
    "verify.held",
    "SELECT h.id, h.status, p.debit_id, p.credit_id, p.amount_minor, p.remaining, p.place"
    " FROM holds h JOIN hold_postings p ON p.hold_id = h.id ORDER BY h.id, p.place",
    sql::Rows::many};
constexpr Query captured{"verify.captured",
                         "SELECT t.hold_id, p.id - t.id, sum(p.amount_minor) FROM transfers t"
                         " JOIN postings p ON p.transfer_id = t.id WHERE t.hold_id IS NOT NULL "
                         "GROUP BY t.hold_id, p.id - t.id",
                         sql::Rows::many};

using sql::Checker;

// ---------------------------------------------------------------- what the events say

/// What the newest events say of accounts and holds.
struct Witness {
  std::unordered_map<AccountId, crypto::Sha256> accounts;
  std::unordered_set<std::int64_t> open_holds;
};

/// What of a rendered account is no balance: those change without an event of the account.
crypto::Sha256 account_digest(TenantId tenant, std::string_view json) {
  crypto::Sha256Stream stream;
  stream.update(tenant.str());
  stream.update(json.substr(0, json.find(",\"balance\":")));
  stream.update(json.substr(std::min(json.find(",\"min_balance\":"), json.size())));
  return stream.finish();
}

void listen(Witness& witness, const events::EventView& event) {
  if (event.payload.find(",\"data\":") == std::string_view::npos) return;
  const std::string_view data = events::data_of(event.payload);
  if (event.type.starts_with("account.")) {
    if (const auto id = AccountId::parse(event.subject))
      witness.accounts[*id] = account_digest(event.tenant, data);
  } else if (event.type.starts_with("hold.")) {
    const auto id = HoldId::parse(event.subject);
    if (!id) return;
    const bool is_open = data.find("\"status\":\"open\"") < data.find("\"postings\":");
    if (is_open) {
      witness.open_holds.insert(id->value);
    } else {
      witness.open_holds.erase(id->value);
    }
  }
}

Result<Check> verify_accounts(Tx& tx, const Witness& witness, const Progress& progress) {
  Checker check("accounts", progress);
  check.expect_rows(static_cast<double>(witness.accounts.size()));
  std::size_t met = 0;
  TRY(tx.query(account_rows, {}, [&](const Row& row) {
    check.row();
    const auto type = parse_word<AccountType>(row.text(3));
    check.expect(type && Currency::parse(row.text(4)), [&] {
      return AccountId{row.integer(0)}.str() + " is of no known type or currency";
    });
    const Account account{.id = {row.integer(0)},
                          .tenant = {row.integer(1)},
                          .code = std::string(row.text(2)),
                          .type = type.value_or(AccountType::asset),
                          .currency = store::currency_of(row.text(4)),
                          .min_balance = row.optional_integer(5),
                          .max_balance = row.optional_integer(6),
                          .frozen = row.integer(7) != 0,
                          .closed = row.integer(8) != 0,
                          .metadata = std::string(row.text(9)),
                          .sums = {},
                          .created_at = {row.integer(10)}};
    const auto found = witness.accounts.find(account.id);
    if (found == witness.accounts.end()) {
      check.not_covered();
      return true;
    }
    ++met;
    std::string json;
    append_json(json, account);
    check.expect(account_digest(account.tenant, json) == found->second, [&] {
      return account.id.str() + " (" + account.code + ") is not what its newest event says";
    });
    return true;
  }));
  check.expect(met == witness.accounts.size(), [&] {
    return std::to_string(witness.accounts.size() - met) +
           " accounts of which events tell are not there";
  });
  return std::move(check).finish();
}

// ---------------------------------------------------------------- histories and balances

struct AccountProof {
  AccountType type = AccountType::asset;
  std::string currency;
  Sums stored, computed;
  std::int64_t stored_last = 0, stored_count = 0;
  std::int64_t last = 0, count = 0;
  bool has_balance = true;
};
using Proofs = std::unordered_map<AccountId, AccountProof>;

Result<Proofs> load_proofs(Tx& tx) {
  Proofs proofs;
  TRY(tx.query(all_accounts, {}, [&](const Row& row) {
    AccountProof& proof = proofs[{row.integer(0)}];
    proof.type = parse_word<AccountType>(row.text(1)).value_or(AccountType::asset);
    proof.currency = std::string(row.text(2));
    proof.stored = {row.integer(3), row.integer(4), row.integer(5), row.integer(6)};
    proof.stored_last = row.integer(7);
    proof.stored_count = row.integer(8);
    proof.has_balance = !row.is_null(9);
    return true;
  }));
  return proofs;
}

std::string posting_name(const engine::PostingRow& row) {
  return "posting " + std::to_string(row.id - row.transfer.value) + " of " + row.transfer.str();
}

void check_side(Checker& check, Proofs& proofs, const engine::PostingRow& row,
                std::string_view currency, bool is_debit) {
  const AccountId id = is_debit ? row.posting.debit : row.posting.credit;
  const engine::PostingSide& side = is_debit ? row.debit : row.credit;
  const auto found = proofs.find(id);
  if (found == proofs.end())
    return check.fault(posting_name(row) + " names " + id.str() + ", which does not exist");
  AccountProof& proof = found->second;
  (is_debit ? proof.computed.debits_posted : proof.computed.credits_posted) +=
      row.posting.amount.minor;
  check.expect(proof.currency == currency,
               [&] { return posting_name(row) + " is in another currency than " + id.str(); });
  check.expect(side.previous == proof.last && side.sequence == proof.count + 1,
               [&] { return posting_name(row) + " does not follow the history of " + id.str(); });
  check.expect(side.balance == balance_of(proof.type, proof.computed),
               [&] { return posting_name(row) + " carries a wrong balance of " + id.str(); });
  proof.last = row.id;
  proof.count = side.sequence;
}

Result<Check> verify_histories(Tx& tx, Proofs& proofs, const Progress& progress) {
  Checker check("account histories", progress);
  // Each posting is in two histories.
  double entries = 0;
  for (const auto& [id, proof] : proofs) entries += static_cast<double>(proof.stored_count);
  check.expect_rows(entries / 2);
  TRY(store::visit_stored_postings(tx,
                                   [&](const engine::PostingRow& row, std::string_view currency) {
                                     check_side(check, proofs, row, currency, true);
                                     check_side(check, proofs, row, currency, false);
                                     check.row();
                                   }));
  TRY(tx.query(posting_counts, {}, [&](const Row& row) {
    check.expect(row.integer(0) == row.integer(1), [&] {
      return "transfers speak of " + std::to_string(row.integer(0)) + " postings, but " +
             std::to_string(row.integer(1)) + " are stored";
    });
    return false;
  }));
  TRY(tx.query(checkpoints, {}, [&](const Row& row) {
    const std::int64_t sequence = row.integer(1);
    const bool fits = (row.integer(0) == row.integer(2) && sequence == row.integer(3)) ||
                      (row.integer(0) == row.integer(4) && sequence == row.integer(5));
    check.expect(fits, [&] {
      return "a checkpoint of " + AccountId{row.integer(0)}.str() + " names a wrong posting";
    });
    check.expect(!fits || row.integer(6) == row.integer(7), [&] {
      return "a checkpoint of " + AccountId{row.integer(0)}.str() +
             " carries another time than its posting";
    });
    return true;
  }));
  return std::move(check).finish();
}

/// Where holds may be older than the links of events, those that are open cannot be told from them.
Result<Check> verify_holds(Tx& tx, Proofs& proofs, const Witness& witness, bool is_sealed,
                           const Progress& progress) {
  Checker check("holds", progress);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> captures;
  TRY(tx.query(captured, {}, [&](const Row& row) {
    captures[{row.integer(0), row.integer(1)}] = row.integer(2);
    return true;
  }));
  TRY(tx.query(held, {}, [&](const Row& row) {
    const HoldId id{row.integer(0)};
    const bool open = row.text(1) == "open";
    const std::int64_t amount = row.integer(4);
    const std::int64_t remaining = row.integer(5);
    const auto found = captures.find({id.value, row.integer(6)});
    const std::int64_t taken = found == captures.end() ? 0 : found->second;
    check.expect(taken <= amount,
                 [&] { return "more was captured from " + id.str() + " than it held"; });
    check.expect(remaining == (open ? amount - taken : 0),
                 [&] { return "what " + id.str() + " still holds does not fit its captures"; });
    proofs[{row.integer(2)}].computed.debits_pending += remaining;
    proofs[{row.integer(3)}].computed.credits_pending += remaining;
    check.row();
    return true;
  }));
  TRY(tx.query(hold_states, {}, [&](const Row& row) {
    check.fault(HoldId{row.integer(0)}.str() + " is " + std::string(row.text(1)) +
                ", which is not what its newest change says");
    return true;
  }));
  std::int64_t open = 0;
  TRY(tx.query(open_holds, {}, [&](const Row& row) {
    ++open;
    check.expect(!is_sealed || witness.open_holds.contains(row.integer(0)), [&] {
      return HoldId{row.integer(0)}.str() + " is open, which is not what its newest event says";
    });
    return true;
  }));
  check.expect(static_cast<std::size_t>(open) >= witness.open_holds.size(),
               [&] { return "holds are closed that are open by their newest events"; });
  return std::move(check).finish();
}

Check verify_balances(const Proofs& proofs, const Progress& progress) {
  Checker check("balances", progress);
  check.expect_rows(static_cast<double>(proofs.size()));
  for (const auto& [id, proof] : proofs) {
    const std::string name = id.str();
    check.expect(proof.has_balance, [&] { return name + " has no balance"; });
    check.expect(proof.stored == proof.computed,
                 [&] { return "the balance of " + name + " differs from its postings and holds"; });
    check.expect(proof.stored_last == proof.last && proof.stored_count == proof.count,
                 [&] { return "the balance of " + name + " does not name its newest posting"; });
    check.row();
  }
  return std::move(check).finish();
}

Check verify_currencies(const Proofs& proofs, const Progress& progress) {
  Checker check("debits equal credits", progress);
  // Sums of sums may pass 64 bits; what must agree is their difference.
  __extension__ using Wide = __int128;
  std::map<std::string, Wide> difference;
  for (const auto& [id, proof] : proofs) {
    difference[proof.currency] +=
        static_cast<Wide>(proof.stored.debits_posted) - proof.stored.credits_posted;
  }
  for (const auto& entry : difference) {
    check.expect(entry.second == 0,
                 [&] { return "debits and credits of " + entry.first + " differ"; });
  }
  return std::move(check).finish();
}

Result<void> verify_rows(Tx& tx, const sql::Sealer& sealer, const sql::SealFacts& facts,
                         const Progress& progress, Verification& result) {
  for (const sql::SealedTable& table : sealer.tables())
    result.checks.push_back(TRY(sql::verify_seals(tx, sealer, table, facts, progress)));
  return {};
}

}  // namespace

bool Verification::clean() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.faults == 0; });
}

std::int64_t Verification::sum(std::int64_t Check::*count) const {
  std::int64_t rows = 0;
  for (const Check& check : checks) rows += check.*count;
  return rows;
}

Result<void> read_settled(sql::Database& database, const std::function<Result<void>(Tx&)>& work) {
  constexpr int looks = 100;
  constexpr std::chrono::milliseconds between_looks{100};
  for (int look = 1;; ++look) {
    bool is_settled = true;
    auto done = database.read([&](Tx& tx) -> Result<void> {
      is_settled = TRY(bulk::store::are_all_written_out(tx));
      if (is_settled) return work(tx);
      return Error{errors::ledger_busy,
                   "a large bulk is still to be written: a running server does so within seconds, "
                   "`florin serve` does so at its start"};
    });
    if (is_settled || look == looks) return done;
    std::this_thread::sleep_for(between_looks);
  }
}

Result<Verification> verify(sql::Database& database, const Progress& progress) {
  const sql::Sealer* sealer = database.sealer();
  const crypto::SealKey* key = sealer ? &sealer->key() : nullptr;
  Verification result;
  TRY(read_settled(database, [&](Tx& tx) -> Result<void> {
    result.checks.push_back(TRY(sql::verify_stored_types(tx, progress)));
    KeyLosses losses = TRY(prove_key_losses(tx, key, progress));
    sql::SealFacts facts{.is_loss_noted = losses.is_recorded};
    if (losses.check.rows > 0) result.checks.push_back(std::move(losses.check));
    result.checks.push_back(
        TRY(chain::prove_links(tx, key, facts, losses.accepted_links, progress)));
    Witness witness;
    events::ChainProof log = TRY(events::prove_chain(
        tx, key, facts, {losses.accepted_event}, progress,
        [&](const events::EventView& event, std::string_view) { listen(witness, event); }));
    const bool is_sealed = log.linked > 0 && log.check.not_covered == 0;
    result.checks.push_back(std::move(log.check));
    result.checks.push_back(TRY(verify_accounts(tx, witness, progress)));
    Proofs proofs = TRY(load_proofs(tx));
    result.checks.push_back(TRY(verify_histories(tx, proofs, progress)));
    result.checks.push_back(TRY(verify_holds(tx, proofs, witness, is_sealed, progress)));
    result.checks.push_back(verify_balances(proofs, progress));
    result.checks.push_back(verify_currencies(proofs, progress));
    return sealer ? verify_rows(tx, *sealer, facts, progress, result) : Result<void>();
  }));
  return result;
}

}  // namespace florin::ledger
