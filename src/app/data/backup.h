#pragma once
#include <cstdint>
#include <string>

#include "app/config.h"
#include "base/clock.h"
#include "base/result.h"
#include "platform/sql/proof.h"

namespace florin::app {

/// Told now and then, in parts of what there is to do.
using BackupProgress = sql::Progress;

struct BackupOptions {
  std::string folder;  ///< Of the backup.
  bool with_secret_key =
      false;            ///< Else what the database keeps sealed needs the key from elsewhere.
  bool verify = false;  ///< Prove the books of the copy too.
};

/// What a backup says of itself, in its manifest.json.
struct Manifest {
  std::string engine;  ///< "sqlite", "postgres"
  std::string file;    ///< "florin.db", "florin.dump"
  std::string version;
  std::string created_at;
  std::string sha256;  ///< Of the file.
  std::int64_t bytes = 0;
  bool has_secret_key = false;
};

/// Copies the database, beside a running server, into a new folder: the file, its checksum in
/// manifest.json and, when asked for, secret.key. The folder appears under its name when all of it
/// is written and its structure was checked.
/// Errors: backup_failed (the folder is there already, cannot be written, or the copy has faults),
///         tool_failed (PostgreSQL), store errors.
Result<Manifest> back_up(const Config& config, const Clock& clock, const BackupOptions& options,
                         const BackupProgress& progress);

/// Puts a backup to where `config` says: nothing may be there. With `verify` the books are proved.
/// Errors: restore_refused (no whole backup, changed since it was made, or something is there
///         already), tool_failed (PostgreSQL), store errors.
Result<Manifest> restore(const Config& config, const BackupOptions& options,
                         const BackupProgress& progress);

namespace errors {
/// The backup failed; its partial files were removed.
inline constexpr ErrorCode backup_failed{ErrorKind::unavailable, "backup_failed"};
/// The folder holds no complete backup, or the target is not empty. Nothing was changed.
inline constexpr ErrorCode restore_refused{ErrorKind::invalid, "restore_refused"};
}  // namespace errors

}  // namespace florin::app
