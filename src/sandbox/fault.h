#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace florin::sandbox {

/// What may go wrong with one call. README.md says for each whether the call is booked.
enum class FaultKind : std::uint8_t {
  none,  ///< In a script: lets a call pass.
  status_500,
  status_503,
  status_429,
  timeout_after_commit,
  timeout_before_commit,
  duplicate,
  out_of_order,
  wrong_amount,
  wrong_amount_answer,
  missing_row,
  extra_row,
  html,
  half_body,
  no_content_204,
  redirect,
  other_currency,
};

inline constexpr int longest_hold_ms = 30'000;

/// The fault of one call.
struct Fault {
  FaultKind kind = FaultKind::none;
  int retry_after_s = 1;                            ///< Of status_429.
  int hold_ms = longest_hold_ms;                    ///< Of time-outs and out_of_order.
  std::optional<bool> after_commit = std::nullopt;  ///< Overrules what the kind does by itself.

  /// Whether the call takes effect although the answer is spoilt.
  bool takes_effect() const;
};

std::string_view name_of(FaultKind kind);
std::optional<FaultKind> parse_fault_kind(std::string_view name);
/// Whether the fault means anything to an operation: a balance leaves no row that could be missing.
bool applies_to(FaultKind kind, std::string_view operation);
/// Every kind but none.
const std::array<FaultKind, 16>& all_faults();

}  // namespace florin::sandbox
