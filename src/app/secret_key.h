#pragma once
#include <cstdint>
#include <string>

#include "app/config.h"
#include "app/data/open_database.h"
#include "base/result.h"
#include "base/secret.h"

namespace florin::app {

enum class KeyFile : std::uint8_t { is_made, is_expected };

/// What secrets in the database are sealed with: the configured key, else that of
/// <data_dir>/secret.key. A file that is missing is made, for its owner alone (mode 0600), or the
/// key is empty where one is expected: then what was sealed is lost, and a new key would hide it.
/// Errors: store_unavailable when the file can neither be read nor made; invalid_configuration when
/// it holds no key, or one that is guessable where nothing is sealed yet.
Result<Secret> load_secret_key(const Config& config, KeyFile missing = KeyFile::is_made);

/// The name of the key that the books are to be sealed with: the one that was accepted last or is
/// noted as lost, else that of the newest seal; empty when nothing is sealed. A hint, no proof.
Result<std::string> books_key(sql::Database& database);

/// Whether anything in the database is sealed: then its key is not to be made anew unasked.
Result<KeyFile> key_file_of(sql::Database& database, const Opening& opening);

}  // namespace florin::app
