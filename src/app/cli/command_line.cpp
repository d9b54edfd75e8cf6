#include "app/cli/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "app/cli/openapi_command.h"
#include "app/cli/reconcile_command.h"
#include "app/cli/sandbox_command.h"
#include "app/cli/serve_command.h"
#include "app/core.h"
#include "app/data/accept_books.h"
#include "app/data/backup.h"
#include "app/data/export.h"
#include "app/data/open_database.h"
#include "app/data/private_files.h"
#include "app/doctor/doctor.h"
#include "app/doctor/page_checks.h"
#include "app/doctor/schema_check.h"
#include "app/modules.h"
#include "app/secret_key.h"
#include "app/tenants.h"
#include "app/version.h"
#include "base/try.h"
#include "cluster/cluster.h"
#include "hub/wallet_hub.h"
#include "ledger/anchor_file.h"
#include "ledger/books_import.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "ledger/verify.h"
#include "platform/json/writer.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/sealer.h"

namespace florin::app {
namespace {

constexpr int exit_done = 0;
constexpr int exit_fault_found = 1;
constexpr int exit_could_not_run = 2;

/// What commands share: where the data is.
struct CommonOptions {
  std::string config_file;
  std::map<std::string, std::string> flags;  // Settings given on the command line, by key.
};

/// A command's work: its exit code, or the error that stopped it.
using Work = std::function<Result<int>()>;

struct KeyOptions {
  std::string tenant = "default";
  std::string name = "key";
  std::string permissions = "*";
  std::string expires_at;
  std::string id;
  std::int64_t rate_limit = -1;
  bool test_mode = false;
  bool json = false;
};

struct PartnerOptions {
  std::string tenant = "default";
  std::string code;
  std::string currencies = "USD,EUR,GBP";
  std::string signature_scheme;  ///< Empty: the default.
  std::int64_t overlap_s = 24 * 3'600;
};

struct Program {
  CommonOptions common;
  Opening opening;
  bool sandbox = false;
  bool is_public = false;
  bool check_only = false;
  bool reference = false;
  bool as_json = false;
  bool accept = false;
  KeyOptions key;
  PartnerOptions partner;
  ReconcileOptions reconciliation;
  SandboxFlags sandbox_flags;
  BackupOptions backup;
  std::string tenant_name;
  std::string file;
  Work work;

  const SystemClock clock{};

  Result<LoadedConfig> load() const;
  Result<std::unique_ptr<sql::Database>> open(const Config& config, Opening::For purpose) const;

  Result<std::unique_ptr<sql::Database>> open_as_it_is(const Config& config) const;

  Result<int> serve();
  Result<int> run_simulators() const;
  Result<int> migrate() const;
  Result<int> config() const;
  Result<int> openapi() const;
  Result<int> doctor() const;
  Result<int> verify() const;
  Result<int> anchor() const;
  Result<int> accept_as_they_are(const Config& settings) const;
  Result<std::vector<ledger::SignedAnchor>> anchors(const Config& settings,
                                                    const crypto::SealKey& seal_key) const;
  Result<int> prove(sql::Database& database,
                    const std::vector<ledger::SignedAnchor>& anchors) const;
  Result<int> export_to_file() const;
  Result<int> import_from_file() const;
  Result<int> import_books() const;
  Result<int> make_backup() const;
  Result<int> restore_backup() const;
  Result<int> tell_of_anchor(const Config& settings) const;
  Result<int> reconcile() const;
  Result<int> create_tenant() const;
  Result<int> list_tenants() const;
  Result<int> create_key() const;
  Result<int> list_keys() const;
  Result<int> revoke_key() const;
  Result<int> create_partner() const;
  Result<int> list_partners() const;
  Result<int> rotate_partner_secret() const;

