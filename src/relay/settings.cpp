#include "relay/settings.h"

#include <algorithm>
#include <optional>

#include "platform/config/settings.h"

namespace florin::relay {
namespace {

using config::optional_text;
using config::path;

constexpr std::size_t max_topic_prefix = 100;

std::optional<std::string> broken_topic_prefix(std::string_view value) {
  const bool is_good = !value.empty() && value.size() <= max_topic_prefix &&
                       std::all_of(value.begin(), value.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                       });
  if (is_good) return std::nullopt;
  return "must be 1 to 100 letters, digits, dots, hyphens or underscores";
}

auto security(std::string kafka::Security::*member) {
  return path(&Settings::kafka, path(&kafka::Connection::security, member));
}

Result<void> check_security(const Settings& settings) {
  if (settings.kafka.brokers.empty()) return {};
  const kafka::Security& security = settings.kafka.security;
  const std::string_view protocol = security.protocol;
  const bool has_files = !security.ca_file.empty() || !security.certificate_file.empty() ||
                         !security.key_file.empty() || !security.key_password.empty();
  if (has_files && !protocol.ends_with("ssl"))
    return config::invalid("kafka.ssl_... settings need kafka.security_protocol ssl or sasl_ssl");
  const bool has_sasl = !security.sasl_mechanism.empty() || !security.sasl_username.empty() ||
                        !security.sasl_password.empty();
  if (has_sasl && !protocol.starts_with("sasl_"))
    return config::invalid(
        "kafka.sasl_... settings need kafka.security_protocol sasl_ssl or sasl_plaintext");
  if (protocol.starts_with("sasl_") && security.sasl_mechanism.empty())
    return config::invalid("kafka.security_protocol " + security.protocol +
                           " needs kafka.sasl_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  if (security.certificate_file.empty() != security.key_file.empty())
    return config::invalid(
        "kafka.ssl_certificate_file and kafka.ssl_key_file must be set together");
  return {};
}

}  // namespace

config::Section settings_section() {
  const auto security_secret = [](Secret kafka::Security::*member) {
    return path(&Settings::kafka, path(&kafka::Connection::security, member));
  };
  return config::section<Settings>(
      "kafka",
      {optional_text("brokers", path(&Settings::kafka, &kafka::Connection::brokers),
                     "Kafka's brokers, HOST:PORT separated by commas. Default: none, and no Kafka"),
       config::text_with_rule(
           "topic_prefix", &Settings::topic_prefix, broken_topic_prefix,
           "First part of every topic's name: 1 to 100 letters, digits, dots, hyphens, "
           "underscores"),
       config::word(
           "cloudevents_mode", &Settings::mode,
           {{"structured", CloudEventsMode::structured}, {"binary", CloudEventsMode::binary}},
           "How events stand in records",
           {.help = "structured: one CloudEvents JSON document; binary: attributes in "
                    "headers, the data as value. Inbound records may be of either."}),
       config::text("group_id", &Settings::group, "Consumer group that reads the inbound topic"),
       config::flag("inbound", &Settings::reads_inbound, "Whether the inbound topic is read"),
       config::text("inbound_tenant", &Settings::inbound_tenant,
                    "Tenant (name or id) of inbound records that name none"),
       config::choice("security_protocol", security(&kafka::Security::protocol),
                      {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"},
                      "How brokers are connected to", {.help = "Default: plaintext."}),
       optional_text("sasl_mechanism", security(&kafka::Security::sasl_mechanism),
                     "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
       optional_text("sasl_username", security(&kafka::Security::sasl_username), "Name for SASL"),
       config::secret("sasl_password", security_secret(&kafka::Security::sasl_password),
                      config::at_least(1), "Password for SASL"),
       optional_text("ssl_ca_file", security(&kafka::Security::ca_file),
                     "PEM file of the authorities trusted for Kafka. Default: the system's"),
       optional_text("ssl_certificate_file", security(&kafka::Security::certificate_file),
                     "PEM file of our certificate, where Kafka asks for one"),
       optional_text("ssl_key_file", security(&kafka::Security::key_file),
                     "PEM file of our certificate's key"),
       config::secret("ssl_key_password", security_secret(&kafka::Security::key_password),
                      config::at_least(1), "Password of that key")},
      check_security, "KAFKA_");
}

}  // namespace florin::relay
