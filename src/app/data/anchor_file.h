#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/clock.h"
#include "ledger/anchor.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// Where the server keeps the end of the books: the setting anchor.file, else anchor.json in the
/// data folder.
std::string anchor_path(const Config& config);

/// The anchors of a file, one a line. Errors: validation_failed, store_unavailable.
Result<std::vector<ledger::SignedAnchor>> load_anchors(const std::string& path,
                                                       const crypto::SealKey& key);

/// The present end of the books as a signed line. Errors: store errors; validation_failed without a
/// key.
Result<std::string> present_anchor(sql::Database& database, Timestamp now);

/// Why the anchor file must not be written over, in a sentence; empty when it may be. The reasons:
/// the key is lost, the file was changed or signed with another key, or the books do not hold what
/// it saw. Errors: those of the store.
Result<std::string> why_anchor_stays(sql::Database& database, const std::string& path);

/// What accept_books() did.
struct Acceptance {
  std::string aside;       ///< Where the earlier anchor file is kept; empty: it was borne out.
  std::string key_before;  ///< The books had another key until now; empty: they had this one.
  bool ends_loss = false;  ///< What was written without the key is accepted;
  std::map<std::string, std::int64_t> sealed_again;  ///< so many rows of these tables have seals.
};

/// Takes the books as they are, and the key that is here for theirs: accepts and seals what was
/// written without it, sets the anchor file aside when the books do not hold what it saw, or it
/// cannot be checked, and writes the present end of the books in its place. What no longer fits the
/// seal that it has stays as it is. Errors: those of the store; validation_failed without a key.
Result<Acceptance> accept_books(sql::Database& database, const std::string& path, Timestamp now);

/// Anchor files that accept_books() set aside beside this one, oldest first.
std::vector<std::string> set_aside_anchors(const std::string& path);

/// Writes the end of the books to a file when it has moved, and into the log each minute. A file
/// that the books do not bear out is left as it is: it is the proof that something is missing.
class AnchorKeeper {
 public:
  AnchorKeeper(sql::Database& database, const Clock& clock, std::string path);

  /// What was written; empty when nothing has moved.
  Result<std::string> look();

  /// Why nothing is written, in a sentence; empty when all is well.
  std::string trouble() const;

 private:
  bool is_blocked(std::string reason);
  void tell(const std::string& line);

  sql::Database& database_;
  const Clock& clock_;
  const std::string path_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::optional<ledger::Anchor> written_;
  std::string trouble_;
  Timestamp told_at_, warned_at_;
};

}  // namespace florin::app
