#pragma once
#include <string>
#include <string_view>

namespace florin::relay {

/// The topic that events of this type go to: `<prefix>-transactions`, `<prefix>-payments` and
/// `<prefix>-webhooks`, and `<prefix>-<family>` for the rest, the family being the type's first
/// word. A subject's events of one family stay in one topic, hence in order.
std::string topic_of(std::string_view prefix, std::string_view type);

/// Where other systems write events for us, and where rejected ones of these go.
std::string inbound_topic(std::string_view prefix);
std::string dead_letter_topic(std::string_view prefix);

}  // namespace florin::relay
