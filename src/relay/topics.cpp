#include "relay/topics.h"

#include <array>
#include <utility>

namespace florin::relay {
namespace {

/// Families whose topic has another name than theirs.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> named{
    {{"transaction", "transactions"},
     {"p2p_transfer", "transactions"},
     {"payment", "payments"},
     {"webhook", "webhooks"}}};

}  // namespace

std::string topic_of(std::string_view prefix, std::string_view type) {
  const std::string_view family = type.substr(0, type.find('.'));
  std::string topic = std::string(prefix) + '-';
  for (const auto& [name, topic_name] : named) {
    if (name == family) return topic.append(topic_name);
  }
  return topic.append(family);
}

std::string inbound_topic(std::string_view prefix) { return std::string(prefix) + "-inbound"; }

std::string dead_letter_topic(std::string_view prefix) {
  return std::string(prefix) + "-inbound-dead";
}

}  // namespace florin::relay
