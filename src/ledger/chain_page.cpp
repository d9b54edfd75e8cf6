#include "ledger/chain_page.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/ledger.h"
#include "ledger/store/set_store.h"
#include "platform/sql/database.h"

namespace florin::ledger::chain {
namespace {

using sql::Checker;
using sql::Query;
using sql::Row;
using sql::Tx;

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

/// Records that are held in memory at a time.
constexpr std::int64_t page_records = 50'000;
constexpr std::size_t page_links = 4'096;

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

Result<void> load_transfers(Tx& tx, Page& page, Checker& check) {
  TRY(tx.query(transfers_between, {page.first_id, page.last_id}, [&](const Row& row) {
    if (!page.place_of(row.integer(0))) return true;
    Transfer& transfer = page.transfers.emplace_back();
    transfer.id = {row.integer(0)};
    transfer.tenant = {row.integer(1)};
    const auto kind = parse_word<TransferKind>(row.text(2));
    transfer.kind = kind.value_or(TransferKind::transfer);
    check.expect(kind.has_value(), [&] { return transfer.id.str() + " is of no known kind"; });
    page.posting_counts.push_back(row.integer(3));
    transfer.details = {row.optional_text(4), row.optional_text(5), std::string(row.text(6))};
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
    check.expect(Currency::parse(row.text(5)).has_value(),
                 [&] { return "a posting of " + owner.str() + " is in no known currency"; });
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

std::optional<engine::HoldChangeKind> parse_change(std::string_view text) {
  for (const auto kind : {engine::HoldChangeKind::placed, engine::HoldChangeKind::captured,
                          engine::HoldChangeKind::released, engine::HoldChangeKind::expired}) {
    if (engine::to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

Result<void> load_holds(Tx& tx, Page& page, Checker& check) {
  const auto add = [&](const Row& row) {
    auto& added = page.holds.emplace_back();
    HoldRecord& record = added.first;
    Hold& hold = added.second;
    const auto kind = parse_change(row.text(2));
    record = {row.integer(0),
              {row.integer(1)},
              kind.value_or(engine::HoldChangeKind::placed),
              {row.integer(3)},
              {row.integer(4)}};
    check.expect(kind.has_value(),
                 [&] { return "a change of " + record.hold.str() + " is of no known kind"; });
    hold.tenant = {row.integer(5)};
    hold.details = {row.optional_text(6), row.optional_text(7), std::string(row.text(8))};
    if (!row.is_null(9)) hold.expires_at = Timestamp{row.integer(9)};
    if (record.kind != engine::HoldChangeKind::placed) return;
    check.expect(row.integer(10) == row.integer(4),
                 [&] { return record.hold.str() + " was not made when it was placed"; });
  };
  TRY(tx.query(hold_records, {page.first_id, page.last_id}, [&](const Row& row) {
    if (!page.place_of(row.integer(0))) return true;
    if (page.holds.empty() || page.holds.back().first.id != row.integer(0)) add(row);
    if (row.is_null(11)) return true;
    const Posting posting{
        {row.integer(11)}, {row.integer(12)}, {row.integer(13), store::currency_of(row.text(14))}};
    const HoldRecord& record = page.holds.back().first;
    Hold& hold = page.holds.back().second;
    check.expect(row.integer(15) == static_cast<std::int64_t>(hold.postings.size()), [&] {
      return "the postings of " + record.hold.str() + " are not numbered from 0";
    });
    check.expect(Currency::parse(row.text(14)).has_value(),
                 [&] { return "a posting of " + record.hold.str() + " is in no known currency"; });
    hold.postings.push_back({posting, 0});
    return true;
  }));
  return {};
}

}  // namespace

std::optional<std::size_t> Page::place_of(std::int64_t id) const {
  if (IdGenerator::node_of(id) != links.front().chain) return std::nullopt;
  const auto after =
      std::upper_bound(by_first_id.begin(), by_first_id.end(), id,
                       [](std::int64_t wanted, const Link* l) { return wanted < l->first_id; });
  if (after == by_first_id.begin() || (*std::prev(after))->last_id < id) return std::nullopt;
  return static_cast<std::size_t>(*std::prev(after) - links.data());
}

Result<Page> load_page(sql::Tx& tx, std::int64_t chain, std::int64_t after, sql::Checker& check) {
  Page page;
  page.links = TRY(load_links(tx, chain, after));
  if (page.links.empty()) return page;
  arrange(page);
  TRY(load_transfers(tx, page, check));
  TRY(load_postings(tx, page, check));
  TRY(load_holds(tx, page, check));
  return page;
}

}  // namespace florin::ledger::chain