  template <class F>
  Result<int> with_core(Opening::For purpose, const F& use) const;
};

void print_error(const Error& error) {
  fmt::print(stderr, "florin: {} ({})\n", error.detail, error.code.name);
}

Result<LoadedConfig> Program::load() const {
  ConfigSources sources;
  sources.environment = process_environment();
  if (const auto found = sources.environment.find("FLORIN_CONFIG");
      found != sources.environment.end() && !found->second.empty()) {
    sources.file = found->second;
  }
  if (!common.config_file.empty()) sources.file = common.config_file;
  sources.flags = common.flags;
  LoadedConfig loaded = TRY(load_config(sources));
  // The commands beside the server speak through their own output.
  log::configure(loaded.config.log_level, loaded.config.log_format);
  return loaded;
}

Result<std::unique_ptr<sql::Database>> Program::open(const Config& settings,
                                                     Opening::For purpose) const {
  Opening wanted = opening;
  wanted.purpose = purpose;
  return open_database(settings, clock, wanted);
}

// ---------------------------------------------------------------- serve

Result<int> Program::serve() {
  Config settings = TRY(load()).config;
  settings.sandbox = sandbox;
  settings.is_public_sandbox = is_public;
  TRY(run_server(std::move(settings), clock, opening));
  return exit_done;
}

Result<int> Program::run_simulators() const {
  TRY(load());
  TRY(run_sandbox(sandbox_flags, clock));
  return exit_done;
}

// ---------------------------------------------------------------- database commands

/// Neither made nor migrated.
Result<std::unique_ptr<sql::Database>> Program::open_as_it_is(const Config& settings) const {
  TRY(expect_database(settings));
  return sql::open(settings.effective_database_url(), {.read_only = true});
}

Result<int> Program::migrate() const {
  const Config settings = TRY(load()).config;
  if (check_only) {
    const auto database = TRY(open_as_it_is(settings));
    int waiting = 0;
    for (const sql::MigrationState& state :
         TRY(sql::migration_states(*database, all_migrations()))) {
      fmt::print("{:8} {} {}\n", state.applied ? "applied" : "waiting", state.module, state.name);
      waiting += state.applied ? 0 : 1;
    }
    return waiting == 0 ? exit_done : exit_fault_found;
  }
  const auto database = TRY(open(settings, Opening::For::making));
  fmt::print("the schema is up to date\n");
  return exit_done;
}

Result<int> Program::config() const {
  fmt::print("{}", reference ? configuration_reference() : print_config(TRY(load())));
  return exit_done;
}

Result<int> Program::openapi() const {
  fmt::print("{}\n", TRY(openapi_text(clock)));
  return exit_done;
}

Result<int> Program::doctor() const {
  const Config settings = TRY(load()).config;
  const DoctorReport report = examine(settings, clock);
  fmt::print("{}", as_json ? report.json() : report.text());
  return report.well() ? exit_done : exit_fault_found;
}

/// Progress on a terminal, on one line that is written over.
/// Told from one thread.
void show_progress(std::string_view what, sql::Done progress) {
  using Steady = std::chrono::steady_clock;
  static std::string running;
  static Steady::time_point start;
  static std::int64_t rows_at_start = 0;
  if (!isatty(STDERR_FILENO)) return;
  if (running != what) {
    running = what;
    start = Steady::now();
    rows_at_start = progress.rows;
  }
  const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
  const auto done = static_cast<double>(progress.rows - rows_at_start);
  fmt::print(stderr, "\r\033[K{}: {} rows ...", what, progress.rows);
  if (progress.percent) fmt::print(stderr, " {} %", *progress.percent);
  if (seconds > 0 && done > 0) fmt::print(stderr, " {:.0f} rows/s", done / seconds);
  std::fflush(stderr);
}

void end_progress() {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
}

/// The anchors to compare with: those of the file that was named, else of the server's own; none
/// where the server has written no file.
Result<std::vector<ledger::SignedAnchor>> Program::anchors(const Config& settings,
                                                           const crypto::SealKey& seal_key) const {
  const std::string path = file.empty() ? anchor_path(settings) : file;
  if (file.empty() && !std::filesystem::exists(path)) return std::vector<ledger::SignedAnchor>();
  auto kept = TRY(ledger::load_anchors(path, seal_key));
  if (kept.empty()) return Error{florin::errors::validation_failed, path + " holds no anchor"};
  return kept;
}

/// Books without links were written by no server yet, or by an old one: no anchor is missing. Those
/// whose end cannot be read have faults, which are named already.
void tell_of_missing_anchor(sql::Database& database, Timestamp now) {
  const auto present = database.read([&](sql::Tx& tx) { return ledger::read_anchor(tx, now); });
  if (!present || present->event != 0 || !present->chains.empty())
    fmt::print("no anchor file: nothing shows whether the newest part was cut off\n");
}

/// The key that is here is meant, whatever the books had before.
Result<int> Program::accept_as_they_are(const Config& settings) const {
  Opening wanted = opening;
  wanted.purpose = Opening::For::writing;
  wanted.takes_key = true;
  const auto database = TRY(open_database(settings, clock, wanted));
  const Acceptance done = TRY(accept_books(*database, anchor_path(settings), clock.now()));
  if (!done.key_before.empty())
    fmt::print("The books had the key {}; from now on they have {}\n", done.key_before,
               database->sealer()->key().name());
  if (done.ends_loss) fmt::print("What was written while the key was lost is accepted as it is\n");
  for (const auto& [table, rows] : done.sealed_again)
    fmt::print("{} rows of {} are sealed again\n", rows, table);
  if (!done.aside.empty())
    fmt::print("The books are accepted as they are; the earlier anchor is kept in {}\n",
               done.aside);
  fmt::print("{}\n", TRY(ledger::present_anchor(*database, clock.now())));
  return exit_done;
}

Result<int> Program::anchor() const {
  const Config settings = TRY(load()).config;
  if (accept) return accept_as_they_are(settings);
  const auto database = TRY(open(settings, Opening::For::reading));
  fmt::print("{}\n", TRY(ledger::present_anchor(*database, clock.now())));
  return exit_done;
}

/// A file of the key that holds none is as good as missing.
void tell_damaged_key(const Config& settings) {
  if (const auto key = load_secret_key(settings, KeyFile::is_expected); !key)
    fmt::print("{}\n", key.error().detail);
}

/// Whether the schema is the one that the migrations made.
bool print_schema(sql::Database& database) {
  const auto faults = schema_faults(database);
  if (faults && faults->empty()) {
    fmt::print("{:6} schema\n", "ok");
    return true;
  }
  fmt::print("{:6} schema\n", "FAULT");
  if (!faults) fmt::print("       {}\n", faults.error().detail);
  for (const std::string& fault : faults ? *faults : std::vector<std::string>())
    fmt::print("       {}\n", fault);
  return false;
}

Result<int> Program::verify() const {
  const Config settings = TRY(load()).config;
  const auto database = TRY(open(settings, Opening::For::reading));
  const auto kept = TRY(anchors(settings, database->sealer()->key()));
  const PageFinding pages = TRY(check_pages(*database, show_progress));
  end_progress();
  fmt::print("{}", pages.text);
  const bool is_schema_whole = print_schema(*database);
  const Result<int> proven = prove(*database, kept);
  if (!proven) {
    end_progress();
    if (pages.is_whole) return proven.error();
    fmt::print("The books cannot be read through: {}\n", proven.error().detail);
    return exit_fault_found;
  }
  if (*proven == exit_could_not_run) tell_damaged_key(settings);
  if (kept.empty()) tell_of_missing_anchor(*database, clock.now());
  for (const std::string& aside : set_aside_anchors(anchor_path(settings)))
    fmt::print("An anchor was set aside by hand, and was not compared: {}\n", aside);
  return pages.is_whole && is_schema_whole ? *proven : exit_fault_found;
}

void print_check(const ledger::Check& check) {
  std::string counts = fmt::format("{} rows", check.rows);
  if (check.faults > 0) counts += fmt::format(", {} faults", check.faults);
  if (check.not_covered > 0) counts += fmt::format(", {} written without a key", check.not_covered);
  if (check.other_key > 0)
    counts += fmt::format(", {} sealed with a key that is not here", check.other_key);
  if (check.unkeyed > 0)
    counts += fmt::format(", {} written while the key was lost", check.unkeyed);
  if (check.accepted > 0)
    counts += fmt::format(", {} written while the key was lost and accepted since", check.accepted);
  const bool is_open = check.other_key > 0 || check.unkeyed > 0;
  const std::string_view word = check.faults > 0 ? "FAULT" : is_open ? "open" : "ok";
  fmt::print("{:6} {} ({})\n", word, check.name, counts);
  for (const std::string& example : check.examples) fmt::print("       {}\n", example);
}

/// What was written while the key was lost.
void print_unkeyed(const ledger::Verification& result) {
  if (result.accepted() > 0)
    fmt::print(
        "{} rows were written while the key was lost, and were accepted as they were then.\n",
        result.accepted());
  if (result.unkeyed() > 0)
    fmt::print(
        "{} rows were written while the key was lost, and nothing proves that they are as written. "
        "Was it lost, put it back and accept them: florin anchor --accept; if it was not, take "
        "each as a fault (docs/runbook.md).\n",
        result.unkeyed());
}

/// What the missing key leaves open, by name.
void print_unchecked(const ledger::Verification& result, const sql::Sealer& sealer) {
  if (result.other_key() == 0) return;
  std::vector<std::string_view> open;
  for (const ledger::Check& check : result.checks) {
    if (check.other_key > 0) open.push_back(check.name);
  }
  fmt::print("{} rows are sealed with {} and cannot be checked: {}.\n", result.other_key(),
             sealer.is_key_lost() ? "a key that is not here (secret.key, ENCRYPTION_KEY)"
                                  : "another key than " + sealer.key().name(),
             fmt::join(open, ", "));
  fmt::print(
      "Give the key that they were written with (docs/runbook.md). As far as can be checked "
      "without it, the books are in order.\n");
}

Result<int> Program::prove(sql::Database& database,
                           const std::vector<ledger::SignedAnchor>& anchors) const {
  ledger::Verification result = TRY(ledger::verify(database, show_progress));
  for (const ledger::SignedAnchor& one : anchors) {
    result.checks.push_back(TRY(
        database.read([&](sql::Tx& tx) { return ledger::check_anchor(tx, one, show_progress); })));
  }
  end_progress();
  for (const ledger::Check& check : result.checks) print_check(check);
  if (result.not_covered() > 0)
    fmt::print("{} rows were written without a key: nothing proves that they are as written.\n",
               result.not_covered());
  print_unkeyed(result);
  if (!result.clean()) {
    fmt::print("The books are NOT in order.\n");
    return exit_fault_found;
  }
  if (result.other_key() > 0 || result.unkeyed() > 0) {
    print_unchecked(result, *database.sealer());
    return exit_could_not_run;
  }
  fmt::print("The books are in order.\n");
  return exit_done;
}

Result<int> Program::export_to_file() const {
  const Config settings = TRY(load()).config;
  const auto database = TRY(open(settings, Opening::For::reading));
  const auto out = private_file(file);
  if (!*out) return Error{errors::export_failed, "the file " + file + " cannot be written"};
  const std::int64_t rows = TRY(export_all(*database, *out, show_progress));
  end_progress();
  fmt::print("{} rows written to {}\n", rows, file);
  return exit_done;
}

Result<int> Program::import_from_file() const {
  const Config settings = TRY(load()).config;
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{errors::import_refused, "the file " + file + " cannot be read"};
  Opening wanted = opening;
  wanted.brings_rows = true;
  const auto database = TRY(open_database(settings, clock, wanted));
  const std::int64_t rows = TRY(import_all(*database, in, show_progress));
  end_progress();
  fmt::print("{} rows read from {}; verifying\n", rows, file);
  // What another key sealed cannot be checked here, and was taken over as it is.
  const int proven = TRY(prove(*database, {}));
  if (proven != exit_could_not_run) return proven;
  fmt::print(
      "The rows were taken over as they are. Bring their key before the server starts: copy "
      "secret.key of the exported ledger to {}/secret.key, or set ENCRYPTION_KEY; then run florin "
      "verify.\n",
      settings.data_dir);
  return exit_done;
}

Result<int> Program::import_books() const {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{errors::import_refused, "the file " + file + " cannot be read"};
  const Config settings = TRY(load()).config;
  const auto database = TRY(open(settings, Opening::For::writing));
  Core core(*database, clock, settings, TRY(load_secret_key(settings, KeyFile::is_expected)));
  TRY(core.recover());
  const TenantId tenant =
      TRY(core.get<access::Access>().find_tenant(tenant_name.empty() ? "default" : tenant_name)).id;
  ledger::BooksImport books(*database, clock, core.get<ledger::LedgerService>(),
                            core.get<ledger::LedgerQueries>());
  const ledger::ImportSummary made = TRY(books.run(in, tenant, show_progress));
  end_progress();
  fmt::print("{} accounts, {} transfers and {} holds taken in; {} were there, {} holds were over\n",
             made.accounts, made.transfers, made.holds, made.repeated, made.over);
  for (const std::string& difference : made.differences) fmt::print("DIFFERS {}\n", difference);
  fmt::print("{} of {} stated balances agree\n",
             made.balances - static_cast<std::int64_t>(made.differences.size()), made.balances);
  return made.differences.empty() ? exit_done : exit_fault_found;
}

void print_backup(const Manifest& manifest, std::string_view what, const std::string& where) {
  fmt::print("{} {}: {}, {} bytes, SHA-256 {}, of {}\n", what, where, manifest.file, manifest.bytes,
             manifest.sha256, manifest.created_at);
  if (!manifest.has_secret_key)
    fmt::print(
        "secret.key is not in it: without that key (or ENCRYPTION_KEY) sealed secrets are "
        "lost\n");
}

Result<int> Program::make_backup() const {
  const Config settings = TRY(load()).config;
  const Manifest made = TRY(back_up(settings, clock, backup, show_progress));
  end_progress();
  print_backup(made, "backup written to", backup.folder);
  return exit_done;
}

Result<int> Program::restore_backup() const {
  const Config settings = TRY(load()).config;
  const Manifest read = TRY(restore(settings, backup, show_progress));
  end_progress();
  print_backup(read, "restored from", backup.folder);
  return tell_of_anchor(settings);
}

/// The anchor file may have seen books that were later than the backup.
Result<int> Program::tell_of_anchor(const Config& settings) const {
  const std::string path = anchor_path(settings);
  if (!std::filesystem::exists(path)) return exit_done;
  const auto database = open(settings, Opening::For::reading);
  // A backup of an earlier version is migrated by the next start.
  const std::string reason =
      database ? TRY(ledger::why_anchor_stays(**database, path)) : std::string();
  if (!database || !reason.empty())
    fmt::print(
        "{} was written by the books that were here before{}{}.\nWhat came after the backup is not "
        "in "
        "it: florin verify says so, and the server keeps that file as it is. When this is known "
        "and "
        "meant: florin anchor --accept\n",
        path, reason.empty() ? "" : ": ", reason);
  return exit_done;
}

Result<int> Program::reconcile() const {
  const auto progress = [](const reconciliation::Progress& now) {
    show_progress(now.step, now.entries);
    return true;
  };
  const auto mismatches = TRY([&]() -> Result<std::int64_t> {
    if (reconciliation.has_files()) return reconcile_files(reconciliation, clock, progress);
    Config settings = TRY(load()).config;
    settings.node_id = cluster::command_node(settings.node_id);
    const auto database = TRY(open(settings, Opening::For::writing));
    return reconcile_partner(reconciliation, *database, clock, settings, progress);
  }());
  end_progress();
  return mismatches == 0 ? exit_done : exit_fault_found;
}

// ---------------------------------------------------------------- tenants and keys

template <class F>
Result<int> Program::with_core(Opening::For purpose, const F& use) const {
  const Config settings = TRY(load()).config;
  log::configure(log::Level::warn, settings.log_format);  // Their output is their answer.
  const auto database = TRY(open(settings, purpose));
  Opening wanted = opening;
  wanted.purpose = purpose;
  const KeyFile missing = TRY(key_file_of(*database, wanted));
  Core core(*database, clock, settings, TRY(load_secret_key(settings, missing)));
  return use(core);
}

Result<int> Program::create_tenant() const {
  return with_core(Opening::For::making, [&](Core& core) -> Result<int> {
    const access::Tenant tenant = TRY(core.get<access::Access>().create_tenant(tenant_name));
    fmt::print("{} {}\n", tenant.id.str(), tenant.name);
    return exit_done;
  });
}

Result<int> Program::list_tenants() const {
  return with_core(Opening::For::reading, [](Core& core) -> Result<int> {
    for (const access::Tenant& tenant : TRY(core.get<access::Access>().tenants())) {
      fmt::print("{}  {}  {}\n", tenant.id.str(), tenant.created_at.rfc3339(), tenant.name);
    }
    return exit_done;
  });
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',' && c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

/// The tenant "default" is made when it is first asked for; any other must exist.
Result<access::Tenant> tenant_for_key(access::Access& access, const std::string& name) {
  auto found = tenant_by_name(access, name);
  if (!found) {
    return Error{
        found.error().code,
        fmt::format("there is no tenant {}; make it with: florin tenants create {}", name, name)};
  }
  return found;
}

void print_created(const access::CreatedApiKey& created, bool as_json) {
  const std::string secret(created.secret.reveal());
  if (!as_json) {
    fmt::print("{}\n\nThis is the only time the key is shown. Id {}; permissions: {}.\n", secret,
               created.key.id.str(), fmt::join(created.key.permissions, " "));
    return;
  }
  std::string text;
  json::Writer(text)
      .begin_object()
      .member("id", created.key.id.str())
      .member("tenant_id", created.key.tenant.str())
      .member("name", created.key.name)
      .member("secret", secret)
      .end_object();
  fmt::print("{}\n", text);
}

Result<int> Program::create_key() const {
  return with_core(Opening::For::making, [&](Core& core) -> Result<int> {
    access::NewApiKey wanted;
    wanted.tenant = TRY(tenant_for_key(core.get<access::Access>(), key.tenant)).id;
    wanted.name = key.name;
    wanted.mode = key.test_mode ? access::KeyMode::test : access::KeyMode::live;
    wanted.permissions = split_words(key.permissions);
    if (key.rate_limit >= 0) wanted.rate_limit_per_second = key.rate_limit;
    if (!key.expires_at.empty()) {
      wanted.expires_at = Timestamp::parse(key.expires_at);
      if (!wanted.expires_at) {
        return Error{florin::errors::validation_failed,
                     "--expires-at " + std::string(Timestamp::rule)};
      }
    }
    print_created(TRY(core.get<access::Access>().create_key(wanted)), key.json);
    return exit_done;
  });
}

std::string_view state_of(const access::ApiKey& api_key, Timestamp now) {
  if (api_key.revoked_at) return "revoked";
  return api_key.expires_at && *api_key.expires_at <= now ? "expired" : "active";
}

Result<int> Program::list_keys() const {
  return with_core(Opening::For::reading, [&](Core& core) -> Result<int> {
    for (const access::ApiKey& one : TRY(core.get<access::Access>().keys(std::nullopt))) {
      fmt::print("{}  {}  {:7}  {}  {}  [{}]\n", one.id.str(), one.tenant.str(),
                 state_of(one, clock.now()), one.hint, one.name, fmt::join(one.permissions, " "));
    }
    return exit_done;
  });
}

Result<int> Program::revoke_key() const {
  return with_core(Opening::For::writing, [&](Core& core) -> Result<int> {
    const auto id = ApiKeyId::parse(key.id);
    if (!id)
      return Error{florin::errors::validation_failed,
                   "the id of a key looks like key_01h2xcejqtf2n; see: florin keys list"};
    const access::ApiKey revoked = TRY(core.get<access::Access>().revoke_key(*id));
    fmt::print("{} is revoked; running servers refuse it within two seconds\n", revoked.id.str());
    return exit_done;
  });
}

// ---------------------------------------------------------------- partners

void print_partner(const hub::Partner& partner) {
  std::string currencies;
  for (const Currency& currency : partner.currencies)
    currencies.append(currencies.empty() ? "" : " ") += currency.code();
  fmt::print("{}  {:8}  {:8}  {}  [{}]\n", partner.id.str(), to_word(partner.status),
             to_word(partner.mode), partner.code, currencies);
}

void print_partner_secret(const hub::CreatedPartner& created) {
  fmt::print("{}\n\nThis is the only time the secret is shown. Partner {} ({}).\n",
             created.secret.reveal(), created.partner.code, created.partner.id.str());
}

Result<int> Program::create_partner() const {
  return with_core(Opening::For::making, [&](Core& core) -> Result<int> {
    hub::PartnerDraft wanted;
    wanted.code = partner.code;
    for (const std::string& code : split_words(partner.currencies)) {
      const auto currency = Currency::parse(code);
      if (!currency) return Error{florin::errors::validation_failed, code + " is no currency"};
      wanted.currencies.push_back(*currency);
    }
    wanted.signature_scheme = parse_word<hub::SignatureScheme>(partner.signature_scheme)
                                  .value_or(wanted.signature_scheme);
    if (wanted.currencies.empty())
      return Error{florin::errors::validation_failed, "--currencies must name one at least"};
    const Actor actor{TRY(tenant_for_key(core.get<access::Access>(), partner.tenant)).id, "system"};
    print_partner_secret(TRY(core.get<sql::Database>().write(
        [&](sql::Tx& tx) { return core.get<hub::Hub>().partners().create(tx, actor, wanted); })));
    return exit_done;
  });
}

Result<int> Program::list_partners() const {
  return with_core(Opening::For::reading, [&](Core& core) -> Result<int> {
    TRY(core.get<hub::Hub>().recover());
    const TenantId tenant = TRY(tenant_for_key(core.get<access::Access>(), partner.tenant)).id;
    for (const hub::Partner& one : TRY(core.get<hub::Hub>().partners().list(tenant)))
      print_partner(one);
    return exit_done;
  });
}

Result<int> Program::rotate_partner_secret() const {
  return with_core(Opening::For::writing, [&](Core& core) -> Result<int> {
    TRY(core.get<hub::Hub>().recover());
    const Actor actor{TRY(tenant_for_key(core.get<access::Access>(), partner.tenant)).id, "system"};
    const hub::Partner found =
        TRY(core.get<hub::Hub>().partners().find(actor.tenant, partner.code));
    print_partner_secret(TRY(core.get<sql::Database>().write([&](sql::Tx& tx) {
      return core.get<hub::Hub>().partners().rotate_secret(tx, actor, found.id, partner.overlap_s);
    })));
    return exit_done;
  });
}

// ---------------------------------------------------------------- the command line itself

class CommandLine {
 public:
  explicit CommandLine(Program& program) : program_(program) {
    root_.require_subcommand(1);
    root_.set_version_flag("--version", "florin " + std::string(version));
    root_.failure_message(CLI::FailureMessage::help);
    add_commands();
  }

  int run(int argc, char** argv) {
    try {
      root_.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
      return root_.exit(stop) == 0 ? exit_done : exit_could_not_run;
    }
    const Result<int> code = program_.work();
    if (code) return *code;
    print_error(code.error());
    return exit_could_not_run;
  }

 private:
  using Method = Result<int> (Program::*)() const;

  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help, Work work) {
    CLI::App* added = parent.add_subcommand(name, help);
    add_common(*added);
    added->callback([this, work = std::move(work)] { program_.work = work; });
    return added;
  }

  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help,
                    Method method) {
    return command(parent, name, help, [this, method] { return (program_.*method)(); });
  }

