#include "platform/sql/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/id_generator.h"

namespace florin::sql {
namespace {

constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();

struct Bounds {
  std::int64_t first_id, end_id, created_from, created_to;
};

/// An id tells a time that is never before created_at; a clock that was set back leaves later ids
/// with earlier times, for a day at most.
Bounds bounds_of(const PageRequest& page) {
  constexpr std::int64_t day_s = 86'400;
  Bounds bounds{0, page.before == 0 ? greatest : page.before, 0, greatest};
  if (page.created_after) {
    bounds.created_from = page.created_after->us;
    bounds.first_id = IdGenerator::first_at(*page.created_after);
  }
  if (page.created_before) {
    bounds.created_to = page.created_before->us;
    const Timestamp last = page.created_before->plus_seconds(day_s);
    bounds.end_id = std::min(bounds.end_id, IdGenerator::first_at(last));
  }
  return bounds;
}

bool equals(const Row& row, int column, const Param& value) {
  switch (value.kind) {
    case Param::Kind::null:
      return row.is_null(column);
    case Param::Kind::integer:
      return !row.is_null(column) && row.integer(column) == value.integer;
    case Param::Kind::text:
      return !row.is_null(column) && row.text(column) == value.bytes;
    case Param::Kind::blob:
      break;
  }
  return !row.is_null(column) && row.blob(column) == value.bytes;
}

/// With an index on another column, the sign keeps SQLite from going through all rows of the
/// tenant.
std::string where(std::string_view indexed) {
  return fmt::format(
      "WHERE {}tenant_id = $1 AND id >= $2 AND id < $3 AND created_at_us >= $4 AND"
      " created_at_us < $5{} ORDER BY id DESC",
      indexed.empty() ? "" : "+", indexed.empty() ? "" : fmt::format(" AND {} = $6", indexed));
}

std::vector<std::string> names_of(std::span<const ColumnText> columns) {
  std::vector<std::string> names;
  for (const ColumnText& column : columns) names.emplace_back(column.name);
  return names;
}

}  // namespace

ListQueries::ListQueries(std::string_view table, std::span<const ColumnText> columns,
                         std::string_view name, std::vector<std::string_view> indexed)
    : columns_(names_of(columns)), indexed_(std::move(indexed)), id_(index_of("id")) {
  assert(id_ >= 0);
  const auto add = [&](std::string full_name, std::string_view column) {
    statements_.push_back(std::make_unique<const Statement>(
        std::move(full_name), select_text(table, columns, where(column)), Rows::many));
  };
  add(std::string(name), {});
  for (const std::string_view column : indexed_) add(fmt::format("{}.{}", name, column), column);
}

ListQueries::Choice ListQueries::choose(const Filters& filters) const {
  for (std::size_t i = 0; i < indexed_.size(); ++i) {
    for (const Filters::Filter& filter : filters.all()) {
      if (filter.column == indexed_[i]) return {statements_[i + 1]->query(), &filter};
    }
  }
  return {statements_.front()->query(), nullptr};
}

Result<std::int64_t> ListQueries::page(Tx& tx, TenantId tenant, const PageRequest& request,
                                       const Filters& filters,
                                       const std::function<void(const Row&)>& visit) const {
  const Choice choice = choose(filters);
  const Bounds bounds = bounds_of(request);
  std::vector<Param> params{tenant.value, bounds.first_id, bounds.end_id, bounds.created_from,
                            bounds.created_to};
  if (choice.indexed) params.push_back(choice.indexed->value);
  std::int64_t next = 0;
  PageWork work(request.limit);
  TRY(tx.query(choice.query, params, [&](const Row& row) {
    const bool fits = passes(row, filters, choice.indexed);
    if (work.look() && (!fits || work.take())) {
      if (fits) visit(row);
      return true;
    }
    next = row.integer(id_) + 1;
    return false;
  }));
  return next;
}

int ListQueries::index_of(std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
}

bool ListQueries::passes(const Row& row, const Filters& filters,
                         const Filters::Filter* known) const {
  return std::all_of(filters.all().begin(), filters.all().end(), [&](const auto& filter) {
    if (&filter == known) return true;
    const int column = index_of(filter.column);
    assert(column >= 0);  // A filter by a column that the table does not describe.
    return column >= 0 && equals(row, column, filter.value);
  });
}

}  // namespace florin::sql
