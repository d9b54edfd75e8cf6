#include "platform/cache/local_values.h"
#include "platform/cache/ttl_cache.h"

namespace florin::cache {
namespace {

class MemoryTtlCache final : public TtlCache {
 public:
  MemoryTtlCache(const Clock& clock, std::size_t max_values) : clock_(clock), local_(max_values) {}

  std::optional<std::string> find_local(std::string_view name) override {
    return local_.find_local(name, clock_.now());
  }
  std::optional<std::string> find(std::string_view name) override {
    return local_.find_and_touch(name, clock_.now());
  }
  void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) override {
    const Timestamp now = clock_.now();
    local_.put(name, {std::string(value), now.plus_us(lifetime_ms * 1'000), now});
  }
  void extend(std::string_view name, std::int64_t lifetime_ms) override {
    local_.extend(name, clock_.now().plus_us(lifetime_ms * 1'000));
  }
  void erase(std::string_view name, std::int64_t remembered_ms) override {
    const Timestamp now = clock_.now();
    local_.put(name, {std::nullopt, now.plus_us(remembered_ms * 1'000), now});
  }
  void start() override {}
  Sharing state() const override { return {}; }

 private:
  const Clock& clock_;
  LocalValues local_;
};

}  // namespace

std::unique_ptr<TtlCache> ttl_cache_in_memory(const Clock& clock, std::size_t max_values) {
  return std::make_unique<MemoryTtlCache>(clock, max_values);
}

}  // namespace florin::cache
