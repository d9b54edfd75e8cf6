#include "app/cli/tool.h"

#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/config.h"

namespace florin::app {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::map<std::string, std::string> all = process_environment();
  for (const auto& [name, value] : more) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

Error failed(const std::string& program, const std::string& how) {
  return {errors::tool_failed, program + " " + how};
}

}  // namespace

Result<void> run_tool(const std::vector<std::string>& arguments,
                      const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = environment_with(environment);
  pid_t child = 0;
  const int fault = ::posix_spawnp(&child, words[0].c_str(), nullptr, nullptr,
                                   pointers_to(words).data(), pointers_to(variables).data());
  if (fault == ENOENT)
    return failed(words[0], "is not there: install it (Debian: postgresql-client) or see PATH");
  if (fault != 0) return failed(words[0], fmt::format("cannot be run: {}", std::strerror(fault)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return failed(words[0], WIFEXITED(status)
                              ? fmt::format("ended with {}", WEXITSTATUS(status))
                              : fmt::format("was ended by signal {}", WTERMSIG(status)));
}

}  // namespace florin::app
