#pragma once
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace florin::ledger {

/// The ledger's things as the API and the events show them; documented in the module's README.
void append_json(std::string& out, const Account& account);
/// As it was posted: the same text for every replay.
void append_json(std::string& out, const Transfer& transfer);
/// With the balances after each posting, and `reversed_by`, which comes later.
void append_json(std::string& out, const Transfer& transfer, TransferId reversed_by,
                 const std::vector<PostingBalances>& balances);
void append_json(std::string& out, const Hold& hold);
void append_json(std::string& out, const Capture& capture);
void append_json(std::string& out, const BulkResult& result);

/// What it would be: status "dry_run", and no id of what was not made.
void append_dry_run_json(std::string& out, const Transfer& transfer);
void append_dry_run_json(std::string& out, const Capture& capture);
void append_dry_run_json(std::string& out, const BulkResult& result);
/// `is_new`: the hold itself would be made, so that its id means nothing.
void append_dry_run_json(std::string& out, const Hold& hold, bool is_new);

template <class T>
std::string to_json(const T& thing) {
  std::string out;
  out.reserve(512);
  append_json(out, thing);
  return out;
}

}  // namespace florin::ledger
