#include "app/data/backup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "app/cli/tool.h"
#include "app/data/open_database.h"
#include "app/doctor/page_checks.h"
#include "app/version.h"
#include "base/try.h"
#include "ledger/verify.h"
#include "platform/crypto/hash.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/postgres_url.h"
#include "platform/sql/sealer.h"
#include "platform/sql/sqlite_backup.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr int format = 1;

Error failed(std::string detail) { return {errors::backup_failed, std::move(detail)}; }
Error refused(std::string detail) { return {errors::restore_refused, std::move(detail)}; }

bool is_sqlite(const Config& config) {
  return config.effective_database_url().starts_with(sqlite_scheme);
}

std::string sqlite_path(const Config& config) {
  return config.effective_database_url().substr(sqlite_scheme.size());
}

std::string secret_key_path(const Config& config) { return config.data_dir + "/secret.key"; }

/// Files and folders alike: what they hold, and their entries, are on the disk.
bool sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = ::fsync(file) == 0;
  ::close(file);
  return done;
}

/// A folder that is removed again unless it is kept.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) {}
  ~Draft() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }
  bool keep_as(const std::string& name) {
    std::error_code fault;
    fs::rename(path_, name, fault);
    if (fault) return false;
    path_.clear();
    return sync(fs::absolute(name).parent_path());
  }

 private:
  std::string path_;
};

Result<std::string> checksum(const std::string& path, const BackupProgress& progress) {
  std::ifstream in(path, std::ios::binary);
  crypto::Sha256Stream hash;
  std::vector<char> piece(std::size_t{4} << 20);
  std::int64_t done = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    hash.update({piece.data(), static_cast<std::size_t>(in.gcount())});
    done += in.gcount();
    if (progress) progress("checksum, bytes", done);
  }
  if (!in.eof()) return failed("the file " + path + " cannot be read");
  return crypto::to_hex(crypto::bytes_of(hash.finish()));
}

std::string to_json(const Manifest& manifest) {
  std::string text;
  json::Writer(text)
      .begin_object()
      .member("florin_backup", format)
      .member("version", manifest.version)
      .member("created_at", manifest.created_at)
      .member("engine", manifest.engine)
      .member("file", manifest.file)
      .member("bytes", manifest.bytes)
      .member("sha256", manifest.sha256)
      .member("secret_key", manifest.has_secret_key)
      .end_object();
  return text + "\n";
}

std::string text_at(const json::Value& document, std::string_view name) {
  const json::Value* value = document.find(name);
  return value && value->as_string() ? *value->as_string() : "";
}

