#include "platform/http/server_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <thread>

#include "platform/http/text.h"
#include "platform/json/value.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {

constexpr int patience_s = 10;

void read_head(std::string_view head, Answer& answer) {
  answer.status = std::stoi(std::string(head.substr(std::strlen("HTTP/1.1 "), 3)));
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    const std::size_t colon = line.find(": ");
    answer.headers.emplace(lower_case(line.substr(0, colon)), line.substr(colon + 2));
    at = end + 2;
  }
}

Authentication authentication_of(std::string_view token) {
  const Authentication::RateLimit figures{100, 99, 30};
  if (token == "Bearer fast" || token == "Bearer slow") {
    return {Caller{TenantId{7}, "key_test"}, figures};
  }
  if (token == "Bearer limited") {
    return {Error{{ErrorKind::limited, "rate_limited"}, "slow down", {}, 30},
            Authentication::RateLimit{100, 0, 30}};
  }
  return {Error{{ErrorKind::unauthenticated, "unauthenticated"}, "a key is needed"}};
}

std::string_view token_of(const Request& request) {
  return request.header("Authorization").value_or("");
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string Answer::code() const {
  const auto problem = json::parse(body);
  const json::Value* found = problem ? problem->find("code") : nullptr;
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : "";
}

RawClient::RawClient(int port) : RawClient(new_socket(), port) {}

RawClient::RawClient(UniqueFd socket, int port) : fd_(std::move(socket)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
}

UniqueFd new_socket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{patience_s, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

RawClient& RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;  // The server has had enough; its answer tells why.
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return *this;
}

bool RawClient::receive_more() {
  std::string chunk(64 * 1024, '\0');
  const ssize_t count = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  pending_.append(chunk, 0, static_cast<std::size_t>(count));
  return true;
}

Answer RawClient::receive(std::string_view to) {
  Answer answer;
  while (pending_.find("\r\n\r\n") == std::string::npos) {
    if (!receive_more()) return {};
  }
  const std::size_t head_end = pending_.find("\r\n\r\n") + 2;
  read_head(std::string_view(pending_).substr(0, head_end), answer);
  pending_.erase(0, head_end + 2);
  const std::string length = answer.header("content-length");
  const std::size_t body_size = length.empty() || to == "HEAD" ? 0 : std::stoul(length);
  while (pending_.size() < body_size) {
    if (!receive_more()) return {};
  }
  answer.body = pending_.substr(0, body_size);
  pending_.erase(0, body_size);
  return answer;
}

Answer RawClient::ask(std::string_view bytes, std::string_view to) {
  send(bytes);
  return receive(to);
}

bool RawClient::is_closed_by_server() {
  if (!pending_.empty()) return false;
  char byte = 0;
  const ssize_t count = ::recv(fd_.get(), &byte, 1, 0);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

std::string RawClient::receive_bytes(std::size_t count) {
  while (pending_.size() < count && receive_more()) {
  }
  std::string bytes = pending_.substr(0, count);
  pending_.erase(0, bytes.size());
  return bytes;
}

void RawClient::stop_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd_.release());
}

std::string get(std::string_view path, std::string_view headers) {
  return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
  return std::string("POST ")
      .append(path)
      .append(" HTTP/1.1\r\nHost: test\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(headers)
      .append("\r\n")
      .append(body);
}

std::string filler(std::size_t size) { return std::string(size, 'x'); }

std::optional<Authentication> TestAuthenticator::try_authenticate(const Request& request,
                                                                  const Route&) {
  const std::string_view token = token_of(request);
  if (token == "Bearer throws") throw std::runtime_error("the authenticator is broken");
  if (token.starts_with("Bearer slow") || token == "Bearer throws_slow") return std::nullopt;
  return authentication_of(token);
}

Authentication TestAuthenticator::authenticate(const Request& request, const Route&) {
  ++authenticated_on_worker;
  const std::string_view token = token_of(request);
  if (token == "Bearer throws_slow") throw std::runtime_error("the authenticator is broken");
  return authentication_of(token);
}

TestServer::TestServer(Routes routes, ServerOptions options)
    : server(
          [&] {
            options.port = 0;
            return options;
          }(),
          std::move(routes), authenticator, clock, metrics) {
  log::configure(log::Level::off, log::Format::text);
  const auto started = server.start();
  EXPECT_TRUE(started) << started.error().detail;
}

double TestServer::metric(std::string_view line) const {
  const std::string text = metrics.expose();
  const std::string wanted = std::string("\n").append(line).append(" ");
  const std::size_t at = text.find(wanted);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + wanted.size()));
}

bool TestServer::wait_for_metric(std::string_view line, double value) const {
  for (int i = 0; i < patience_s * 1'000; ++i) {
    if (metric(line) == value) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace florin::http
