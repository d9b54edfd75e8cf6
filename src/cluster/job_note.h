#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace florin::jobs {
struct JobState;
}

namespace florin::cluster {

/// What a node says of its runs of a job: {"started_at","ended_at","ok","result","runs",
/// "failures"}; empty before the first.
std::string note_of(const jobs::JobState& job);
/// Why the last run failed, by such a note; nothing when it did not.
std::optional<std::string> failure_in(std::string_view note);

}  // namespace florin::cluster
