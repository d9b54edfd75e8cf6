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
  Param::Kind kind = Param::Kind::integer;
  std::int64_t number = 0;
  std::string bytes;
  Param param() const {
    Param param(number);
    param.kind = kind;
    param.bytes = bytes;
    return param;
  }
};

struct Fresh {
  crypto::Seal seal{};
  std::vector<KeyValue> key;
  std::string before;  ///< The seal that it takes the place of.
};

std::vector<KeyValue> key_of(const SealedTable& table, const Row& row) {
  std::vector<KeyValue> key;
  for (int i = 0; i < table.key_columns; ++i) {
    switch (table.kinds[static_cast<std::size_t>(i)]) {
      case 'i':
        key.push_back({Param::Kind::integer, row.integer(i), {}});
        break;
      case 'b':
        key.push_back({Param::Kind::blob, 0, std::string(row.blob(i))});
        break;
      default:
        key.push_back({Param::Kind::text, 0, std::string(row.text(i))});
    }
  }
  return key;
}

Result<void> write_seal(Tx& tx, const Query& update, const Fresh& row) {
  std::vector<Param> values{Param::blob(crypto::bytes_of(row.seal))};
  for (const KeyValue& value : row.key) values.push_back(value.param());
  if (!row.before.empty()) values.push_back(Param::blob(row.before));
  return tx.send(update, values);
}

}  // namespace

Sealer::Sealer(crypto::SealKey key, std::span<const SealedTable> tables)
    : key_(std::move(key)), tables_(tables) {}

Sealer::Sealer(std::span<const SealedTable> tables, NoteLoss note_loss)
    : key_(crypto::SealKey::nobodys()), tables_(tables), note_loss_(std::move(note_loss)) {}

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
  const std::string_view name = written_table(query.sql);
  if (name.empty()) return nullptr;
  const auto table =
      std::find_if(tables_.begin(), tables_.end(), [&](const auto& t) { return t.name == name; });
  // A statement that brings the seal with it (an import) writes it as it is.
  if (table == tables_.end() || query.sql.find("row_seal") != std::string_view::npos)
    return nullptr;
  const std::lock_guard lock(mutex_);
  auto& kept = statements_[std::string(query.sql)];
  if (kept) return kept.get();
  auto made = std::make_unique<Statement>();
  made->table = &*table;
  made->returning_sql = fmt::format("{} RETURNING {}", query.sql, table->columns);
  made->update_sql = update_of(*table);
  made->returning = {query.name, made->returning_sql, Rows::few, query.sees};
  made->update = {"sql.seal_row", made->update_sql, Rows::few, query.sees};
  kept = std::move(made);
  return kept.get();
}

