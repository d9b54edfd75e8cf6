#pragma once
#include "app/config.h"
#include "base/result.h"
#include "hub/partners/partners.h"
#include "sandbox/sandbox.h"

namespace florin::app {

/// Whether it is one of the secrets that the sandbox's documentation tells everybody.
bool is_published(const Secret& secret);

/// For secrets that reach the server in other ways than its settings: where others than this
/// machine can connect, "published" refuses those that everybody knows.
SecretRule secret_rule(const Config& config);

/// What settings mean together, with what `serve` was asked for.
/// Errors: invalid_configuration, naming the settings and the rule.
Result<void> check_combination(const Config& config);

/// Where others than this machine reach the server, a sandbox must be public on purpose, and no
/// secret of the settings may be a published one.
/// Errors: invalid_configuration, naming the setting and the rule.
Result<void> check_exposure(const Config& config);

/// The same for partners that an earlier sandbox has left in the database.
/// Errors: invalid_configuration, naming the partner and what to do.
Result<void> check_exposure(const Config& config, const hub::Partners& partners);

/// The same for `florin sandbox`, whose control needs no key. Errors: invalid_configuration.
Result<void> check_exposure(const sandbox::Options& options, bool is_public);

/// What the simulators of `serve --sandbox` know: the published secrets, or, where the sandbox is
/// public, new ones.
sandbox::Options sandbox_secrets(const Config& config);

}  // namespace florin::app