Result<Manifest> read_manifest(const std::string& folder) {
  std::ifstream in(folder + "/manifest.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto document = json::parse(text);
  const json::Value* version = document ? document->find("florin_backup") : nullptr;
  if (!version || *version != json::Value(format))
    return refused(folder + " holds no backup of florin (manifest.json)");
  Manifest manifest;
  manifest.engine = text_at(*document, "engine");
  manifest.file = text_at(*document, "file");
  manifest.version = text_at(*document, "version");
  manifest.created_at = text_at(*document, "created_at");
  manifest.sha256 = text_at(*document, "sha256");
  const json::Value* bytes = document->find("bytes");
  if (bytes && bytes->as_integer()) manifest.bytes = *bytes->as_integer();
  manifest.has_secret_key = fs::exists(folder + "/secret.key");
  const bool is_known = (manifest.engine == "sqlite" && manifest.file == "florin.db") ||
                        (manifest.engine == "postgres" && manifest.file == "florin.dump");
  if (!is_known) return refused(folder + "/manifest.json names no file of a backup");
  return manifest;
}

Result<void> prove_books(sql::Database& database, const Config& config,
                         const BackupProgress& progress) {
  database.seal_with(TRY(sealer_for_reading(config)));
  const auto proof = TRY(ledger::verify(database, progress));
  if (!proof.clean()) return failed("the books of the copy are not in order; see florin verify");
  if (proof.other_key() > 0)
    log::warn("the key that rows were sealed with is not here: they were not checked",
              {{"rows", proof.other_key()}});
  if (proof.unkeyed() > 0)
    log::warn("rows were written while the key was lost, and are not accepted: see florin verify",
              {{"rows", proof.unkeyed()}});
  return {};
}

/// The key that the backup brings with it, else the one that is there.
Config with_key_of(const Manifest& manifest, const BackupOptions& options, Config config) {
  if (manifest.has_secret_key && config.encryption_key.empty()) config.data_dir = options.folder;
  return config;
}

/// The copy is opened as a server would open it. Its books are proved with the key of a
/// configuration, when one is given.
Result<void> examine(const std::string& path, const Config* with_books,
                     const BackupProgress& progress) {
  {
    const auto database = TRY(sql::open_sqlite({.path = path}));
    const auto pages = TRY(check_pages(*database, progress));
    if (!pages.is_whole) return failed("the copy has damaged pages:\n" + pages.text);
    const auto faults = TRY(database->check_integrity());
    if (!faults.empty()) return failed("the copy has faults: " + faults.front());
    if (with_books) TRY(prove_books(*database, *with_books, progress));
  }
  std::error_code ignored;
  for (const char* ending : {"-wal", "-shm", "-head"}) fs::remove(path + ending, ignored);
  return {};
}

Result<void> dump_postgres(const Config& config, const std::string& file) {
  // Row security on: florin's role passes the policies as one that serves all tenants, not around
  // them, which only a superuser can.
  return run_tool(
      {"pg_dump", "--format=custom", "--enable-row-security", "--no-password", "--file=" + file},
      TRY(sql::postgres_environment(config.effective_database_url())));
}

Result<void> copy_file(const std::string& from, const std::string& to) {
  std::error_code fault;
  fs::copy_file(from, to, fault);
  // A copy takes over the mode.
  if (!fault) fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, fault);
  if (fault || !sync(to)) return failed(from + " cannot be copied to " + to);
  return {};
}

Result<void> write_manifest(const Draft& draft, const Manifest& manifest) {
  const std::string path = draft.file("manifest.json");
  std::ofstream out(path, std::ios::binary);
  out << to_json(manifest);
  out.close();
  if (!out || !sync(path) || !sync(draft.path())) return failed(path + " cannot be written");
  return {};
}

Result<void> copy_database(const Config& config, const std::string& file, bool verify,
                           const BackupProgress& progress) {
  TRY(expect_database(config));
  if (!is_sqlite(config)) {
    if (verify) return failed("a dump is verified by restoring it: florin restore --verify");
    return dump_postgres(config, file);
  }
  TRY(sql::copy_sqlite(sqlite_path(config), file, [&](std::int64_t done, std::int64_t all) {
    if (progress)
      progress("copying, pages",
               sql::Done(done, static_cast<double>(done), static_cast<double>(all)));
  }));
  return examine(file, verify ? &config : nullptr, progress);
}

Result<void> restore_sqlite(const Config& config, const BackupOptions& options,
                            const Manifest& manifest, const BackupProgress& progress) {
  const std::string target = sqlite_path(config);
  std::error_code ignored;
  fs::create_directories(fs::absolute(target).parent_path(), ignored);
  const std::string fresh = target + ".restoring";
  fs::remove(fresh, ignored);
  TRY(copy_file(options.folder + "/" + manifest.file, fresh));
  const Config proving = with_key_of(manifest, options, config);
  if (const auto examined = examine(fresh, options.verify ? &proving : nullptr, progress);
      !examined) {
    fs::remove(fresh, ignored);
    return refused(examined.error().detail);
  }
  // What the one before had committed is not asked of this one.
  fs::remove(target + "-head", ignored);
  fs::rename(fresh, target, ignored);
  sync(fs::absolute(target).parent_path());
  return {};
}

Result<void> restore_postgres(const Config& config, const BackupOptions& options,
                              const Manifest& manifest, const BackupProgress& progress) {
  const std::string url = config.effective_database_url();
  const std::string file = options.folder + "/" + manifest.file;
  const auto environment = TRY(sql::postgres_environment(url));
  // In one transaction: a restore that fails leaves nothing behind. Owners and grants name roles
  // that need not exist here. The environment names the database; the empty argument only says
  // that there is one.
  TRY(run_tool({"pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
                "--no-privileges", "--no-password", "--dbname=", file},
               environment));
  if (!options.verify) return {};
  const auto database = TRY(sql::open(url));
  return prove_books(*database, with_key_of(manifest, options, config), progress);
}

