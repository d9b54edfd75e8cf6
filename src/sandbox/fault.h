#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace florin::sandbox {

/// What may go wrong with one call. README.md says for each whether the call is booked.
enum class FaultKind : std::uint8_t {
  none,  ///< Answers in full; its latency_ms may still slow the call.
  error_500,
  error_503,
  rate_limited,
  timeout_before_commit,
  timeout_after_commit,
  duplicate,
  out_of_order,
  wrong_amount,
  changed_amount,
  missing_row,
  extra_row,
  html,
  half_body,
  no_content_204,
  redirect,
  gone_410,
  other_currency,
};

inline constexpr int longest_hold_ms = 30'000;

/// The fault of one call.
struct Fault {
  FaultKind kind = FaultKind::none;
  int latency_ms = 0;                               ///< On top of that of every call.
  int retry_after_s = 1;                            ///< Of rate_limited.
  int hold_ms = longest_hold_ms;                    ///< Of time-outs and out_of_order.
  std::optional<bool> after_commit = std::nullopt;  ///< Overrules what the kind does by itself.

  /// Whether the call takes effect although the answer is spoilt.
  bool takes_effect() const;
};

std::string_view name_of(FaultKind kind);
std::optional<FaultKind> parse_fault_kind(std::string_view name);
/// Whether the fault means anything to an operation: a balance leaves no row that could be missing.
bool applies_to(FaultKind kind, std::string_view operation);

}  // namespace florin::sandbox
