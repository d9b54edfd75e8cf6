#include "platform/sql/postgres_connection.h"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/sql/errors.h"
#include "platform/sql/postgres_error.h"
#include "platform/sql/refusable_row.h"

namespace florin::sql {
namespace {

constexpr int least_version = 130'000;

/// The server itself ends a statement after statement_timeout; its word has so long to come.
constexpr std::chrono::milliseconds way_back{2'000};
/// A writer that stands still inside of its transaction (paused, cut off) holds up all others: the
/// server then undoes it, and the writer begins anew.
constexpr int idle_writer_ms = 3'000;
constexpr std::size_t max_posted = 256;
/// What was sent goes out with the next statement that waits, or at this size: a process that is
/// woken for each of them would do little else. Less than what libpq sends by itself.
constexpr std::size_t bytes_held_back = 32'768;

constexpr Query begin_query{"sql.begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
constexpr Query turn_query{"sql.turn", "SELECT pg_advisory_xact_lock($1), pg_current_xact_id()"};
constexpr Query see_only_query{"sql.see_only", "SELECT set_config('florin.tenant', $1, true)"};
constexpr Query commit_query{"sql.commit", "COMMIT"};

int nibble(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit - 'a' + 10;
}

class PostgresRow final : public RefusableRow {
 public:
  explicit PostgresRow(const PGresult* result) : result_(result) {}
  void stand_on(int row) { row_ = row; }

  bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
  std::int64_t integer(int column) const override {
    const std::string_view digits = text(column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  std::string_view text(int column) const override {
    return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }
  /// Bytes travel as "\x" and hexadecimal digits; those of a row stay until the result goes.
  std::string_view blob(int column) const override {
    std::string_view digits = text(column);
    if (!digits.starts_with("\\x")) return digits;
    digits.remove_prefix(2);
    std::string bytes(digits.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]));
    blobs_.push_back(std::make_unique<std::string>(std::move(bytes)));
    return *blobs_.back();
  }
  void forget_blobs() { blobs_.clear(); }

 private:
  const PGresult* result_;
  int row_ = 0;
  mutable std::vector<std::unique_ptr<std::string>> blobs_;
};

/// The highest n of all "$n" outside of quotes.
std::size_t count_parameters(std::string_view sql) {
  std::size_t highest = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') is_quoted = !is_quoted;
    if (sql[i] != '$' || is_quoted) continue;
    std::size_t number = 0;
    std::from_chars(sql.data() + i + 1, sql.data() + sql.size(), number);
    highest = std::max(highest, number);
  }
  return highest;
}

/// Parameters as libpq wants them. Integers and texts travel as text, so that the server gives them
/// the type of their place in the statement; bytes travel as they are.
class Bound {
 public:
  explicit Bound(std::span<const Param> params) {
    std::size_t size = 0;
    for (const Param& param : params)
      size += (param.kind == Param::Kind::integer ? 21 : param.bytes.size()) + 1;
    text_.reserve(size);  // Never grows again: the pointers into it stay.
    for (const Param& param : params) add(param);
  }

  bool has_nul = false;
  std::size_t size() const { return text_.size(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  int count() const { return static_cast<int>(values_.size()); }

 private:
  void add(const Param& param) {
    values_.push_back(param.kind == Param::Kind::null ? nullptr : text_.data() + text_.size());
    lengths_.push_back(static_cast<int>(param.bytes.size()));
    formats_.push_back(param.kind == Param::Kind::blob ? 1 : 0);
    if (param.kind == Param::Kind::integer) {
      fmt::format_to(std::back_inserter(text_), "{}", param.integer);
    } else if (param.kind != Param::Kind::null) {
      has_nul = has_nul || (param.kind == Param::Kind::text &&
                            param.bytes.find('\0') != std::string_view::npos);
      text_ += param.bytes;
    }
    text_ += '\0';
  }

  std::string text_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
};

bool is_good(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/// Visits each row; false when the visitor has had enough. Errors: store_corrupt.
Result<bool> visit_rows(const PGresult* result, const RowVisitor& visit) {
  PostgresRow row(result);
  for (int i = 0; i < PQntuples(result); ++i) {
    row.stand_on(i);
    const bool goes_on = visit(row);
    if (!row.refusal().empty()) return Error{errors::store_corrupt, row.refusal()};
    if (!goes_on) return false;
    row.forget_blobs();
  }
  return true;
}

/// The migrations' policies compare it with the rows.
std::string tenant_text(std::int64_t tenant) { return tenant == 0 ? "*" : std::to_string(tenant); }

Error wrong_number(const Query& query, std::size_t given, std::size_t wanted) {
  return Error{florin::errors::internal_error,
               fmt::format("{}: {} parameters for {} placeholders", query.name, given, wanted)};
}

}  // namespace

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const { PQclear(result); }

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresOptions& options,
                                                                     Role role,
                                                                     PostgresWatch& watch) {
  const std::string connect_timeout = std::to_string(std::max(2, options.connect_timeout_s));
  // The URL comes last: what it says wins.
  const char* const names[] = {"connect_timeout",
                               "fallback_application_name",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "tcp_user_timeout",
                               "client_encoding",
                               "dbname",
                               nullptr};
  const char* const values[] = {connect_timeout.c_str(), "florin", "10", "5", "3", "15000", "UTF8",
                                options.url.c_str(),     nullptr};
  pg_conn* handle = PQconnectdbParams(names, values, 1);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(handle));
  if (PQstatus(handle) != CONNECTION_OK) return postgres_connect_error(PQerrorMessage(handle));
  if (options.statement_timeout_ms > 0) {
    connection->line_ = std::make_unique<PostgresWatch::Line>(
        watch, PQsocket(handle),
        std::chrono::milliseconds(options.statement_timeout_ms) + way_back);
  }
  TRY(connection->configure(options, role));
  return connection;
}

PostgresConnection::~PostgresConnection() { PQfinish(handle_); }

Result<void> PostgresConnection::configure(const PostgresOptions& options, Role role) {
  if (PQserverVersion(handle_) < least_version) {
    return Error{errors::store_unavailable,
                 fmt::format("PostgreSQL 13 or later is needed, the server in database.url is {}",
                             PQserverVersion(handle_) / 10'000)};
  }
  const char* encoding = PQparameterStatus(handle_, "server_encoding");
  if (encoding && std::string_view(encoding) != "UTF8") {
    return Error{errors::store_unavailable,
                 fmt::format("the database in database.url keeps text as {}: create one with "
                             "ENCODING 'UTF8' TEMPLATE template0",
                             encoding)};
  }
  // Notices ("already exists, skipping") would go to the standard error.
  PQsetNoticeProcessor(
      handle_, [](void*, const char*) {}, nullptr);
  TRY(exec_script(fmt::format("SET statement_timeout = {}; SET lock_timeout = {};"
                              "SET idle_in_transaction_session_timeout = {}; SET jit = off; "
                              "SET bytea_output = 'hex'; SET florin.tenant = '*'",
                              options.statement_timeout_ms, options.lock_timeout_ms,
                              role == Role::writer ? idle_writer_ms : 0),
                  "connect"));
  // A commit that was answered is on the disk, whatever the server's default says. The plans of the
  // few statements that write are made while their tables are empty, and must stay good.
  if (role == Role::writer && !options.read_only) {
    TRY(
        exec_script("SELECT set_config('synchronous_commit', 'on', false) WHERE "
                    "current_setting('synchronous_commit') = 'off'; SET enable_seqscan = off",
                    "connect"));
  }
  static constexpr Query about{
      "sql.connect", "SELECT pg_is_in_recovery(), current_database() || '.' || current_schema()"};
  bool is_standby = false;
  std::string schema;
  TRY(query(about, {}, [&](const Row& row) {
    is_standby = row.text(0) == "t";
    schema = row.text(1);
    return false;
  }));
  if (is_standby && role == Role::writer && !options.read_only) {
    return Error{
        errors::store_unavailable,
        "the database server is in recovery (a standby): database.url must name the primary"};
  }
  const crypto::Sha256 digest = crypto::sha256("florin writer " + schema);
  std::memcpy(&lock_key_, digest.data(), sizeof lock_key_);
  return {};
}

Result<void> PostgresConnection::begin_reading(std::int64_t tenant) {
  std::string sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  if (tenant != 0) sql += fmt::format("; SET LOCAL florin.tenant = '{}'", tenant);
  tenant_ = tenant;
  return exec_script(sql, "sql.begin_read");
}

Result<std::string> PostgresConnection::begin_writing() {
  tenant_ = 0;
  // One round trip. READ COMMITTED: each statement sees what the writer before has committed, whose
  // lock this one waited for.
  const Param key[] = {lock_key_};
  TRY(post(begin_query));
  const Answer answer = TRY(run(turn_query, key));
  return std::string(PQgetvalue(answer.get(), 0, 1));
}

Result<void> PostgresConnection::see_only(std::int64_t tenant) {
  if (tenant_ == tenant) return {};
  tenant_ = tenant;
  const std::string setting = tenant_text(tenant);
  const Param params[] = {setting};
  return post(see_only_query, params);
}

bool PostgresConnection::is_lost() const {
  return is_broken_ || PQstatus(handle_) != CONNECTION_OK;
}

/// A server that goes down may say so before libpq notices that the connection is gone.
Error PostgresConnection::fault(const pg_result* result, std::string_view what) {
  is_broken_ = is_broken_ || ends_connection(result);
  return postgres_error(handle_, result, what);
}

bool PostgresConnection::in_transaction() const {
  if (!posted_.empty()) return true;
  const PGTransactionStatusType status = PQtransactionStatus(handle_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::is_spoiled() const {
  return PQtransactionStatus(handle_) == PQTRANS_INERROR;
}

Result<const PostgresConnection::Statement*> PostgresConnection::prepared(const Query& query) {
  const auto found = statements_.find(&query);
  // The text is compared as well: a query that is not static may stand where another one stood.
  if (found != statements_.end() && found->second.sql == query.sql) return &found->second;

  TRY(leave_pipeline());
  Statement fresh{fmt::format("q{}", ++last_statement_), std::string(query.sql),
                  count_parameters(query.sql)};
  const Answer answer(PQprepare(handle_, fresh.name.c_str(), fresh.sql.c_str(), 0, nullptr));
  if (!is_good(answer.get())) return fault(answer.get(), query.name);
  Statement& kept = statements_[&query];
  kept = std::move(fresh);
  return &kept;
}

Result<PostgresConnection::Answer> PostgresConnection::run(const Query& query,
                                                           std::span<const Param> params) {
  TRY(post(query, params));
  return last_answer();
}

Result<void> PostgresConnection::post(const Query& query, std::span<const Param> params) {
  const PostgresWatch::Wait wait(line_.get());
  const Statement* statement = TRY(prepared(query));
  if (params.size() != statement->parameter_count)
    return wrong_number(query, params.size(), statement->parameter_count);
  const Bound bound(params);
  if (bound.has_nul) {
    return Error{florin::errors::validation_failed,
                 fmt::format("{}: a text holds the character U+0000", query.name)};
  }
  if (PQenterPipelineMode(handle_) != 1 ||
      PQsendQueryPrepared(handle_, statement->name.c_str(), bound.count(), bound.values(),
                          bound.lengths(), bound.formats(), 0) != 1)
    return fault(nullptr, query.name);
  posted_.push_back({query.name});
  bytes_posted_ += bound.size();
  return {};
}

Result<void> PostgresConnection::send(const Query& query, std::span<const Param> params) {
  return enqueue(query, params, nullptr);
}

Result<void> PostgresConnection::enqueue(const Query& query, std::span<const Param> params,
                                         const RowVisitor& visit) {
  if (query.rows == Rows::many) return this->query(query, params, visit);
  const PostgresWatch::Wait wait(line_.get());
  TRY(post(query, params));
  posted_.back().visit = visit;
  has_sent_ = true;
  if (posted_.size() >= max_posted) return sync();
  if (bytes_posted_ >= bytes_held_back) return put_sync_point();
  return {};
}

void PostgresConnection::drop_queued() {
  for (Posted& posted : posted_) posted.visit = nullptr;
}

void PostgresConnection::discard() {
  drop_queued();
  (void)leave_pipeline();
}

/// Sends what was posted up to a synchronisation point. Only behind one does the server count a
/// session that falls silent as idle in its transaction, and ends it.
Result<void> PostgresConnection::put_sync_point() {
  if (posted_.back().is_synced) return {};
  if (PQpipelineSync(handle_) != 1) return fault(nullptr, posted_.back().name);
  posted_.back().is_synced = true;
  bytes_posted_ = 0;
  return {};
}

Result<void> PostgresConnection::sync() {
  if (has_sent_) return leave_pipeline();
  return {};
}

Result<void> PostgresConnection::leave_pipeline() {
  if (!posted_.empty()) TRY(last_answer());
  return {};
}

/// Waits for the answers of everything that was posted; gives the last one, or the first error.
Result<PostgresConnection::Answer> PostgresConnection::last_answer() {
  const PostgresWatch::Wait wait(line_.get());
  TRY(put_sync_point());
  const std::vector<Posted> posted = std::exchange(posted_, {});
  has_sent_ = false;
  std::optional<Error> failure;
  std::vector<Answer> answers(posted.size());
  for (std::size_t i = 0; i < posted.size(); ++i) {
    while (Answer answer{PQgetResult(handle_)}) {
      if (!is_good(answer.get()) && !failure) failure = fault(answer.get(), posted[i].name);
      answers[i] = std::move(answer);
    }
    if (posted[i].is_synced) const Answer point(PQgetResult(handle_));
  }
  if (PQexitPipelineMode(handle_) != 1 && !failure) failure = fault(nullptr, posted.back().name);
  if (failure) return *std::move(failure);
  for (std::size_t i = 0; i < posted.size(); ++i) {
    if (posted[i].visit) TRY(visit_rows(answers[i].get(), posted[i].visit));
  }
  return std::move(answers.back());
}

Result<void> PostgresConnection::commit() {
  TRY(post(commit_query));
  return leave_pipeline();
}

Result<std::int64_t> PostgresConnection::exec(const Query& query, std::span<const Param> params) {
  const Answer answer = TRY(run(query, params));
  const std::string_view command = PQcmdStatus(answer.get());
  if (command.starts_with("SELECT")) return std::int64_t{0};
  const std::string_view count = PQcmdTuples(answer.get());
  std::int64_t changed = 0;
  std::from_chars(count.data(), count.data() + count.size(), changed);
  return changed;
}

Result<void> PostgresConnection::query(const Query& query, std::span<const Param> params,
                                       const RowVisitor& visit) {
  if (query.rows == Rows::many && in_transaction()) return query_long(query, params, visit);
  const Answer answer = TRY(run(query, params));
  TRY(visit_rows(answer.get(), visit));
  return {};
}

/// Through a cursor: the server makes no more rows than are read, and few are in memory at once.
Result<void> PostgresConnection::query_long(const Query& query, std::span<const Param> params,
                                            const RowVisitor& visit) {
  const std::size_t wanted = count_parameters(query.sql);
  if (params.size() != wanted) return wrong_number(query, params.size(), wanted);
  const std::string cursor = fmt::format("c{}", ++last_cursor_);
  const std::string sql = fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", cursor, query.sql);
  const Bound bound(params);
  TRY(leave_pipeline());
  {
    const PostgresWatch::Wait wait(line_.get());
    const Answer opened(PQexecParams(handle_, sql.c_str(), bound.count(), nullptr, bound.values(),
                                     bound.lengths(), bound.formats(), 0));
    if (!is_good(opened.get())) return fault(opened.get(), query.name);
  }
  TRY(visit_cursor(query, cursor, visit));
  return exec_script("CLOSE " + cursor, query.name);
}

Result<void> PostgresConnection::visit_cursor(const Query& query, const std::string& cursor,
                                              const RowVisitor& visit) {
  constexpr int most = 1'024;
  for (int size = 64;; size = std::min(2 * size, most)) {
    const std::string fetch = fmt::format("FETCH FORWARD {} FROM {}", size, cursor);
    const Answer answer = TRY(run_script(fetch, query.name));
    const bool goes_on = TRY(visit_rows(answer.get(), visit));
    if (!goes_on || PQntuples(answer.get()) < size) return {};
  }
}

Result<void> PostgresConnection::exec_script(std::string_view sql, std::string_view name) {
  TRY(run_script(sql, name));
  return {};
}

/// Gives the answer of the last statement.
Result<PostgresConnection::Answer> PostgresConnection::run_script(std::string_view sql,
                                                                  std::string_view name) {
  TRY(leave_pipeline());
  const PostgresWatch::Wait wait(line_.get());
  Answer answer(PQexec(handle_, std::string(sql).c_str()));
  if (is_good(answer.get()) || PQresultStatus(answer.get()) == PGRES_EMPTY_QUERY) return answer;
  return fault(answer.get(), name);
}

}  // namespace florin::sql
