#pragma once
#include "app/config.h"
#include "base/result.h"
#include "base/secret.h"

namespace florin::app {

/// What secrets in the database are sealed with: the configured key, else that of
/// <data_dir>/secret.key. The file is made at the first start, for its owner alone (mode 0600);
/// without it the secrets in the database are lost, so it belongs into the backup.
/// Errors: store_unavailable when the file can neither be read nor made; invalid_configuration when
/// it holds no key.
Result<Secret> load_secret_key(const Config& config);

}  // namespace florin::app
