#include "app/tool.h"

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

/// "%40" is "@": passwords in URLs are written so.
std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::sscanf(std::string(text.substr(i + 1, 2)).c_str(), "%2x", &value) == 1) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

Result<void> run_tool(const std::vector<std::string>& arguments,
                      const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words = arguments;
  std::vector<std::string> variables = environment_with(environment);
  pid_t child = 0;
  const int fault = ::posix_spawnp(&child, words[0].c_str(), nullptr, nullptr,
                                   pointers_to(words).data(), pointers_to(variables).data());
  if (fault != 0) return failed(words[0], fmt::format("cannot be run: {}", std::strerror(fault)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return failed(words[0], WIFEXITED(status)
                              ? fmt::format("ended with {}", WEXITSTATUS(status))
                              : fmt::format("was ended by signal {}", WTERMSIG(status)));
}

SplitUrl split_password(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t host_end = url.find_first_of("/?", begin);
  const std::size_t at = url.rfind('@', host_end);
  const std::size_t colon = url.find(':', begin);
  if (scheme == std::string::npos || at == std::string::npos || at < begin || colon > at)
    return {url, ""};
  return {url.substr(0, colon) + url.substr(at),
          percent_decoded(std::string_view(url).substr(colon + 1, at - colon - 1))};
}

}  // namespace florin::app
