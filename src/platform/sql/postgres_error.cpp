#include "platform/sql/postgres_error.h"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <array>
#include <string>

#include "platform/log/log.h"
#include "platform/sql/errors.h"

namespace florin::sql {
namespace {

/// A transaction that stood still was undone, and its session with it.
constexpr std::string_view idle_too_long = "25P03";

struct Meaning {
  std::string_view state;  ///< An SQLSTATE, or the class it begins with.
  ErrorCode code;
  std::string_view sentence;  ///< Empty: the server's own, which names tables and constraints only.
  std::string_view advice = "";
};

/// The session is not the one in which we prepared our statements.
constexpr std::string_view forgotten_statement = "26000";

// The first that fits. PostgreSQL 15 documentation, appendix A.
constexpr std::array meanings{
    Meaning{"23", errors::constraint_violated, ""},
    Meaning{"40001", errors::store_conflict, "another writer was in the way"},
    Meaning{"40P01", errors::store_conflict, "another writer was in the way"},
    Meaning{"55P03", errors::store_unavailable,
            "a lock was held by somebody else for longer than lock_timeout in database.url allows"},
    Meaning{"57014", errors::store_unavailable,
            "it took longer than statement_timeout in database.url allows"},
    Meaning{"53100", errors::store_full, "the disk of the database server is full"},
    Meaning{"53300", errors::store_unavailable,
            "the server has no connection left: lower pool_size in database.url or raise its "
            "max_connections"},
    Meaning{"53", errors::store_unavailable, "the database server is short of memory"},
    Meaning{"57P", errors::store_unavailable, "the database server is stopping or starting"},
    Meaning{"08", errors::store_unavailable, "the connection to the database server was lost"},
    Meaning{"25006", errors::store_unavailable,
            "the transaction is read only: database.url must name the primary server"},
    Meaning{idle_too_long, errors::store_unavailable, "the transaction stood still for too long"},
    Meaning{"42501", errors::store_unavailable, "",
            "; grant it to the user in database.url, who best owns the database"},
    Meaning{"3F000", errors::store_unavailable,
            "no schema is open to the user in database.url, who best owns the database"},
    Meaning{forgotten_statement, errors::store_unavailable,
            "the server forgot a prepared statement: a pooler that database.url names must keep "
            "sessions (PgBouncer: pool_mode = session)"},
    Meaning{"XX00", errors::store_corrupt, "the database server reports damaged data"},
    Meaning{"22021", florin::errors::validation_failed, "a text is not valid UTF-8"},
    Meaning{"22P05", florin::errors::validation_failed,
            "a text holds a character that the database cannot keep"},
};

/// Of several addresses that were tried, each has a line: the one at `place` says what happened.
std::string_view line_at(std::string_view text, std::size_t place) {
  const std::size_t begin = text.rfind('\n', place);
  text.remove_prefix(begin == std::string_view::npos ? 0 : begin + 1);
  return text.substr(0, text.find('\n'));
}

std::string_view field(const pg_result* result, int name) {
  const char* text = PQresultErrorField(result, name);
  return text ? text : "";
}

Error lost(std::string_view what) {
  return Error{errors::store_unavailable,
               fmt::format("{}: the connection to the database server was lost", what)};
}

struct Hint {
  std::string_view sign;  ///< What libpq or the server says.
  std::string_view advice;
};

constexpr std::string_view check_names = "check host and port in database.url, and that it runs";
constexpr std::string_view check_slots =
    "lower pool_size in database.url or raise the server's max_connections";
constexpr std::string_view check_our_certificate =
    "check sslcert and sslkey in database.url (DB_SSLCERT, DB_SSLKEY)";
// The first that fits: what tells more comes first.
constexpr std::array hints{
    Hint{"password authentication failed", "check the user and password in database.url"},
    Hint{"no password supplied", "database.url (or DB_PASSWORD) must give the password"},
    Hint{"no encryption",
         "the server's pg_hba.conf may want TLS: try sslmode=verify-full in database.url"},
    Hint{"no pg_hba.conf entry", "the server's pg_hba.conf must let this user in from here"},
    Hint{"valid client certificate", check_our_certificate},
    Hint{"certificate authentication failed", check_our_certificate},
    Hint{"private key", check_our_certificate},
    Hint{"root certificate", "check sslrootcert in database.url (DB_SSLROOTCERT)"},
    Hint{"certificate file", check_our_certificate},
    Hint{"does not support SSL",
         "sslmode in database.url asks for TLS: the server must have ssl = on"},
    Hint{"does not match host name",
         "with sslmode=verify-full the host in database.url must be one that the server's "
         "certificate names"},
    Hint{"certificate verify failed",
         "sslrootcert in database.url must be the authority of the server's certificate, which "
         "must be in date"},
    Hint{"SSL", "check sslmode and sslrootcert in database.url"},
    Hint{"certificate", "check sslmode and sslrootcert in database.url"},
    Hint{"too many", check_slots},
    Hint{"remaining connection slots", check_slots},
    Hint{"could not translate host name", "check the host in database.url"},
    Hint{"Connection refused", check_names},
    Hint{"No such file or directory", check_names},
    Hint{"timeout expired", "check host and port in database.url, and firewalls between"},
    Hint{"role ", "check the user in database.url"},
    Hint{"database ", "check the database's name in database.url, or create it"},
    Hint{"starting up", "the database server is starting"},
    Hint{"invalid", "check the form of database.url"},
};

}  // namespace

Error postgres_error(const pg_conn* connection, const pg_result* result, std::string_view what) {
  const std::string_view state = field(result, PG_DIAG_SQLSTATE);
  if (state.empty() || PQstatus(connection) == CONNECTION_BAD) return lost(what);
  const std::string_view message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  for (const Meaning& meaning : meanings) {
    if (!state.starts_with(meaning.state)) continue;
    const std::string_view sentence = meaning.sentence.empty() ? message : meaning.sentence;
    return Error{meaning.code, fmt::format("{}: {}{}", what, sentence, meaning.advice)};
  }
  // Other messages may quote values: they are for the log alone.
  log::error("the database refused a statement",
             {{"query", what}, {"sqlstate", state}, {"reason", message}});
  return Error{florin::errors::internal_error,
               fmt::format("{}: the database refused the statement ({})", what, state)};
}

bool ends_connection(const pg_result* result) {
  const std::string_view state = field(result, PG_DIAG_SQLSTATE);
  return state.empty() || state.starts_with("57P") || state.starts_with("08") ||
         state == forgotten_statement || state == idle_too_long;
}

Error postgres_connect_error(std::string_view message) {
  for (const Hint& hint : hints) {
    const std::size_t place = message.find(hint.sign);
    if (place == std::string_view::npos) continue;
    return Error{errors::store_unavailable, fmt::format("cannot connect to PostgreSQL: {}; {}",
                                                        line_at(message, place), hint.advice)};
  }
  return Error{
      errors::store_unavailable,
      fmt::format("cannot connect to PostgreSQL: {}; check database.url", line_at(message, 0))};
}

}  // namespace florin::sql
