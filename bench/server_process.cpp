#include "bench/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench/failure.h"
#include "platform/json/value.h"

namespace florin::bench {
namespace {

Result<std::string> make_key(const std::string& binary, const std::string& data_dir) {
  int code = 0;
  const std::string text =
      output_of(fmt::format("'{}' keys create --data '{}' --name bench --rate-limit 0 --json",
                            binary, data_dir),
                code);
  const auto document = json::parse(text.substr(0, text.find('\n')));
  const json::Value* secret = document ? document->find("secret") : nullptr;
  if (code != 0 || !secret || !secret->as_string())
    return failure("florin keys create failed: " + text);
  return *secret->as_string();
}

/// The port that the server says it listens on, from the first lines of its output.
int announced_port(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const std::string output = text.str();
  const std::string_view marker = "http://127.0.0.1:";
  const std::size_t at = output.find(marker);
  return at == std::string::npos ? 0 : std::atoi(output.c_str() + at + marker.size());
}

}  // namespace

std::string output_of(const std::string& command, int& code) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return text;
  std::array<char, 4096> buffer;
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    text.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return text;
}

Result<ServerProcess> ServerProcess::start(const std::string& binary, const std::string& data_dir) {
  ServerProcess server(binary, data_dir);
  server.target_.api_key = TRY(make_key(binary, data_dir));
  TRY(server.serve(0));
  return server;
}

Result<ServerProcess> ServerProcess::start_another(int node) const {
  ServerProcess server(binary_, data_dir_);
  server.target_.api_key = target_.api_key;
  TRY(server.serve(node));
  return server;
}

Result<void> ServerProcess::serve(int node) {
  const std::string output = fmt::format("{}/server-{}.out", data_dir_, node);
  const std::string log = fmt::format("{}/server-{}.log", data_dir_, node);
  const std::string id = std::to_string(node);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::setenv("FLORIN_NODE_ID", id.c_str(), 1);
    ::execl(binary_.c_str(), binary_.c_str(), "serve", "--listen", "127.0.0.1:0", "--data",
            data_dir_.c_str(), nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (const int port = announced_port(output); port != 0) {
      target_.ports = {port};
      return {};
    }
  }
  return failure("the server did not become ready; see " + log);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : binary_(std::move(other.binary_)),
      data_dir_(std::move(other.data_dir_)),
      pid_(std::exchange(other.pid_, -1)),
      target_(std::move(other.target_)) {}

ServerProcess::~ServerProcess() { stop(); }

void ServerProcess::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

ServerProcess::Usage ServerProcess::usage() const {
  Usage usage;
  std::ifstream status(fmt::format("/proc/{}/status", pid_));
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> usage.rss_kib;
    if (word == "VmHWM:") status >> usage.peak_rss_kib;
  }
  std::ifstream stat(fmt::format("/proc/{}/stat", pid_));
  std::string line;
  std::getline(stat, line);
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  fields >> user >> system;
  usage.cpu_seconds =
      static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return usage;
}

}  // namespace florin::bench
