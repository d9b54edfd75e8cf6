#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/bulk/slice.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Tx;
}

/// The rows of large bulks under way. Errors are those of the database.
namespace florin::ledger::bulk::store {

struct Header {
  std::int64_t id = 0;
  Actor actor;
  int node = 0;
  bool is_promised = false;
  Timestamp created_at;
};

/// Nobody reads it yet.
Result<void> insert(sql::Tx& tx, const Header& header);
Result<void> insert_slice(sql::Tx& tx, std::int64_t bulk, std::int64_t place,
                          std::string_view bytes);
/// In the commit that moves the balances: from here on its slices will be written, whatever
/// happens. False: it was forgotten.
Result<bool> promise(sql::Tx& tx, std::int64_t bulk);
/// The first slice that is left, with its place; nothing when there is none.
struct StoredSlice {
  std::int64_t place = 0;
  Slice slice;
};
Result<std::optional<StoredSlice>> next_slice(sql::Tx& tx, std::int64_t bulk);
Result<void> remove_slice(sql::Tx& tx, std::int64_t bulk, std::int64_t place);
/// With all its slices.
Result<void> remove(sql::Tx& tx, std::int64_t bulk);
Result<std::vector<Header>> list(sql::Tx& tx);
/// Whether no bulk of any tenant is promised and still to be written.
Result<bool> are_all_written_out(sql::Tx& tx);
/// Whether rows of a bulk that this tenant was promised are still to be written.
Result<bool> is_writing_out(sql::Tx& tx, TenantId tenant);

}  // namespace florin::ledger::bulk::store
