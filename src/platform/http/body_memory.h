#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace florin::metrics {
class Counter;
class Registry;
}  // namespace florin::metrics

namespace florin::http {

/// Bounds what the bodies of requests take, for the whole process and for each who sends them. Safe
/// for concurrent use.
class BodyMemory {
 public:
  struct Limits {
    std::size_t all = 0;      ///< Bytes of all bodies together.
    std::size_t key = 0;      ///< Of the bodies sent with one API key.
    std::size_t address = 0;  ///< Of those that one address sends without a key.
  };
  enum class Verdict { fits, too_much_in_all, too_much_of_key, too_much_of_address };
  struct Sender {
    enum class Kind { key, address, trusted } kind = Kind::key;
    std::string_view name;
  };

  BodyMemory(Limits limits, metrics::Registry& registry);

  /// Whether so many bytes would have room now.
  Verdict look(const Sender& sender, std::size_t bytes);
  std::size_t used() const;
  /// How often a body was refused because all together were too much.
  std::size_t times_full() const;

 private:
  friend class BodyShare;
  Verdict judge(const Sender& sender, std::size_t used_by_sender, std::size_t more);
  Verdict take(const Sender& sender, std::size_t bytes);
  void give_back(const std::string& sender, std::size_t bytes);

  const Limits limits_;
  metrics::Counter& refused_in_all_;
  metrics::Counter& refused_of_key_;
  metrics::Counter& refused_of_address_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  std::size_t times_full_ = 0;
  std::unordered_map<std::string, std::size_t> by_sender_;
};

/// What one request has of it, until it is answered. Used by one thread at a time.
class BodyShare {
 public:
  BodyShare() = default;
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { give_back(); }

  /// Takes what is missing to `bytes`.
  BodyMemory::Verdict grow_to(const std::shared_ptr<BodyMemory>& memory,
                              const BodyMemory::Sender& sender, std::size_t bytes);
  void give_back();

 private:
  std::shared_ptr<BodyMemory> memory_;
  std::string sender_;
  std::size_t bytes_ = 0;
};

}  // namespace florin::http
