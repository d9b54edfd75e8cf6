#pragma once
#include "app/config.h"
#include "base/result.h"
#include "base/secret.h"

namespace florin::app {

/// The key that seals secrets in the database: the configured one, or else that of
/// <data>/secret.key, which the first start makes (readable by the owner alone). Keep it with the
/// backups: without it the stored secrets cannot be opened.
/// Errors: store_unavailable (the file cannot be read or written), invalid_configuration (it is too
/// short).
Result<Secret> load_secret_key(const Config& config);

}  // namespace florin::app
