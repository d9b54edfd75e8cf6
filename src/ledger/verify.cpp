#include "ledger/verify.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/event_chain.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/chain.h"
#include "ledger/engine/engine.h"
#include "ledger/errors.h"
#include "ledger/ledger.h"
#include "ledger/ledger_json.h"
#include "ledger/ledger_store.h"
#include "ledger/set_store.h"
#include "platform/crypto/hash.h"
#include "platform/sql/database.h"
#include "platform/sql/sealer.h"
#include "platform/sql/stored_types.h"

namespace florin::ledger {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query next_chain{"verify.next_chain",
                           "SELECT min(chain) FROM chain_links WHERE chain > $1"};
constexpr Query links_after{
    "verify.links",
    "SELECT chain, sequence, first_id, last_id, records, created_at_us, hash FROM chain_links"
    " WHERE chain = $1 AND sequence > $2 ORDER BY sequence",
    sql::Rows::many};
constexpr Query transfers_between{
    "verify.transfers",
    "SELECT id, tenant_id, kind, posting_count, reference, description, metadata, effective_at_us,"
    " created_at_us, hold_id, reverses_id FROM transfers WHERE id >= $1 AND id <= $2 ORDER BY id",
    sql::Rows::many};
constexpr Query postings_between{
    "verify.postings",
    "SELECT id, transfer_id, debit_id, credit_id, amount_minor, currency, backdated_to_us"
    " FROM postings WHERE id >= $1 AND id <= $2 ORDER BY id",
    sql::Rows::many};
constexpr Query hold_records{
    "verify.hold_records",
    "SELECT c.id, c.hold_id, c.kind, c.transfer_id, c.created_at_us, h.tenant_id, h.reference,"
    " h.description, h.metadata, h.expires_at_us, h.created_at_us, p.debit_id, p.credit_id,"
    " p.amount_minor, p.currency, p.place"
    " FROM hold_changes c LEFT JOIN holds h ON h.id = c.hold_id AND c.kind = 'placed'"
    " LEFT JOIN hold_postings p ON p.hold_id = h.id"
    " WHERE c.id >= $1 AND c.id <= $2 ORDER BY c.id, p.place",
    sql::Rows::many};
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
constexpr Query count_records{
    "verify.count_records",
    "SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM hold_changes)"};
constexpr Query all_accounts{
    "verify.accounts",
    "SELECT a.id, a.type, a.currency, b.debits_posted, b.credits_posted, b.debits_pending,"
    " b.credits_pending, b.last_posting, b.posting_count, b.account_id"
    " FROM accounts a LEFT JOIN balances b ON b.account_id = a.id",
    sql::Rows::many};
constexpr Query posting_counts{"verify.posting_counts",
                               "SELECT (SELECT coalesce(sum(posting_count), 0) FROM transfers), "
                               "(SELECT count(*) FROM postings)"};
constexpr Query milestones{
    "verify.milestones",
    "SELECT m.account_id, m.sequence, p.debit_id, p.debit_sequence, p.credit_id, p.credit_sequence,"
    " m.created_at_us, t.created_at_us"
    " FROM account_milestones m LEFT JOIN postings p ON p.id = m.posting_id"
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

using chain::Link;
using sql::Checker;
using Fit = crypto::SealKey::Fit;

/// Records that are held in memory at a time.
constexpr std::int64_t page_records = 50'000;
constexpr std::size_t page_links = 4'096;

// ---------------------------------------------------------------- the chain

/// The node that made an id, which is the chain its record is in.
std::int64_t node_of(std::int64_t id) { return IdGenerator::node_of(id); }

/// A stretch of links of one chain. What they cover lies apart and in no order: a large bulk is
/// written later than its ids were made.
struct Page {
  std::vector<Link> links;                 // In their order,
  std::vector<const Link*> by_first_id;    // and in that of what they cover.
  std::int64_t first_id = 0, last_id = 0;  // Of all of them.
  std::vector<Transfer> transfers;         // With the number of postings that each should have,
  std::vector<std::int64_t> posting_counts;
  std::vector<std::pair<chain::HoldRecord, Hold>> holds;
};

Result<std::vector<Link>> load_links(Tx& tx, std::int64_t chain, std::int64_t after) {
  std::vector<Link> links;
  std::int64_t records = 0;
  TRY(tx.query(links_after, {chain, after}, [&](const Row& row) {
    links.push_back({row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4),
                     row.integer(5), std::string(row.blob(6))});
    records += links.back().records;
    return records < page_records && links.size() < page_links;
  }));
  return links;
}

void arrange(Page& page) {
  for (const Link& link : page.links) page.by_first_id.push_back(&link);
  std::sort(page.by_first_id.begin(), page.by_first_id.end(),
            [](const Link* a, const Link* b) { return a->first_id < b->first_id; });
  page.first_id = page.by_first_id.front()->first_id;
  for (const Link& link : page.links) page.last_id = std::max(page.last_id, link.last_id);
}

/// The place of the link that covers a record; nothing: a link of another page or chain, or none.
std::optional<std::size_t> place_of(const Page& page, std::int64_t id) {
  if (node_of(id) != page.links.front().chain) return std::nullopt;
  const auto after =
      std::upper_bound(page.by_first_id.begin(), page.by_first_id.end(), id,
                       [](std::int64_t wanted, const Link* l) { return wanted < l->first_id; });
  if (after == page.by_first_id.begin() || (*std::prev(after))->last_id < id) return std::nullopt;
  return static_cast<std::size_t>(*std::prev(after) - page.links.data());
}

Result<void> load_transfers(Tx& tx, Page& page, Checker& check) {
  TRY(tx.query(transfers_between, {page.first_id, page.last_id}, [&](const Row& row) {
    if (!place_of(page, row.integer(0))) return true;
    Transfer& transfer = page.transfers.emplace_back();
    transfer.id = {row.integer(0)};
    transfer.tenant = {row.integer(1)};
    const auto kind = parse_transfer_kind(row.text(2));
    transfer.kind = kind.value_or(TransferKind::transfer);
    check.expect(kind.has_value(), [&] { return transfer.id.str() + " is of no known kind"; });
    page.posting_counts.push_back(row.integer(3));
    transfer.narrative = {row.optional_text(4), row.optional_text(5), std::string(row.text(6))};
    transfer.effective_at = {row.integer(7)};
    transfer.created_at = {row.integer(8)};
    transfer.hold = {row.integer(9)};
    transfer.reverses = {row.integer(10)};
    return true;
  }));
  return {};
}

/// Postings lie in the order of their transfers.
Result<void> load_postings(Tx& tx, Page& page, Checker& check) {
  if (page.transfers.empty()) return {};
  const std::int64_t last = page.transfers.back().id.value + page.posting_counts.back();
  std::size_t at = 0;
  TRY(tx.query(postings_between, {page.transfers.front().id.value, last}, [&](const Row& row) {
    const TransferId owner{row.integer(1)};
    while (at < page.transfers.size() && page.transfers[at].id < owner) ++at;
    if (at == page.transfers.size()) return false;
    Transfer& transfer = page.transfers[at];
    if (transfer.id != owner) return true;  // Of another node.
    transfer.postings.push_back(
        {{row.integer(2)}, {row.integer(3)}, {row.integer(4), store::currency_of(row.text(5))}});
    const bool is_backdated = transfer.effective_at != transfer.created_at;
    const auto backdated_to = is_backdated ? std::optional(transfer.effective_at.us) : std::nullopt;
    check.expect(row.optional_integer(6) == backdated_to, [&] {
      return "a posting of " + owner.str() + " carries another effective time than its transfer";
    });
    return true;
  }));
  for (std::size_t i = 0; i < page.transfers.size(); ++i) {
    const Transfer& transfer = page.transfers[i];
    check.expect(static_cast<std::int64_t>(transfer.postings.size()) == page.posting_counts[i],
                 [&] { return transfer.id.str() + " has not the postings that it speaks of"; });
  }
  return {};
}

engine::HoldChangeKind parse_change(std::string_view text) {
  for (const auto kind : {engine::HoldChangeKind::captured, engine::HoldChangeKind::released,
                          engine::HoldChangeKind::expired}) {
    if (engine::to_string(kind) == text) return kind;
  }
  return engine::HoldChangeKind::placed;
}

Result<void> load_holds(Tx& tx, Page& page, Checker& check) {
  const auto add = [&](const Row& row) {
    auto& [record, hold] = page.holds.emplace_back();
    record = {row.integer(0),
              {row.integer(1)},
              parse_change(row.text(2)),
              {row.integer(3)},
              {row.integer(4)}};
    hold.tenant = {row.integer(5)};
    hold.narrative = {row.optional_text(6), row.optional_text(7), std::string(row.text(8))};
    if (!row.is_null(9)) hold.expires_at = Timestamp{row.integer(9)};
    if (record.kind != engine::HoldChangeKind::placed) return;
    check.expect(row.integer(10) == row.integer(4),
                 [&] { return record.hold.str() + " was not made when it was placed"; });
  };
  TRY(tx.query(hold_records, {page.first_id, page.last_id}, [&](const Row& row) {
    if (!place_of(page, row.integer(0))) return true;
    if (page.holds.empty() || page.holds.back().first.id != row.integer(0)) add(row);
    if (row.is_null(11)) return true;
    const Posting posting{
        {row.integer(11)}, {row.integer(12)}, {row.integer(13), store::currency_of(row.text(14))}};
    auto& [record, hold] = page.holds.back();
    check.expect(row.integer(15) == static_cast<std::int64_t>(hold.postings.size()), [&] {
      return "the postings of " + record.hold.str() + " are not numbered from 0";
    });
    hold.postings.push_back({posting, 0});
    return true;
  }));
  return {};
}

std::string link_name(const Link& link) {
  return "link " + std::to_string(link.sequence) + " of chain " + std::to_string(link.chain) +
         " (transfers " + TransferId{link.first_id}.str() + " to " +
         TransferId{link.last_id}.str() + ")";
}

/// Goes along one chain, page by page.
class ChainWalk {
 public:
  ChainWalk(const crypto::SealKey* key, Checker& check) : key_(key), check_(check) {}

