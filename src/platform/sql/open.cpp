#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/postgres_database.h"
#include "platform/sql/postgres_url.h"
#include "platform/sql/sqlite_database.h"

namespace florin::sql {
namespace {
thread_local std::int64_t scope = 0;
}

TenantScope::TenantScope(std::int64_t tenant) : outer_(std::exchange(scope, tenant)) {}
TenantScope::~TenantScope() { scope = outer_; }
std::int64_t TenantScope::current() { return scope; }

Result<void> Database::write_work(Work work, Undo undo) {
  // The lane has a thread of its own: the scope travels with the work.
  if (const std::int64_t tenant = TenantScope::current(); tenant != 0) {
    work = [tenant, inner = std::move(work)](Tx& tx) {
      tx.see_only(tenant);
      return inner(tx);
    };
  }
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<void>> outcome;
  submit(
      std::move(work),
      [&](const Result<void>& given) {
        // Notified under the lock: afterwards the waiter may be gone, and all of this with it.
        const std::lock_guard lock(mutex);
        outcome = given;
        answered.notify_one();
      },
      undo);
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return outcome.has_value(); });
  return *std::move(outcome);
}

Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options) {
  return SqliteDatabase::open(options);
}

Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options) {
  return PostgresDatabase::open(options);
}

Result<std::unique_ptr<Database>> open(std::string_view url, Access access) {
  constexpr std::string_view scheme = "sqlite:";
  if (url.starts_with(scheme) && url.size() > scheme.size()) {
    SqliteOptions options;
    options.path = url.substr(scheme.size());
    options.read_only = access.read_only;
    options.accept_wal_loss = access.accept_wal_loss;
    return open_sqlite(options);
  }
  if (is_postgres_url(url)) {
    PostgresOptions options = TRY(parse_postgres_url(url));
    options.read_only = access.read_only;
    return open_postgres(options);
  }
  // The URL is not repeated: it may hold a password.
  return Error{florin::errors::validation_failed,
               "the database URL must have the form sqlite:PATH or postgres://..."};
}

}  // namespace florin::sql
