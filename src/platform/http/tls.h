#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"

struct ssl_ctx_st;  // SSL_CTX of OpenSSL

namespace florin::http {

enum class ClientCertificates : std::uint8_t { none, optional, required };

/// How the server speaks TLS. Files are PEM.
struct TlsOptions {
  std::string certificate_file;  ///< The server's certificate and those between it and the root.
  std::string key_file;          ///< Its private key, without a passphrase.
  ClientCertificates client_certificates = ClientCertificates::none;
  std::string client_ca_file;  ///< Who may certify clients; needed unless `none`.
};

/// A certificate, its key and the rules of a handshake: TLS 1.2 and 1.3, ciphers with forward
/// secrecy and authenticated encryption alone (RFC 9325), no renegotiation, no compression.
/// Immutable; safe for concurrent use.
class TlsContext {
 public:
  /// Errors: tls_not_usable, naming the file and what is wrong with it: it cannot be read, is no
  /// PEM, the key does not belong to the certificate, the certificate has expired.
  static Result<std::shared_ptr<const TlsContext>> load(const TlsOptions& options, Timestamp now);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }
  Timestamp expires_at() const { return expires_at_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* const context_;
  Timestamp expires_at_;
};

/// What is known of the certificate in use.
struct TlsState {
  Timestamp expires_at;
  Timestamp loaded_at;
  std::string fault;  ///< Why newer files could not be loaded; empty: all is well.
};

/// The context for new connections, loaded again when its files have changed. A fault in new files
/// keeps the old context. Safe for concurrent use.
class TlsSource {
 public:
  explicit TlsSource(TlsOptions options) : options_(std::move(options)) {}

  /// Loads the files whatever their times. Errors: tls_not_usable.
  Result<void> load(Timestamp now);
  /// Loads them when one was written since. True: new ones are in use. Errors: tls_not_usable, once
  /// for each change.
  Result<bool> load_if_changed(Timestamp now);
  /// Nothing before the first load.
  std::shared_ptr<const TlsContext> current() const;
  TlsState state() const;

 private:
  /// When and how large each file was; differs after every way of replacing one.
  using Stamps = std::vector<std::int64_t>;
  Stamps stamps() const;

  const TlsOptions options_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::shared_ptr<const TlsContext> context_;
  Stamps loaded_stamps_;
  TlsState state_;
};

}  // namespace florin::http
