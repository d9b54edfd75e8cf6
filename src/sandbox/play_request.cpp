#include "sandbox/play_request.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

#include "base/currency.h"
#include "base/try.h"
#include "platform/json/object_reader.h"

namespace florin::sandbox {
namespace {

using json::ObjectReader;

constexpr std::int64_t most_rounds = 10'000'000;
constexpr int most_players = 100'000;
constexpr int most_threads = 256;
constexpr std::int64_t largest_amount = 1'000'000'000'000;
constexpr int longest_timeout_ms = 60'000;

/// In the order of the scenarios.
constexpr std::array<std::string_view, scenario_count> names{"plain",
                                                             "several_credits",
                                                             "cancelled",
                                                             "lost_answer",
                                                             "duplicate_delivery",
                                                             "rollback_before_debit",
                                                             "credit_before_answer",
                                                             "last_money",
                                                             "changed_amount",
                                                             "wrong_signature",
                                                             "stale_timestamp",
                                                             "unsupported_currency"};

int small(ObjectReader& body, std::string_view name, int otherwise, int min, int max) {
  return static_cast<int>(body.optional_integer(name, {min, max}).value_or(otherwise));
}

void read_retries(ObjectReader& body, std::vector<int>& retry_ms) {
  if (!body.has("retry_ms")) return;
  const json::Array* const delays = body.required_array("retry_ms", 0, 50);
  if (delays == nullptr) return;
  retry_ms.clear();
  for (const json::Value& delay : *delays) {
    const std::int64_t* const ms = delay.as_integer();
    if (ms == nullptr || *ms < 0 || *ms > longest_timeout_ms) {
      body.problem("retry_ms", "malformed", "must be milliseconds from 0 to 60000");
      return;
    }
    retry_ms.push_back(static_cast<int>(*ms));
  }
}

/// Nothing when it is no number from 0 to 1.
std::optional<double> rate_of(const json::Value& value) {
  double rate = -1;
  if (const auto* integer = value.as_integer()) rate = static_cast<double>(*integer);
  if (const auto* decimal = value.as_decimal()) {
    std::from_chars(decimal->text.data(), decimal->text.data() + decimal->text.size(), rate);
  }
  return rate < 0 || rate > 1 ? std::nullopt : std::optional(rate);
}

void read_rates(ObjectReader& body, std::array<double, scenario_count>& rates) {
  const json::Object* const given = body.optional_object("rates");
  if (given == nullptr) return;
  rates.fill(0);
  for (const auto& [name, value] : *given) {
    const auto known = std::find(names.begin() + 1, names.end(), name);
    const auto rate = rate_of(value);
    if (known == names.end() || !rate) {
      body.problem("rates", "unknown_value", "must be scenarios with numbers from 0 to 1");
      return;
    }
    rates[static_cast<std::size_t>(known - names.begin())] = *rate;
  }
  if (std::accumulate(rates.begin(), rates.end(), 0.0) > 1) {
    body.problem("rates", "malformed", "must not add up to more than 1");
  }
}

void read_hub_url(ObjectReader& body, std::string& hub_url) {
  hub_url = body.optional_text("hub_url").value_or(hub_url);
  if (!hub_url.starts_with("http://") && !hub_url.starts_with("https://")) {
    body.problem("hub_url", "required", "must be the address of a hub, http://HOST:PORT");
  }
  while (hub_url.ends_with('/')) hub_url.pop_back();
}

void read_scheme(ObjectReader& body, bool& signs_by_v2) {
  const auto scheme = body.optional_text("signature_scheme");
  if (!scheme) return;
  signs_by_v2 = *scheme == "v2";
  if (*scheme != "v2" && *scheme != "body-timestamp")
    body.problem("signature_scheme", "unknown_value", "must be body-timestamp or v2");
}

}  // namespace

std::string_view name_of(Scenario scenario) { return names[static_cast<std::size_t>(scenario)]; }

std::array<double, scenario_count> even_rates() {
  constexpr double each = 0.05;
  std::array<double, scenario_count> rates{};
  rates.fill(each);
  rates.front() = 0;
  return rates;
}

Result<PlayRequest> parse_play(std::string_view text, const PlayRequest& defaults) {
  const json::Value document = TRY(json::parse(text));
  std::vector<FieldError> problems;
  ObjectReader body(document, "", problems);
  PlayRequest request = defaults;
  read_hub_url(body, request.hub_url);
  request.partner_id = body.optional_text("partner_id", {0, 255}).value_or(request.partner_id);
  read_scheme(body, request.signs_by_v2);
  request.rounds = body.optional_integer("rounds", {1, most_rounds}).value_or(request.rounds);
  request.seed = body.optional_integer("seed").value_or(request.seed);
  request.players = small(body, "players", request.players, 1, most_players);
  request.concurrency = small(body, "concurrency", request.concurrency, 1, most_threads);
  if (const auto currency = body.optional_currency()) request.currency = currency->code();
  request.opening_cents =
      body.optional_integer("opening_cents", {0, largest_amount}).value_or(request.opening_cents);
  request.largest_bet_cents = body.optional_integer("largest_bet_cents", {1, largest_amount})
                                  .value_or(request.largest_bet_cents);
  request.timeout_ms = small(body, "timeout_ms", request.timeout_ms, 1, longest_timeout_ms);
  read_retries(body, request.retry_ms);
  read_rates(body, request.rates);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return request;
}

}  // namespace florin::sandbox