Result<std::int64_t> SealingTx::run(const Sealer::Statement& statement,
                                    std::span<const Param> params) {
  const SealedTable& table = *statement.table;
  std::vector<Fresh> rows;
  std::string bytes;
  TRY(inner_.query(statement.returning, params, [&](const Row& row) {
    bytes.clear();
    Sealer::append_sealed(bytes, table, row);
    rows.push_back({sealer_.key().seal(bytes), key_of(table, row), {}});
    return true;
  }));
  for (const Fresh& row : rows) TRY(write_seal(inner_, statement.update, row));
  has_sealed_ = has_sealed_ || !rows.empty();
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

namespace {

/// Judges the rows of a table by their seals.
class SealJudge {
 public:
  SealJudge(const Sealer& sealer, const SealedTable& table, const SealFacts& facts,
            const Progress& progress)
      : sealer_(sealer),
        table_(table),
        facts_(facts),
        seal_column_(static_cast<int>(table.kinds.size())),
        check_(std::string(table.name), progress) {}

  void look_at(const Row& row) {
    check_.row();
    if (row.is_null(seal_column_)) return look_at_unsealed(row);
    const std::string_view seal = row.blob(seal_column_);
    bytes_.clear();
    Sealer::append_sealed(bytes_, table_, row);
    switch (sealer_.key().check(seal, bytes_)) {
      case crypto::SealKey::Fit::fits:
        return;
      case crypto::SealKey::Fit::differs:
        return fault(row, " was changed by somebody else: its seal does not fit");
      case crypto::SealKey::Fit::other_key:
        if (!facts_.is_of_no_key(seal)) return check_.other_key();
        return fault(row, " is sealed with key " + crypto::SealKey::name_of(seal) +
                              ", which has made no link: a forged seal");
      case crypto::SealKey::Fit::unkeyed:
        if (facts_.is_loss_noted) return check_.unkeyed();
        return fault(row, " is sealed without a key, but no loss of the key is noted");
    }
  }
  Check finish() && { return std::move(check_).finish(); }

 private:
  void look_at_unsealed(const Row& row) {
    if (facts_.sealed_since_us && row.integer(seal_column_ + 1) > *facts_.sealed_since_us) {
      fault(row, " has no seal");
    } else {
      check_.not_covered();
    }
  }
  void fault(const Row& row, const std::string& what) { check_.fault(name_of(table_, row) + what); }

  const Sealer& sealer_;
  const SealedTable& table_;
  const SealFacts& facts_;
  const int seal_column_;
  Checker check_;
  std::string bytes_;
};

constexpr std::size_t rows_in_a_unit = 1'000;

/// Those that were written while the key was lost, with a seal of the key that is here.
Result<std::vector<Fresh>> sealed_anew(Tx& tx, const Sealer& sealer, const SealedTable& table) {
  const std::string sql =
      fmt::format("SELECT {}, row_seal FROM {} WHERE substr(row_seal, 1, {}) = $1", table.columns,
                  table.name, crypto::SealKey::unkeyed_start().size());
  const Query query{"sql.unkeyed_rows", sql, Rows::many};
  std::vector<Fresh> rows;
  std::string bytes;
  TRY(tx.query(query, {Param::blob(crypto::SealKey::unkeyed_start())}, [&](const Row& row) {
    const std::string_view before = row.blob(static_cast<int>(table.kinds.size()));
    bytes.clear();
    Sealer::append_sealed(bytes, table, row);
    if (sealer.key().check(before, bytes) == crypto::SealKey::Fit::unkeyed)
      rows.push_back({sealer.key().seal(bytes), key_of(table, row), std::string(before)});
    return true;
  }));
  return rows;
}

}  // namespace

Result<Check> verify_seals(Tx& tx, const Sealer& sealer, const SealedTable& table,
                           const SealFacts& facts, const Progress& progress) {
  const std::string sql = fmt::format("SELECT {}, row_seal, {} FROM {}", table.columns,
                                      table.created.empty() ? "0" : table.created, table.name);
  const Query query{"sql.verify_seals", sql, Rows::many};
  SealJudge judge(sealer, table, facts, progress);
  TRY(tx.query(query, {}, [&](const Row& row) {
    judge.look_at(row);
    return true;
  }));
  return std::move(judge).finish();
}

Result<std::int64_t> seal_again(Database& database, const Sealer& sealer,
                                const SealedTable& table) {
  const auto rows = TRY(database.read([&](Tx& tx) { return sealed_anew(tx, sealer, table); }));
  // A row that was written in between has another seal, and keeps it.
  const std::string sql =
      fmt::format("{} AND row_seal = ${}", update_of(table), table.key_columns + 2);
  const Query update{"sql.seal_again", sql};
  for (std::span<const Fresh> left(rows); !left.empty();) {
    const auto part = left.first(std::min(left.size(), rows_in_a_unit));
    TRY(database.write([&](Tx& tx) -> Result<void> {
      for (const Fresh& row : part) TRY(write_seal(tx, update, row));
      return {};
    }));
    left = left.subspan(part.size());
  }
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace florin::sql
