#include "app/config.h"
#include "app/settings/sections.h"
#include "base/try.h"

namespace florin::app::sections {
namespace {

using config::number;
using config::optional_text;
using config::path;
using florin::http::ClientCertificates;
using florin::http::ServerOptions;
using florin::http::TlsOptions;

constexpr config::Bounds memory_bytes{1 << 20, std::int64_t{1} << 40};
constexpr config::Bounds timeout_ms{100, 600'000};

template <class M>
auto server(M ServerOptions::*member) {
  return path(&Config::http, member);
}

config::Entry<Config> listen() {
  return {"listen", "FLORIN_LISTEN",
          "Address and port to listen on, HOST:PORT; an IPv6 address in brackets, [::1]:8000. Port "
          "0 takes any free one.",
          [](Config& config, std::string_view value) -> Result<void> {
            const Address address = TRY(parse_address(value));
            config.http.host = address.host;
            config.http.port = address.port;
            return {};
          },
          [](const Config& config) {
            return shown_address({config.http.host, config.http.port});
          }};
}

/// HTTPS needs both files; certificates of clients need who may issue them, and HTTPS.
Result<void> check_tls(const Config& config) {
  const TlsOptions& tls = config.tls;
  if (tls.certificate_file.empty() != tls.key_file.empty())
    return config::invalid("http.tls_certificate and http.tls_key must be set together");
  const bool asks_clients = tls.client_certificates != ClientCertificates::none;
  if (asks_clients == tls.client_ca_file.empty()) {
    return config::invalid(
        "http.tls_client_certificates and http.tls_client_ca must be set together");
  }
  if (tls.certificate_file.empty() && asks_clients)
    return config::invalid("http.tls_client_certificates needs http.tls_certificate");
  return {};
}

}  // namespace

config::Section http() {
  return config::section<Config>(
      "http",
      {listen(),
       number("io_threads", server(&ServerOptions::io_threads), {1, 64},
              "Threads that read requests and write answers"),
       number("worker_threads", server(&ServerOptions::worker_threads), {1, 256},
              "Threads for requests that wait for the database"),
       number("max_queued", server(&ServerOptions::max_queued), {1, 100'000},
              "Requests that may wait for a worker before 503 overloaded"),
       number("max_connections", server(&ServerOptions::max_connections), {1, 100'000},
              "Open connections", {.help = "Near the limit those idle the longest are closed."}),
       number("max_connections_per_address", server(&ServerOptions::max_connections_per_address),
              {1, 100'000}, "Open connections of one remote address"),
       config::list("trusted_addresses", server(&ServerOptions::trusted_addresses),
                    config::broken_network_rule,
                    "Addresses and networks (10.0.0.0/8) of proxies in front, with commas between: "
                    "the limits per address do not apply to them"),
       number("body_memory_bytes", server(&ServerOptions::body_memory_bytes), memory_bytes,
              "Bytes of all bodies over 16 KiB that are not answered yet",
              {.help = "Beyond them 503 overloaded."}),
       number("body_memory_per_key_bytes", server(&ServerOptions::body_memory_per_key_bytes),
              memory_bytes, "Of these, bytes of one API key", {.help = "A bulk may have 16 MiB."}),
       number("body_memory_per_address_bytes",
              server(&ServerOptions::body_memory_per_address_bytes), memory_bytes,
              "Of these, bytes of one remote address on routes without a key"),
       number("max_header_bytes", server(&ServerOptions::max_header_bytes), {1'024, 1'048'576},
              "Longest header block in bytes"),
       number("header_timeout_ms", server(&ServerOptions::header_timeout_ms), timeout_ms,
              "Time for a request's headers to arrive, in milliseconds"),
       number("body_timeout_ms", server(&ServerOptions::body_timeout_ms), timeout_ms,
              "Time for a request's body to arrive, in milliseconds"),
       number("idle_timeout_ms", server(&ServerOptions::idle_timeout_ms), {100, 3'600'000},
              "Time a connection may lie idle between requests, in milliseconds"),
       number("drain_timeout_ms", server(&ServerOptions::drain_timeout_ms), {0, 600'000},
              "Time to finish running requests at shutdown, in milliseconds"),
       number("drain_delay_ms", &Config::drain_delay_ms, {0, 600'000},
              "How long a server that is stopping continues to answer, with /health/ready at 503, "
              "so that proxies in front of it turn away, in milliseconds"),
       config::flag("access_log", server(&ServerOptions::access_log),
                    "Whether every request leaves a line in the log"),
       optional_text("tls_certificate", path(&Config::tls, &TlsOptions::certificate_file),
                     "PEM file with the server's certificate and those between it and the root. "
                     "Set with http.tls_key: the server takes HTTPS only"),
       optional_text("tls_key", path(&Config::tls, &TlsOptions::key_file),
                     "PEM file with the private key of the certificate, without a passphrase"),
       config::word("tls_client_certificates", path(&Config::tls, &TlsOptions::client_certificates),
                    {{"none", ClientCertificates::none},
                     {"optional", ClientCertificates::optional},
                     {"required", ClientCertificates::required}},
                    "Whether clients show a certificate of http.tls_client_ca",
                    {.help = "optional: checked when shown."}),
       optional_text("tls_client_ca", path(&Config::tls, &TlsOptions::client_ca_file),
                     "PEM file with the authorities that certify clients")},
      check_tls);
}

}  // namespace florin::app::sections
