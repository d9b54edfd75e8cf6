#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace florin::jobs {
struct JobState;
}

namespace florin::cluster {

/// A node's runs of a job: {"started_at","ended_at","ok","result","runs","failures"}; empty before
/// the first.
std::string last_run_json(const jobs::JobState& job);
/// Why the last run failed; nothing when it did not.
std::optional<std::string> failure_in(std::string_view last_run);

}  // namespace florin::cluster
