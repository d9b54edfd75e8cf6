#include "app/data/accept_books.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/secret_key.h"
#include "base/try.h"
#include "ledger/anchor_file.h"
#include "ledger/key_losses.h"
#include "ledger/settings.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/sealer.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view aside_ending = ".before-";

/// Gives how many rows of each table were sealed again.
Result<std::map<std::string, std::int64_t>> accept_unkeyed(sql::Database& database,
                                                           const crypto::SealKey& key,
                                                           Timestamp now) {
  std::map<std::string, std::int64_t> sealed;
  TRY(database.write([&](sql::Tx& tx) { return ledger::accept_chains(tx, key, now); }));
  for (const sql::SealedTable& table : database.sealer()->tables()) {
    const std::int64_t rows = TRY(sql::seal_again(database, *database.sealer(), table));
    if (rows > 0) sealed.emplace(table.name, rows);
  }
  TRY(database.write([&](sql::Tx& tx) { return ledger::end_key_losses(tx, now); }));
  log::warn("what was written without the key is accepted", {{"key", key.name()}});
  return sealed;
}

}  // namespace

std::string anchor_path(const Config& config) {
  return ledger::anchor_path(config.get<ledger::Settings>(), config.data_dir);
}

Result<Acceptance> accept_books(sql::Database& database, const std::string& path, Timestamp now) {
  const crypto::SealKey* key = TRY(ledger::anchor_key(database));
  Acceptance result;
  result.key_before = TRY(books_key(database));
  if (result.key_before == key->name()) result.key_before.clear();
  if (!result.key_before.empty())
    TRY(database.write([&](sql::Tx& tx) { return ledger::take_key(tx, *key, now); }));
  if (TRY(database.read([](sql::Tx& tx) { return ledger::is_key_loss_recorded(tx); }))) {
    result.sealed_again = TRY(accept_unkeyed(database, *key, now));
    result.ends_loss = true;
  }
  const std::string reason = TRY(ledger::why_anchor_stays(database, path));
  if (!reason.empty()) {
    result.aside = fmt::format("{}{}{}", path, aside_ending, now.us / 1'000'000);
    std::error_code fault;
    fs::rename(path, result.aside, fault);
    if (fault)
      return Error{sql::errors::store_unavailable,
                   "the anchor file " + path + " cannot be set aside"};
    log::warn("the books are accepted as they are", {{"reason", reason}, {"kept", result.aside}});
  }
  TRY(ledger::write_present_anchor(database, path, now));
  return result;
}

std::vector<std::string> set_aside_anchors(const std::string& path) {
  const fs::path file = fs::absolute(path);
  const std::string start = file.filename().string() + std::string(aside_ending);
  std::vector<std::string> found;
  std::error_code fault;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), fault)) {
    if (entry.path().filename().string().starts_with(start)) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace florin::app
