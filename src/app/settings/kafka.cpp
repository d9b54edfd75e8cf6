#include <algorithm>
#include <array>
#include <utility>

#include "app/settings/kinds.h"
#include "app/settings/modules.h"

namespace florin::app::setting {
namespace {

Setting kafka_topic_prefix() {
  constexpr std::size_t longest = 100;
  const auto is_topic_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return {"kafka.topic_prefix", "KAFKA_TOPIC_PREFIX",
          "First part of every topic's name: 1 to 100 letters, digits, dots, hyphens, underscores.",
          [=](Config& config, std::string_view value) -> Result<void> {
            if (value.empty() || value.size() > longest ||
                !std::all_of(value.begin(), value.end(), is_topic_character))
              return invalid("must be 1 to 100 letters, digits, dots, hyphens or underscores");
            config.relay.topic_prefix = std::string(value);
            return {};
          },
          [](const Config& config) { return config.relay.topic_prefix; }};
}

Setting security_protocol() {
  constexpr std::array<std::string_view, 4> known{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
  return {"kafka.security_protocol", "KAFKA_SECURITY_PROTOCOL",
          "plaintext, ssl, sasl_plaintext or sasl_ssl. Default: plaintext.",
          [=](Config& config, std::string_view value) -> Result<void> {
            if (!value.empty() && std::find(known.begin(), known.end(), value) == known.end())
              return invalid("must be plaintext, ssl, sasl_plaintext or sasl_ssl");
            config.relay.kafka.security.protocol = std::string(value);
            return {};
          },
          [](const Config& config) { return config.relay.kafka.security.protocol; }};
}

}  // namespace

std::vector<Setting> of_kafka() {
  using Mode = relay::CloudEventsMode;
  constexpr std::array<std::pair<std::string_view, Mode>, 2> modes{
      {{"structured", Mode::structured}, {"binary", Mode::binary}}};
  return {
      optional_text("kafka.brokers", "KAFKA_BROKERS",
                    "Kafka's brokers, HOST:PORT separated by commas. Default: none, and no Kafka.",
                    [](Config& c) -> std::string& { return c.relay.kafka.brokers; }),
      kafka_topic_prefix(),
      word<Mode>(
          "kafka.cloudevents_mode", "KAFKA_CLOUDEVENTS_MODE",
          "How events stand in records: structured (one CloudEvents JSON document) or binary "
          "(attributes in headers, the data as value). Inbound records may be of either.",
          modes, [](Config& c) -> Mode& { return c.relay.mode; }),
      text("kafka.group_id", "KAFKA_GROUP_ID", "Consumer group that reads the inbound topic.",
           [](Config& c) -> std::string& { return c.relay.group; }),
      flag("kafka.inbound", "KAFKA_INBOUND", "Whether the inbound topic is read: true or false.",
           [](Config& c) -> bool& { return c.relay.reads_inbound; }),
      text("kafka.inbound_tenant", "KAFKA_INBOUND_TENANT",
           "Tenant (name or id) of inbound records that name none.",
           [](Config& c) -> std::string& { return c.relay.inbound_tenant; }),
      security_protocol(),
      optional_text(
          "kafka.sasl_mechanism", "KAFKA_SASL_MECHANISM", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
          [](Config& c) -> std::string& { return c.relay.kafka.security.sasl_mechanism; }),
      optional_text("kafka.sasl_username", "KAFKA_SASL_USERNAME", "Name for SASL.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.sasl_username; }),
      secret("kafka.sasl_password", "KAFKA_SASL_PASSWORD", "Password for SASL.", at_least(1),
             [](Config& c) -> Secret& { return c.relay.kafka.security.sasl_password; }),
      optional_text("kafka.ssl_ca_file", "KAFKA_SSL_CA_FILE",
                    "PEM file of the authorities trusted for Kafka. Default: the system's.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.ca_file; }),
      optional_text(
          "kafka.ssl_certificate_file", "KAFKA_SSL_CERTIFICATE_FILE",
          "PEM file of our certificate, where Kafka asks for one.",
          [](Config& c) -> std::string& { return c.relay.kafka.security.certificate_file; }),
      optional_text("kafka.ssl_key_file", "KAFKA_SSL_KEY_FILE",
                    "PEM file of our certificate's key.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.key_file; }),
      secret("kafka.ssl_key_password", "KAFKA_SSL_KEY_PASSWORD", "Password of that key.",
             at_least(1), [](Config& c) -> Secret& { return c.relay.kafka.security.key_password; }),
  };
}

}  // namespace florin::app::setting