  void add_flag_for(CLI::App& app, const std::string& name, const std::string& key,
                    const std::string& help) {
    app.add_option_function<std::string>(
        name, [this, key](const std::string& value) { program_.common.flags[key] = value; }, help);
  }

  void add_common(CLI::App& app) {
    add_flag_for(app, "--data", "data.dir", "Data folder (default ./florin-data)");
    add_flag_for(
        app, "--db", "database.url",
        "Database URL, sqlite:PATH or postgres://... (default: florin.db in the data folder)");
    app.add_option("--config", program_.common.config_file, "Settings file (TOML)");
  }

  void add_new(CLI::App& app) {
    app.add_flag("--new", program_.opening.is_new,
                 "Begin an empty database, also beside what an earlier one left");
  }

  void add_new_key(CLI::App& app) {
    app.add_flag("--new-secret-key", program_.opening.new_secret_key,
                 "Make a new secret.key where it is lost; what was sealed with it stays lost");
  }

  void add_wal_loss(CLI::App& app) {
    app.add_flag(
        "--accept-wal-loss", program_.opening.accept_wal_loss,
        "Continue without the commits that a damaged write-ahead log lost; a copy is kept");
  }

  void add_commands() {
    CLI::App* serve =
        command(root_, "serve", "Run the server", [this] { return program_.serve(); });
    add_new(*serve);
    add_wal_loss(*serve);
    add_new_key(*serve);
    add_flag_for(*serve, "--listen", "http.listen", "HOST:PORT (default 127.0.0.1:8000)");
    CLI::Option* sandbox =
        serve->add_flag("--sandbox", program_.sandbox,
                        "Make a demo tenant with a key, accounts and a trickle of transfers");
    serve
        ->add_flag("--public", program_.is_public,
                   "Let other machines reach the sandbox; its secrets are then generated at each "
                   "start and printed")
        ->needs(sandbox);

    CLI::App* migrate =
        command(root_, "migrate", "Bring the database's schema up to date", &Program::migrate);
    migrate->add_flag("--check", program_.check_only,
                      "Only list the steps; exit 1 when some are waiting");
    add_new(*migrate);
    add_wal_loss(*migrate);
    CLI::App* config =
        command(root_, "config", "Print the effective settings and where each comes from",
                &Program::config);
    config->add_flag("--reference", program_.reference,
                     "Print every setting with its default and meaning instead");
    root_.add_subcommand("openapi", "Print the OpenAPI 3.1 document of the API, as JSON")
        ->callback([this] { program_.work = [this] { return program_.openapi(); }; });
    command(root_, "doctor", "Check everything the server depends on, with advice",
            &Program::doctor)
        ->add_flag("--json", program_.as_json, "Print JSON");
    command(root_, "verify",
            "Prove the books: keyed chains, seals, histories, balances, holds; exit 1 for a fault, "
            "2 when the key is missing",
            &Program::verify)
        ->add_option("--anchor", program_.file,
                     "File with ends of the books that were kept elsewhere, one a line (default: "
                     "the server's anchor file)");
    command(root_, "anchor", "Print the present end of the books, signed, to keep elsewhere",
            &Program::anchor)
        ->add_flag("--accept", program_.accept,
                   "After a restore, a loss or a lost key: take the books as they are, and the key "
                   "that is here for theirs; the anchor file that saw later ones is set aside");
    CLI::App* exporting = command(root_, "export", "Write everything to a file of JSON Lines",
                                  &Program::export_to_file);
    exporting->add_option("--out", program_.file, "File to write")->required();
    CLI::App* importing =
        command(root_, "import", "Read an export into an empty database, and verify it",
                &Program::import_from_file);
    importing->add_option("--in", program_.file, "File to read")->required();
    CLI::App* books = command(root_, "import-books",
                              "Take in accounts, transfers and holds of another system "
                              "(docs/import.md); exit 1 when stated balances differ",
                              &Program::import_books);
    books->add_option("FILE", program_.file, "File of JSON Lines")->required();
    books->add_option("--tenant", program_.tenant_name, "Whose books (default: default)");
    add_new(*importing);
    add_backup();
    add_reconcile_options(*command(root_, "reconcile",
                                   "Compare a period with a partner's side, or two files; exit 1 "
                                   "when they differ",
                                   &Program::reconcile),
                          program_.reconciliation);
    add_sandbox();
    add_tenants();
    add_keys();
    add_partners();
  }

