#include "platform/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace florin::metrics {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& inner) : inner_(inner) {}
  void add(double amount) override { inner_.Increment(amount); }

 private:
  prometheus::Counter& inner_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& inner) : inner_(inner) {}
  void set(double value) override { inner_.Set(value); }
  void add(double amount) override { inner_.Increment(amount); }
  double value() const override { return inner_.Value(); }

 private:
  prometheus::Gauge& inner_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& inner) : inner_(inner) {}
  void observe(double value) override { inner_.Observe(value); }

 private:
  prometheus::Histogram& inner_;
};

}  // namespace

std::vector<double> latency_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

struct Registry::Impl {
  mutable std::mutex mutex;
  prometheus::Registry inner{prometheus::Registry::InsertBehavior::Merge};
  // Prometheus gives the same object for the same name and labels; so do these wrappers.
  std::map<prometheus::Counter*, std::unique_ptr<Counter>> counters;
  std::map<prometheus::Gauge*, std::unique_ptr<Gauge>> gauges;
  std::map<prometheus::Histogram*, std::unique_ptr<Histogram>> histograms;

  template <class Wrapper, class Interface, class Inner>
  static Interface& wrap(std::map<Inner*, std::unique_ptr<Interface>>& known, Inner& inner) {
    auto& wrapper = known[&inner];
    if (!wrapper) wrapper = std::make_unique<Wrapper>(inner);
    return *wrapper;
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& family = prometheus::BuildCounter()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->inner);
  return Impl::wrap<PrometheusCounter>(impl_->counters, family.Add({labels.begin(), labels.end()}));
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& family = prometheus::BuildGauge()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->inner);
  return Impl::wrap<PrometheusGauge>(impl_->gauges, family.Add({labels.begin(), labels.end()}));
}

Histogram& Registry::histogram(std::string_view name, std::string_view help,
                               std::vector<double> buckets, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& family = prometheus::BuildHistogram()
                     .Name(std::string(name))
                     .Help(std::string(help))
                     .Register(impl_->inner);
  return Impl::wrap<PrometheusHistogram>(impl_->histograms,
                                         family.Add({labels.begin(), labels.end()}, buckets));
}

std::string Registry::expose() const {
  return prometheus::TextSerializer().Serialize(impl_->inner.Collect());
}

}  // namespace florin::metrics
