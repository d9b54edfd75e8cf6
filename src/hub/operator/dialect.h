#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "hub/operator/operator_client.h"

namespace florin::http_client {
struct Request;
struct Response;
}  // namespace florin::http_client

namespace florin::hub::operators {

/// A part of the Operator's list: from <= processed_at < to, from `cursor` on (empty: its start).
struct ListRequest {
  Timestamp from, to;
  std::string cursor;
};

/// What dialects with a list of transactions have.
class ListDialect {
 public:
  virtual ~ListDialect() = default;
  virtual http_client::Request build_list(const Target& target, const ListRequest& question,
                                          Timestamp now) const = 0;
  /// Errors: operator_refused (not a list of this dialect).
  virtual Result<ListedPage> read_list(const http_client::Response& response) const = 0;
};

/// How one kind of Operator is asked, and what its answers mean. Stateless; safe for concurrent
/// use. Time limits, retries and the address rule are the client's business.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;
  virtual bool has(Operation operation) const = 0;
  /// A request for one attempt, signed at `now`. For operations that it has.
  virtual http_client::Request build(const Target& target, const Call& call,
                                     Timestamp now) const = 0;
  /// Never not_sent. Done and refused only by an explicit word that fits the call; otherwise
  /// unknown.
  virtual Answer read(const Call& call, const http_client::Response& response) const = 0;
  /// Whether the Operator says that it failed itself, so that another attempt is worth it.
  virtual bool is_fault(const http_client::Response& response) const = 0;
  /// nullptr: no list.
  virtual const ListDialect* list() const { return nullptr; }
};

/// nullptr when there is none of this name.
const Dialect* find_dialect(std::string_view name);

}  // namespace florin::hub::operators
