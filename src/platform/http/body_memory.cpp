#include "platform/http/body_memory.h"

#include <utility>

#include "platform/metrics/metrics.h"

namespace florin::http {
namespace {

metrics::Counter& refusals(metrics::Registry& registry, std::string_view reason) {
  return registry.counter("florin_http_refused_bodies_total",
                          "Bodies refused because of the memory that bodies take.",
                          {{"reason", std::string(reason)}});
}

}  // namespace

BodyMemory::BodyMemory(Limits limits, metrics::Registry& registry)
    : limits_(limits),
      refused_in_all_(refusals(registry, "all")),
      refused_of_key_(refusals(registry, "key")),
      refused_of_address_(refusals(registry, "address")) {}

BodyMemory::Verdict BodyMemory::look(const Sender& sender, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = by_sender_.find(std::string(sender.name));
  return judge(sender, found == by_sender_.end() ? 0 : found->second, bytes);
}

std::size_t BodyMemory::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::size_t BodyMemory::times_full() const {
  const std::lock_guard lock(mutex_);
  return times_full_;
}

/// The sender's own share comes first: who has used it up learns nothing of the others.
BodyMemory::Verdict BodyMemory::judge(const Sender& sender, std::size_t used_by_sender,
                                      std::size_t more) {
  if (sender.kind == Sender::Kind::key && used_by_sender + more > limits_.key) {
    refused_of_key_.add();
    return Verdict::too_much_of_key;
  }
  if (sender.kind == Sender::Kind::address && used_by_sender + more > limits_.address) {
    refused_of_address_.add();
    return Verdict::too_much_of_address;
  }
  if (used_ + more <= limits_.all) return Verdict::fits;
  refused_in_all_.add();
  ++times_full_;
  return Verdict::too_much_in_all;
}

BodyMemory::Verdict BodyMemory::take(const Sender& sender, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = by_sender_.try_emplace(std::string(sender.name), 0);
  const Verdict verdict = judge(sender, entry->second, bytes);
  if (verdict == Verdict::fits) {
    entry->second += bytes;
    used_ += bytes;
  } else if (is_new) {
    by_sender_.erase(entry);
  }
  return verdict;
}

void BodyMemory::give_back(const std::string& sender, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
  const auto entry = by_sender_.find(sender);
  entry->second -= bytes;
  if (entry->second == 0) by_sender_.erase(entry);
}

BodyMemory::Verdict BodyShare::grow_to(const std::shared_ptr<BodyMemory>& memory,
                                       const BodyMemory::Sender& sender, std::size_t bytes) {
  if (bytes <= bytes_) return BodyMemory::Verdict::fits;
  if (bytes_ == 0) sender_ = sender.name;
  const BodyMemory::Verdict verdict = memory->take(sender, bytes - bytes_);
  if (verdict == BodyMemory::Verdict::fits) {
    memory_ = memory;
    bytes_ = bytes;
  }
  return verdict;
}

void BodyShare::give_back() {
  if (bytes_ > 0) memory_->give_back(sender_, std::exchange(bytes_, 0));
}

}  // namespace florin::http
