#include "app/data/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <istream>
#include <ostream>
#include <span>
#include <vector>

#include "app/data/schema.h"
#include "app/modules.h"
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

/// The first three say who works on the database now, and which migrations made it: whoever imports
/// is somebody else, and has made its own. The others are empty of what counts once the ledger is
/// settled.
constexpr std::array<std::string_view, 5> not_exported{"nodes", "node_leases", "schema_migrations",
                                                       "large_bulks", "large_bulk_slices"};

/// A table as the export reads and writes it.
struct Table {
  explicit Table(const sql::CatalogueTable& described)
      : name(described.name),
        columns(described.columns),
        select_sql(select_of(described)),
        insert_sql(insert_of(described)) {}

  const std::string name;
  const std::vector<sql::CatalogueColumn> columns;
  const std::string select_sql, insert_sql;
  const Query select{"export.select", select_sql, sql::Rows::many};
  const Query insert{"import.insert", insert_sql};

 private:
  static std::string names(const sql::CatalogueTable& table, bool keys_alone) {
    std::string text;
    for (const sql::CatalogueColumn& column : table.columns) {
      if (column.is_key || !keys_alone) text += (text.empty() ? "" : ", ") + column.name;
    }
    return text;
  }
  static std::string select_of(const sql::CatalogueTable& table) {
    return fmt::format("SELECT {} FROM {} ORDER BY {}", names(table, false), table.name,
                       names(table, true));
  }
  static std::string insert_of(const sql::CatalogueTable& table) {
    std::string values;
    for (std::size_t i = 1; i <= table.columns.size(); ++i)
      values += fmt::format("{}${}", i == 1 ? "" : ", ", i);
    return fmt::format("INSERT INTO {} ({}) VALUES ({})", table.name, names(table, false), values);
  }
};

/// Every table of the schema, those that others refer to first.
Result<std::deque<Table>> exported_tables() {
  std::deque<Table> tables;
  for (const sql::CatalogueTable& table : *TRY(schema())) {
    if (std::find(not_exported.begin(), not_exported.end(), table.name) == not_exported.end())
      tables.emplace_back(table);
  }
  return tables;
}

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
  int place = 0;
  for (const sql::CatalogueColumn& column : table.columns) {
    const int at = place++;
    if (row.is_null(at)) {
      writer.null();
    } else if (column.kind == Param::Kind::integer) {
      writer.value(row.integer(at));
    } else if (column.kind == Param::Kind::text) {
      writer.value(row.text(at));
    } else {
      writer.value(crypto::to_hex(row.blob(at)));
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
  if (values.size() != table.columns.size()) return std::nullopt;
  std::vector<Param> params;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const json::Value& value = values[i];
    const Param::Kind kind = table.columns[i].kind;
    if (value.is_null()) {
      params.emplace_back(nullptr);
    } else if (kind == Param::Kind::integer && value.as_integer()) {
      params.emplace_back(*value.as_integer());
    } else if (kind == Param::Kind::text && value.as_string()) {
      params.emplace_back(*value.as_string());
    } else if (kind == Param::Kind::blob && value.as_string()) {
      auto bytes = from_hex(*value.as_string());
      if (!bytes) return std::nullopt;
      params.push_back(Param::blob(blobs.emplace_back(*std::move(bytes))));
    } else {
      return std::nullopt;
    }
  }
  return params;
}

const Table* find_table(const std::deque<Table>& tables, std::string_view name) {
  for (const Table& table : tables) {
    if (table.name == name) return &table;
  }
  return nullptr;
}

std::string at_line(std::int64_t line) { return "line " + std::to_string(line); }

Result<void> import_row(Tx& tx, const std::deque<Table>& tables, const json::Value& document,
                        std::int64_t line) {
  const json::Object* object = document.as_object();
  const Table* table =
      object && object->size() == 1 ? find_table(tables, object->front().first) : nullptr;
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

Result<void> check_empty(Tx& tx, const std::deque<Table>& tables) {
  for (const Table& table : tables) {
    bool empty = true;
    TRY(tx.query(table.select, {}, [&](const Row&) {
      empty = false;
      return false;
    }));
    if (!empty)
      return refused("the database is not empty (" + table.name +
                     " has rows); import into a new one");
  }
  return {};
}

Result<std::int64_t> import_lines(Tx& tx, const std::deque<Table>& tables, std::istream& in,
                                  const RowProgress& progress) {
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
    TRY(import_row(tx, tables, *document, rows + 2));
    if (++rows % progress_step == 0 && progress)
      progress(document->as_object()->front().first, rows);
  }
  return refused("the foot is missing: the file is incomplete");
}

}  // namespace

Result<std::int64_t> export_all(sql::Database& database, std::ostream& out,
                                const RowProgress& progress) {
  const auto tables = TRY(exported_tables());
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
  const auto tables = TRY(exported_tables());
  return database.write([&](Tx& tx) -> Result<std::int64_t> {
    TRY(check_empty(tx, tables));
    return import_lines(tx, tables, in, progress);
  });
}

}  // namespace florin::app
