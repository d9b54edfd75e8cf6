#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace florin::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Grows only. Cheap and safe for concurrent use.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};
/// A value that goes up and down.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;
  virtual double value() const = 0;
};
/// A distribution of seconds or sizes.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// Buckets for request and commit times, 0.5 ms to 10 s.
std::vector<double> latency_buckets();

/// The process's metrics in Prometheus' text format. One name with other labels is one family; the
/// same name and labels give the same object. Objects live as long as the registry.
/// Names: florin_<module>_<what>_<unit>[_total]. Safe for concurrent use.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> buckets,
                       const Labels& labels = {});
  /// Text for GET /metrics (version 0.0.4).
  std::string expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::metrics
