#include "platform/cache/redis_channel.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "platform/cache/errors.h"

namespace florin::cache {
namespace {

struct FreeConnection {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Tls = std::unique_ptr<SSL, FreeTls>;
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

/// Reads and writes of a socket with a time-out tell it so.
bool is_time_out(int error) { return error == EAGAIN || error == ETIMEDOUT; }

std::string reason_of_time_out(const RedisOptions& options) {
  return fmt::format("nothing came within {} ms", options.timeout_ms);
}

/// What OpenSSL noted last; its queue is empty afterwards.
std::string tls_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason ? reason : "the connection was closed";
}

Result<void> load_files(SSL_CTX* context, const RedisOptions& options) {
  const RedisTls& tls = options.tls;
  const bool is_trusting = tls.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                               : SSL_CTX_load_verify_locations(
                                                     context, tls.ca_file.c_str(), nullptr) == 1;
  if (!is_trusting)
    return Error{errors::redis_refused,
                 fmt::format("{} holds no certificates that can be read: {} (redis.tls_ca_file; "
                             "REDIS_TLS_CA_FILE)",
                             tls.ca_file, tls_reason())};
  if (tls.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, tls.certificate_file.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1)
    return {};
  return Error{errors::redis_refused,
               fmt::format("{} and {} are no certificate with its key: {} (redis.tls_cert_file, "
                           "redis.tls_key_file; REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE)",
                           tls.certificate_file, tls.key_file, tls_reason())};
}

/// The certificate must be for the host that we were told.
void expect_host(SSL* tls, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  const bool is_address = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                          ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
    return;
  }
  SSL_set_tlsext_host_name(tls, host.c_str());
  SSL_set1_host(tls, host.c_str());
}

}  // namespace

Error redis_is_away(const RedisOptions& options, std::string_view why) {
  return {errors::redis_unavailable,
          fmt::format("Redis at {}:{} is not to be reached or does not answer: {} (redis.host, "
                      "redis.port; REDIS_HOST, REDIS_PORT)",
                      options.host, options.port, why)};
}

Error redis_refuses(const RedisOptions& options, std::string_view what, std::string_view setting) {
  return {errors::redis_refused,
          fmt::format("Redis at {}:{} refuses {} ({})", options.host, options.port, what, setting)};
}

struct RedisChannel::Impl {
  RedisOptions options;
  std::unique_ptr<redisContext, FreeConnection> connection;
  Tls tls;  // Null: none.
  bool asked_for_certificate = false;
  bool has_answered = false;

  Result<void> connect() {
    const timeval timeout{options.timeout_ms / 1'000, (options.timeout_ms % 1'000) * 1'000};
    connection.reset(redisConnectWithTimeout(options.host.c_str(), options.port, timeout));
    if (!connection) return redis_is_away(options, "out of memory");
    if (connection->err == REDIS_ERR_IO && is_time_out(errno))
      return redis_is_away(options, reason_of_time_out(options));
    if (connection->err != 0) return redis_is_away(options, connection->errstr);
    redisSetTimeout(connection.get(), timeout);
    return {};
  }

  Result<void> encrypt() {
    const TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) return redis_is_away(options, tls_reason());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    TRY(load_files(context.get(), options));
    SSL_CTX_set_client_cert_cb(context.get(), note_request);
    tls.reset(SSL_new(context.get()));
    if (!tls || SSL_set_fd(tls.get(), connection->fd) != 1)
      return redis_is_away(options, tls_reason());
    SSL_set_app_data(tls.get(), this);
    expect_host(tls.get(), options.host);
    ERR_clear_error();
    errno = 0;
    if (const int done = SSL_connect(tls.get()); done != 1) return handshake_fault(done);
    return {};
  }

  Error handshake_fault(int done) const {
    const long verdict = SSL_get_verify_result(tls.get());
    if (verdict != X509_V_OK)
      return {errors::redis_refused,
              fmt::format("the certificate of Redis at {}:{} is not trusted: {} "
                          "(redis.tls_ca_file, redis.host; REDIS_TLS_CA_FILE, REDIS_HOST)",
                          options.host, options.port, X509_verify_cert_error_string(verdict))};
    if (SSL_get_error(tls.get(), done) == SSL_ERROR_SSL)
      return redis_refuses(options, "TLS: " + tls_reason(), "redis.tls; REDIS_TLS");
    // One that speaks no TLS waits for the end of what it takes for a command.
    const std::string why = is_time_out(errno) ? reason_of_time_out(options) : tls_reason();
    return redis_is_away(options, "no TLS (redis.tls; REDIS_TLS), " + why);
  }

  /// Of the call that just failed. A server that wants our certificate hangs up only after the
  /// handshake, and its alert may be lost with the connection.
  Error transfer_fault() const {
    if (is_time_out(errno)) return redis_is_away(options, reason_of_time_out(options));
    if (asked_for_certificate && !has_answered)
      return redis_refuses(options, "to work without our certificate",
                           "redis.tls_cert_file; REDIS_TLS_CERT_FILE");
    if (errno == 0 || ERR_peek_last_error() != 0) return redis_is_away(options, tls_reason());
    return redis_is_away(options, strerror(errno));
  }

  /// OpenSSL calls it when the server asks for a certificate and we have none.
  static int note_request(SSL* tls, X509**, EVP_PKEY**) {
    static_cast<Impl*>(SSL_get_app_data(tls))->asked_for_certificate = true;
    return 0;
  }

  /// Bytes moved; not more than none is a fault.
  ssize_t write(std::string_view bytes) const {
    return tls ? SSL_write(tls.get(), bytes.data(), static_cast<int>(bytes.size()))
               : ::send(connection->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  ssize_t read(std::array<char, 16 * 1024>& room) const {
    return tls ? SSL_read(tls.get(), room.data(), static_cast<int>(room.size()))
               : ::recv(connection->fd, room.data(), room.size(), 0);
  }
};

RedisChannel::RedisChannel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisChannel::RedisChannel(RedisChannel&&) noexcept = default;
RedisChannel& RedisChannel::operator=(RedisChannel&&) noexcept = default;
RedisChannel::~RedisChannel() = default;

Result<RedisChannel> RedisChannel::open(const RedisOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  TRY(impl->connect());
  if (options.tls.is_on) TRY(impl->encrypt());
  return RedisChannel(std::move(impl));
}

Result<void> RedisChannel::send(std::string_view bytes) {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t moved = impl_->write(bytes);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return impl_->transfer_fault();
    bytes.remove_prefix(static_cast<std::size_t>(moved));
  }
  return {};
}

Result<void> RedisChannel::receive(std::string& bytes) {
  std::array<char, 16 * 1024> room;
  for (;;) {
    errno = 0;
    const ssize_t moved = impl_->read(room);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return impl_->transfer_fault();
    bytes.append(room.data(), static_cast<std::size_t>(moved));
    impl_->has_answered = true;
    return {};
  }
}

}  // namespace florin::cache
