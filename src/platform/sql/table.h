#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/try.h"
#include "platform/sql/array.h"
#include "platform/sql/cell.h"
#include "platform/sql/database.h"

/// A table described once: its columns and the members of a struct that they hold. The description
/// gives the statements and reads their rows.
///
///   const sql::Table<Partner> partners("partners", {
///       {"id", &Partner::id, {.role = sql::Role::key}},
///       {"tenant_id", &Partner::tenant, {.role = sql::Role::key}},
///       {"code", &Partner::code, {.role = sql::Role::fixed}},
///       {"status", &Partner::status},
///   });
///   const auto partner_by_code = partners.select("hub.partner_by_code", "WHERE code = $1");
///
/// Tables and what they give are constants with static storage, as queries are. Docs:
/// docs/adr/0034-columns-once.md.
namespace florin::sql {

enum class Role : std::uint8_t {
  key,    ///< Names the row that a change is about, with the other keys.
  fixed,  ///< Written when the row is made, never changed.
  changes
};

struct ColumnOptions {
  Role role = Role::changes;
  bool empty_is_null = false;  ///< NULL stands for 0, "" and an id that is none.
};

/// A value that its column keeps as text of its own form.
template <class X>
struct TextForm {
  std::string (*write)(const X&);
  std::optional<X> (*read)(std::string_view);  ///< Nothing is store_corrupt.
};

/// A struct within the struct of the row, and a member of it.
template <class Owner, class Part, class X>
struct Within {
  Part Owner::*part;
  X Part::*member;
};
template <class Owner, class Part, class Base, class X>
Within<Owner, Part, X> within(Part Owner::*part, X Base::*member) {
  return {part, member};
}

/// What statements are put together from.
struct ColumnText {
  std::string_view name;
  Param::Kind type;
  Role role;
};

template <class Base, class T>
concept BaseOf = std::is_base_of_v<Base, T>;

/// One column and the member that it holds.
template <class T>
class Column {
 public:
  template <BaseOf<T> Owner, class X>
  Column(std::string_view name, X Owner::*member, ColumnOptions how = {})
      : Column(
            name, how, Cell<X>::type, [member](auto& row) -> auto& { return row.*member; }) {}

  template <BaseOf<T> Owner, class Part, class X>
  Column(std::string_view name, Within<Owner, Part, X> at, ColumnOptions how = {})
      : Column(
            name, how,
            Cell<X>::type, [at](auto& row) -> auto& { return row.*(at.part).*(at.member); }) {}

  template <BaseOf<T> Owner, class X>
  Column(std::string_view name, X Owner::*member, TextForm<std::type_identity_t<X>> form,
         ColumnOptions how = {})
      : Column(
            name, how, form, [member](auto& row) -> auto& { return row.*member; }) {}

  template <BaseOf<T> Owner, class Part, class X>
  Column(std::string_view name, Within<Owner, Part, X> at, TextForm<std::type_identity_t<X>> form,
         ColumnOptions how = {})
      : Column(
            name, how, form, [at](auto& row) -> auto& { return row.*(at.part).*(at.member); }) {}

  ColumnText text;
  std::function<Param(const T&, KeptTexts&)> param;
  std::function<void(T&, const CellPlace&)> read;

 private:
  template <class Get>
  Column(std::string_view name, ColumnOptions how, Param::Kind type, Get get)
      : text{name, type, how.role},
        param([get, how](const T& row, KeptTexts& kept) {
          const auto& value = get(row);
          using C = Cell<std::remove_cvref_t<decltype(value)>>;
          if (how.empty_is_null && C::is_empty(value)) return Param(nullptr);
          return C::param(value, kept);
        }),
        read([get, how](T& row, const CellPlace& cell) {
          auto& value = get(row);
          using X = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_default_constructible_v<X>) {
            if (how.empty_is_null && cell.row.is_null(cell.column)) {
              value = {};
              return;
            }
          }
          value = Cell<X>::read(cell);
        }) {}

