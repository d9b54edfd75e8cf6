#include "platform/kafka/client.h"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/try.h"
#include "platform/json/value.h"
#include "platform/kafka/errors.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::kafka {
namespace {

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;

Error misconfigured(std::string detail) { return {errors::kafka_misconfigured, std::move(detail)}; }

/// What the library calls our settings.
struct SettingName {
  std::string_view property, setting;
};
constexpr std::array setting_names{
    SettingName{"security.protocol", "kafka.security_protocol"},
    SettingName{"sasl.mechanism", "kafka.sasl_mechanism"},
    SettingName{"sasl.username", "kafka.sasl_username"},
    SettingName{"sasl.password", "kafka.sasl_password"},
    SettingName{"ssl.ca.location", "kafka.ssl_ca_file"},
    SettingName{"ssl.certificate.location", "kafka.ssl_certificate_file"},
    SettingName{"ssl.key.location", "kafka.ssl_key_file"},
    SettingName{"ssl.key.password", "kafka.ssl_key_password"},
    SettingName{"bootstrap.servers", "kafka.brokers"},
};

/// Of the first property that a text names; "section kafka" where it names none.
std::string_view setting_in(std::string_view text) {
  for (const SettingName& name : setting_names) {
    if (text.find(name.property) != std::string_view::npos) return name.setting;
  }
  return "section kafka";
}

/// The library's message may quote the value, which may be a secret: only the name is repeated.
Result<void> set(rd_kafka_conf_t* conf, const char* name, std::string_view value) {
  std::array<char, 512> ignored{};
  const std::string text(value);
  if (rd_kafka_conf_set(conf, name, text.c_str(), ignored.data(), ignored.size()) !=
      RD_KAFKA_CONF_OK)
    return misconfigured(fmt::format("the Kafka client does not take this value of {}: check {}",
                                     name, setting_in(name)));
  return {};
}

Result<void> set_given(rd_kafka_conf_t* conf, const char* name, std::string_view value) {
  return value.empty() ? Result<void>() : set(conf, name, value);
}

Result<void> set_security(rd_kafka_conf_t* conf, const Security& security) {
  TRY(set_given(conf, "security.protocol", security.protocol));
  TRY(set_given(conf, "sasl.mechanism", security.sasl_mechanism));
  TRY(set_given(conf, "sasl.username", security.sasl_username));
  TRY(set_given(conf, "sasl.password", security.sasl_password.reveal()));
  TRY(set_given(conf, "ssl.ca.location", security.ca_file));
  TRY(set_given(conf, "ssl.certificate.location", security.certificate_file));
  TRY(set_given(conf, "ssl.key.location", security.key_file));
  return set_given(conf, "ssl.key.password", security.key_password.reveal());
}

std::string_view advice_for(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return "; check kafka.sasl_mechanism, kafka.sasl_username and kafka.sasl_password";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check kafka.security_protocol and kafka.ssl_ca_file, and "
             "kafka.ssl_certificate_file where Kafka wants ours";
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return "; check kafka.brokers and kafka.security_protocol";
    default:
      return "";
  }
}

/// The library repeats its message while a broker is unavailable; `fault` keeps the reason.
void on_log(const rd_kafka_t*, int, const char* facility, const char* text) {
  log::debug("kafka client", {{"facility", facility}, {"text", text}});
}

std::int64_t integer_at(const json::Value& object, std::string_view name) {
  const json::Value* found = object.find(name);
  return found && found->as_integer() ? *found->as_integer() : 0;
}

bool is_up(const json::Value& broker) {
  const json::Value* state = broker.find("state");
  return state && state->as_string() && *state->as_string() == "UP";
}

metrics::Labels labels(Client::Role role) {
  return {{"role", role == Client::Role::producer ? "producer" : "consumer"}};
}

}  // namespace

Client::Client(metrics::Registry& metrics, Role role)
    : role_(role),
      errors_(metrics.counter("florin_kafka_errors_total",
                              "Errors that the Kafka client told us of.", labels(role))),
      brokers_up_(metrics.gauge("florin_kafka_brokers_up", "Kafka brokers we are connected to.",
                                labels(role))),
      queued_(metrics.gauge("florin_kafka_queued_messages",
                            "Messages that wait in the Kafka client.", labels(role))),
      round_trip_seconds_(metrics.gauge("florin_kafka_round_trip_seconds",
                                        "Mean time of a request to the slowest broker.",
                                        labels(role))) {}

Client::~Client() {
  if (handle_) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  brokers_up_.set(0);
  queued_.set(0);
}

Result<void> Client::open(const Connection& connection, const std::vector<Property>& properties,
                          Delivered delivered) {
  Conf conf(rd_kafka_conf_new());
  TRY(set(conf.get(), "bootstrap.servers", connection.brokers));
  TRY(set(conf.get(), "client.id", connection.client_id));
  TRY(set(conf.get(), "statistics.interval.ms", std::to_string(connection.statistics_ms)));
  TRY(set(conf.get(), "reconnect.backoff.max.ms", "2000"));
  TRY(set_security(conf.get(), connection.security));
  for (const auto& [name, value] : properties) TRY(set(conf.get(), name, value));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_stats_cb(conf.get(), on_statistics);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (delivered) rd_kafka_conf_set_dr_msg_cb(conf.get(), delivered);
  std::array<char, 512> reason{};
  const auto type = role_ == Role::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
  handle_ = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (!handle_)
    return misconfigured(fmt::format("the Kafka client says: {}; check {}", reason.data(),
                                     setting_in(reason.data())));
  conf.release();  // NOLINT: the handle owns it now.
  return {};
}

void Client::set_fault(std::string fault) {
  errors_.add();
  fault_ = std::move(fault);
}

void Client::on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& self = *static_cast<Client*>(opaque);
  // One unavailable broker of several is no fault of the connection; all of them are.
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT && !self.fault_) {
    self.errors_.add();
    return;
  }
  // That all are down follows from what was told of the last one, which says more.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && self.fault_) return self.errors_.add();
  const char* words = rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code));
  self.set_fault(fmt::format("{} ({}){}", reason, words, advice_for(code)));
}

int Client::on_statistics(rd_kafka_t*, char* json, std::size_t length, void* opaque) {
  static_cast<Client*>(opaque)->read_statistics({json, length});
  return 0;  // The library frees the text.
}

void Client::read_statistics(std::string_view text) {
  const auto figures = json::parse(text);
  const json::Value* brokers = figures ? figures->find("brokers") : nullptr;
  if (!brokers || !brokers->as_object()) return;
  int up = 0;
  std::int64_t slowest_us = 0;
  for (const auto& [name, broker] : *brokers->as_object()) {
    if (!is_up(broker)) continue;
    ++up;
    if (const json::Value* rtt = broker.find("rtt"))
      slowest_us = std::max(slowest_us, integer_at(*rtt, "avg"));
  }
  brokers_up_.set(up);
  queued_.set(static_cast<double>(integer_at(*figures, "msg_cnt")));
  round_trip_seconds_.set(static_cast<double>(slowest_us) / 1e6);
  if (up > 0) clear_fault();
}

Error unavailable(int code, std::string_view while_doing) {
  return {
      errors::kafka_unavailable,
      fmt::format("{}: {}", while_doing, rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code)))};
}

}  // namespace florin::kafka
