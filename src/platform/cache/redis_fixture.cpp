#include "platform/cache/redis_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <thread>

extern char** environ;  // NOLINT: named by POSIX

namespace florin::cache {
namespace {

constexpr const char* program = "/usr/bin/redis-server";

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool bind_to(int fd, int port) {
  const sockaddr_in address = loopback(port);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// A port of TCP that no other test gets as long as this process lives: the UDP port of the same
/// number is the mark. Below what Linux gives to outgoing connections, which would take a port
/// that is free now before the server has started.
int free_port() {
  std::random_device random;
  std::uniform_int_distribution<int> numbers(20'000, 31'999);
  for (;;) {
    const int port = numbers(random);
    const int mark = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_free = bind_to(mark, port) && bind_to(probe, port);
    ::close(probe);
    if (is_free) return port;
    ::close(mark);
  }
}

bool is_listening(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool is_there =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_there;
}

pid_t spawn(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  (void)::posix_spawn(&pid, program, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

void run_openssl(const std::string& arguments) {
  const int code = std::system(("openssl " + arguments + " 2> /dev/null").c_str());
  if (code != 0) throw std::runtime_error("openssl failed: " + arguments);
}

}  // namespace

bool RedisServer::is_installed() { return std::filesystem::exists(program); }

RedisServer::RedisServer(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)),
      is_tls_(std::any_of(arguments_.begin(), arguments_.end(),
                          [](const std::string& word) { return word.starts_with("--tls-"); })),
      port_(free_port()) {
  ::signal(SIGPIPE, SIG_IGN);  // As the program does.
  start();
}

RedisServer::~RedisServer() { kill(); }

RedisOptions RedisServer::options() const {
  RedisOptions options;
  options.host = "127.0.0.1";
  options.port = port_;
  // Machines that build many things at once are slow; the tests do not measure time.
  options.timeout_ms = 1'000;
  return options;
}

void RedisServer::start() {
  std::vector<std::string> words{program, "--bind",       "127.0.0.1", "--save",
                                 "",      "--appendonly", "no"};
  for (const std::string& word :
       {std::string(is_tls_ ? "--tls-port" : "--port"), std::to_string(port_)})
    words.push_back(word);
  if (is_tls_) words.insert(words.end(), {"--port", "0"});
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  pid_ = spawn(std::move(words));
  wait_until([this] { return is_listening(port_); });
}

void RedisServer::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::stop_answering() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void RedisServer::go_on() { ::kill(pid_, SIGCONT); }

TestAuthority::TestAuthority() {
  std::string pattern = (std::filesystem::temp_directory_path() / "florin-ca-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  run_openssl(
      "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj "
      "/CN=ca -keyout " +
      file("ca.key") + " -out " + file("ca.pem"));
}

TestAuthority::~TestAuthority() { std::filesystem::remove_all(folder_); }

void TestAuthority::certify(const std::string& name, const std::string& alternative_name) const {
  run_openssl(
      "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj "
      "/CN=" +
      name + " -CA " + file("ca.pem") + " -CAkey " + file("ca.key") +
      " -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=" + alternative_name +
      " -keyout " + file(name + ".key") + " -out " + file(name + ".pem"));
}

bool wait_until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace florin::cache
