#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/events.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/proof.h"
#include "platform/sql/seal_facts.h"

namespace florin::events {

/// An event as its row has it.
struct EventView {
  EventId id;
  TenantId tenant;
  std::string_view type, subject, payload, actor;
  std::optional<std::string_view> request_id;
  Timestamp at;
};

/// The link of an event: the seal of the link before it (empty for the first) and of every column.
crypto::Seal link_of(const crypto::SealKey& key, std::string_view previous, const EventView& event);

/// The log as the proof found it.
struct ChainProof {
  sql::Check check;
  std::int64_t linked = 0;  ///< Events with a link.
  EventId newest;           ///< Of these.
  std::string link;         ///< Its link.
};
/// Hears of every event with a link, oldest first.
using EventVisitor = std::function<void(const EventView& event, std::string_view link)>;

/// Goes through the whole log. Without a key links are followed, but not proven. Events before the
/// first link were written without a key: they are counted as not covered. Unkeyed links are
/// accepted up to the event `accepted`. `facts` know of losses of the key, and learn the rest.
Result<ChainProof> prove_chain(sql::Tx& tx, const crypto::SealKey* key, sql::SealFacts& facts,
                               EventId accepted, const sql::Progress& progress,
                               const EventVisitor& visit);

/// The newest event with a link; nothing when there is none.
struct ChainHead {
  EventId newest;
  std::string link;
};
Result<std::optional<ChainHead>> find_chain_head(sql::Tx& tx);
/// The link of an event, empty for one without; nothing when there is no such event.
Result<std::optional<std::string>> find_link(sql::Tx& tx, EventId id);

}  // namespace florin::events
