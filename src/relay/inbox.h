#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/timestamp.h"
#include "base/words.h"

namespace florin {
class IdGenerator;
}
namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Tx;
}

namespace florin::relay {
struct CloudEvent;

struct InboundTag {
  static constexpr std::string_view prefix = "inb";
};
using InboundId = Id<InboundTag>;

/// How an event of another system came to us.
enum class Channel : std::uint8_t { http, kafka };
constexpr auto words_of(Channel) {
  return std::to_array<Word<Channel>>({{Channel::http, "http"}, {Channel::kafka, "kafka"}});
}

/// An event of another system that we took.
struct InboundEvent {
  InboundId id;
  TenantId tenant;
  std::string source, source_event_id, type, subject;
  std::optional<Timestamp> occurred_at;
  Channel channel = Channel::http;
  EventId event;  ///< In our event log, for our modules.
  Timestamp received_at;
};

/// On whose behalf an event comes in.
struct Sender {
  TenantId tenant;
  std::string_view actor;       ///< "key_…", or "kafka".
  std::string_view request_id;  ///< Empty for Kafka.
  Channel channel = Channel::http;
};

struct Taken {
  InboundEvent event;
  bool is_new = false;  ///< False: it was taken before; nothing was written.
};

/// Takes each event of another system once, through either channel and however often it comes: its
/// row and an event of the same type in our log are one unit of work. Stateless, safe for
/// concurrent use.
class Inbox {
 public:
  Inbox(events::EventLog& events, IdGenerator& ids, const Clock& clock);

  /// Errors: inbound_event_mismatch; store errors.
  Result<Taken> take(sql::Tx& tx, const Sender& sender, const CloudEvent& event) const;

 private:
  events::EventLog& events_;
  IdGenerator& ids_;
  const Clock& clock_;
};

}  // namespace florin::relay
