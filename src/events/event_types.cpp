#include "events/event_types.h"

#include <algorithm>

namespace florin::events {

EventTypes::EventTypes(std::vector<std::string_view> all) : all_(std::move(all)) {
  std::sort(all_.begin(), all_.end());
}

bool EventTypes::has(std::string_view type) const {
  return std::binary_search(all_.begin(), all_.end(), type);
}

bool EventTypes::has_type_or_family(std::string_view text) const {
  if (!text.ends_with(".*")) return has(text);
  text.remove_suffix(1);  // The dot stays: "acc.*" is no family of "account.created".
  return std::any_of(all_.begin(), all_.end(),
                     [&](std::string_view type) { return type.starts_with(text); });
}

std::string EventTypes::families() const {
  std::string families;
  std::string_view last;
  for (const std::string_view type : all_) {
    const std::string_view family = type.substr(0, type.find('.'));
    if (family == last) continue;
    if (!families.empty()) families += ", ";
    families.append(family).append(".*");
    last = family;
  }
  return families;
}

}  // namespace florin::events
