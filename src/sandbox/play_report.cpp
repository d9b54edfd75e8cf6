#include "sandbox/play_report.h"

#include "platform/json/writer.h"

namespace florin::sandbox {
namespace {

using json::Writer;

constexpr std::size_t most_shown = 100;

void write_sums(Writer& writer, const PlaySums& sums) {
  writer.key("sums_cents").begin_object().member("opening", sums.opening);
  writer.member("debits", sums.debits).member("credits", sums.credits);
  writer.member("rollbacks", sums.rollbacks).member("closing", sums.closing).end_object();
}

void write_violations(Writer& writer, const std::vector<Violation>& violations) {
  writer.key("violations").begin_array();
  for (std::size_t i = 0; i < violations.size() && i < most_shown; ++i) {
    writer.begin_object().member("rule", violations[i].rule).member("key", violations[i].key);
    writer.member("detail", violations[i].detail).end_object();
  }
  writer.end_array();
}

}  // namespace

std::string to_json(const PlayReport& report) {
  std::string out;
  Writer writer(out);
  writer.begin_object().member("run", report.run).member("rounds", report.rounds);
  writer.key("scenarios").begin_object();
  for (std::size_t i = 0; i < scenario_count; ++i) {
    writer.member(name_of(static_cast<Scenario>(i)), report.scenarios[i]);
  }
  writer.end_object().key("answers").begin_object();
  for (const auto& [status, count] : report.statuses) {
    writer.member(status == 0 ? "none" : std::to_string(status), count);
  }
  writer.end_object().member("refused_bets", report.refused_bets);
  write_sums(writer, report.sums);
  writer.member("unresolved_count", static_cast<std::int64_t>(report.unresolved.size()));
  writer.key("unresolved").begin_array();
  for (std::size_t i = 0; i < report.unresolved.size() && i < most_shown; ++i) {
    writer.value(report.unresolved[i]);
  }
  writer.end_array().member("violation_count", report.violation_count);
  write_violations(writer, report.violations);
  writer.member("duration_ms", report.duration_us / 1'000).end_object();
  return out;
}

}  // namespace florin::sandbox
