#include "webhooks/endpoints/selection.h"

#include <algorithm>

namespace florin::webhooks {

bool selects_type(const Selection& selection, std::string_view type) {
  const auto& wanted = selection.event_types;
  if (std::find(wanted.begin(), wanted.end(), type) != wanted.end()) return true;
  if (type.starts_with("webhook.")) return false;
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
           return one.ends_with(".*") &&
                  type.starts_with(std::string_view(one).substr(0, one.size() - 1));
         });
}

const json::Value* EventView::at(std::string_view path) {
  if (!payload_) {
    auto parsed = json::parse(event_.payload, {.max_depth = json::deepest_nesting});
    payload_ = parsed ? *std::move(parsed) : json::Value();
  }
  const json::Value* value = &*payload_;
  while (value && !path.empty()) {
    const auto dot = path.find('.');
    value = value->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return value;
}

bool selects(const Endpoint& endpoint, EventView& event) {
  if (event.event().tenant != endpoint.tenant || event.event().id <= endpoint.start_after)
    return false;
  if (!selects_type(endpoint.selection, event.event().type)) return false;
  const auto& filter = endpoint.selection.filter;
  return std::all_of(filter.begin(), filter.end(), [&](const auto& rule) {
    const json::Value* value = event.at(rule.first);
    return value && std::find(rule.second.begin(), rule.second.end(), *value) != rule.second.end();
  });
}

std::optional<std::string> order_key_of(const Endpoint& endpoint, EventView& event) {
  if (!endpoint.policy.order_by) return std::nullopt;
  if (*endpoint.policy.order_by == "subject") return event.event().subject;
  const json::Value* value = event.at(*endpoint.policy.order_by);
  if (!value || value->is_null()) return std::nullopt;
  return json::serialize(*value);
}

}  // namespace florin::webhooks
