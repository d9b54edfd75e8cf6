#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "events/events.h"
#include "platform/json/value.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// Whether events of that type are selected.
bool selects_type(const Selection& selection, std::string_view type);

/// An event with its payload as a document, parsed at most once, when it is needed.
class EventView {
 public:
  explicit EventView(const events::Event& event) : event_(event) {}

  const events::Event& event() const { return event_; }
  /// The value at a dotted path ("data.partner_id"); nullptr when there is none.
  const json::Value* at(std::string_view path);

 private:
  const events::Event& event_;
  std::optional<json::Value> payload_;
};

/// Whether the endpoint gets the event: tenant, time, type and filter.
bool selects(const Endpoint& endpoint, EventView& event);

/// The order key of the event for this endpoint; nothing when it has no such value.
std::optional<std::string> order_key_of(const Endpoint& endpoint, EventView& event);

}  // namespace florin::webhooks
