#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/kafka/kafka.h"

struct rd_kafka_s;
struct rd_kafka_message_s;

namespace florin::metrics {
class Counter;
class Gauge;
}  // namespace florin::metrics

namespace florin::kafka {

/// A property of the client library: its name and value.
using Property = std::pair<const char*, std::string>;

/// What producer and consumer share: the library's handle, its fault and its figures. Callbacks run
/// on the thread that polls, so that nothing here is locked.
class Client {
 public:
  enum class Role : std::uint8_t { producer, consumer };
  using Delivered = void (*)(rd_kafka_s*, const rd_kafka_message_s*, void*);

  Client(metrics::Registry& metrics, Role role);
  ~Client();  ///< Ends the handle; calls of callbacks are over then.
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// `delivered` is called once for every message (producers). Errors: kafka_misconfigured.
  Result<void> open(const Connection& connection, const std::vector<Property>& properties,
                    Delivered delivered = nullptr);
  rd_kafka_s* handle() const { return handle_; }

  void set_fault(std::string fault);
  void clear_fault() { fault_.reset(); }
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  static void on_error(rd_kafka_s* handle, int code, const char* reason, void* opaque);
  static int on_statistics(rd_kafka_s* handle, char* json, std::size_t length, void* opaque);
  void read_statistics(std::string_view text);

  const Role role_;
  rd_kafka_s* handle_ = nullptr;
  std::optional<std::string> fault_ = "no broker has answered yet";
  metrics::Counter& errors_;
  metrics::Gauge& brokers_up_;
  metrics::Gauge& queued_;
  metrics::Gauge& round_trip_seconds_;
};

/// kafka_unavailable, with the library's words for `code` (an rd_kafka_resp_err_t).
Error unavailable(int code, std::string_view while_doing);

}  // namespace florin::kafka
