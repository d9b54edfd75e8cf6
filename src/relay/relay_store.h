#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "idempotency/key.h"
#include "relay/inbox.h"

namespace florin::sql {
class Tx;
}

namespace florin::relay::store {

/// Up to where the log was acknowledged; none at first.
Result<EventId> cursor(sql::Tx& tx);
/// Never moves it back.
Result<void> move_cursor(sql::Tx& tx, EventId to);

struct StoredInbound : InboundEvent {
  idempotency::Digest content{};  ///< Tells a repetition from another event with the same id.
};
Result<std::optional<StoredInbound>> find_inbound(sql::Tx& tx, TenantId tenant,
                                                  std::string_view source,
                                                  std::string_view source_event_id);
Result<void> insert_inbound(sql::Tx& tx, const StoredInbound& row);
/// The greatest id of an inbound event; 0 without any.
Result<std::int64_t> greatest_id(sql::Tx& tx);

}  // namespace florin::relay::store
