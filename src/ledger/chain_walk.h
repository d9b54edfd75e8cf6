#pragma once
#include "base/result.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/proof.h"

namespace florin::sql {
class Tx;
}

namespace florin::ledger::chain {

/// Goes through all chains, link by link, with the records that they cover.
Result<sql::Check> prove_links(sql::Tx& tx, const crypto::SealKey* key,
                               const sql::Progress& progress);

}  // namespace florin::ledger::chain
