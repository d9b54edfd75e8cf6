#include "cluster/process_identity.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace florin::cluster {
namespace {

/// Where a process's start stands in its stat, counted behind the name of its program.
constexpr int start_field = 19;

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// In clock ticks since the boot; empty when no such process runs.
std::string start_of(std::string_view pid) {
  const std::string stat = first_line("/proc/" + std::string(pid) + "/stat");
  // The name may hold anything, brackets and spaces too; numbers alone follow its last bracket.
  std::size_t at = stat.rfind(')');
  // What has ended and was not collected by its parent yet still has its line.
  if (at != std::string::npos && stat.compare(at, 3, ") Z") == 0) return "";
  for (int i = 0; at != std::string::npos && i <= start_field; ++i) at = stat.find(' ', at + 1);
  return at == std::string::npos ? "" : stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

/// What process ids on this machine mean: other boots and namespaces have others.
std::string place() {
  std::error_code unknown;
  return first_line("/proc/sys/kernel/random/boot_id") + "/" +
         std::filesystem::read_symlink("/proc/self/ns/pid", unknown).string() + "/";
}

}  // namespace

std::string process_identity() {
  const std::string pid = std::to_string(::getpid());
  return place() + pid + "/" + start_of(pid);
}

bool has_ended(std::string_view identity) {
  const std::string here = place();
  if (!identity.starts_with(here)) return false;
  const std::string_view rest = identity.substr(here.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  return start_of(rest.substr(0, slash)) != rest.substr(slash + 1);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace florin::cluster
