#include "platform/cache/near_values.h"
#include "platform/cache/short_lived.h"

namespace florin::cache {
namespace {

class MemoryValues final : public ShortLivedStore {
 public:
  MemoryValues(const Clock& clock, std::size_t most_values) : clock_(clock), known_(most_values) {}

  std::optional<std::string> glance(std::string_view name) override {
    return known_.glance(name, clock_.now());
  }
  std::optional<std::string> find(std::string_view name) override {
    return known_.see(name, clock_.now());
  }
  void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) override {
    const Timestamp now = clock_.now();
    known_.note(name, {std::string(value), now.plus_us(lifetime_ms * 1'000), now});
  }
  void extend(std::string_view name, std::int64_t lifetime_ms) override {
    known_.extend(name, clock_.now().plus_us(lifetime_ms * 1'000));
  }
  void erase(std::string_view name, std::int64_t remembered_ms) override {
    const Timestamp now = clock_.now();
    known_.note(name, {std::nullopt, now.plus_us(remembered_ms * 1'000), now});
  }
  void start() override {}
  Sharing state() const override { return {}; }

 private:
  const Clock& clock_;
  NearValues known_;
};

}  // namespace

std::unique_ptr<ShortLivedStore> short_lived_in_memory(const Clock& clock,
                                                       std::size_t most_values) {
  return std::make_unique<MemoryValues>(clock, most_values);
}

}  // namespace florin::cache