  Result<void> walk(Tx& tx, std::int64_t chain) {
    sequence_ = 0;
    previous_.clear();
    while (true) {
      Page page;
      page.links = TRY(load_links(tx, chain, sequence_));
      if (page.links.empty()) return {};
      arrange(page);
      TRY(load_transfers(tx, page, check_));
      TRY(load_postings(tx, page, check_));
      TRY(load_holds(tx, page, check_));
      const std::int64_t before = sequence_;
      look_at(page);
      // A sequence that is no number is behind every number, and reads as 0.
      if (sequence_ <= before) {
        check_.fault("chain " + std::to_string(chain) + " cannot be followed behind link " +
                     std::to_string(before));
        return {};
      }
    }
  }

  std::int64_t linked() const { return linked_; }

 private:
  void look_at(const Page& page) {
    struct Covered {
      std::string canonical;
      std::int64_t records = 0;
    };
    std::vector<Covered> covered(page.links.size());
    auto transfer = page.transfers.begin();
    auto change = page.holds.begin();
    while (transfer != page.transfers.end() || change != page.holds.end()) {
      const bool take_transfer =
          change == page.holds.end() ||
          (transfer != page.transfers.end() && transfer->id.value < change->first.id);
      const std::int64_t id = take_transfer ? transfer->id.value : change->first.id;
      Covered& link = covered[*place_of(page, id)];
      if (take_transfer) {
        chain::append_canonical(link.canonical, *transfer++);
      } else {
        chain::append_canonical(link.canonical, change->first, change->second);
        ++change;
      }
      ++link.records;
      check_.row();
    }
    for (std::size_t i = 0; i < covered.size(); ++i)
      look_at(page.links[i], covered[i].canonical, covered[i].records);
  }

