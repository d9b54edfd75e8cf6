#include "cluster/job_note.h"

#include "platform/jobs/scheduler.h"
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

}  // namespace florin::cluster
