#include "ledger/verify.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/chain.h"
#include "ledger/engine/engine.h"
#include "ledger/errors.h"
#include "ledger/ledger.h"
#include "ledger/ledger_store.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query all_links{
    "verify.links",
    "SELECT chain, sequence, first_id, last_id, records, hash FROM chain_links"
    " ORDER BY chain, sequence",
    sql::Rows::many};
constexpr Query transfer_ids{"verify.transfer_ids",
                             "SELECT id FROM transfers WHERE id >= $1 AND id <= $2 ORDER BY id",
                             sql::Rows::many};
constexpr Query hold_records{
    "verify.hold_records",
    "SELECT id, hold_id, kind, transfer_id, created_at_us FROM hold_changes"
    " WHERE id >= $1 AND id <= $2 ORDER BY id",
    sql::Rows::many};
constexpr Query count_records{
    "verify.count_records",
    "SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM hold_changes)"};
constexpr Query all_accounts{
    "verify.accounts",
    "SELECT a.id, a.type, a.currency, b.debits_posted, b.credits_posted, b.debits_pending,"
    " b.credits_pending, b.last_posting, b.posting_count"
    " FROM accounts a LEFT JOIN balances b ON b.account_id = a.id",
    sql::Rows::many};
constexpr Query posting_counts{"verify.posting_counts",
                               "SELECT (SELECT coalesce(sum(posting_count), 0) FROM transfers), "
                               "(SELECT count(*) FROM postings)"};
constexpr Query milestones{
    "verify.milestones",
    "SELECT m.account_id, m.sequence, p.debit_id, p.debit_sequence, p.credit_id, p.credit_sequence"
    " FROM account_milestones m LEFT JOIN postings p ON p.id = m.posting_id",
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

constexpr std::size_t max_examples = 100;
constexpr std::int64_t progress_step = 50'000;

/// One check under way.
class Checker {
 public:
  Checker(std::string name, const Progress& progress) : progress_(progress) {
    check_.name = std::move(name);
  }

  void row() {
    if (++check_.rows % progress_step == 0 && progress_) progress_(check_.name, check_.rows);
  }
  void fault(std::string sentence) {
    ++check_.faults;
    if (check_.examples.size() < max_examples) check_.examples.push_back(std::move(sentence));
  }
  void expect(bool holds, const std::function<std::string()>& sentence) {
    if (!holds) fault(sentence());
  }
  Check finish() && { return std::move(check_); }

 private:
  const Progress& progress_;
  Check check_;
};

// ---------------------------------------------------------------- the chain

struct Link {
  std::int64_t chain = 0, sequence = 0, first_id = 0, last_id = 0, records = 0;
  crypto::Sha256 hash{};
};

Result<std::vector<Link>> load_links(Tx& tx) {
  std::vector<Link> links;
  TRY(tx.query(all_links, {}, [&](const Row& row) {
    Link link{row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), {}};
    const std::string_view hash = row.blob(5);
    std::memcpy(link.hash.data(), hash.data(), std::min(hash.size(), link.hash.size()));
    links.push_back(link);
    return true;
  }));
  return links;
}

/// The node that made an id, which is the chain its record is in.
std::int64_t node_of(std::int64_t id) {
  return id >> IdGenerator::sequence_bits & ((1 << IdGenerator::node_bits) - 1);
}

struct RecordRef {
  std::int64_t id = 0;
  std::optional<chain::HoldRecord> hold;  // Absent: a transfer.
};

/// The records of a link in the order of their ids.
Result<std::vector<RecordRef>> records_of(Tx& tx, const Link& link) {
  std::vector<RecordRef> records;
  TRY(tx.query(transfer_ids, {link.first_id, link.last_id}, [&](const Row& row) {
    records.push_back({row.integer(0), std::nullopt});
    return true;
  }));
  TRY(tx.query(hold_records, {link.first_id, link.last_id}, [&](const Row& row) {
    const std::string_view kind = row.text(2);
    chain::HoldRecord record{
        row.integer(0), {row.integer(1)}, {}, {row.integer(3)}, {row.integer(4)}};
    for (const auto candidate :
         {engine::HoldChangeKind::placed, engine::HoldChangeKind::captured,
          engine::HoldChangeKind::released, engine::HoldChangeKind::expired}) {
      if (engine::to_string(candidate) == kind) record.kind = candidate;
    }
    records.push_back({record.id, record});
    return true;
  }));
  std::erase_if(records, [&](const RecordRef& record) { return node_of(record.id) != link.chain; });
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return records;
}

Result<void> append_record(Tx& tx, const RecordRef& record, std::string& canonical) {
  if (!record.hold) {
    const auto transfer = TRY(store::load_transfer(tx, TransferId{record.id}));
    if (transfer) chain::append_canonical(canonical, *transfer);
    return {};
  }
  const auto hold = TRY(store::load_hold(tx, record.hold->hold));
  chain::append_canonical(canonical, *record.hold, hold.value_or(Hold{}));
  return {};
}

std::string link_name(const Link& link) {
  return "link " + std::to_string(link.sequence) + " of chain " + std::to_string(link.chain);
}

