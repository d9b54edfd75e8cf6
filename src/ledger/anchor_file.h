#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/anchor.h"
#include "ledger/settings.h"

namespace florin::sql {
class Database;
}

namespace florin::ledger {

/// Where the server keeps the end of the books: the setting anchor.file, else anchor.json in the
/// data folder.
std::string anchor_path(const Settings& settings, const std::string& data_folder);

/// The anchors of a file, one a line. Errors: validation_failed, store_unavailable.
Result<std::vector<SignedAnchor>> load_anchors(const std::string& path, const crypto::SealKey& key);

/// The key that an anchor is signed with. Errors: validation_failed while it is lost.
Result<const crypto::SealKey*> anchor_key(const sql::Database& database);

/// The present end of the books as a signed line. Errors: store errors; validation_failed without a
/// key.
Result<std::string> present_anchor(sql::Database& database, Timestamp now);

/// The same, into the file: a reader finds the old line or the new one, also after a crash.
Result<void> write_present_anchor(sql::Database& database, const std::string& path, Timestamp now);

/// Why the anchor file must not be written over, in a sentence; empty when it may be. The reasons:
/// the key is lost, the file was changed or signed with another key, or the books do not hold what
/// it saw. Errors: those of the store.
Result<std::string> why_anchor_stays(sql::Database& database, const std::string& path);

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
  std::optional<Anchor> written_;
  std::string trouble_;
  Timestamp told_at_, warned_at_;
};

}  // namespace florin::ledger
