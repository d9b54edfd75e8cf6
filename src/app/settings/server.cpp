#include "app/settings/kinds.h"
#include "app/settings/modules.h"
#include "base/try.h"

namespace florin::app::setting {
namespace {

Setting listen() {
  return {
      "http.listen", "FLORIN_LISTEN",
      "Address and port to listen on, HOST:PORT; an IPv6 address in brackets, [::1]:8000. Port 0 "
      "takes any free one.",
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

}  // namespace

std::vector<Setting> of_http() {
  return {
      listen(),
      number<int>("http.io_threads", "FLORIN_HTTP_IO_THREADS",
                  "Threads that read requests and write answers, 1 to 64.", 1, 64,
                  [](Config& c) -> int& { return c.http.io_threads; }),
      number<int>("http.worker_threads", "FLORIN_HTTP_WORKER_THREADS",
                  "Threads for requests that wait for the database, 1 to 256.", 1, 256,
                  [](Config& c) -> int& { return c.http.worker_threads; }),
      number<int>("http.max_queued", "FLORIN_HTTP_MAX_QUEUED",
                  "Requests that may wait for a worker before 503 overloaded, 1 to 100000.", 1,
                  100'000, [](Config& c) -> int& { return c.http.max_queued; }),
      number<int>(
          "http.max_connections", "FLORIN_HTTP_MAX_CONNECTIONS",
          "Open connections, 1 to 100000. Near the limit those idle the longest are closed.", 1,
          100'000, [](Config& c) -> int& { return c.http.max_connections; }),
      number<int>("http.max_connections_per_address", "FLORIN_HTTP_MAX_CONNECTIONS_PER_ADDRESS",
                  "Open connections of one remote address, 1 to 100000.", 1, 100'000,
                  [](Config& c) -> int& { return c.http.max_connections_per_address; }),
      list("http.trusted_addresses", "FLORIN_HTTP_TRUSTED_ADDRESSES",
           "Addresses and networks (10.0.0.0/8) of proxies in front, with commas between: the "
           "limits per address do not apply to them.",
           broken_network_rule,
           [](Config& c) -> std::vector<std::string>& { return c.http.trusted_addresses; }),
      number<std::size_t>(
          "http.body_memory_bytes", "FLORIN_HTTP_BODY_MEMORY_BYTES",
          "Bytes of all bodies over 16 KiB that are not answered yet, 1048576 to 1099511627776; "
          "beyond them 503 overloaded.",
          1 << 20, std::int64_t{1} << 40,
          [](Config& c) -> std::size_t& { return c.http.body_memory_bytes; }),
      number<std::size_t>(
          "http.body_memory_per_key_bytes", "FLORIN_HTTP_BODY_MEMORY_PER_KEY_BYTES",
          "Of these, bytes of one API key, 1048576 to 1099511627776. A bulk may have 16 MiB.",
          1 << 20, std::int64_t{1} << 40,
          [](Config& c) -> std::size_t& { return c.http.body_memory_per_key_bytes; }),
      number<std::size_t>(
          "http.body_memory_per_address_bytes", "FLORIN_HTTP_BODY_MEMORY_PER_ADDRESS_BYTES",
          "Of these, bytes of one remote address on routes without a key, 1048576 to "
          "1099511627776.",
          1 << 20, std::int64_t{1} << 40,
          [](Config& c) -> std::size_t& { return c.http.body_memory_per_address_bytes; }),
      number<std::size_t>("http.max_header_bytes", "FLORIN_HTTP_MAX_HEADER_BYTES",
                          "Longest header block in bytes, 1024 to 1048576.", 1'024, 1'048'576,
                          [](Config& c) -> std::size_t& { return c.http.max_header_bytes; }),
      number<int>("http.header_timeout_ms", "FLORIN_HTTP_HEADER_TIMEOUT_MS",
                  "Time for a request's headers to arrive, in milliseconds, 100 to 600000.", 100,
                  600'000, [](Config& c) -> int& { return c.http.header_timeout_ms; }),
      number<int>("http.body_timeout_ms", "FLORIN_HTTP_BODY_TIMEOUT_MS",
                  "Time for a request's body to arrive, in milliseconds, 100 to 600000.", 100,
                  600'000, [](Config& c) -> int& { return c.http.body_timeout_ms; }),
      number<int>(
          "http.idle_timeout_ms", "FLORIN_HTTP_IDLE_TIMEOUT_MS",
          "Time a connection may lie idle between requests, in milliseconds, 100 to 3600000.", 100,
          3'600'000, [](Config& c) -> int& { return c.http.idle_timeout_ms; }),
      number<int>("http.drain_timeout_ms", "FLORIN_HTTP_DRAIN_TIMEOUT_MS",
                  "Time to finish running requests at shutdown, in milliseconds, 0 to 600000.", 0,
                  600'000, [](Config& c) -> int& { return c.http.drain_timeout_ms; }),
      number<int>("http.drain_delay_ms", "FLORIN_HTTP_DRAIN_DELAY_MS",
                  "How long a server that is stopping continues to answer, with /health/ready at "
                  "503, so that proxies in front of it turn away, in milliseconds, 0 to 600000.",
                  0, 600'000, [](Config& c) -> int& { return c.drain_delay_ms; }),
      flag("http.access_log", "FLORIN_HTTP_ACCESS_LOG",
           "Whether every request leaves a line in the log.",
           [](Config& c) -> bool& { return c.http.access_log; }),
  };
}

std::vector<Setting> of_tls() {
  using Clients = http::ClientCertificates;
  constexpr std::array<std::pair<std::string_view, Clients>, 3> client_certificates{
      {{"none", Clients::none}, {"optional", Clients::optional}, {"required", Clients::required}}};
  return {
      optional_text("http.tls_certificate", "FLORIN_HTTP_TLS_CERTIFICATE",
                    "PEM file with the server's certificate and those between it and the root. Set "
                    "with http.tls_key: the server takes HTTPS only.",
                    [](Config& c) -> std::string& { return c.tls.certificate_file; }),
      optional_text("http.tls_key", "FLORIN_HTTP_TLS_KEY",
                    "PEM file with the private key of the certificate, without a passphrase.",
                    [](Config& c) -> std::string& { return c.tls.key_file; }),
      word<http::ClientCertificates>(
          "http.tls_client_certificates", "FLORIN_HTTP_TLS_CLIENT_CERTIFICATES",
          "Whether clients show a certificate of http.tls_client_ca: none, optional (checked when "
          "shown) or required.",
          client_certificates,
          [](Config& c) -> http::ClientCertificates& { return c.tls.client_certificates; }),
      optional_text("http.tls_client_ca", "FLORIN_HTTP_TLS_CLIENT_CA",
                    "PEM file with the authorities that certify clients.",
                    [](Config& c) -> std::string& { return c.tls.client_ca_file; }),
  };
}

std::vector<Setting> of_node() {
  using Level = log::Level;
  using Format = log::Format;
  constexpr std::array<std::pair<std::string_view, Level>, 5> levels{{{"debug", Level::debug},
                                                                      {"info", Level::info},
                                                                      {"warn", Level::warn},
                                                                      {"error", Level::error},
                                                                      {"off", Level::off}}};
  constexpr std::array<std::pair<std::string_view, Format>, 2> formats{
      {{"text", Format::text}, {"json", Format::json}}};
  return {
      number<std::int64_t>(
          "access.rate_limit_per_second", "FLORIN_RATE_LIMIT",
          "Requests a second that a new API key may make, 0 to 1000000; 0 means no limit.", 0,
          1'000'000, [](Config& c) -> std::int64_t& { return c.access.rate_limit_per_second; }),
      word<Level>("log.level", "FLORIN_LOG_LEVEL",
                  "Least level that is logged: debug, info, warn, error or off.", levels,
                  [](Config& c) -> Level& { return c.log_level; }),
      word<Format>("log.format", "FLORIN_LOG_FORMAT", "Form of a log line: text or json.", formats,
                   [](Config& c) -> Format& { return c.log_format; }),
      number<int>("node.id", "FLORIN_NODE_ID",
                  "Number of this process among those on one database, 0 to 1023.", 0, 1'023,
                  [](Config& c) -> int& { return c.node_id; }),
      number<std::int64_t>(
          "node.lease_seconds", "FLORIN_NODE_LEASE_SECONDS",
          "Silent for so long a node counts as dead, and others take over its work, 2 to 300.", 2,
          300, [](Config& c) -> std::int64_t& { return c.lease_seconds; }),
  };
}

}  // namespace florin::app::setting
