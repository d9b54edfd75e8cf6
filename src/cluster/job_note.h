#pragma once
#include <string>

namespace florin::jobs {
struct JobState;
}

namespace florin::cluster {

/// What a node says of its runs of a job: {"started_at","ended_at","ok","result","runs",
/// "failures"}; empty before the first.
std::string note_of(const jobs::JobState& job);

}  // namespace florin::cluster
