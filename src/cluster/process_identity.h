#pragma once
#include <string>
#include <string_view>

namespace florin::cluster {

/// What this process is called as long as its machine runs: "BOOT/PID-NAMESPACE/PID/START".
std::string process_identity();

/// Whether the process of that identity is known to have ended: it ran on this machine, since its
/// last boot and in this namespace of process ids, and is not there any more. False: nothing is
/// known.
bool has_ended(std::string_view identity);

/// The machine's name.
std::string host_name();

}  // namespace florin::cluster
