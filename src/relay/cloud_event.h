#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/timestamp.h"

namespace florin::events {
struct Event;
}
namespace florin::json {
class Value;
}

namespace florin::relay {

/// What others may report. Any other type is rejected, so that a misspelt one is noticed by its
/// sender.
inline constexpr auto accepted_types =
    std::to_array<std::string_view>({"sme.kyc.verified", "sme.payment.received"});

/// An event of another system, read from CloudEvents 1.0 JSON.
struct CloudEvent {
  std::string id, source, type;
  std::string subject;  ///< Its id where the source gave none.
  std::optional<Timestamp> time;
  std::optional<std::string> tenant;  ///< The extension attribute: a name or id.
  std::string data;                   ///< A JSON object.
};

/// Errors: validation_failed, naming every attribute that CloudEvents or we do not take.
/// Source: CloudEvents 1.0.2, "JSON Event Format", section 3. Extension attributes are let pass.
Result<CloudEvent> read_cloud_event(const json::Value& document);

/// Whether data of this datacontenttype is JSON.
bool is_json_type(std::string_view type);

/// An event of our log as CloudEvents 1.0 JSON; `source` names this installation.
std::string to_cloud_event(const events::Event& event, std::string_view source);

}  // namespace florin::relay
