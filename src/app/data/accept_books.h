#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// Where the server keeps the anchor of these settings.
std::string anchor_path(const Config& config);

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

}  // namespace florin::app
