#pragma once
#include <optional>
#include <vector>

#include "ledger/ledger.h"

namespace florin::ledger {

/// A command on its way through a batch.
struct BatchItem {
  Command command;
  Outcome outcome = Error{florin::errors::internal_error, "the command was not decided"};
  std::vector<PostingBalances> balances = {};  ///< Of a Transfer, one for each posting.
  /// Before anything was loaded: it would keep the writer too long.
  std::optional<Error> refusal = {};
};

}  // namespace florin::ledger