  template <class X, class Get>
  Column(std::string_view name, ColumnOptions how, TextForm<X> form, Get get)
      : text{name, Param::Kind::text, how.role},
        param([get, form](const T& row, KeptTexts& kept) {
          return Param(kept.keep(form.write(get(row))));
        }),
        read([get, form](T& row, const CellPlace& cell) {
          if (auto value = form.read(cell.text())) {
            get(row) = *std::move(value);
          } else {
            cell.refuse();
          }
        }) {}
};

/// A query that owns its text. Its address identifies the prepared statement.
class Statement {
 public:
  Statement(std::string name, std::string sql, Rows rows = Rows::few, Sees sees = Sees::own);
  ~Statement();
  /// The texts of all that there are, for the test that both engines take each of them.
  static std::vector<std::string> all_texts();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  const Query& query() const { return query_; }

 private:
  const std::string name_, sql_;
  const Query query_;
};

/// "SELECT a, b FROM table REST"; where REST holds {SELECT}, that alone is replaced, as in a UNION.
std::string select_text(std::string_view table, std::span<const ColumnText> columns,
                        std::string_view rest);
/// "INSERT INTO table (a, b) VALUES ($1, $2) REST"
std::string insert_text(std::string_view table, std::span<const ColumnText> columns,
                        std::string_view rest);
/// "INSERT INTO table (a, b) SELECT unnest($1::bigint[]), unnest($2::text[]) REST"
std::string insert_set_text(std::string_view table, std::span<const ColumnText> columns,
                            std::string_view rest);
/// "UPDATE table SET b = $2 WHERE a = $1": every column that changes, of the row with these keys.
std::string change_text(std::string_view table, std::span<const ColumnText> columns);

template <class T>
class View;
template <class T>
class Table;

/// A query whose rows become values of T.
template <class T>
class Select {
 public:
  Select(const View<T>& view, std::string_view name, std::string_view rest, Rows rows)
      : view_(view), statement_(std::string(name), view.select_text(rest), rows) {}

  /// The first row; nothing when there is none. Errors: store_corrupt for a cell that cannot be
  /// read, and the database's.
  Result<std::optional<T>> first(Tx& tx, std::initializer_list<Param> params) const {
    std::optional<T> found;
    TRY(visit(tx, params, [&](T row) {
      found = std::move(row);
      return false;
    }));
    return found;
  }
  Result<std::vector<T>> all(Tx& tx, std::initializer_list<Param> params = {}) const {
    std::vector<T> found;
    TRY(visit(tx, params, [&](T row) {
      found.push_back(std::move(row));
      return true;
    }));
    return found;
  }
  /// `visit` returns false to stop.
  template <class Visit>
  Result<void> visit(Tx& tx, std::initializer_list<Param> params, const Visit& visit) const {
    return tx.query(statement_.query(), params,
                    [&](const Row& row) { return visit(view_.read(row)); });
  }
  const Query& query() const { return statement_.query(); }

 private:
  const View<T>& view_;
  const Statement statement_;
};

/// How rows are added, with a clause of its own behind it ("ON CONFLICT … DO NOTHING").
template <class T>
class Insert {
 public:
  Insert(const Table<T>& table, std::string name, std::string_view rest)
      : table_(table),
        one_(name, insert_text(table.name(), table.column_texts(), rest)),
        set_(name + "_set", insert_set_text(table.name(), table.column_texts(), rest)) {}

  /// Whether the row was added: a clause may leave it out.
  Result<bool> add(Tx& tx, const T& row) const {
    KeptTexts kept;
    return TRY(tx.exec(one_.query(), table_.params(row, kept))) > 0;
  }
  /// As add(), for those who do not ask. PostgreSQL takes them all in one statement.
  Result<void> send(Tx& tx, std::span<const T> rows) const {
    if (rows.size() > 1 && tx.takes_sets()) return send_set(tx, rows);
    for (const T& row : rows) {
      KeptTexts kept;
      TRY(tx.send(one_.query(), table_.params(row, kept)));
    }
    return {};
  }

