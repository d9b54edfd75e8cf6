#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// Invalidates copies of endpoints in memory. A change is announced before its commit and ends
/// after it, so that no copy is trusted in between. Safe for concurrent use.
class EndpointChanges {
 public:
  using Listener = std::function<void(EndpointId)>;

  /// A change in progress; it ends with the object, whether it was committed or not.
  class Announcement {
   public:
    explicit Announcement(EndpointChanges& changes) : changes_(&changes) { ++changes.begun_; }
    Announcement(Announcement&& other) noexcept
        : changes_(std::exchange(other.changes_, nullptr)), endpoint_(other.endpoint_) {}
    Announcement& operator=(Announcement&& other) noexcept {
      end();
      changes_ = std::exchange(other.changes_, nullptr);
      endpoint_ = other.endpoint_;
      return *this;
    }
    ~Announcement() { end(); }
    /// The endpoint that changes, as soon as it is known.
    void of(EndpointId endpoint) { endpoint_ = endpoint; }

   private:
    void end() {
      if (!changes_) return;
      ++changes_->ended_;
      if (endpoint_ && changes_->listener_) changes_->listener_(endpoint_);
    }

    EndpointChanges* changes_;
    EndpointId endpoint_;
  };

  Announcement announce() { return Announcement(*this); }
  /// Called after every change has ended. Set once, before changes are made.
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// A mark of the present state; nothing during a change.
  std::optional<std::uint64_t> settled() const {
    const std::uint64_t ended = ended_;
    return begun_ == ended ? std::optional(ended) : std::nullopt;
  }
  /// Whether no change has begun since that mark.
  bool is_still(std::uint64_t mark) const { return begun_ == mark; }

 private:
  std::atomic<std::uint64_t> begun_{0}, ended_{0};
  Listener listener_;
};

}  // namespace florin::webhooks
