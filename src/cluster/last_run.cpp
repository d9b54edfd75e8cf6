#include "cluster/last_run.h"

#include "platform/jobs/scheduler.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"

namespace florin::cluster {

std::string last_run_json(const jobs::JobState& job) {
  if (job.runs == 0) return {};
  std::string text;
  json::Writer(text)
      .begin_object()
      .member("started_at", job.last_start.rfc3339())
      .member("ended_at", job.last_end.rfc3339())
      .member("ok", job.last_ok)
      .member("result", job.last_result)
      .member("runs", job.runs)
      .member("failures", job.failures)
      .end_object();
  return text;
}

std::optional<std::string> failure_in(std::string_view last_run) {
  const auto said = json::parse(last_run);
  const json::Value* ok = said ? said->find("ok") : nullptr;
  if (!ok || !ok->as_bool() || *ok->as_bool()) return std::nullopt;
  const json::Value* result = said->find("result");
  return result && result->as_string() ? *result->as_string() : std::string();
}

}  // namespace florin::cluster
