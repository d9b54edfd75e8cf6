#include "platform/sql/table.h"

#include <fmt/format.h>

#include <mutex>
#include <set>

namespace florin::sql {
namespace {

constexpr std::string_view whole_select = "{SELECT}";

std::string_view array_type(Param::Kind type) {
  if (type == Param::Kind::integer) return "bigint[]";
  return type == Param::Kind::text ? "text[]" : "bytea[]";
}

std::string names(std::span<const ColumnText> columns) {
  std::string text;
  for (const ColumnText& column : columns) {
    if (!text.empty()) text += ", ";
    text += column.name;
  }
  return text;
}

std::string with_rest(std::string text, std::string_view rest) {
  if (!rest.empty()) text.append(" ").append(rest);
  return text;
}

/// Made by the first statement, and so destroyed behind the last.
struct Register {
  std::mutex mutex;
  std::set<const Statement*> statements;
};
Register& all_statements() {
  static Register all;
  return all;
}

}  // namespace

Statement::Statement(std::string name, std::string sql, Rows rows, Sees sees)
    : name_(std::move(name)), sql_(std::move(sql)), query_{name_, sql_, rows, sees} {
  Register& all = all_statements();
  const std::lock_guard lock(all.mutex);
  all.statements.insert(this);
}

Statement::~Statement() {
  Register& all = all_statements();
  const std::lock_guard lock(all.mutex);
  all.statements.erase(this);
}

std::vector<std::string> Statement::all_texts() {
  Register& all = all_statements();
  const std::lock_guard lock(all.mutex);
  std::vector<std::string> texts;
  for (const Statement* statement : all.statements) texts.push_back(statement->sql_);
  return texts;
}

std::string select_text(std::string_view table, std::span<const ColumnText> columns,
                        std::string_view rest) {
  const std::string select = fmt::format("SELECT {} FROM {}", names(columns), table);
  if (rest.find(whole_select) == std::string_view::npos) return with_rest(select, rest);
  std::string text(rest);
  for (auto at = text.find(whole_select); at != std::string::npos; at = text.find(whole_select))
    text.replace(at, whole_select.size(), select);
  return text;
}

std::string insert_text(std::string_view table, std::span<const ColumnText> columns,
                        std::string_view rest) {
  std::string values;
  for (std::size_t i = 1; i <= columns.size(); ++i)
    values += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return with_rest(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names(columns), values),
                   rest);
}

std::string insert_set_text(std::string_view table, std::span<const ColumnText> columns,
                            std::string_view rest) {
  std::string values;
  for (std::size_t i = 0; i < columns.size(); ++i)
    values +=
        fmt::format("{}unnest(${}::{})", i == 0 ? "" : ", ", i + 1, array_type(columns[i].type));
  return with_rest(fmt::format("INSERT INTO {} ({}) SELECT {}", table, names(columns), values),
                   rest);
}

std::string change_text(std::string_view table, std::span<const ColumnText> columns) {
  std::string keys, changes;
  int number = 0;
  const auto add = [&](std::string& text, std::string_view between, const ColumnText& column) {
    text += fmt::format("{}{} = ${}", text.empty() ? "" : between, column.name, ++number);
  };
  for (const ColumnText& column : columns) {
    if (column.role == Role::key) add(keys, " AND ", column);
  }
  for (const ColumnText& column : columns) {
    if (column.role == Role::changes) add(changes, ", ", column);
  }
  return fmt::format("UPDATE {} SET {} WHERE {}", table, changes, keys);
}

}  // namespace florin::sql
