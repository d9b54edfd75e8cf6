#pragma once
#include "hub/operator/dialect.h"

namespace florin::hub::operators {

/// The seamless wallet of EvenBet: one URL, the method in the body, money in integer minor units.
/// It has neither a query nor a list. Source: README.md, "evenbet".
class EvenbetDialect final : public Dialect {
 public:
  std::string_view name() const override { return "evenbet"; }
  bool has(Operation operation) const override { return operation != Operation::query; }
  http_client::Request build(const Target& target, const Call& call, Timestamp now) const override;
  Answer read(const Call& call, const http_client::Response& response) const override;
  /// errorCode 500 comes with HTTP 200.
  bool is_fault(const http_client::Response& response) const override;
};

/// The `sign` header: lower-case hex SHA-256 over the body and the secret.
std::string evenbet_sign(const Secret& secret, std::string_view body);

}  // namespace florin::hub::operators
