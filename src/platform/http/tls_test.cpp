#include "platform/http/tls.h"

#include <openssl/ssl.h>

#include <fstream>

#include "base/clock.h"
#include "platform/http/errors.h"
#include "platform/http/tls_fixture.h"

namespace florin::http {
namespace {

Routes echo_routes() {
  const auto echo = [](const Request& request) -> Result<Response> {
    return Response::ok("\"" + std::to_string(request.body.size()) + "\"");
  };
  const auto large = [](const Request&) -> Result<Response> {
    return Response::ok("\"" + filler(3'000'000) + "\"");
  };
  return {{"POST", "/echo", "", SyncHandler(echo), {}, Body::by_method, 8 << 20},
          {"GET", "/large", "", SyncHandler(large)}};
}

ServerOptions with_tls(const TestCertificate& certificate) {
  ServerOptions options;
  options.tls = certificate.options();
  return options;
}

TEST(Tls, AnswersOverTls13WithHttp11) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  TlsClient client(server.server.port());
  ASSERT_TRUE(client.is_open());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  ASSERT_TRUE(client.send(post("/echo", "{}", "Connection: close\r\n")));
  const std::string answer = client.receive_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(answer.ends_with("\"2\"")) << answer;
}

TEST(Tls, Tls12HasForwardSecrecyAndOlderOnesAreRefused) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  const TlsClient newer(server.server.port(), TLS1_2_VERSION);
  ASSERT_TRUE(newer.is_open());
  EXPECT_TRUE(newer.cipher().starts_with("ECDHE-ECDSA-")) << newer.cipher();
  const TlsClient older(server.server.port(), TLS1_1_VERSION);
  EXPECT_FALSE(older.is_open());
}

TEST(Tls, LargeBodiesGoBothWaysAndRequestsMayBePipelined) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  TlsClient client(server.server.port());
  ASSERT_TRUE(client.is_open());
  ASSERT_TRUE(client.send(post("/echo", filler(5'000'000)) + get("/large") +
                          post("/echo", "[]", "Connection: close\r\n")));
  const std::string answers = client.receive_all();
  EXPECT_NE(answers.find("\"5000000\""), std::string::npos);
  EXPECT_GT(answers.size(), 3'000'000u);
  EXPECT_TRUE(answers.ends_with("\"2\""));
}

TEST(Tls, ARequestThatComesByteByByteIsAnswered) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  TlsClient client(server.server.port());
  for (const char c : post("/echo", "{}", "Connection: close\r\n"))
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_TRUE(client.receive_all().ends_with("\"2\""));
}

TEST(Tls, PlainHttpIsToldToUseHttps) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  const Answer answer = server.ask(get("/large"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), errors::tls_required.name);
}

TEST(Tls, SilenceInTheHandshakeIsCutAfterTheHeaderTimeout) {
  const TestCertificate certificate;
  ServerOptions options = with_tls(certificate);
  options.header_timeout_ms = 100;
  const TestServer server(echo_routes(), options);
  EXPECT_TRUE(server.connect().is_closed_by_server());
  RawClient half = server.connect();
  half.send("\x16\x03\x01");
  EXPECT_TRUE(half.is_closed_by_server());
}

TEST(Tls, GarbageEndsTheConnectionAndNothingElse) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  EXPECT_EQ(server.ask(filler(20'000)).status, 0);
  EXPECT_TRUE(TlsClient(server.server.port()).is_open());
}

TEST(Tls, NewFilesServeNewConnectionsAndOldConnectionsGoOn) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  TlsClient before(server.server.port());
  EXPECT_FALSE(*server.server.tls()->load_if_changed(server.clock.now()));
  certificate.renew();
  EXPECT_TRUE(*server.server.tls()->load_if_changed(server.clock.now()));
  const TlsClient after(server.server.port());
  ASSERT_TRUE(after.is_open());
  EXPECT_NE(after.serial(), before.serial());
  ASSERT_TRUE(before.send(post("/echo", "{}", "Connection: close\r\n")));
  EXPECT_TRUE(before.receive_all().ends_with("\"2\""));
}

TEST(Tls, BadNewFilesAreReportedOnceAndTheOldCertificateStays) {
  const TestCertificate certificate;
  const TestServer server(echo_routes(), with_tls(certificate));
  TlsSource& source = *server.server.tls();
  std::ofstream(certificate.certificate_file()) << "not a certificate";
  const auto failed = source.load_if_changed(server.clock.now());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errors::tls_not_usable);
  EXPECT_NE(source.state().fault, "");
  EXPECT_FALSE(*source.load_if_changed(server.clock.now()));
  EXPECT_TRUE(TlsClient(server.server.port()).is_open());
  certificate.renew();
  EXPECT_TRUE(*source.load_if_changed(server.clock.now()));
  EXPECT_EQ(source.state().fault, "");
}

std::string refusal_of(const TlsOptions& options) {
  const auto loaded = TlsContext::load(options, SystemClock().now());
  return loaded ? "" : loaded.error().detail;
}

TEST(Tls, AnUnusableFileIsNamedWithItsFault) {
  const TestCertificate certificate;
  const TestCertificate other;
  TlsOptions options = certificate.options();
  options.key_file = "/nonexistent.key";
  EXPECT_EQ(refusal_of(options),
            "the private key /nonexistent.key cannot be read: No such file or directory");
  options.key_file = other.key_file();
  EXPECT_NE(refusal_of(options).find("is not usable with the certificate: key values mismatch"),
            std::string::npos)
      << refusal_of(options);
  const TestCertificate old(-1);
  EXPECT_NE(refusal_of(old.options()).find("expired at"), std::string::npos);
  options = certificate.options();
  options.client_certificates = ClientCertificates::required;
  options.client_ca_file = certificate.key_file();
  EXPECT_NE(refusal_of(options).find("is no PEM certificate"), std::string::npos)
      << refusal_of(options);
}

TEST(Tls, ARequiredClientCertificateKeepsStrangersOut) {
  const TestCertificate certificate;
  ServerOptions options = with_tls(certificate);
  options.tls->client_certificates = ClientCertificates::required;
  options.tls->client_ca_file = certificate.certificate_file();
  const TestServer server(echo_routes(), options);
  // In TLS 1.3 a client hears of the refusal when it reads.
  TlsClient client(server.server.port());
  client.send(post("/echo", "{}", "Connection: close\r\n"));
  EXPECT_EQ(client.receive_all(), "");
}

}  // namespace
}  // namespace florin::http