  void add_backup() {
    BackupOptions& backup = program_.backup;
    CLI::App* making = command(root_, "backup", "Copy the database beside a running server",
                               &Program::make_backup);
    making->add_option("--out", backup.folder, "Folder to make")->required();
    making->add_flag("--with-secret-key", backup.with_secret_key,
                     "Put secret.key into it: then it opens what the database keeps sealed");
    CLI::App* restoring =
        command(root_, "restore", "Put a backup to where no database is", &Program::restore_backup);
    restoring->add_option("--in", backup.folder, "Folder of the backup")->required();
    for (CLI::App* each : {making, restoring})
      each->add_flag("--verify", backup.verify, "Prove the books of the copy, as florin verify");
  }

  void add_sandbox() {
    CLI::App* sandbox =
        command(root_, "sandbox", "Simulate an operator and a game server (RGS), with faults",
                &Program::run_simulators);
    SandboxFlags& flags = program_.sandbox_flags;
    sandbox->add_option("--operator-listen", flags.operator_listen,
                        "HOST:PORT of the operator (default 127.0.0.1:3001)");
    sandbox->add_option("--rgs-listen", flags.rgs_listen,
                        "HOST:PORT of the game server (default 127.0.0.1:3002)");
    sandbox->add_option("--hub", flags.hub_url,
                        "Where the game server plays (default http://127.0.0.1:8000)");
    sandbox->add_option("--secret", flags.hub_secret, "It signs its calls to the hub with it")
        ->envname("HMAC_SECRET");
    sandbox
        ->add_option("--operator-secret", flags.operator_secret,
                     "The operator's callers sign with it")
        ->envname("OPERATOR_HMAC_SECRET");
    sandbox
        ->add_option("--webhook-secret", flags.webhook_secret,
                     "Of the webhooks that the game server takes")
        ->envname("WEBHOOK_SECRET");
    sandbox->add_flag("--public", flags.is_public,
                      "Let others than this machine reach it; needs secrets of its own");
    sandbox->add_option("--seed", flags.seed, "Of games that name none (default 1)");
    sandbox->add_option("--latency-ms", flags.latency_ms, "Of every answer of the operator")
        ->check(CLI::Range(0, 60'000));
  }

  void add_tenants() {
    CLI::App* tenants = root_.add_subcommand("tenants", "Make and list tenants");
    tenants->require_subcommand(1);
    CLI::App* create = command(*tenants, "create", "Make a tenant", &Program::create_tenant);
    add_new(*create);
    create->add_option("name", program_.tenant_name, "Its name")->required();
    command(*tenants, "list", "List the tenants", &Program::list_tenants);
  }

  void add_keys() {
    CLI::App* keys = root_.add_subcommand("keys", "Make, list and revoke API keys");
    keys->require_subcommand(1);
    KeyOptions& key = program_.key;
    CLI::App* create =
        command(*keys, "create", "Make an API key; it is shown once", &Program::create_key);
    add_new(*create);
    create->add_option("--tenant", key.tenant, "Name or id of its tenant (default: default)");
    create->add_option("--name", key.name, "What it is for");
    create->add_option("--permissions", key.permissions,
                       "Permissions, separated by commas (default: *, all)");
    create
        ->add_option("--rate-limit", key.rate_limit,
                     "Requests a second; 0 means none (default: the configured limit)")
        ->check(CLI::Range(0, 1'000'000));
    create->add_option("--expires-at", key.expires_at, "When it stops working (RFC 3339)");
    create->add_flag("--test", key.test_mode, "A test key, fl_test_...");
    create->add_flag("--json", key.json, "Print JSON");
    command(*keys, "list", "List the keys", &Program::list_keys);
    CLI::App* revoke = command(*keys, "revoke", "Revoke a key", &Program::revoke_key);
    revoke->add_option("id", key.id, "Its id, key_...")->required();
  }

  void add_partners() {
    CLI::App* partners = root_.add_subcommand("partners", "Make partners of the wallet hub");
    partners->require_subcommand(1);
    PartnerOptions& partner = program_.partner;
    CLI::App* create = command(*partners, "create",
                               "Make a partner whose wallets are in our ledger; its secret is "
                               "shown once",
                               &Program::create_partner);
    add_new(*create);
    create->add_option("--currencies", partner.currencies, "Separated by commas");
    create
        ->add_option("--signature-scheme", partner.signature_scheme,
                     "What its calls must sign at least: body-timestamp (default) or v2")
        ->check(CLI::IsMember({"body-timestamp", "v2"}));
    CLI::App* rotate = command(*partners, "rotate-secret", "Give a partner a new secret",
                               &Program::rotate_partner_secret);
    rotate
        ->add_option("--overlap", partner.overlap_s,
                     "Seconds for which the secrets of before stay good (default: a day)")
        ->check(CLI::Range(0, 30 * 24 * 3'600));
    add_new_key(*rotate);
    for (CLI::App* one : {create, rotate})
      one->add_option("code", partner.code, "What X-Partner-Id names")->required();
    for (CLI::App* one :
         {create, rotate, command(*partners, "list", "List the partners", &Program::list_partners)})
      one->add_option("--tenant", partner.tenant, "Name or id of its tenant (default: default)");
  }

  Program& program_;
  CLI::App root_{"Florin: a self-hosted money-movement platform", "florin"};
};

}  // namespace

int run(int argc, char** argv) {
  keep_files_private();
  Program program;
  const int code = CommandLine(program).run(argc, argv);
  log::flush();
  return code;
}

}  // namespace florin::app
