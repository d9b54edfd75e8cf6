#include "app/doctor/schema_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>

#include "app/data/schema.h"
#include "app/modules.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/migration_text.h"

namespace florin::app {
namespace {

/// What there is: kind and name, and what it is made of, as far as that is known.
using Catalogue = std::map<std::pair<std::string, std::string>, std::string>;

constexpr sql::Query sqlite_catalogue{
    "schema.sqlite_catalogue",
    "SELECT type, name, CASE type WHEN 'table' THEN '' ELSE sql END FROM sqlite_master"
    " WHERE type <> 'view' AND name NOT LIKE 'sqlite%'"
    " UNION ALL SELECT 'column', m.name || '.' || c.name,"
    " c.type || ' ' || c.\"notnull\" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk"
    " FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"};
constexpr sql::Query postgres_catalogue{
    "schema.postgres_catalogue",
    "SELECT 'table', tablename::text, '' FROM pg_tables WHERE schemaname = current_schema()"
    " UNION ALL SELECT CASE WHEN i.indisvalid THEN 'index' ELSE 'invalid index' END, "
    "c.relname::text,"
    " CASE WHEN i.indisunique THEN 'UNIQUE' ELSE '' END"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relnamespace = current_schema()::regnamespace"
    " UNION ALL SELECT 'policy', policyname::text, '' FROM pg_policies"
    " WHERE schemaname = current_schema()"
    " UNION ALL SELECT 'trigger', t.tgname || ' on ' || c.relname, '' FROM pg_trigger t"
    " JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    " UNION ALL SELECT 'rule', rulename || ' on ' || tablename, '' FROM pg_rules"
    " WHERE schemaname = current_schema()"};

Result<Catalogue> load(sql::Database& database, const sql::Query& query) {
  return database.read([&](sql::Tx& tx) -> Result<Catalogue> {
    Catalogue found;
    TRY(tx.query(query, {}, [&](const sql::Row& row) {
      found[{std::string(row.text(0)), std::string(row.text(1))}] = row.text(2);
      return true;
    }));
    return found;
  });
}

Result<Catalogue> sqlite_as_made() {
  const auto empty = TRY(sql::open_sqlite({.path = ":memory:", .readers = 1}));
  TRY(sql::migrate(*empty, all_migrations(), Timestamp{}));
  return load(*empty, sqlite_catalogue);
}

// ---------------------------------------------------------------- what PostgreSQL's migrations
// make

/// Words of a script: names, and each other sign by itself. Comments are none.
std::vector<std::string_view> words_of(std::string_view script) {
  const auto is_of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < script.size();) {
    if (script.substr(at, 2) == "--") {
      at = std::min(script.find('\n', at), script.size());
      continue;
    }
    std::size_t end = at;
    while (end < script.size() && is_of_name(script[end])) ++end;
    if (end == at) ++end;
    if (std::isspace(static_cast<unsigned char>(script[at])) == 0)
      words.push_back(script.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return low;
}

/// One statement: "CREATE UNIQUE INDEX name …", "DROP INDEX IF EXISTS name".
void run_statement(const std::vector<std::string_view>& words, Catalogue& made) {
  if (words.size() < 3 || (words[0] != "CREATE" && words[0] != "DROP")) return;
  std::size_t at = words[1] == "UNIQUE" ? 2 : 1;
  const std::string kind = lower(words[at++]);
  if (kind != "table" && kind != "index" && kind != "policy") return;
  while (at + 1 < words.size() &&
         (words[at] == "IF" || words[at] == "NOT" || words[at] == "EXISTS"))
    ++at;
  const std::string name(words[at]);
  if (words[0] == "DROP") {
    made.erase({kind, name});
    return;
  }
  made[{kind, name}];
  if (kind == "table" && std::find(words.begin(), words.end(), "PRIMARY") != words.end())
    made[{"index", name + "_pkey"}];
}

Result<Catalogue> postgres_as_made() {
  Catalogue made;
  for (const sql::Migration& migration : all_migrations()) {
    if (migration.name.ends_with(".sqlite")) continue;
    const std::string text = TRY(sql::migration_text(migration.sql, sql::Dialect::postgres));
    std::vector<std::string_view> statement;
    for (const std::string_view word : words_of(text)) {
      if (word != ";") {
        statement.push_back(word);
        continue;
      }
      run_statement(statement, made);
      statement.clear();
    }
  }
  return made;
}

// ---------------------------------------------------------------- comparing

bool does_harm(const std::string& kind, std::string_view text) {
  return kind == "trigger" || kind == "rule" ||
         (kind == "index" && text.find("UNIQUE") != std::string_view::npos);
}

std::vector<std::string> compare(const Catalogue& made, const Catalogue& found, bool knows_text) {
  std::vector<std::string> faults;
  for (const auto& [object, text] : made) {
    const auto& [kind, name] = object;
    const auto there = found.find(object);
    if (there == found.end()) {
      faults.push_back(fmt::format("{} {} is missing", kind, name));
    } else if (knows_text && there->second != text) {
      faults.push_back(fmt::format("{} {} is not as florin made it", kind, name));
    }
  }
  // PostgreSQL makes indexes for UNIQUE in a table, too, whose names the migrations do not say.
  for (const auto& [object, text] : found) {
    const bool is_made = made.contains(object) || (!knows_text && object.first == "index");
    if (!is_made && does_harm(object.first, text))
      faults.push_back(fmt::format("{} {} is not one of florin's", object.first, object.second));
  }
  return faults;
}

/// PostgreSQL's columns, each with its type.
Result<void> compare_columns(sql::Database& database, std::vector<std::string>& faults) {
  std::map<std::string, std::vector<sql::CatalogueColumn>> found;
  for (sql::CatalogueTable& table :
       TRY(database.read([](sql::Tx& tx) { return sql::read_catalogue(tx); })))
    found[table.name] = std::move(table.columns);
  for (const sql::CatalogueTable& made : *TRY(schema())) {
    const auto& there = found[made.name];
    if (there.empty()) continue;  // Named as missing already.
    for (const sql::CatalogueColumn& column : made.columns) {
      const auto same = std::find_if(there.begin(), there.end(),
                                     [&](const auto& c) { return c.name == column.name; });
      if (same == there.end()) {
        faults.push_back(fmt::format("column {}.{} is missing", made.name, column.name));
      } else if (*same != column) {
        faults.push_back(
            fmt::format("column {}.{} is not as florin made it", made.name, column.name));
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> schema_faults(sql::Database& database) {
  if (database.dialect() == sql::Dialect::postgres) {
    const Catalogue made = TRY(postgres_as_made());
    auto faults = compare(made, TRY(load(database, postgres_catalogue)), false);
    TRY(compare_columns(database, faults));
    return faults;
  }
  return compare(TRY(sqlite_as_made()), TRY(load(database, sqlite_catalogue)), true);
}

}  // namespace florin::app
