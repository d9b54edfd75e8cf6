#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "platform/http/route.h"
#include "sandbox/books.h"
#include "sandbox/evenbet_dialect.h"
#include "sandbox/fault_stage.h"
#include "sandbox/wallet_dialect.h"

namespace florin::sandbox {

struct OperatorOptions {
  std::vector<Secret> secrets;  ///< Any of them may have signed: two during a rotation.
  std::int64_t opening_balance_major = 1'000;  ///< In whole units of any currency.
  int latency_ms = 0;                          ///< Of every answer; holds no thread.
};

/// An operator that holds the players' money, in two dialects over the same books:
/// `POST /wallet/<operation>` with `GET /wallet/transactions`, and `POST /evenbet`. What it answers
/// wrongly is said at `/sandbox/` on the same port; see docs/sandbox.md. Safe for concurrent use.
class OperatorSimulator {
 public:
  OperatorSimulator(OperatorOptions options, jobs::Delayer& delayer, const Clock& clock);

  /// They refer to this object.
  http::Routes routes();

 private:
  void wallet(std::string_view operation, const http::Request& request,
              const http::Responder& responder);
  void wallet_transactions(const http::Request& request, const http::Responder& responder);
  void evenbet(const http::Request& request, const http::Responder& responder);
  bool is_signed(const http::Request& request) const;
  bool is_evenbet_signed(const http::Request& request) const;
  Receipt execute(const WalletRequest& request, FaultKind fault);
  Receipt authenticate(WalletRequest& request);

  http::Response state(const http::Request& request) const;
  Result<http::Response> set_player(const http::Request& request);
  http::Response reset();

  const OperatorOptions options_;
  const Clock& clock_;
  Books books_;
  FaultStage stage_;
};

}  // namespace florin::sandbox
