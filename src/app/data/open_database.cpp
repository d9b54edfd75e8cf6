#include "app/data/open_database.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/data/accept_books.h"
#include "app/data/private_files.h"
#include "app/data/sealed_tables.h"
#include "app/modules.h"
#include "app/secret_key.h"
#include "base/try.h"
#include "ledger/key_losses.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/migration.h"
#include "platform/sql/sealer.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_scheme = "sqlite:";

bool has_bytes(const std::string& path) {
  std::error_code fault;
  const std::uintmax_t size = fs::file_size(path, fault);
  return !fault && size > 0;
}

/// What an earlier database would have left beside this one.
std::vector<std::string> traces(const Config& config, const std::string& path,
                                bool is_key_brought = false) {
  std::vector<std::string> found;
  for (const char* ending : {"-wal", "-head"}) {
    if (has_bytes(path + ending)) found.push_back(path + ending);
  }
  // The key of the data folder may be older than a database elsewhere.
  const std::string key = config.data_dir + "/secret.key";
  if (!is_key_brought && path == config.data_dir + "/florin.db" && has_bytes(key))
    found.push_back(key);
  return found;
}

/// A log would be taken for the new database's own.
Result<void> set_aside(const Config& config, const std::string& path, Timestamp now) {
  // The anchor, too, speaks of the books that were there.
  for (const std::string& file :
       {path + "-wal", path + "-shm", path + "-head", anchor_path(config)}) {
    std::error_code fault;
    if (!fs::exists(file, fault)) continue;
    fs::rename(file, fmt::format("{}.before-{}", file, now.us / 1'000'000), fault);
    if (fault) return Error{sql::errors::store_unavailable, file + " cannot be set aside"};
  }
  return {};
}

enum class Found : std::uint8_t { something, nothing, an_empty_file };

/// What is no plain file is for SQLite to refuse.
Found look_for(const std::string& path) {
  std::error_code fault;
  if (path == ":memory:" || has_bytes(path)) return Found::something;
  if (!fs::exists(path, fault)) return Found::nothing;
  return fs::is_regular_file(path, fault) ? Found::an_empty_file : Found::something;
}

std::string_view word_for(Found found) { return found == Found::nothing ? "missing" : "empty"; }

Error lost(const std::string& path, const std::vector<std::string>& left, std::string_view begin) {
  return {errors::database_lost,
          fmt::format("the database {} is {}, but there was one: see {}. Was it removed, or does "
                      "--data name another folder? Restore a backup (docs/runbook.md); or, to "
                      "begin a new and empty ledger, {}",
                      path, word_for(look_for(path)), fmt::join(left, ", "), begin)};
}

Result<void> prepare_place(const Config& config, const std::string& path, const Clock& clock,
                           const Opening& opening) {
  if (look_for(path) == Found::something) return {};
  const auto left = traces(config, path, opening.brings_rows);
  if (left.empty()) return {};
  if (opening.is_new) return set_aside(config, path, clock.now());
  return lost(path, left, "say --new");
}

Result<void> check_schema(sql::Database& database) {
  int waiting = 0;
  for (const sql::MigrationState& state : TRY(sql::migration_states(database, all_migrations())))
    waiting += state.applied ? 0 : 1;
  if (waiting == 0) return {};
  return Error{errors::schema_outdated,
               fmt::format("the schema is older than this florin ({} migrations wait), and this "
                           "command changes nothing: run florin migrate first",
                           waiting)};
}

using SealerPtr = std::shared_ptr<const sql::Sealer>;

Result<SealerPtr> sealer_of(const Secret& key) {
  const auto tables = TRY(sealed_tables());
  return SealerPtr(std::make_shared<const sql::Sealer>(crypto::SealKey(key), tables));
}

Result<SealerPtr> sealer_without_key(std::string lost_key, const Clock& clock) {
  const auto tables = TRY(sealed_tables());
  auto note_loss = [lost_key = std::move(lost_key), &clock](sql::Tx& tx) {
    return ledger::record_key_loss(tx, lost_key, clock.now());
  };
  return SealerPtr(std::make_shared<const sql::Sealer>(tables, std::move(note_loss)));
}

/// What seals the rows that are written. A key that did not seal the books is as good as none until
/// the operator says that it is meant: it would make seals that the right one cannot check.
Result<SealerPtr> sealer_for_writing(const Config& config, sql::Database& database,
                                     const Clock& clock, const Opening& opening) {
  const Secret key = TRY(load_secret_key(config, TRY(key_file_of(database, opening))));
  const std::string of_books = TRY(books_key(database));
  if (key.empty()) return sealer_without_key(of_books, clock);
  auto sealer = TRY(sealer_of(key));
  const bool is_theirs = of_books.empty() || sealer->key().name() == of_books;
  if (is_theirs || opening.takes_key || opening.brings_rows) return sealer;
  if (opening.new_secret_key) {
    TRY(database.write(
        [&](sql::Tx& tx) { return ledger::take_key(tx, sealer->key(), clock.now()); }));
    return sealer;
  }
  log::error("the secret key is not the one of the books: what is written now has no seals",
             {{"here", sealer->key().name()}, {"books", of_books}});
  return sealer_without_key(of_books, clock);
}

std::optional<std::string> sqlite_file(const Config& config) {
  const std::string url = config.effective_database_url();
  if (!url.starts_with(sqlite_scheme)) return std::nullopt;
  return url.substr(sqlite_scheme.size());
}

}  // namespace

bool is_read_only(const Config& config) {
  const auto path = sqlite_file(config);
  if (!path || look_for(*path) != Found::something) return false;
  return !is_writable(*path) || !is_writable(fs::absolute(*path).parent_path());
}

Result<void> expect_database(const Config& config) {
  const auto path = sqlite_file(config);
  const Found found = path ? look_for(*path) : Found::something;
  if (found == Found::something) return {};
  const auto left = traces(config, *path);
  if (!left.empty()) return lost(*path, left, "run: florin serve --new");
  return Error{errors::database_missing,
               fmt::format("there is no database at {} (the file is {}); point --data or --db to "
                           "where it is, or make one with: florin serve",
                           *path, word_for(found))};
}

Result<std::unique_ptr<sql::Database>> open_database(const Config& config, const Clock& clock,
                                                     const Opening& opening) {
  if (opening.purpose != Opening::For::making) {
    TRY(expect_database(config));
  } else if (const auto path = sqlite_file(config)) {
    TRY(prepare_place(config, *path, clock, opening));
  }
  if (config.database_url.empty() && opening.purpose == Opening::For::making)
    TRY(make_private_folder(config.data_dir));
  const bool reads = opening.purpose == Opening::For::reading;
  auto database = TRY(sql::open(config.effective_database_url(), {reads, opening.accept_wal_loss}));
  if (reads) {
    TRY(check_schema(*database));
  } else {
    TRY(sql::migrate(*database, all_migrations(), clock.now()));
  }
  auto sealer = TRY(reads ? sealer_for_reading(config)
                          : sealer_for_writing(config, *database, clock, opening));
  database->seal_with(std::move(sealer));
  return database;
}

Result<std::shared_ptr<const sql::Sealer>> sealer_for_reading(const Config& config) {
  const auto key = load_secret_key(config, KeyFile::is_expected);
  if (key && !key->empty()) return sealer_of(*key);
  const auto tables = TRY(sealed_tables());
  const auto notes_nothing = [](sql::Tx&) -> Result<void> { return {}; };
  return SealerPtr(std::make_shared<const sql::Sealer>(tables, notes_nothing));
}

}  // namespace florin::app