Result<Check> verify_chain(Tx& tx, const Progress& progress) {
  Checker check("hash chain", progress);
  std::int64_t linked = 0;
  Link previous;
  std::string canonical;
  for (const Link& link : TRY(load_links(tx))) {
    if (link.chain != previous.chain || previous.sequence == 0)
      previous = Link{link.chain, 0, 0, 0, 0, {}};
    check.expect(link.sequence == previous.sequence + 1,
                 [&] { return link_name(link) + " does not follow its predecessor"; });
    const auto records = TRY(records_of(tx, link));
    check.expect(static_cast<std::int64_t>(records.size()) == link.records, [&] {
      return link_name(link) + " covers " + std::to_string(link.records) + " records, but " +
             std::to_string(records.size()) + " are there (transfers " +
             TransferId{link.first_id}.str() + " to " + TransferId{link.last_id}.str() + ")";
    });
    canonical.clear();
    for (const RecordRef& record : records) {
      TRY(append_record(tx, record, canonical));
      check.row();
    }
    linked += static_cast<std::int64_t>(records.size());
    check.expect(chain::link_hash(previous.hash, canonical) == link.hash, [&] {
      return "the hash of " + link_name(link) + " does not fit its records (transfers " +
             TransferId{link.first_id}.str() + " to " + TransferId{link.last_id}.str() + ")";
    });
    previous = link;
  }
  TRY(tx.query(count_records, {}, [&](const Row& row) {
    check.expect(row.integer(0) == linked, [&] {
      return std::to_string(row.integer(0)) + " records are stored, but the chain covers " +
             std::to_string(linked);
    });
    return false;
  }));
  return std::move(check).finish();
}

// ---------------------------------------------------------------- histories and balances

struct AccountProof {
  AccountType type = AccountType::asset;
  std::string currency;
  Sums stored, computed;
  std::int64_t stored_last = 0, stored_count = 0;
  std::int64_t last = 0, count = 0;
};
using Proofs = std::unordered_map<AccountId, AccountProof>;

Result<Proofs> load_proofs(Tx& tx) {
  Proofs proofs;
  TRY(tx.query(all_accounts, {}, [&](const Row& row) {
    AccountProof& proof = proofs[{row.integer(0)}];
    proof.type = parse_account_type(row.text(1)).value_or(AccountType::asset);
    proof.currency = std::string(row.text(2));
    proof.stored = {row.integer(3), row.integer(4), row.integer(5), row.integer(6)};
    proof.stored_last = row.integer(7);
    proof.stored_count = row.integer(8);
    return true;
  }));
  return proofs;
}

std::string posting_name(const engine::PostingRow& row) {
  return "posting " + std::to_string(row.id - row.transfer.value) + " of " + row.transfer.str();
}

void check_side(Checker& check, Proofs& proofs, const engine::PostingRow& row, bool is_debit) {
  const AccountId id = is_debit ? row.posting.debit : row.posting.credit;
  const engine::PostingSide& side = is_debit ? row.debit : row.credit;
  const auto found = proofs.find(id);
  if (found == proofs.end())
    return check.fault(posting_name(row) + " names " + id.str() + ", which does not exist");
  AccountProof& proof = found->second;
  (is_debit ? proof.computed.debits_posted : proof.computed.credits_posted) +=
      row.posting.amount.minor;
  check.expect(proof.currency == row.posting.amount.currency.code(),
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
  TRY(store::visit_postings(tx, 0, INT64_MAX, [&](const engine::PostingRow& row) {
    check_side(check, proofs, row, true);
    check_side(check, proofs, row, false);
    check.row();
    return true;
  }));
  TRY(tx.query(posting_counts, {}, [&](const Row& row) {
    check.expect(row.integer(0) == row.integer(1), [&] {
      return "transfers speak of " + std::to_string(row.integer(0)) + " postings, but " +
             std::to_string(row.integer(1)) + " are stored";
    });
    return false;
  }));
  TRY(tx.query(milestones, {}, [&](const Row& row) {
    const std::int64_t sequence = row.integer(1);
    const bool fits = (row.integer(0) == row.integer(2) && sequence == row.integer(3)) ||
                      (row.integer(0) == row.integer(4) && sequence == row.integer(5));
    check.expect(fits, [&] {
      return "a milestone of " + AccountId{row.integer(0)}.str() + " names a wrong posting";
    });
    return true;
  }));
  return std::move(check).finish();
}

Result<Check> verify_holds(Tx& tx, Proofs& proofs, const Progress& progress) {
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
  return std::move(check).finish();
}

Check verify_balances(const Proofs& proofs, const Progress& progress) {
  Checker check("balances", progress);
  for (const auto& [id, proof] : proofs) {
    const std::string name = id.str();
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
  for (const auto& [currency, rest] : difference) {
    check.expect(rest == 0, [&] { return "debits and credits of " + currency + " differ"; });
    check.row();
  }
  return std::move(check).finish();
}

}  // namespace

bool Verification::clean() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.faults == 0; });
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
  Verification result;
  TRY(read_settled(database, [&](Tx& tx) -> Result<void> {
    result.checks.push_back(TRY(verify_chain(tx, progress)));
    Proofs proofs = TRY(load_proofs(tx));
    result.checks.push_back(TRY(verify_histories(tx, proofs, progress)));
    result.checks.push_back(TRY(verify_holds(tx, proofs, progress)));
    result.checks.push_back(verify_balances(proofs, progress));
    result.checks.push_back(verify_currencies(proofs, progress));
    return {};
  }));
  return result;
}

}  // namespace florin::ledger
