#include "ledger/anchor_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/sealer.h"

namespace florin::ledger {
namespace {

constexpr std::int64_t between_log_lines_s = 60;

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

Result<std::string> why_not_borne_out(sql::Database& database, const SignedAnchor& anchor,
                                      const std::string& path) {
  if (anchor.is_other_key) return path + " is signed with another key";
  const sql::Check check =
      TRY(database.read([&](sql::Tx& tx) { return check_anchor(tx, anchor, {}); }));
  return check.faults == 0 ? std::string() : check.examples.front();
}

}  // namespace

std::string anchor_path(const Settings& settings, const std::string& data_folder) {
  return settings.anchor_file.empty() ? data_folder + "/anchor.json" : settings.anchor_file;
}

Result<const crypto::SealKey*> anchor_key(const sql::Database& database) {
  const sql::Sealer* sealer = database.sealer();
  if (sealer && !sealer->is_key_lost()) return &sealer->key();
  return Error{florin::errors::validation_failed, std::string(lost_key)};
}

Result<std::vector<SignedAnchor>> load_anchors(const std::string& path,
                                               const crypto::SealKey& key) {
  std::ifstream in(path);
  if (!in) return unusable(path, "read");
  std::vector<SignedAnchor> anchors;
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      anchors.push_back(TRY(parse_anchor(line, key)));
  }
  return anchors;
}

Result<std::string> present_anchor(sql::Database& database, Timestamp now) {
  const crypto::SealKey* key = TRY(anchor_key(database));
  const Anchor anchor = TRY(database.read([&](sql::Tx& tx) { return read_anchor(tx, now); }));
  return to_line(anchor, *key);
}

Result<void> write_present_anchor(sql::Database& database, const std::string& path, Timestamp now) {
  return replace_file(path, TRY(present_anchor(database, now)) + "\n");
}

Result<std::string> why_anchor_stays(sql::Database& database, const std::string& path) {
  const auto key = anchor_key(database);
  if (!key) return key.error().detail;
  std::error_code fault;
  if (!std::filesystem::exists(path, fault)) return std::string();
  const auto anchors = load_anchors(path, **key);
  if (!anchors) return path + ": " + anchors.error().detail;
  for (const SignedAnchor& anchor : *anchors) {
    std::string reason = TRY(why_not_borne_out(database, anchor, path));
    if (!reason.empty()) return reason;
  }
  return std::string();
}

AnchorKeeper::AnchorKeeper(sql::Database& database, const Clock& clock, std::string path)
    : database_(database), clock_(clock), path_(std::move(path)) {}

Result<std::string> AnchorKeeper::look() {
  const std::lock_guard lock(mutex_);
  // What this process has not written itself may be of later books than these.
  if (!written_ && is_blocked(TRY(why_anchor_stays(database_, path_)))) return trouble_;
  const crypto::SealKey* key = TRY(anchor_key(database_));
  Anchor anchor = TRY(database_.read([&](sql::Tx& tx) { return read_anchor(tx, clock_.now()); }));
  if (written_ && written_->agrees_with(anchor)) return std::string();
  const std::string line = to_line(anchor, *key);
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

}  // namespace florin::ledger
