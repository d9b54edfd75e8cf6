#include "ledger/chain.h"

#include <optional>

#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/sql/canonical.h"
#include "platform/sql/database.h"

namespace florin::ledger::chain {
namespace {

using sql::Param;
using sql::Query;
using sql::canonical::put;

constexpr Query next_chain{"ledger.next_chain",
                           "SELECT min(chain) FROM chain_links WHERE chain > $1"};
constexpr Query newest_link{
    "ledger.newest_link",
    "SELECT sequence, hash FROM chain_links WHERE chain = $1 ORDER BY sequence DESC LIMIT 1"};
constexpr Query link_insert{
    "ledger.link_insert",
    "INSERT INTO chain_links (chain, sequence, first_id, last_id, records, hash, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"};

void put(std::string& out, const Posting& posting) {
  put(out, posting.debit.value);
  put(out, posting.credit.value);
  put(out, posting.amount.minor);
  put(out, posting.amount.currency.code());
}

void put(std::string& out, const TransferDetails& details) {
  put(out, details.reference);
  put(out, details.description);
  put(out, std::string_view(details.metadata));
}

}  // namespace

void append_canonical(std::string& out, const Transfer& transfer) {
  out += 'T';
  put(out, transfer.id.value);
  put(out, transfer.tenant.value);
  put(out, to_word(transfer.kind));
  put(out, static_cast<std::int64_t>(transfer.postings.size()));
  for (const Posting& posting : transfer.postings) put(out, posting);
  put(out, transfer.details);
  put(out, transfer.effective_at.us);
  put(out, transfer.created_at.us);
  put(out, transfer.hold.value);
  put(out, transfer.reverses.value);
}

void append_canonical(std::string& out, const HoldRecord& record, const Hold& hold) {
  out += 'H';
  put(out, record.id);
  put(out, record.hold.value);
  put(out, engine::to_string(record.kind));
  put(out, record.transfer.value);
  put(out, record.at.us);
  if (record.kind != engine::HoldChangeKind::placed) return;
  put(out, hold.tenant.value);
  put(out, static_cast<std::int64_t>(hold.postings.size()));
  for (const HoldPosting& held : hold.postings) put(out, held.posting);
  put(out, hold.details);
  put(out, hold.expires_at ? hold.expires_at->us : -1);
}

namespace {

std::string sealed_bytes(std::string_view previous, const Link& link, std::string_view canonical) {
  std::string bytes;
  bytes.reserve(canonical.size() + 96);
  put(bytes, previous);
  for (const std::int64_t number :
       {link.chain, link.sequence, link.first_id, link.last_id, link.records, link.created_at_us})
    put(bytes, number);
  bytes += canonical;
  return bytes;
}

std::string plain_hash(std::string_view previous, std::string_view canonical) {
  // The first plain link followed 32 zeros.
  const std::string start(crypto::Sha256{}.size(), '\0');
  crypto::Sha256Stream stream;
  stream.update(previous.empty() ? std::string_view(start) : previous);
  stream.update(canonical);
  return std::string(crypto::bytes_of(stream.finish()));
}

}  // namespace

bool is_keyed(std::string_view hash) { return hash.size() == std::tuple_size_v<crypto::Seal>; }

std::string link_hash(const crypto::SealKey* key, std::string_view previous, const Link& link,
                      std::string_view canonical) {
  if (!key) return plain_hash(previous, canonical);
  return std::string(crypto::bytes_of(key->seal(sealed_bytes(previous, link, canonical))));
}

crypto::SealKey::Fit check_link(const crypto::SealKey* key, std::string_view previous,
                                const Link& link, std::string_view canonical) {
  using Fit = crypto::SealKey::Fit;
  if (!is_keyed(link.hash))
    return plain_hash(previous, canonical) == link.hash ? Fit::fits : Fit::differs;
  if (!key) return Fit::other_key;
  return key->check(link.hash, sealed_bytes(previous, link, canonical));
}

Result<bool> visit_all(sql::Tx& tx, const std::function<Result<void>(std::int64_t)>& visit) {
  for (std::int64_t last = -1;;) {
    std::optional<std::int64_t> chain;
    TRY(tx.query(next_chain, {last}, [&](const sql::Row& row) {
      chain = row.optional_integer(0);
      return false;
    }));
    if (!chain) return true;
    if (*chain <= last) return false;
    last = *chain;
    TRY(visit(last));
  }
}

Result<void> enqueue_head(sql::Pipeline& pipeline, std::int64_t chain, Head& head) {
  return pipeline.enqueue(newest_link, {chain}, [&head](const sql::Row& row) {
    head.sequence = row.integer(0);
    head.hash = row.blob(1);
    return false;
  });
}

Result<void> extend(sql::Tx& tx, std::int64_t chain, const Head& head,
                    const engine::Changes& changes, Timestamp now) {
  if (changes.transfers.empty() && changes.hold_changes.empty()) return {};

  std::string canonical;
  canonical.reserve(256 * (changes.transfers.size() + changes.hold_changes.size()));
  std::int64_t first_id = 0;
  std::int64_t last_id = 0;
  auto transfer = changes.transfers.begin();
  auto change = changes.hold_changes.begin();
  while (transfer != changes.transfers.end() || change != changes.hold_changes.end()) {
    const bool take_transfer =
        change == changes.hold_changes.end() ||
        (transfer != changes.transfers.end() && transfer->transfer.id.value < change->id);
    last_id = take_transfer ? transfer->transfer.id.value : change->id;
    if (first_id == 0) first_id = last_id;
    if (take_transfer) {
      append_canonical(canonical, (transfer++)->transfer);
    } else {
      append_canonical(canonical,
                       {change->id, change->after.id, change->kind, change->transfer, change->at},
                       change->after);
      ++change;
    }
  }

  const auto records =
      static_cast<std::int64_t>(changes.transfers.size() + changes.hold_changes.size());
  Link link{chain, head.sequence + 1, first_id, last_id, records, now.us, {}};
  link.hash = link_hash(tx.seal_key(), head.hash, link, canonical);
  return tx.send(link_insert, {chain, link.sequence, first_id, last_id, records,
                               Param::blob(link.hash), now.us});
}

}  // namespace florin::ledger::chain
