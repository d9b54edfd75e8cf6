#include "platform/http_client/raw_server_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace florin::http_client {

const std::string RawServer::stay_silent = "\x01silent";
const std::string RawServer::then_close =
    "\x01"
    "close";

RawServer::RawServer(Answer answer, std::string greeting)
    : answer_(std::move(answer)), greeting_(std::move(greeting)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 128);
  socklen_t length = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
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

std::string RawServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::vector<std::string> RawServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

int RawServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void RawServer::wait_for_requests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return received_.size() >= count; });
}

void RawServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || is_stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void RawServer::serve(int fd) {
  if (!greeting_.empty()) (void)::send(fd, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
  std::string pending;
  std::string request;
  while (receive_request(fd, pending, request)) {
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(request);
      changed_.notify_all();
    }
    std::string answer = answer_(request);
    if (answer == stay_silent) continue;
    const bool closes = answer.ends_with(then_close);
    if (closes) answer.resize(answer.size() - then_close.size());
    if (!answer.empty()) (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (closes) break;
  }
  ::shutdown(fd, SHUT_RDWR);
}

bool RawServer::receive_request(int fd, std::string& pending, std::string& request) const {
  for (;;) {
    const std::size_t head = pending.find("\r\n\r\n");
    if (head != std::string::npos) {
      std::size_t length = 0;
      const std::size_t at = pending.find("Content-Length: ");
      if (at < head) length = std::stoul(pending.substr(at + 16));
      if (pending.size() >= head + 4 + length) {
        request = pending.substr(0, head + 4 + length);
        pending.erase(0, head + 4 + length);
        return true;
      }
    }
    std::array<char, 8'192> buffer;
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    pending.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace florin::http_client
