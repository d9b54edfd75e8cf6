#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/page.h"
#include "base/page_work.h"
#include "base/result.h"
#include "base/try.h"
#include "platform/sql/table.h"

namespace florin::sql {

/// What the rows of a list must hold. A filter whose value is absent lets every row pass. Borrows
/// its texts until the page was read.
class Filters {
 public:
  template <class X>
  Filters& equals(std::string_view column, const std::optional<X>& value) {
    if (value) equals(column, *value);
    return *this;
  }
  template <class X>
  Filters& equals(std::string_view column, const X& value) {
    all_.push_back({column, Cell<X>::param(value, kept_)});
    return *this;
  }

  struct Filter {
    std::string_view column;
    Param value;
  };
  const std::vector<Filter>& all() const { return all_; }

 private:
  std::vector<Filter> all_;
  KeptTexts kept_;
};

/// What is the same for lists of every type.
class ListQueries {
 public:
  /// The statement for these filters, and what is bound to it beside the value of `indexed`.
  struct Choice {
    const Query& query;
    const Filters::Filter* indexed;  ///< Compared by the statement; null: none.
  };

  ListQueries(std::string_view table, std::span<const ColumnText> columns, std::string_view name,
              std::vector<std::string_view> indexed);
  Choice choose(const Filters& filters) const;
  /// Runs the chosen statement. `visit` gets the rows that pass the filters.
  /// Gives where the next page starts; 0: there is none.
  Result<std::int64_t> page(Tx& tx, TenantId tenant, const PageRequest& request,
                            const Filters& filters,
                            const std::function<void(const Row&)>& visit) const;

 private:
  int index_of(std::string_view column) const;
  bool passes(const Row& row, const Filters& filters, const Filters::Filter* known) const;

  const std::vector<std::string> columns_;
  const std::vector<std::string_view> indexed_;
  const int id_;
  std::vector<std::unique_ptr<const Statement>> statements_;  // Unfiltered, then one per index.
};

/// A tenant's rows of a table, newest first, page by page. The table describes the columns id,
/// tenant_id and created_at_us, and has an index on (tenant_id, id); ids grow with time. A page
/// reads a bounded number of rows (see PageWork).
template <class T>
class List {
 public:
  /// `indexed` names columns that have an index on (column, id): the first of them that is filtered
  /// by chooses the rows; other filters are compared with each row.
  List(const View<T>& table, std::string_view name, std::vector<std::string_view> indexed = {})
      : table_(table), queries_(table.name(), table.column_texts(), name, std::move(indexed)) {}

  Result<Paged<T>> page(Tx& tx, TenantId tenant, const PageRequest& request,
                        const Filters& filters = {}) const {
    Paged<T> page;
    page.next = TRY(queries_.page(tx, tenant, request, filters,
                                  [&](const Row& row) { page.rows.push_back(table_.read(row)); }));
    return page;
  }

 private:
  const View<T>& table_;
  const ListQueries queries_;
};

}  // namespace florin::sql
