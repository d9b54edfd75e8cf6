#include "cluster/job_note.h"

#include "platform/jobs/scheduler.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"

namespace florin::cluster {

std::string note_of(const jobs::JobState& job) {
  if (job.runs == 0) return {};
  std::string note;
  json::Writer(note)
      .begin_object()
      .member("started_at", job.last_start.rfc3339())
      .member("ended_at", job.last_end.rfc3339())
      .member("ok", job.last_ok)
      .member("result", job.last_result)
      .member("runs", job.runs)
      .member("failures", job.failures)
      .end_object();
  return note;
}

std::optional<std::string> failure_in(std::string_view note) {
  const auto said = json::parse(note);
  const json::Value* ok = said ? said->find("ok") : nullptr;
  if (!ok || !ok->as_bool() || *ok->as_bool()) return std::nullopt;
  const json::Value* result = said->find("result");
  return result && result->as_string() ? *result->as_string() : std::string();
}

}  // namespace florin::cluster
