#pragma once
#include <cstdint>
#include <memory>

#include "app/config.h"
#include "base/clock.h"
#include "base/result.h"

namespace florin::sql {
class Database;
class Sealer;
}  // namespace florin::sql

namespace florin::app {

/// What a command wants of the database.
struct Opening {
  enum class For : std::uint8_t {
    reading,  ///< It exists and is not changed; a copy that cannot be written will do.
    writing,  ///< It exists; its schema is brought up to date.
    making    ///< As writing, and it is made when there is none.
  };
  For purpose = For::making;
  bool new_secret_key = false;   ///< Make the key anew though something is sealed with a lost one.
  bool takes_key = false;        ///< The key that is there is meant, whatever the books had before.
  bool is_new = false;           ///< Make it also beside what an earlier database left.
  bool brings_rows = false;      ///< They are sealed with a key that is there or comes later.
  bool accept_wal_loss = false;  ///< Go on without what a damaged write-ahead log has lost.
};

/// Errors: database_missing when the settings point to a SQLite file that is not there, or empty;
/// database_lost when what stands beside it says that there was one.
Result<void> expect_database(const Config& config);

/// A SQLite file, or its folder, that this process may not write: somebody else's, or a copy.
bool is_read_only(const Config& config);

/// Opens the configured database. Where the key of its books is lost or another one is there, what
/// is written gets nobody's seals, and the loss is noted with it.
/// Errors: database_missing, database_lost, schema_outdated; those of opening and of migrations.
Result<std::unique_ptr<sql::Database>> open_database(const Config& config, const Clock& clock,
                                                     const Opening& opening = {});

/// What checks the seals of a database that is not changed: with the key of the settings, or one
/// that stands for it when it is not there. Makes no key.
Result<std::shared_ptr<const sql::Sealer>> sealer_for_reading(const Config& config);

namespace errors {
/// No database exists at the configured path, and this command does not create one. Correct --data
/// or --db; `florin serve` creates a database.
inline constexpr ErrorCode database_missing{ErrorKind::not_found, "database_missing"};
/// The database is missing or empty, but files beside it show that one existed. Nothing was
/// changed. Find it, restore a backup, or start an empty database with --new.
inline constexpr ErrorCode database_lost{ErrorKind::conflict, "database_lost"};
/// The command only reads, and the schema is older than this binary. Run `florin migrate` first, or
/// use the version that wrote it.
inline constexpr ErrorCode schema_outdated{ErrorKind::conflict, "schema_outdated"};
}  // namespace errors

}  // namespace florin::app