  void look_at(const Link& link, const std::string& canonical, std::int64_t records) {
    check_.expect(link.sequence == sequence_ + 1,
                  [&] { return link_name(link) + " does not follow its predecessor"; });
    check_.expect(records == link.records, [&] {
      return link_name(link) + " covers " + std::to_string(link.records) + " records, but " +
             std::to_string(records) + " are there";
    });
    if (!chain::is_keyed(link.hash)) {
      check_.expect(!chain::is_keyed(previous_),
                    [&] { return link_name(link) + " was written without the key"; });
      check_.not_covered(records);
    }
    const Fit fit = chain::check_link(key_, previous_, link, canonical);
    if (fit == Fit::other_key) check_.other_key(records);
    check_.expect(fit != Fit::differs,
                  [&] { return "the hash of " + link_name(link) + " does not fit its records"; });
    linked_ += records;
    sequence_ = link.sequence;
    previous_ = link.hash;
  }

  const crypto::SealKey* key_;
  Checker& check_;
  std::int64_t linked_ = 0, sequence_ = 0;
  std::string previous_;
};

Result<Check> verify_chain(Tx& tx, const crypto::SealKey* key, const Progress& progress) {
  Checker check("hash chain", progress);
  ChainWalk walk(key, check);
  std::int64_t last = -1;
  while (true) {
    std::optional<std::int64_t> chain;
    TRY(tx.query(next_chain, {last}, [&](const Row& row) {
      chain = row.optional_integer(0);
      return false;
    }));
    if (!chain) break;
    if (*chain <= last) {
      check.fault("links are of a chain that is no number");
      break;
    }
    last = *chain;
    TRY(walk.walk(tx, last));
  }
  TRY(tx.query(count_records, {}, [&](const Row& row) {
    check.expect(row.integer(0) == walk.linked(), [&] {
      return std::to_string(row.integer(0)) + " records are stored, but the chain covers " +
             std::to_string(walk.linked());
    });
    return false;
  }));
  return std::move(check).finish();
}

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
  std::size_t met = 0;
  TRY(tx.query(account_rows, {}, [&](const Row& row) {
    check.row();
    const Account account{.id = {row.integer(0)},
                          .tenant = {row.integer(1)},
                          .code = std::string(row.text(2)),
                          .type = parse_account_type(row.text(3)).value_or(AccountType::asset),
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
    proof.type = parse_account_type(row.text(1)).value_or(AccountType::asset);
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
    check.expect(!fits || row.integer(6) == row.integer(7), [&] {
      return "a milestone of " + AccountId{row.integer(0)}.str() +
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

std::int64_t Verification::not_covered() const {
  std::int64_t rows = 0;
  for (const Check& check : checks) rows += check.not_covered;
  return rows;
}

std::int64_t Verification::other_key() const {
  std::int64_t rows = 0;
  for (const Check& check : checks) rows += check.other_key;
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
    result.checks.push_back(TRY(verify_chain(tx, key, progress)));
    Witness witness;
    events::ChainProof log = TRY(events::prove_chain(
        tx, key, progress,
        [&](const events::EventView& event, std::string_view) { listen(witness, event); }));
    const bool is_sealed = log.linked > 0 && log.check.not_covered == 0;
    result.checks.push_back(std::move(log.check));
    result.checks.push_back(TRY(verify_accounts(tx, witness, progress)));
    Proofs proofs = TRY(load_proofs(tx));
    result.checks.push_back(TRY(verify_histories(tx, proofs, progress)));
    result.checks.push_back(TRY(verify_holds(tx, proofs, witness, is_sealed, progress)));
    result.checks.push_back(verify_balances(proofs, progress));
    result.checks.push_back(verify_currencies(proofs, progress));
    if (!sealer) return {};
    const auto since = log.sealed_since ? std::optional(log.sealed_since->us) : std::nullopt;
    for (const sql::SealedTable& table : sealer->tables())
      result.checks.push_back(TRY(sql::verify_seals(tx, *sealer, table, since, progress)));
    return {};
  }));
  return result;
}

}  // namespace florin::ledger
