#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace florin::sandbox {

/// What happens in a round besides bet and win.
enum class Scenario : std::uint8_t {
  plain,
  several_credits,
  cancelled,              ///< The round is rolled back before it is settled.
  lost_answer,            ///< The debit's answer is lost: asked again, or rolled back.
  duplicate_delivery,     ///< The network delivers debit and credit twice, at the same time.
  rollback_before_debit,  ///< The debit must be refused then.
  credit_before_answer,   ///< The win is sent while the debit still runs.
  last_money,             ///< Two debits of the whole balance at once; one may pass.
  changed_amount,         ///< The same key with another amount must be refused (422).
  wrong_signature,        ///< Must be refused (401).
  stale_timestamp,        ///< Must be refused (401).
  unsupported_currency,   ///< TRY must be refused (422).
};
inline constexpr std::size_t scenario_count = 12;
std::string_view name_of(Scenario scenario);

/// Every scenario but the plain one in one round of twenty.
std::array<double, scenario_count> even_rates();

struct PlayRequest {
  std::string hub_url, partner_id;
  bool signs_by_v2 = false;  ///< By the hub's second scheme.
  std::int64_t rounds = 100;
  std::int64_t seed = 1;
  int players = 10;
  int concurrency = 8;
  std::string currency = "EUR";
  std::int64_t opening_cents = 100'000;  ///< Credited first; 0: players bring money of their own.
  std::int64_t largest_bet_cents = 500;
  int timeout_ms = 3'000;
  std::vector<int> retry_ms = {20, 50, 100, 300, 1'000, 3'000, 6'000};
  /// How often, from 0 to 1, by scenario; what is left of 1 is played plain.
  std::array<double, scenario_count> rates = even_rates();
};

/// A request of POST /sandbox/play; `defaults` has what the sandbox was started with. Errors:
/// malformed_json, validation_failed.
Result<PlayRequest> parse_play(std::string_view body, const PlayRequest& defaults);

}  // namespace florin::sandbox
