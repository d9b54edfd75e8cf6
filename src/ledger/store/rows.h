#pragma once
#include <optional>

#include "base/result.h"
#include "base/try.h"
#include "ledger/order.h"
#include "platform/sql/database.h"
#include "platform/sql/table.h"

/// What the files of the store share; for them alone.
namespace florin::ledger::store {

/// One query for each order.
struct OrderedQuery {
  sql::Query newest_first, oldest_first;
  const sql::Query& in(Order order) const {
    return order == Order::newest_first ? newest_first : oldest_first;
  }
};

/// The same of a table's rows.
template <class T>
struct OrderedSelect {
  sql::Select<T> newest_first, oldest_first;
  const sql::Select<T>& in(Order order) const {
    return order == Order::newest_first ? newest_first : oldest_first;
  }
};

/// Zero, the "none" of ids, is NULL in the tables.
template <class Tag>
sql::Param id_or_null(Id<Tag> id) {
  return id ? sql::Param(id.value) : sql::Param(nullptr);
}

template <class T, class Read>
Result<std::optional<T>> find_one(sql::Tx& tx, const sql::Query& query,
                                  std::initializer_list<sql::Param> params, const Read& read) {
  std::optional<T> found;
  TRY(tx.query(query, params, [&](const sql::Row& row) {
    found.emplace(read(row));
    return false;
  }));
  return found;
}

}  // namespace florin::ledger::store
