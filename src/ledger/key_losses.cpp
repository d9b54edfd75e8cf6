#include "ledger/key_losses.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/try.h"
#include "ledger/anchor.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

using sql::Query;
using sql::Row;

constexpr Query insert{"key_losses.insert",
                       "INSERT INTO key_losses (lost_at_us, lost_key, acceptance, accepted_at_us)"
                       " VALUES ($1, $2, $3, $4)"};
constexpr Query accept{"key_losses.accept",
                       "UPDATE key_losses SET acceptance = $1 WHERE acceptance IS NULL"};
constexpr Query end{"key_losses.end",
                    "UPDATE key_losses SET accepted_at_us = $1"
                    " WHERE acceptance IS NOT NULL AND accepted_at_us IS NULL"};
constexpr Query all{"key_losses.all",
                    "SELECT lost_at_us, lost_key, acceptance, accepted_at_us FROM key_losses"
                    " ORDER BY lost_at_us"};

struct Loss {
  Timestamp at;
  std::string key;
  std::optional<std::string> acceptance;
  bool is_ended = false;
};

Result<std::vector<Loss>> load(sql::Tx& tx) {
  std::vector<Loss> losses;
  TRY(tx.query(all, {}, [&](const Row& row) {
    losses.push_back(
        {{row.integer(0)}, std::string(row.text(1)), row.optional_text(2), !row.is_null(3)});
    return true;
  }));
  return losses;
}

/// The moment names the row, and a clock may stand still.
Timestamp free_moment(const std::vector<Loss>& losses, Timestamp now) {
  return losses.empty() ? now : std::max(now, losses.back().at.plus_us(1));
}

/// What one acceptance proves; a signature that does not fit proves nothing.
Result<void> look_at(sql::Tx& tx, const Loss& loss, const crypto::SealKey* key, KeyLosses& found,
                     sql::Checker& check) {
  const std::string name = "the acceptance of the loss of the key at " + loss.at.rfc3339();
  const auto signed_anchor = parse_anchor(*loss.acceptance, *key);
  if (!signed_anchor || !signed_anchor->anchor.is_acceptance) {
    check.fault(name + " was changed by somebody else: its signature does not fit");
    return {};
  }
  if (signed_anchor->is_other_key) {
    found.is_recorded = true;  // Whether it was accepted, cannot be told with this key.
    return {};
  }
  const Anchor& anchor = signed_anchor->anchor;
  const sql::Check held = TRY(check_anchor(tx, *signed_anchor, {}));
  for (const std::string& fault : held.examples) check.fault(name + ": " + fault);
  if (held.faults > 0) return {};
  found.accepted_event = std::max(found.accepted_event, anchor.event);
  for (const Anchor::ChainEnd& end_of : anchor.chains) {
    std::int64_t& last = found.accepted_links[end_of.chain];
    last = std::max(last, end_of.sequence);
  }
  return {};
}

}  // namespace

Result<void> record_key_loss(sql::Tx& tx, const std::string& lost_key, Timestamp now) {
  const auto losses = TRY(load(tx));
  const bool is_recorded =
      std::any_of(losses.begin(), losses.end(), [](const Loss& loss) { return !loss.acceptance; });
  if (is_recorded) return {};
  return tx.send(insert, {free_moment(losses, now).us, lost_key, nullptr, nullptr});
}

Result<std::optional<std::string>> find_books_key(sql::Tx& tx) {
  std::optional<std::string> lost, accepted;
  Timestamp newest;
  for (Loss& loss : TRY(load(tx))) {
    if (!loss.acceptance) {
      lost = std::move(loss.key);
      continue;
    }
    const auto said = signer_of(*loss.acceptance);
    if (!said || said->at < newest) continue;
    newest = said->at;
    accepted = said->key;
  }
  return accepted ? accepted : lost;
}

Result<bool> is_key_loss_recorded(sql::Tx& tx) {
  const auto losses = TRY(load(tx));
  return std::any_of(losses.begin(), losses.end(), [](const Loss& loss) { return !loss.is_ended; });
}

Result<void> take_key(sql::Tx& tx, const crypto::SealKey& key, Timestamp now) {
  Anchor nothing;
  nothing.at = now;
  const auto losses = TRY(load(tx));
  const std::string before = TRY(find_books_key(tx)).value_or(std::string());
  return tx.send(insert,
                 {free_moment(losses, now).us, before, to_acceptance(nothing, key), now.us});
}

Result<void> accept_chains(sql::Tx& tx, const crypto::SealKey& key, Timestamp now) {
  const Anchor anchor = TRY(read_anchor(tx, now));
  return tx.send(accept, {to_acceptance(anchor, key)});
}

Result<void> end_key_losses(sql::Tx& tx, Timestamp now) { return tx.send(end, {now.us}); }

Result<KeyLosses> prove_key_losses(sql::Tx& tx, const crypto::SealKey* key,
                                   const sql::Progress& progress) {
  KeyLosses found;
  sql::Checker check("times without the key", progress);
  for (const Loss& loss : TRY(load(tx))) {
    check.row();
    if (!loss.is_ended) found.is_recorded = true;
    if (loss.acceptance && key) TRY(look_at(tx, loss, key, found, check));
    if (!key) found.is_recorded = true;
  }
  found.check = std::move(check).finish();
  return found;
}

}  // namespace florin::ledger
