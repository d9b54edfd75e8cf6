#pragma once
#include "hub/operator/dialect.h"
#include "platform/json/value.h"

/// What the answers of our own dialect mean; FlorinDialect alone uses it.
namespace florin::hub::operators {

/// Of balance, debit, credit and rollback. `document` is the body of an answer with this status.
Answer read_movement(const Call& call, int http_status, const json::Value& document);
/// Of a query, which is answered by a list of one row or none.
Answer read_query(const Call& call, const json::Value& document);
/// As FlorinDialect::read_list.
Result<ListedPage> read_rows(const json::Value& document);

}  // namespace florin::hub::operators
