#include "sandbox/control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/try.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::sandbox {
namespace {

using http::Request;
using http::Response;
using json::ObjectReader;
using json::Writer;

constexpr int most_times = 1'000'000;
constexpr std::size_t calls_shown = 200;

/// In the order of the statuses.
constexpr std::array<std::string_view, 3> player_statuses{"active", "blocked", "closed"};

std::string optional_text(ObjectReader& body, std::string_view name) {
  return body.optional_text(name).value_or("");
}

int optional_int(ObjectReader& body, std::string_view name, int otherwise, int min, int max) {
  return static_cast<int>(body.optional_integer(name, {min, max}).value_or(otherwise));
}

/// A number from 0 to 1. It is a chance, not money: a double will do.
std::optional<double> read_rate(ObjectReader& body) {
  const json::Value* const member = body.member("rate");
  if (member == nullptr || member->is_null()) return std::nullopt;
  double rate = -1;
  if (const auto* integer = member->as_integer()) rate = static_cast<double>(*integer);
  if (const auto* decimal = member->as_decimal()) {
    const std::string& text = decimal->text;
    std::from_chars(text.data(), text.data() + text.size(), rate);
  }
  if (rate < 0 || rate > 1) body.problem("rate", "malformed", "must be a number from 0 to 1");
  return rate;
}

void read_kind(ObjectReader& body, std::string_view member, std::string_view name,
               std::vector<FaultKind>& kinds) {
  if (const auto kind = parse_fault_kind(name)) {
    kinds.push_back(*kind);
  } else {
    body.problem(member, "unknown_value", "not a kind of fault; see docs/sandbox.md");
  }
}

std::vector<FaultKind> read_kinds(ObjectReader& body) {
  std::vector<FaultKind> kinds;
  if (!body.has("kinds")) {
    if (const auto name = body.required_text("kind")) read_kind(body, "kind", *name, kinds);
    return kinds;
  }
  const json::Array* const names = body.required_array("kinds", 1, 50);
  if (names == nullptr) return kinds;
  for (const json::Value& name : *names) {
    read_kind(body, "kinds", name.as_string() == nullptr ? "" : *name.as_string(), kinds);
  }
  return kinds;
}

void write_rule(Writer& writer, const FaultRule& rule) {
  writer.begin_object().key("kinds").begin_array();
  for (const FaultKind kind : rule.kinds) writer.value(name_of(kind));
  writer.end_array();
  if (!rule.operation.empty()) writer.member("operation", rule.operation);
  if (!rule.player_id.empty()) writer.member("player_id", rule.player_id);
  if (!rule.transaction_id.empty()) writer.member("transaction_id", rule.transaction_id);
  if (rule.rate) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), *rule.rate).ptr;
    writer.member_raw("rate", {text.data(), static_cast<std::size_t>(end - text.data())});
    writer.member("seed", rule.seed);
  } else {
    writer.member("times", rule.times);
  }
  writer.member("latency_ms", rule.fault.latency_ms).member("hold_ms", rule.fault.hold_ms);
  writer.member("retry_after_s", rule.fault.retry_after_s).end_object();
}

Response rules_of(FaultStage& stage) {
  std::string body;
  Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const FaultRule& rule : stage.plan().state().rules) write_rule(writer, rule);
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

Result<Response> add_rule(FaultStage& stage, const Request& request) {
  FaultRule rule = TRY(parse_fault_rule(request.body));
  std::string body;
  Writer writer(body);
  write_rule(writer, rule);
  stage.plan().add(std::move(rule));
  return Response::created(std::move(body));
}

void write_counts(Writer& writer, std::string_view name,
                  const std::map<std::string, std::int64_t>& counts) {
  writer.key(name).begin_object();
  for (const auto& [what, count] : counts) writer.member(what, count);
  writer.end_object();
}

void write_totals(Writer& writer, const Totals& totals) {
  writer.begin_object().member("openings_minor", totals.openings);
  writer.member("adjustments_minor", totals.adjustments).member("debits_minor", totals.debits);
  writer.member("credits_minor", totals.credits).member("rollbacks_minor", totals.rollbacks);
  writer.member("suspense_minor", totals.suspense).end_object();
}

