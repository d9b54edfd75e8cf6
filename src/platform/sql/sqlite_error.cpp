#include "platform/sql/sqlite_error.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cerrno>

#include "platform/log/log.h"
#include "platform/sql/errors.h"
#include "platform/sql/page_damage.h"

namespace florin::sql {
namespace {

/// A full disk has many faces: no space, a quota, a limit on the size of files.
bool is_out_of_space(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

ErrorCode code_of(int code, int system_errno) {
  if (code == SQLITE_IOERR_DATA) return errors::store_corrupt;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return errors::store_full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return is_out_of_space(system_errno) ? errors::store_full : errors::store_unavailable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
      return errors::store_unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return errors::store_corrupt;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return errors::constraint_violated;
    default:
      return florin::errors::internal_error;
  }
}

}  // namespace

Error sqlite_error(sqlite3* connection, int code, std::string_view what) {
  const int last_errno = errno;
  const int kept_errno = connection ? sqlite3_system_errno(connection) : 0;
  // SQLite 3.40 keeps no errno for a COMMIT that fails; then it is still the thread's last one.
  const int system_errno = kept_errno != 0 ? kept_errno : last_errno;
  const ErrorCode ours = code_of(code, system_errno);
  // SQLite's message for a constraint names tables and columns. Other messages may quote values, so
  // that only the general sentence for the code is passed on.
  if (ours == errors::constraint_violated) {
    return Error{ours, fmt::format("{}: {}", what, sqlite3_errmsg(connection))};
  }
  if (ours == florin::errors::internal_error && connection) {
    log::error("the database refused a statement",
               {{"query", what}, {"sqlite_code", code}, {"reason", sqlite3_errmsg(connection)}});
  }
  if (code == SQLITE_IOERR_DATA) {
    return Error{ours, fmt::format("{}: page {} of the database does not match its checksum", what,
                                   last_damaged_page())};
  }
  return Error{ours, fmt::format("{}: {}", what, sqlite3_errstr(code))};
}

}  // namespace florin::sql
