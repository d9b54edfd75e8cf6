#include "app/secret_key.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/data/private_files.h"
#include "base/try.h"
#include "ledger/key_losses.h"
#include "platform/crypto/random.h"
#include "platform/crypto/seal_key.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::app {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t least_text = 16;

constexpr sql::Query any_sealed{
    "secret_key.any_sealed",
    "SELECT 1 WHERE (SELECT link FROM events ORDER BY id DESC LIMIT 1) IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM tenants WHERE row_seal IS NOT NULL)"
    " OR EXISTS (SELECT 1 FROM partner_secrets)"
    " OR EXISTS (SELECT 1 FROM webhook_secrets)"
    " OR EXISTS (SELECT 1 FROM webhook_endpoints WHERE sealed_private_key IS NOT NULL)"};

constexpr sql::Query newest_seals{"secret_key.newest_seals",
                                  "SELECT (SELECT link FROM events ORDER BY id DESC LIMIT 1),"
                                  " (SELECT row_seal FROM tenants ORDER BY id DESC LIMIT 1)"};

Error unusable(const std::string& path, std::string_view what) {
  return {sql::errors::store_unavailable,
          "the key file " + path + " cannot be " + std::string(what)};
}

Error holds_no_key(const std::string& path) {
  return {errors::invalid_configuration,
          fmt::format("the file {} holds no key: its first line must be the key, of at least {} "
                      "characters (Florin makes {} hexadecimal digits). Put the right file back; "
                      "when it is lost, remove this one (docs/runbook.md, \"A lost secret.key\")",
                      path, least_text, 2 * key_bytes)};
}

/// Writes all of it to the disk, or nothing counts.
bool write_durably(int file, std::string_view text) {
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  return ::close(file) == 0 && is_written;
}

/// Makes the file unless another process did so first.
Result<void> make_file(const std::string& path) {
  const std::string fresh = path + "." + crypto::random_hex(8);
  const int file =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return unusable(path, "made");
  const bool is_written = write_durably(file, crypto::random_hex(key_bytes) + "\n");
  // A link never replaces a file that is there: two servers that start together share one key.
  const bool is_linked =
      is_written && (::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(fresh.c_str());
  if (!is_linked) return unusable(path, "made");
  return {};
}

/// Nothing replaces the key of what is sealed already, so only a new ledger's is judged.
Result<void> check_chosen(const std::string& what, const Secret& key, KeyFile missing) {
  const auto broken = missing == KeyFile::is_made ? guessable_secret(key) : std::nullopt;
  if (!broken) return {};
  return Error{errors::invalid_configuration, what + " " + broken->detail};
}

}  // namespace

Result<KeyFile> key_file_of(sql::Database& database, const Opening& opening) {
  if (opening.purpose == Opening::For::reading || opening.brings_rows) return KeyFile::is_expected;
  if (opening.new_secret_key) return KeyFile::is_made;
  bool is_sealed = false;
  TRY(database.read([&](sql::Tx& tx) {
    return tx.query(any_sealed, {}, [&](const sql::Row&) { return is_sealed = true; });
  }));
  return is_sealed ? KeyFile::is_expected : KeyFile::is_made;
}

Result<std::string> books_key(sql::Database& database) {
  return database.read([](sql::Tx& tx) -> Result<std::string> {
    if (auto noted = TRY(ledger::find_books_key(tx)); noted && !noted->empty()) return *noted;
    std::string name;
    TRY(tx.query(newest_seals, {}, [&](const sql::Row& row) {
      for (const int column : {0, 1}) {
        const std::string_view seal = row.blob(column);
        if (name.empty() && !seal.empty() && !crypto::SealKey::is_unkeyed(seal))
          name = crypto::SealKey::name_of(seal);
      }
      return false;
    }));
    return name;
  });
}

Result<Secret> load_secret_key(const Config& config, KeyFile missing) {
  if (!config.encryption_key.empty()) {
    TRY(check_chosen("security.encryption_key", config.encryption_key, missing));
    return config.encryption_key;
  }
  const std::string path = config.data_dir + "/secret.key";
  std::error_code fault;
  if (!std::filesystem::exists(path, fault)) {
    if (missing == KeyFile::is_expected) return Secret();
    TRY(make_private_folder(config.data_dir));
    TRY(make_file(path));
  }
  std::ifstream in(path);
  std::string text;
  if (!std::getline(in, text) && !in.eof()) return unusable(path, "read");
  if (text.size() < least_text) return holds_no_key(path);
  Secret key(std::move(text));
  TRY(check_chosen("the key in " + path, key, missing));
  return key;
}

}  // namespace florin::app
