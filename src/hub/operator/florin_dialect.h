#pragma once
#include "hub/operator/dialect.h"

namespace florin::hub::operators {

/// Our own contract with Operators: a path for each call, decimal amounts, HMAC over time, method,
/// path and body; with a query and a list.
/// Source: README.md, "florin".
class FlorinDialect final : public Dialect, public ListDialect {
 public:
  std::string_view name() const override { return "florin"; }
  bool has(Operation) const override { return true; }
  http_client::Request build(const Target& target, const Call& call, Timestamp now) const override;
  Answer read(const Call& call, const http_client::Response& response) const override;
  bool is_fault(const http_client::Response& response) const override;
  const ListDialect* list() const override { return this; }

  http_client::Request build_list(const Target& target, const ListRequest& question,
                                  Timestamp now) const override;
  Result<ListedPage> read_list(const http_client::Response& response) const override;
};

/// What X-Signature is made over.
struct SignedCall {
  std::string_view timestamp;  ///< Unix seconds, as sent.
  std::string_view method;
  std::string_view path;  ///< Of the URL, with the path of the base URL, without the query.
  std::string_view body;
};

/// Lower-case hex HMAC-SHA256 over `timestamp.METHOD.path.hex(SHA-256(body))`.
std::string florin_signature(const Secret& secret, const SignedCall& call);

}  // namespace florin::hub::operators