void write_call(Writer& writer, const CallRecord& call) {
  writer.begin_object().member("at", call.at.rfc3339()).member("operation", call.operation);
  writer.member("player_id", call.player_id).member("transaction_id", call.transaction_id);
  writer.member("fault", call.fault).member("outcome", call.outcome);
  writer.member("status", call.status).end_object();
}

}  // namespace

http::Routes control_routes(FaultStage& stage) {
  return {{"POST", "/sandbox/faults", "", http::SyncHandler([&stage](const Request& request) {
             return add_rule(stage, request);
           })},
          {"GET", "/sandbox/faults", "",
           http::SyncHandler([&stage](const Request&) { return rules_of(stage); })},
          {"DELETE", "/sandbox/faults", "", http::SyncHandler([&stage](const Request&) {
             stage.plan().clear();
             return Response::no_content();
           })}};
}

Result<FaultRule> parse_fault_rule(std::string_view text) {
  const json::Value document = TRY(json::parse(text));
  std::vector<FieldError> problems;
  ObjectReader body(document, "", problems);
  FaultRule rule;
  rule.kinds = read_kinds(body);
  rule.operation = optional_text(body, "operation");
  rule.player_id = optional_text(body, "player_id");
  rule.transaction_id = optional_text(body, "transaction_id");
  rule.rate = read_rate(body);
  rule.times = optional_int(body, "times", 1, 1, most_times);
  rule.seed = body.optional_integer("seed").value_or(1);
  rule.fault.latency_ms = optional_int(body, "latency_ms", 0, 0, longest_hold_ms);
  rule.fault.hold_ms = optional_int(body, "hold_ms", longest_hold_ms, 0, longest_hold_ms);
  rule.fault.retry_after_s = optional_int(body, "retry_after_s", 1, 0, 3'600);
  rule.fault.after_commit = body.optional_bool("after_commit");
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return rule;
}

Result<PlayerBalance> parse_player(std::string_view text) {
  const json::Value document = TRY(json::parse(text));
  std::vector<FieldError> problems;
  ObjectReader body(document, "", problems);
  const auto player_id = body.required_text("player_id");
  const auto currency = body.required_currency();
  const auto balance = body.required_integer("balance_minor", {.min = 0});
  const auto status = body.optional_text("status").value_or("active");
  const auto known = std::find(player_statuses.begin(), player_statuses.end(), status);
  if (known == player_statuses.end()) {
    body.problem("status", "unknown_value", "must be active, blocked or closed");
  }
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return PlayerBalance{*player_id, *currency, *balance,
                       static_cast<PlayerStatus>(known - player_statuses.begin())};
}

void write_stage(Writer& writer, const FaultStage& stage) {
  const FaultPlan::State state = stage.plan().state();
  write_counts(writer, "calls", state.calls);
  write_counts(writer, "injected", state.injected);
  writer.key("faults").begin_array();
  for (const FaultRule& rule : state.rules) write_rule(writer, rule);
  writer.end_array().key("log").begin_array();
  for (const CallRecord& call : stage.log().last(calls_shown)) write_call(writer, call);
  writer.end_array();
}

void write_player(Writer& writer, const PlayerBalance& player) {
  writer.begin_object().member("player_id", player.player_id);
  writer.member("currency", player.currency.code()).member("balance_minor", player.balance_minor);
  writer.member("status", player_statuses[static_cast<std::size_t>(player.status)]).end_object();
}

void write_books(Writer& writer, const BooksState& books, const RowPage& rows) {
  writer.member("booked", books.booked).key("players").begin_array();
  for (const PlayerBalance& player : books.players) write_player(writer, player);
  writer.end_array().key("totals").begin_object();
  for (const auto& [currency, totals] : books.totals) {
    writer.key(currency.code());
    write_totals(writer, totals);
  }
  writer.end_object().key("transactions").begin_array();
  for (const ListedRow& row : rows.rows) {
    writer.begin_object().member("transaction_id", row.movement.transaction_id);
    writer.member("ref_id", row.movement.reference_id);
    writer.member("player_id", row.movement.player_id);
    writer.member("amount_minor", row.amount_minor);
    writer.member("is_rolled_back", row.status == RowStatus::rolled_back).end_object();
  }
  writer.end_array();
}

}  // namespace florin::sandbox
