#include "app/data/export.h"

#include <array>
#include <deque>
#include <istream>
#include <ostream>
#include <span>
#include <vector>

#include "app/data/migrations.h"
#include "base/try.h"
#include "ledger/verify.h"
#include "platform/crypto/hash.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::app {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

/// A table as the export knows it. Kinds of columns: i integer, t text, b blob (hex in the file).
struct Table {
  std::string_view name;
  std::string_view kinds;
  Query select;
  Query insert;
};

#define FLORIN_TABLE(name, kinds, columns, values)                                         \
  Table {                                                                                  \
#name, kinds, {"export." #name, "SELECT " columns " FROM " #name, sql::Rows::many }, { \
      "import." #name, "INSERT INTO " #name " (" columns ") VALUES (" values ")"           \
    }                                                                                      \
  }

/// Every table, parents before children, but nodes and node_leases: they say who works on the
/// database now, and whoever imports is somebody else.
constexpr std::array<Table, 28> tables{
    FLORIN_TABLE(tenants, "itib", "id, name, created_at_us, row_seal", "$1, $2, $3, $4"),
    FLORIN_TABLE(api_keys, "iitbtttiiiib",
                 "id, tenant_id, name, hash, hint, mode, permissions, rate_limit_per_second, "
                 "expires_at_us, revoked_at_us, created_at_us, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12"),
    FLORIN_TABLE(
        idempotency_keys, "bbiitiiib",
        "digest, request, ref, status, body, created_at_us, expires_at_us, tenant_id, row_seal",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9"),
    FLORIN_TABLE(idempotency_secrets, "biti", "digest, tenant_id, sealed, expires_at_us",
                 "$1, $2, $3, $4"),
    FLORIN_TABLE(events, "iitttttib",
                 "id, tenant_id, type, subject, payload, actor, request_id, created_at_us, link",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9"),
    FLORIN_TABLE(accounts, "iitttiiiitib",
                 "id, tenant_id, code, type, currency, min_balance, max_balance, frozen, closed, "
                 "metadata, created_at_us, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12"),
    FLORIN_TABLE(balances, "iiiiiii",
                 "account_id, debits_posted, credits_posted, debits_pending, credits_pending, "
                 "last_posting, posting_count",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(transfers, "iititttiiii",
                 "id, tenant_id, kind, posting_count, reference, description, metadata, "
                 "effective_at_us, created_at_us, hold_id, reverses_id",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
    FLORIN_TABLE(postings, "iiiiitiiiiiii",
                 "id, transfer_id, debit_id, credit_id, amount_minor, currency, debit_previous, "
                 "debit_sequence, debit_balance, credit_previous, credit_sequence, credit_balance, "
                 "backdated_to_us",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"),
    FLORIN_TABLE(account_milestones, "iiii", "account_id, created_at_us, sequence, posting_id",
                 "$1, $2, $3, $4"),
    FLORIN_TABLE(
        holds, "iittttii",
        "id, tenant_id, status, reference, description, metadata, expires_at_us, created_at_us",
        "$1, $2, $3, $4, $5, $6, $7, $8"),
    FLORIN_TABLE(hold_postings, "iiiiiti",
                 "hold_id, place, debit_id, credit_id, amount_minor, currency, remaining",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(hold_changes, "iitii", "id, hold_id, kind, transfer_id, created_at_us",
                 "$1, $2, $3, $4, $5"),
    FLORIN_TABLE(chain_links, "iiiiibi",
                 "chain, sequence, first_id, last_id, records, hash, created_at_us",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(key_losses, "itti", "lost_at_us, lost_key, acceptance, accepted_at_us",
                 "$1, $2, $3, $4"),
    FLORIN_TABLE(partners, "iittttiitiitb",
                 "id, tenant_id, code, status, wallet_mode, currencies, max_amount, rate_limit, "
                 "operator, created_at_us, updated_at_us, signature_scheme, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"),
    FLORIN_TABLE(partner_secrets, "iittiib",
                 "id, partner_id, kind, sealed, created_at_us, valid_until_us, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(hub_transactions, "iiitttbbttitiiiittitttiiiiitb",
                 "id, tenant_id, partner_id, kind, state, idempotency_key, request, signature, "
                 "player, currency, amount_minor, ref, target_id, transfer_id, balance_minor, "
                 "credits, refusal, answer, answer_status, request_id, meta, operator_reference, "
                 "operator_attempts, next_check_us, stuck, created_at_us, updated_at_us, "
                 "pending_reason, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
                 "$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29"),
    FLORIN_TABLE(
        reconciliation_runs, "iitiititttiittttiii",
        "id, tenant_id, partner, from_us, to_us, status, attempt, our_name, their_name, counts, "
        "mismatches, items_truncated, error_code, error_detail, report_file, requested_by, "
        "created_at_us, started_at_us, finished_at_us",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19"),
    FLORIN_TABLE(
        reconciliation_items, "iiitittttttttttiiib",
        "id, tenant_id, run_id, fingerprint, seen_attempt, kind, status, transaction_id, ours, "
        "theirs, note, explained_by, proposal, proposed_by, decided_by, transfer_id, "
        "created_at_us, updated_at_us, row_seal",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19"),
    FLORIN_TABLE(
        webhook_endpoints, "iitttittttttiiitttiiiiiib",
        "id, tenant_id, name, url, description, is_trusted, status, disabled_reason, event_types, "
        "filter, order_by, retry_delays_ms, timeout_ms, rate_limit_per_second, max_concurrency, "
        "certificate_pem, sealed_private_key, trusted_ca_pem, start_after, failing_since_us, "
        "last_failure_at_us, last_success_at_us, created_at_us, updated_at_us, row_seal",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, "
        "$20, $21, $22, $23, $24, $25"),
    FLORIN_TABLE(webhook_secrets, "iittiib",
                 "id, endpoint_id, kind, sealed, created_at_us, expires_at_us, row_seal",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(webhook_outbox, "iiiittiitiitiii",
                 "id, tenant_id, endpoint_id, event_id, event_type, state, attempts, "
                 "next_attempt_at_us, order_key, is_replay, last_status, last_error, "
                 "created_at_us, delivered_at_us, replayed_at_us",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15"),
    FLORIN_TABLE(webhook_attempts, "iiiiitttti",
                 "delivery_id, number, started_at_us, duration_us, status, error, request_headers, "
                 "response_headers, response_body, is_truncated",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"),
    FLORIN_TABLE(webhook_replays, "iiitiii",
                 "id, tenant_id, endpoint_id, kind, position, last, created_at_us",
                 "$1, $2, $3, $4, $5, $6, $7"),
    FLORIN_TABLE(webhook_cursor, "ti", "name, event_id", "$1, $2"),
    FLORIN_TABLE(relay_cursors, "ti", "name, event_id", "$1, $2"),
    FLORIN_TABLE(inbound_events, "iittttbitii",
                 "id, tenant_id, source, source_event_id, type, subject, content, occurred_at_us, "
                 "channel, event_id, received_at_us",
                 "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
};
#undef FLORIN_TABLE

constexpr std::int64_t progress_step = 50'000;

Error refused(std::string detail) { return {errors::import_refused, std::move(detail)}; }

/// The schema as one text: modules and names of their migrations.
std::string schema_text() {
  std::string text;
  for (const sql::Migration& migration : all_migrations()) {
    const std::string_view name = migration.name;
    text += std::string(migration.module) + "/" + std::string(name.substr(0, name.find('.'))) + " ";
  }
  return text;
}

std::string head_line() {
  std::string line;
  json::Writer(line)
      .begin_object()
      .member("florin_export", 1)
      .member("schema", schema_text())
      .end_object();
  return line;
}

std::string foot_line(std::int64_t rows, const crypto::Sha256& digest) {
  std::string line;
  json::Writer(line)
      .begin_object()
      .member("rows", rows)
      .member("sha256", crypto::to_hex(crypto::bytes_of(digest)))
      .end_object();
  return line;
}

std::string row_line(const Table& table, const Row& row) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object().key(table.name).begin_array();
  for (std::size_t i = 0; i < table.kinds.size(); ++i) {
    const int column = static_cast<int>(i);
    if (row.is_null(column)) {
      writer.null();
    } else if (table.kinds[i] == 'i') {
      writer.value(row.integer(column));
    } else if (table.kinds[i] == 't') {
      writer.value(row.text(column));
    } else {
      writer.value(crypto::to_hex(row.blob(column)));
    }
  }
  writer.end_array().end_object();
  return line;
}

/// Lines on their way out or in, with what the foot will say of them.
class Tally {
 public:
  void add(std::string_view line) {
    hash_.update(line);
    hash_.update("\n");
  }
  crypto::Sha256 finish() { return hash_.finish(); }

 private:
  crypto::Sha256Stream hash_;
};

std::optional<std::string> from_hex(std::string_view hex) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

/// A row of the file as parameters; blobs live in `blobs` until the insert is done.
std::optional<std::vector<Param>> to_params(const Table& table, const json::Array& values,
                                            std::deque<std::string>& blobs) {
  if (values.size() != table.kinds.size()) return std::nullopt;
  std::vector<Param> params;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const json::Value& value = values[i];
    const char kind = table.kinds[i];
    if (value.is_null()) {
      params.emplace_back(nullptr);
    } else if (kind == 'i' && value.as_integer()) {
      params.emplace_back(*value.as_integer());
    } else if (kind == 't' && value.as_string()) {
      params.emplace_back(*value.as_string());
    } else if (kind == 'b' && value.as_string()) {
      auto bytes = from_hex(*value.as_string());
      if (!bytes) return std::nullopt;
      params.push_back(Param::blob(blobs.emplace_back(*std::move(bytes))));
    } else {
      return std::nullopt;
    }
  }
  return params;
}

const Table* find_table(std::string_view name) {
  for (const Table& table : tables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

std::string at_line(std::int64_t line) { return "line " + std::to_string(line); }

Result<void> import_row(Tx& tx, const json::Value& document, std::int64_t line) {
  const json::Object* object = document.as_object();
  const Table* table = object && object->size() == 1 ? find_table(object->front().first) : nullptr;
  const json::Array* values = table ? object->front().second.as_array() : nullptr;
  std::deque<std::string> blobs;
  const auto params = values ? to_params(*table, *values, blobs) : std::nullopt;
  if (!params) return refused(at_line(line) + " is not a row of a known table");
  const auto written = tx.exec(table->insert, *params);
  if (!written && written.error().code == sql::errors::constraint_violated) {
    return refused(at_line(line) + " breaks a constraint of its table");
  }
  if (!written) return written.error();
  return {};
}

Result<void> check_empty(Tx& tx) {
  for (const Table& table : tables) {
    bool empty = true;
    TRY(tx.query(table.select, {}, [&](const Row&) {
      empty = false;
      return false;
    }));
    if (!empty)
      return refused("the database is not empty (" + std::string(table.name) +
                     " has rows); import into a new one");
  }
  return {};
}

Result<std::int64_t> import_lines(Tx& tx, std::istream& in, const RowProgress& progress) {
  std::string line;
  if (!std::getline(in, line) || line != head_line()) {
    return refused("the file does not begin with the head of an export of this version's schema");
  }
  Tally tally;
  tally.add(line);
  std::int64_t rows = 0;
  while (std::getline(in, line)) {
    const auto document = json::parse(line);
    if (!document) return refused(at_line(rows + 2) + " is damaged: " + document.error().detail);
    if (document->find("sha256")) {
      if (line != foot_line(rows, tally.finish()))
        return refused("the foot does not fit the rows: the file is incomplete or was changed");
      return rows;
    }
    tally.add(line);
    TRY(import_row(tx, *document, rows + 2));
    if (++rows % progress_step == 0 && progress)
      progress(document->as_object()->front().first, rows);
  }
  return refused("the foot is missing: the file is incomplete");
}

}  // namespace

Result<std::int64_t> export_all(sql::Database& database, std::ostream& out,
                                const RowProgress& progress) {
  std::int64_t rows = 0;
  TRY(ledger::read_settled(database, [&](Tx& tx) -> Result<void> {
    Tally tally;
    const auto put = [&](const std::string& line) {
      tally.add(line);
      out << line << '\n';
    };
    put(head_line());
    for (const Table& table : tables) {
      TRY(tx.query(table.select, {}, [&](const Row& row) {
        put(row_line(table, row));
        if (++rows % progress_step == 0 && progress) progress(table.name, rows);
        return out.good();
      }));
    }
    out << foot_line(rows, tally.finish()) << '\n';
    out.flush();
    if (!out) return Error{errors::export_failed, "the export could not be written to the end"};
    return {};
  }));
  return rows;
}

Result<std::int64_t> import_all(sql::Database& database, std::istream& in,
                                const RowProgress& progress) {
  return database.write([&](Tx& tx) -> Result<std::int64_t> {
    TRY(check_empty(tx));
    return import_lines(tx, in, progress);
  });
}

}  // namespace florin::app
