#pragma once
#include <cstdint>
#include <map>

#include "base/result.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/proof.h"
#include "platform/sql/seal_facts.h"

namespace florin::sql {
class Tx;
}

namespace florin::ledger::chain {

/// Of each chain, the link up to which unkeyed ones are accepted.
using AcceptedLinks = std::map<std::int64_t, std::int64_t>;

/// Goes through all chains, link by link, with the records that they cover. `facts` know of losses
/// of the key, and learn the rest.
Result<sql::Check> prove_links(sql::Tx& tx, const crypto::SealKey* key, sql::SealFacts& facts,
                               const AcceptedLinks& accepted, const sql::Progress& progress);

}  // namespace florin::ledger::chain