 private:
  Result<void> send_set(Tx& tx, std::span<const T> rows) const {
    std::vector<Array> columns;
    for (const Column<T>& column : table_.columns()) columns.push_back(Array::of(column.text.type));
    for (const T& row : rows) {
      KeptTexts kept;
      for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i].add(table_.columns()[i].param(row, kept));
    }
    std::vector<Param> params;
    for (Array& column : columns) params.push_back(column.param());
    return tx.send(set_.query(), params);
  }

  const Table<T>& table_;
  const Statement one_, set_;
};

/// Columns that are read together: of a table, or of tables that each select joins.
template <class T>
class View {
 public:
  /// `name` is the first table. Rows are read into copies of `blank`.
  View(std::string_view name, std::vector<Column<T>> columns, T blank = {})
      : name_(name),
        blank_(std::move(blank)),
        columns_(std::move(columns)),
        texts_(texts_of(columns_)) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// `rest` follows "SELECT … FROM table", as "WHERE id = $1"; see select_text(). The name labels
  /// metrics and errors.
  Select<T> select(std::string_view name, std::string_view rest, Rows rows = Rows::few) const {
    return {*this, name, rest, rows};
  }

  std::string_view name() const { return name_; }
  std::span<const Column<T>> columns() const { return columns_; }
  std::span<const ColumnText> column_texts() const { return texts_; }
  std::string select_text(std::string_view rest) const {
    return sql::select_text(name_, texts_, rest);
  }
  /// A row of a select, whose columns are these in their order.
  T read(const Row& row) const {
    T value = blank_;
    int place = 0;
    for (const Column<T>& column : columns_)
      column.read(value, {row, place++, name_, column.text.name});
    return value;
  }

 private:
  static std::vector<ColumnText> texts_of(const std::vector<Column<T>>& columns) {
    std::vector<ColumnText> texts;
    for (const Column<T>& column : columns) texts.push_back(column.text);
    return texts;
  }

  const std::string_view name_;
  const T blank_;
  const std::vector<Column<T>> columns_;
  const std::vector<ColumnText> texts_;
};

/// A table that is written, too. At least one column has the role of a key.
template <class T>
class Table : public View<T> {
 public:
  Table(std::string_view name, std::vector<Column<T>> columns, T blank = {})
      : View<T>(name, std::move(columns), std::move(blank)),
        insert_(*this, std::string(name) + ".insert", ""),
        change_(std::string(name) + ".change", change_text(name, this->column_texts())) {}

  Insert<T> insertion(std::string_view name, std::string_view rest) const {
    return {*this, std::string(name), rest};
  }

  /// Errors: constraint_violated, and the database's.
  Result<void> insert(Tx& tx, const T& row) const {
    TRY(insert_.add(tx, row));
    return {};
  }
  /// As insert(), without waiting: PostgreSQL may return the error from a later call.
  Result<void> send(Tx& tx, const T& row) const { return insert_.send(tx, std::span(&row, 1)); }
  Result<void> send(Tx& tx, std::span<const T> rows) const { return insert_.send(tx, rows); }
  /// Writes every column that changes; false: there is no row with these keys.
  Result<bool> change(Tx& tx, const T& row) const {
    KeptTexts kept;
    return TRY(tx.exec(change_.query(), params_of({Role::key, Role::changes}, row, kept))) > 0;
  }
  /// As change(), where the row is known to be there.
  Result<void> send_change(Tx& tx, const T& row) const {
    KeptTexts kept;
    return tx.send(change_.query(), params_of({Role::key, Role::changes}, row, kept));
  }

  /// Every column, in their order.
  std::vector<Param> params(const T& row, KeptTexts& kept) const {
    std::vector<Param> params;
    params.reserve(this->columns().size());
    for (const Column<T>& column : this->columns()) params.push_back(column.param(row, kept));
    return params;
  }

 private:
  /// The columns of the first role, then those of the second.
  std::vector<Param> params_of(std::initializer_list<Role> roles, const T& row,
                               KeptTexts& kept) const {
    std::vector<Param> params;
    params.reserve(this->columns().size());
    for (const Role role : roles) {
      for (const Column<T>& column : this->columns()) {
        if (column.text.role == role) params.push_back(column.param(row, kept));
      }
    }
    return params;
  }

  const Insert<T> insert_;
  const Statement change_;
};

}  // namespace florin::sql