constexpr sql::Query any_table{"restore.any_table",
                               "SELECT tablename FROM pg_tables WHERE schemaname = "
                               "current_schema() ORDER BY tablename LIMIT 1"};

Result<void> expect_empty_postgres(const Config& config) {
  const auto database = TRY(sql::open(config.effective_database_url()));
  std::string table;
  TRY(database->read([&](sql::Tx& tx) {
    return tx.query(any_table, {}, [&](const sql::Row& row) {
      table = row.text(0);
      return false;
    });
  }));
  if (table.empty()) return {};
  return refused("the database in database.url has tables (" + table +
                 "); restore never replaces one, so make an empty one");
}

/// Before anything is touched.
Result<void> check_restore(const Config& config, const BackupOptions& options,
                           const Manifest& manifest, const BackupProgress& progress) {
  if (is_sqlite(config) != (manifest.engine == "sqlite"))
    return refused("the backup is of " + manifest.engine +
                   ", the database URL of another engine; to change, use export and import");
  for (const std::string& path : {sqlite_path(config), sqlite_path(config) + "-wal"}) {
    if (is_sqlite(config) && fs::exists(path))
      return refused("there is a database at " + path + "; restore never replaces one");
  }
  if (manifest.has_secret_key && fs::exists(secret_key_path(config)))
    return refused("there is a key at " + secret_key_path(config) + "; restore never replaces one");
  if (TRY(checksum(options.folder + "/" + manifest.file, progress)) != manifest.sha256)
    return refused("the file of the backup was changed or is damaged: its checksum differs");
  if (!is_sqlite(config)) TRY(expect_empty_postgres(config));
  return {};
}

}  // namespace

Result<Manifest> back_up(const Config& config, const Clock& clock, const BackupOptions& options,
                         const BackupProgress& progress) {
  std::error_code fault;
  if (fs::exists(options.folder, fault))
    return failed("there is something at " + options.folder + " already");
  Draft draft(options.folder + ".partial");
  fs::remove_all(draft.path(), fault);
  if (!fs::create_directories(draft.path(), fault))
    return failed("the folder " + draft.path() + " cannot be made");
  fs::permissions(draft.path(), fs::perms::owner_all, fault);

  Manifest manifest;
  manifest.engine = is_sqlite(config) ? "sqlite" : "postgres";
  manifest.file = is_sqlite(config) ? "florin.db" : "florin.dump";
  manifest.version = version;
  manifest.created_at = clock.now().rfc3339();
  const std::string file = draft.file(manifest.file);
  TRY(copy_database(config, file, options.verify, progress));
  manifest.bytes = static_cast<std::int64_t>(fs::file_size(file, fault));
  manifest.sha256 = TRY(checksum(file, progress));
  manifest.has_secret_key = options.with_secret_key;
  if (options.with_secret_key) TRY(copy_file(secret_key_path(config), draft.file("secret.key")));
  TRY(write_manifest(draft, manifest));
  if (!sync(file) || !draft.keep_as(options.folder))
    return failed("the folder " + options.folder + " cannot be made");
  return manifest;
}

Result<Manifest> restore(const Config& config, const BackupOptions& options,
                         const BackupProgress& progress) {
  const Manifest manifest = TRY(read_manifest(options.folder));
  TRY(check_restore(config, options, manifest, progress));
  std::error_code ignored;  // What cannot be made is told by what is written there.
  fs::create_directories(config.data_dir, ignored);
  if (manifest.engine == "sqlite") {
    TRY(restore_sqlite(config, options, manifest, progress));
  } else {
    TRY(restore_postgres(config, options, manifest, progress));
  }
  if (manifest.has_secret_key)
    TRY(copy_file(options.folder + "/secret.key", secret_key_path(config)));
  return manifest;
}

}  // namespace florin::app
