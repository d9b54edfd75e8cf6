#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/proof.h"

namespace florin::sql {
class Tx;
}

namespace florin::ledger {

/// Where the chains end at a moment: what is kept outside of the database, so that a copy of
/// yesterday and books whose end was cut off are told from the books of today.
struct Anchor {
  struct ChainEnd {
    std::int64_t chain = 0, sequence = 0;
    std::string hash;
    friend bool operator==(const ChainEnd&, const ChainEnd&) = default;
  };
  Timestamp at;
  std::int64_t event = 0;  ///< The newest event with a link; 0: none.
  std::string event_link;
  std::vector<ChainEnd> chains;
  /// The operator has accepted what was written without the key up to here (ledger/key_losses.h).
  bool is_acceptance = false;

  /// Whether both say the same of the books.
  bool agrees_with(const Anchor& other) const {
    return event == other.event && event_link == other.event_link && chains == other.chains;
  }
};

Result<Anchor> read_anchor(sql::Tx& tx, Timestamp at);

/// One line of JSON without its end, signed.
std::string to_line(const Anchor& anchor, const crypto::SealKey& key);

/// The same, as an acceptance.
std::string to_acceptance(Anchor anchor, const crypto::SealKey& key);

/// Who says to have signed a line, and when; nothing for a line that is no anchor. Proves nothing.
struct Signer {
  std::string key;
  Timestamp at;
};
std::optional<Signer> signer_of(std::string_view line);

/// Errors: validation_failed for a line that is no anchor, or whose signature does not fit.
struct SignedAnchor {
  Anchor anchor;
  bool is_other_key = false;  ///< Signed with another key than this one: not proven.
};
Result<SignedAnchor> parse_anchor(std::string_view line, const crypto::SealKey& key);

/// Whether the books hold what the anchor saw; they may have gone on since.
Result<sql::Check> check_anchor(sql::Tx& tx, const SignedAnchor& signed_anchor,
                                const sql::Progress& progress);

}  // namespace florin::ledger
