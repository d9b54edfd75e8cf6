#include "app/data/anchor_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "app/secret_key.h"
#include "base/try.h"
#include "ledger/key_losses.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/sealer.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t between_log_lines_s = 60;
constexpr std::string_view aside_ending = ".before-";

Error unusable(const std::string& path, const char* what) {
  return {sql::errors::store_unavailable, "the anchor file " + path + " cannot be " + what};
}

/// A reader finds the old line or the new one, also after a crash.
Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int file =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return unusable(path, "written");
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  if (::close(file) != 0 || !is_written || std::rename(fresh.c_str(), path.c_str()) != 0)
    return unusable(path, "written");
  return {};
}

constexpr std::string_view lost_key =
    "secret.key, with which an anchor is signed, is lost or is not the one of the books: what is "
    "written now has no seals";

Result<const crypto::SealKey*> key_of(const sql::Database& database) {
  const sql::Sealer* sealer = database.sealer();
  if (sealer && !sealer->is_key_lost()) return &sealer->key();
  return Error{florin::errors::validation_failed, std::string(lost_key)};
}

Result<std::string> why_not_borne_out(sql::Database& database, const ledger::SignedAnchor& anchor,
                                      const std::string& path) {
  if (anchor.is_other_key) return path + " is signed with another key";
  const sql::Check check =
      TRY(database.read([&](sql::Tx& tx) { return ledger::check_anchor(tx, anchor, {}); }));
  return check.faults == 0 ? std::string() : check.examples.front();
}

Result<void> write_present(sql::Database& database, const std::string& path, Timestamp now) {
  return replace_file(path, TRY(present_anchor(database, now)) + "\n");
}

}  // namespace

std::string anchor_path(const Config& config) {
  return config.anchor_file.empty() ? config.data_dir + "/anchor.json" : config.anchor_file;
}

Result<std::vector<ledger::SignedAnchor>> load_anchors(const std::string& path,
                                                       const crypto::SealKey& key) {
  std::ifstream in(path);
  if (!in) return unusable(path, "read");
  std::vector<ledger::SignedAnchor> anchors;
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      anchors.push_back(TRY(ledger::parse_anchor(line, key)));
  }
  return anchors;
}

Result<std::string> present_anchor(sql::Database& database, Timestamp now) {
  const crypto::SealKey* key = TRY(key_of(database));
  const ledger::Anchor anchor =
      TRY(database.read([&](sql::Tx& tx) { return ledger::read_anchor(tx, now); }));
  return ledger::to_line(anchor, *key);
}

Result<std::string> why_anchor_stays(sql::Database& database, const std::string& path) {
  const auto key = key_of(database);
  if (!key) return key.error().detail;
  std::error_code fault;
  if (!fs::exists(path, fault)) return std::string();
  const auto anchors = load_anchors(path, **key);
  if (!anchors) return path + ": " + anchors.error().detail;
  for (const ledger::SignedAnchor& anchor : *anchors) {
    std::string reason = TRY(why_not_borne_out(database, anchor, path));
    if (!reason.empty()) return reason;
  }
  return std::string();
}

namespace {

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

Result<Acceptance> accept_books(sql::Database& database, const std::string& path, Timestamp now) {
  const crypto::SealKey* key = TRY(key_of(database));
  Acceptance result;
  result.key_before = TRY(books_key(database));
  if (result.key_before == key->name()) result.key_before.clear();
  if (!result.key_before.empty())
    TRY(database.write([&](sql::Tx& tx) { return ledger::take_key(tx, *key, now); }));
  if (TRY(database.read([](sql::Tx& tx) { return ledger::is_key_loss_noted(tx); }))) {
    result.sealed_again = TRY(accept_unkeyed(database, *key, now));
    result.ends_loss = true;
  }
  const std::string reason = TRY(why_anchor_stays(database, path));
  if (!reason.empty()) {
    result.aside = fmt::format("{}{}{}", path, aside_ending, now.us / 1'000'000);
    std::error_code fault;
    fs::rename(path, result.aside, fault);
    if (fault) return unusable(path, "set aside");
    log::warn("the books are accepted as they are", {{"reason", reason}, {"kept", result.aside}});
  }
  TRY(write_present(database, path, now));
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

AnchorKeeper::AnchorKeeper(sql::Database& database, const Clock& clock, std::string path)
    : database_(database), clock_(clock), path_(std::move(path)) {}

Result<std::string> AnchorKeeper::look() {
  const std::lock_guard lock(mutex_);
  // What this process has not written itself may be of later books than these.
  if (!written_ && is_blocked(TRY(why_anchor_stays(database_, path_)))) return trouble_;
  const crypto::SealKey* key = TRY(key_of(database_));
  ledger::Anchor anchor =
      TRY(database_.read([&](sql::Tx& tx) { return ledger::read_anchor(tx, clock_.now()); }));
  if (written_ && written_->agrees_with(anchor)) return std::string();
  const std::string line = ledger::to_line(anchor, *key);
  TRY(replace_file(path_, line + "\n"));
  tell(line);
  written_ = std::move(anchor);
  return "written to " + path_;
}

std::string AnchorKeeper::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool AnchorKeeper::is_blocked(std::string reason) {
  const Timestamp now = clock_.now();
  trouble_ = std::move(reason);
  if (trouble_.empty()) return false;
  if (now >= warned_at_.plus_seconds(between_log_lines_s)) {
    warned_at_ = now;
    log::error("the anchor is not written: see florin verify, docs/runbook.md",
               {{"reason", trouble_}});
  }
  return true;
}

void AnchorKeeper::tell(const std::string& line) {
  const Timestamp now = clock_.now();
  if (now < told_at_.plus_seconds(between_log_lines_s)) return;
  told_at_ = now;
  log::info("the books end here", {{"anchor", line}});
}

}  // namespace florin::app
