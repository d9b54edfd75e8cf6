#include "platform/http/tls_fixture.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdio>
#include <filesystem>

#include "platform/crypto/random.h"

namespace florin::http {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Certificate self_signed(EVP_PKEY* key, int days) {
  Certificate certificate(X509_new());
  X509* const raw = certificate.get();
  X509_set_version(raw, 2);
  static long serial = 1'000;
  ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(raw), -10L * 86'400);
  X509_gmtime_adj(X509_getm_notAfter(raw), static_cast<long>(days) * 86'400);
  X509_set_pubkey(raw, key);
  X509_NAME* const name = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(raw, name);
  X509_sign(raw, key, EVP_sha256());
  return certificate;
}

template <class Write>
void write_pem(const std::string& path, const Write& write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  write(file);
  std::fclose(file);
}

}  // namespace

TestCertificate::TestCertificate(int days)
    : folder_(std::filesystem::temp_directory_path() / ("florin-tls-" + crypto::random_hex(8))) {
  ::signal(SIGPIPE, SIG_IGN);  // As the program does.
  std::filesystem::create_directories(folder_);
  renew(days);
}

TestCertificate::~TestCertificate() { std::filesystem::remove_all(folder_); }

TlsOptions TestCertificate::options() const {
  TlsOptions options;
  options.certificate_file = certificate_file();
  options.key_file = key_file();
  return options;
}

void TestCertificate::renew(int days) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = self_signed(key.get(), days);
  write_pem(key_file(), [&](std::FILE* file) {
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  write_pem(certificate_file(), [&](std::FILE* file) { PEM_write_X509(file, certificate.get()); });
}

struct TlsClient::Impl {
  UniqueFd fd = new_socket();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  bool open = false;
};

TlsClient::TlsClient(int port, int newest) : impl_(new Impl) {
  const timeval limit{10, 0};
  ::setsockopt(impl_->fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(impl_->fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return;
  if (newest != 0) {
    SSL_CTX_set_security_level(impl_->context, 0);
    SSL_CTX_set_min_proto_version(impl_->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(impl_->context, newest);
  }
  const unsigned char offered[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(impl_->context, offered, sizeof offered - 1);
  impl_->ssl = SSL_new(impl_->context);
  SSL_set_fd(impl_->ssl, impl_->fd.get());
  impl_->open = SSL_connect(impl_->ssl) == 1;
}

TlsClient::~TlsClient() {
  SSL_free(impl_->ssl);
  SSL_CTX_free(impl_->context);
}

bool TlsClient::is_open() const { return impl_->open; }
std::string TlsClient::version() const { return SSL_get_version(impl_->ssl); }
std::string TlsClient::cipher() const { return SSL_get_cipher_name(impl_->ssl); }

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(impl_->ssl, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TlsClient::serial() const {
  const Certificate certificate(SSL_get1_peer_certificate(impl_->ssl));
  return std::to_string(ASN1_INTEGER_get(X509_get_serialNumber(certificate.get())));
}

bool TlsClient::send(std::string_view bytes) {
  std::size_t sent = 0;
  return SSL_write_ex(impl_->ssl, bytes.data(), bytes.size(), &sent) == 1;
}

std::string TlsClient::receive_all() { return receive_bytes(SIZE_MAX); }

std::string TlsClient::receive_bytes(std::size_t count) {
  std::string all;
  char piece[4'096];
  std::size_t got = 0;
  while (all.size() < count &&
         SSL_read_ex(impl_->ssl, piece, std::min(sizeof piece, count - all.size()), &got) == 1)
    all.append(piece, got);
  return all;
}

}  // namespace florin::http
