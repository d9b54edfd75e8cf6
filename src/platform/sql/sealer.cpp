#include "platform/sql/sealer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "platform/sql/canonical.h"

namespace florin::sql {
namespace {

/// The table that a statement inserts into or updates; empty for any other.
std::string_view written_table(std::string_view sql) {
  for (const std::string_view start : {"INSERT INTO ", "UPDATE "}) {
    if (!sql.starts_with(start)) continue;
    sql.remove_prefix(start.size());
    return sql.substr(0, sql.find_first_of(" ("));
  }
  return {};
}

std::string_view next_name(std::string_view& names) {
  const std::size_t end = std::min(names.find(','), names.size());
  const std::string_view name = names.substr(0, end);
  names.remove_prefix(std::min(names.size(), end + 2));
  return name;
}

std::string update_of(const SealedTable& table) {
  std::string sql = fmt::format("UPDATE {} SET row_seal = $1 WHERE ", table.name);
  std::string_view names = table.columns;
  for (int i = 0; i < table.key_columns; ++i)
    sql += fmt::format("{}{} = ${}", i == 0 ? "" : " AND ", next_name(names), i + 2);
  return sql;
}

/// "webhook_attempts 12, 3": how a fault names a row.
std::string name_of(const SealedTable& table, const Row& row) {
  std::string name(table.name);
  for (int i = 0; i < table.key_columns; ++i) {
    const auto at = static_cast<std::size_t>(i);
    name += i == 0 ? " " : ", ";
    name += table.kinds[at] == 'i'   ? std::to_string(row.integer(i))
            : table.kinds[at] == 'b' ? crypto::SealKey::name_of(row.blob(i)) + "..."
                                     : std::string(row.text(i));
  }
  return name;
}

/// A key's value, kept until the row's seal is written.
struct KeyValue {
  bool is_number = false;
  std::int64_t number = 0;
  std::string text;
  Param param() const { return is_number ? Param(number) : Param(std::string_view(text)); }
};

struct Fresh {
  crypto::Seal seal{};
  std::vector<KeyValue> key;
};

std::vector<KeyValue> key_of(const SealedTable& table, const Row& row) {
  std::vector<KeyValue> key;
  for (int i = 0; i < table.key_columns; ++i) {
    const bool is_number = table.kinds[static_cast<std::size_t>(i)] == 'i';
    if (is_number) {
      key.push_back({true, row.integer(i), {}});
    } else {
      key.push_back({false, 0, std::string(row.text(i))});
    }
  }
  return key;
}

}  // namespace

Sealer::Sealer(crypto::SealKey key, std::span<const SealedTable> tables, KeyIs key_is)
    : key_(std::move(key)), tables_(tables), key_is_(key_is) {}

void Sealer::append_sealed(std::string& out, const SealedTable& table, const Row& row) {
  canonical::put(out, table.name);
  std::string_view names = table.columns;
  for (int i = 0; i < static_cast<int>(table.kinds.size()); ++i) {
    const std::string_view name = next_name(names);
    if (row.is_null(i)) continue;
    canonical::put(out, name);
    switch (table.kinds[static_cast<std::size_t>(i)]) {
      case 'i':
        canonical::put(out, row.integer(i));
        break;
      case 'b':
        canonical::put(out, row.blob(i));
        break;
      default:
        canonical::put(out, row.text(i));
    }
  }
}

void Sealer::append_sealed(std::string& out, const SealedTable& table,
                           std::span<const Param> values) {
  canonical::put(out, table.name);
  std::string_view names = table.columns;
  for (const Param& value : values) {
    const std::string_view name = next_name(names);
    if (value.kind == Param::Kind::null) continue;
    canonical::put(out, name);
    if (value.kind == Param::Kind::integer) {
      canonical::put(out, value.integer);
    } else {
      canonical::put(out, value.bytes);
    }
  }
}

const Sealer::Statement* Sealer::statement_for(const Query& query) const {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = statements_.try_emplace(&query);
  if (!is_new) return place->second.get();
  const std::string_view name = written_table(query.sql);
  const auto table =
      std::find_if(tables_.begin(), tables_.end(), [&](const auto& t) { return t.name == name; });
  // A statement that brings the seal with it (an import) writes it as it is.
  if (table == tables_.end() || query.sql.find("row_seal") != std::string_view::npos)
    return nullptr;
  auto made = std::make_unique<Statement>();
  made->table = &*table;
  made->returning_sql = fmt::format("{} RETURNING {}", query.sql, table->columns);
  made->update_sql = update_of(*table);
  made->returning = {query.name, made->returning_sql, Rows::few, query.sees};
  made->update = {"sql.seal_row", made->update_sql, Rows::few, query.sees};
  place->second = std::move(made);
  return place->second.get();
}

Result<std::int64_t> SealingTx::run(const Sealer::Statement& statement,
                                    std::span<const Param> params) {
  const SealedTable& table = *statement.table;
  std::vector<Fresh> rows;
  std::string bytes;
  TRY(inner_.query(statement.returning, params, [&](const Row& row) {
    bytes.clear();
    Sealer::append_sealed(bytes, table, row);
    rows.push_back({sealer_.key().seal(bytes), key_of(table, row)});
    return true;
  }));
  for (const Fresh& row : rows) {
    std::vector<Param> values{Param::blob(crypto::bytes_of(row.seal))};
    for (const KeyValue& value : row.key) values.push_back(value.param());
    TRY(inner_.send(statement.update, values));
  }
  return static_cast<std::int64_t>(rows.size());
}

Result<std::int64_t> SealingTx::exec(const Query& query, std::span<const Param> params) {
  if (const auto* statement = sealer_.statement_for(query)) return run(*statement, params);
  return inner_.exec(query, params);
}

Result<void> SealingTx::send(const Query& query, std::span<const Param> params) {
  const auto* statement = sealer_.statement_for(query);
  if (!statement) return inner_.send(query, params);
  TRY(run(*statement, params));
  return {};
}

Result<Check> verify_seals(Tx& tx, const Sealer& sealer, const SealedTable& table,
                           std::optional<std::int64_t> sealed_since_us, const Progress& progress) {
  Checker check(std::string(table.name), progress);
  const std::string sql = fmt::format("SELECT {}, row_seal, {} FROM {}", table.columns,
                                      table.created.empty() ? "0" : table.created, table.name);
  const Query query{"sql.verify_seals", sql, Rows::many};
  const int seal_column = static_cast<int>(table.kinds.size());
  std::string bytes;
  TRY(tx.query(query, {}, [&](const Row& row) {
    check.row();
    if (row.is_null(seal_column)) {
      if (sealed_since_us && row.integer(seal_column + 1) > *sealed_since_us) {
        check.fault(name_of(table, row) + " has no seal");
      } else {
        check.not_covered();
      }
      return true;
    }
    bytes.clear();
    Sealer::append_sealed(bytes, table, row);
    switch (sealer.key().check(row.blob(seal_column), bytes)) {
      case crypto::SealKey::Fit::differs:
        check.fault(name_of(table, row) + " was changed by somebody else: its seal does not fit");
        break;
      case crypto::SealKey::Fit::other_key:
        check.other_key();
        break;
      case crypto::SealKey::Fit::fits:
        break;
    }
    return true;
  }));
  return std::move(check).finish();
}

}  // namespace florin::sql
