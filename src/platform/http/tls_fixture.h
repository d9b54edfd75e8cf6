#pragma once
#include <memory>
#include <string>

#include "platform/http/server_fixture.h"
#include "platform/http/tls.h"

namespace florin::http {

/// A certificate for 127.0.0.1 and its key in a folder that goes with it.
class TestCertificate {
 public:
  /// `days` until it expires; negative: since then.
  explicit TestCertificate(int days = 2);
  ~TestCertificate();

  TlsOptions options() const;
  std::string certificate_file() const { return folder_ + "/server.pem"; }
  std::string key_file() const { return folder_ + "/server.key"; }
  /// Writes a new certificate and key in place of the old ones.
  void renew(int days = 2) const;

 private:
  std::string folder_;
};

/// A client that speaks TLS and trusts everybody. Waits at most ten seconds for anything.
class TlsClient {
 public:
  /// `newest`: the highest version it speaks, such as TLS1_2_VERSION; 0: any.
  explicit TlsClient(int port, int newest = 0);
  ~TlsClient();

  bool is_open() const;
  std::string version() const;
  std::string cipher() const;
  std::string protocol() const;  ///< That ALPN chose.
  /// The server's certificate, by its serial number.
  std::string serial() const;
  bool send(std::string_view bytes);
  /// All until the server has closed.
  std::string receive_all();
  /// Exactly so many bytes, or what came before the end.
  std::string receive_bytes(std::size_t count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::http
