#include "hub/operator/operator_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace florin::hub::operators {
namespace {

/// A socket bound to a free port of the loopback address.
int bound_socket(int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return fd;
}

/// Takes a whole request off the front of what has come; nothing when it is not all there.
std::optional<ReceivedCall> take_call(std::string& pending) {
  const std::size_t head_end = pending.find("\r\n\r\n");
  if (head_end == std::string::npos) return std::nullopt;
  ReceivedCall call;
  call.head = pending.substr(0, head_end + 2);
  const std::string length_text = call.header("Content-Length");
  const std::size_t length = length_text.empty() ? 0 : std::stoul(length_text);
  if (pending.size() < head_end + 4 + length) return std::nullopt;
  call.body = pending.substr(head_end + 4, length);
  pending.erase(0, head_end + 4 + length);
  std::istringstream first_line(call.head);
  first_line >> call.method >> call.target;
  return call;
}

}  // namespace

const std::string then_hang_up = "\x01hang up";

std::string ReceivedCall::header(std::string_view name) const {
  const std::string start = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(start);
  if (at == std::string::npos) return "";
  const std::size_t value = at + start.size();
  return head.substr(value, head.find("\r\n", value) - value);
}

ScriptedOperator::ScriptedOperator(Script script) : script_(std::move(script)) {
  listener_ = bound_socket(port_);
  ::listen(listener_, 256);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedOperator::~ScriptedOperator() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  for (const int fd : open_) ::close(fd);
  ::close(listener_);
}

std::vector<ReceivedCall> ScriptedOperator::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void ScriptedOperator::wait_for_calls(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return calls_.size() >= count; });
}

void ScriptedOperator::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || is_stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void ScriptedOperator::serve(int fd) {
  std::string pending;
  std::array<char, 8'192> buffer;
  for (;;) {
    while (const auto call = take_call(pending)) {
      int number = 0;
      {
        const std::lock_guard lock(mutex_);
        calls_.push_back(*call);
        number = static_cast<int>(calls_.size());
        changed_.notify_all();
      }
      std::string bytes = script_(number, *call);
      const bool hangs_up = bytes.ends_with(then_hang_up);
      if (hangs_up) bytes.resize(bytes.size() - then_hang_up.size());
      if (!bytes.empty()) (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (hangs_up) ::shutdown(fd, SHUT_RDWR);
    }
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) return;
    pending.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string http_answer(std::string_view status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

int closed_port() {
  int port = 0;
  // Bound as long as this process lives, and never listening: nobody else can answer there.
  (void)bound_socket(port);
  return port;
}

std::string sample(std::string_view name) {
  const auto folder = std::filesystem::path(FLORIN_SOURCE_DIR) / "src/hub/operator/testdata";
  std::ifstream file(folder / name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace florin::hub::operators
