#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/timestamp.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/proof.h"

namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

/// The times in which the books were written without their key, and what was accepted of them. What
/// is written then carries nobody's seals (crypto::SealKey::nobodys), and a loss is noted in the
/// same commit.
namespace florin::ledger {

/// Notes that the books, sealed with `lost_key`, are written without it. Nothing when a loss is
/// noted already and not yet accepted.
Result<void> record_key_loss(sql::Tx& tx, const std::string& lost_key, Timestamp now);

/// The name of the key that the books are to be sealed with, as far as its losses tell: the one
/// that was accepted last, else the one that was lost; nothing when none is noted. Proves nothing.
Result<std::optional<std::string>> find_books_key(sql::Tx& tx);

/// Whether a loss is noted and not accepted.
Result<bool> is_key_loss_recorded(sql::Tx& tx);

/// From now on `key` is the key of the books; nothing that was written without it is accepted.
Result<void> take_key(sql::Tx& tx, const crypto::SealKey& key, Timestamp now);

/// Accepts links and events as they are now, signed with the key. Rows come next: they are to be
/// sealed again before end_key_losses(). What is written without the key meanwhile is another loss.
Result<void> accept_chains(sql::Tx& tx, const crypto::SealKey& key, Timestamp now);
Result<void> end_key_losses(sql::Tx& tx, Timestamp now);

/// What is noted, as far as its signatures prove it.
struct KeyLosses {
  bool is_recorded = false;         ///< One that is not accepted, or not to its end.
  std::int64_t accepted_event = 0;  ///< Events up to this one are accepted as they are.
  std::map<std::int64_t, std::int64_t> accepted_links;  ///< Of each chain, up to this link.
  sql::Check check;
};
Result<KeyLosses> prove_key_losses(sql::Tx& tx, const crypto::SealKey* key,
                                   const sql::Progress& progress);

}  // namespace florin::ledger
