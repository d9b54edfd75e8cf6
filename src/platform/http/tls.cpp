#include "platform/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/try.h"
#include "platform/http/errors.h"

namespace florin::http {
namespace {

/// With TLS 1.2. TLS 1.3 has no others than such.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr unsigned char session_name[] = "florin";

Error not_usable(std::string detail) { return {errors::tls_not_usable, std::move(detail)}; }

/// The newest fault that OpenSSL noted, which it then forgets.
std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  return text ? text : "unknown fault";
}

Result<void> check_readable(const std::string& what, const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0)
    return not_usable(what + " " + file + " cannot be read: " + std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return not_usable(what + " " + file + " is not a file");
  return {};
}

/// The key must not ask a passphrase of a terminal that is not there.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) { return -1; }

Result<Timestamp> end_of(SSL_CTX* context, const std::string& file, Timestamp now) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1)
    return not_usable("the certificate in " + file + " has no readable end of validity");
  const Timestamp end{static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000};
  if (end <= now) return not_usable("the certificate in " + file + " expired at " + end.rfc3339());
  return end;
}

Result<void> set_up_clients(SSL_CTX* context, const TlsOptions& options) {
  if (options.client_certificates == ClientCertificates::none) return {};
  TRY(check_readable("the client CA", options.client_ca_file));
  const char* file = options.client_ca_file.c_str();
  if (SSL_CTX_load_verify_locations(context, file, nullptr) != 1)
    return not_usable("the client CA in " + options.client_ca_file +
                      " is no PEM certificate: " + reason());
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file));
  int mode = SSL_VERIFY_PEER;
  if (options.client_certificates == ClientCertificates::required)
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, nullptr);
  return {};
}

int choose_http_1_1(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_length, void* /*unused*/) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* match = nullptr;
  const int found =
      SSL_select_next_proto(&match, length, ours, sizeof ours - 1, offered, offered_length);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cipher_list(context, ciphers);
  SSL_CTX_set1_groups_list(context, groups);
  SSL_CTX_set_session_id_context(context, session_name, sizeof session_name - 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // Tickets need no memory here.
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_alpn_select_cb(context, choose_http_1_1, nullptr);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& options,
                                                           Timestamp now) {
  TRY(check_readable("the certificate", options.certificate_file));
  TRY(check_readable("the private key", options.key_file));
  ERR_clear_error();
  const std::shared_ptr<TlsContext> loaded(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = loaded->context_;
  if (!context) return not_usable("OpenSSL cannot begin: " + reason());
  set_rules(context);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
    return not_usable("the certificate in " + options.certificate_file +
                      " is not usable: " + reason());
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return not_usable("the private key in " + options.key_file +
                      " is not usable with the certificate: " + reason());
  }
  TRY(set_up_clients(context, options));
  loaded->expires_at_ = TRY(end_of(context, options.certificate_file, now));
  return std::shared_ptr<const TlsContext>(loaded);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<void> TlsSource::load(Timestamp now) {
  const Stamps seen = stamps();
  auto context = TlsContext::load(options_, now);
  const std::lock_guard lock(mutex_);
  loaded_stamps_ = seen;
  if (!context) {
    state_.fault = context.error().detail;
    return std::move(context).error();
  }
  context_ = *std::move(context);
  state_ = {context_->expires_at(), now, {}};
  return {};
}

Result<bool> TlsSource::load_if_changed(Timestamp now) {
  {
    const Stamps seen = stamps();
    const std::lock_guard lock(mutex_);
    if (seen == loaded_stamps_) return false;
  }
  TRY(load(now));
  return true;
}

std::shared_ptr<const TlsContext> TlsSource::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

TlsState TlsSource::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

TlsSource::Stamps TlsSource::stamps() const {
  Stamps all;
  for (const std::string& file :
       {options_.certificate_file, options_.key_file, options_.client_ca_file}) {
    struct stat found {};
    if (file.empty() || ::stat(file.c_str(), &found) != 0) continue;
    all.insert(all.end(), {static_cast<std::int64_t>(found.st_ino), found.st_size,
                           found.st_mtim.tv_sec, found.st_mtim.tv_nsec});
  }
  return all;
}

}  // namespace florin::http
