#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/currency.h"
#include "base/id.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

/// How a value of one C++ type stands in one cell of a row: one Cell a type. A module adds its own
/// types by specializing Cell beside them.
namespace florin::sql {

/// Texts made for a statement; parameters borrow them until it has been sent.
class KeptTexts {
 public:
  KeptTexts() = default;
  KeptTexts(KeptTexts&&) = default;
  KeptTexts(const KeptTexts&) = delete;
  KeptTexts& operator=(const KeptTexts&) = delete;
  const std::string& keep(std::string text) { return texts_.emplace_front(std::move(text)); }

 private:
  std::forward_list<std::string> texts_;  // Costs nothing while it is empty, as for most rows.
};

/// A cell on its way in. Its name is only put together when the cell is refused.
struct CellPlace {
  const Row& row;
  int column;
  std::string_view table, name;

  std::int64_t integer() const { return row.integer(column); }
  std::string_view text() const { return row.text(column); }
  /// The query ends with store_corrupt, which names the cell and its text.
  void refuse() const;
};

/// `is_empty` tells what a column with `.empty_is_null` holds NULL for; it reads NULL as such.
template <class X>
struct Cell;

template <>
struct Cell<std::int64_t> {
  static constexpr Param::Kind type = Param::Kind::integer;
  static Param param(std::int64_t value, KeptTexts&) { return value; }
  static std::int64_t read(const CellPlace& cell) { return cell.integer(); }
  static bool is_empty(std::int64_t value) { return value == 0; }
};

template <>
struct Cell<int> {
  static constexpr Param::Kind type = Param::Kind::integer;
  static Param param(int value, KeptTexts&) { return value; }
  static int read(const CellPlace& cell) { return static_cast<int>(cell.integer()); }
  static bool is_empty(int value) { return value == 0; }
};

template <>
struct Cell<bool> {
  static constexpr Param::Kind type = Param::Kind::integer;
  static Param param(bool value, KeptTexts&) { return value; }
  static bool read(const CellPlace& cell) { return cell.integer() != 0; }
  static bool is_empty(bool value) { return !value; }
};

template <>
struct Cell<std::string> {
  static constexpr Param::Kind type = Param::Kind::text;
  static Param param(const std::string& value, KeptTexts&) { return value; }
  static std::string read(const CellPlace& cell) { return std::string(cell.text()); }
  static bool is_empty(const std::string& value) { return value.empty(); }
};

/// Written and compared only.
template <>
struct Cell<std::string_view> {
  static Param param(std::string_view value, KeptTexts&) { return value; }
};

template <>
struct Cell<Timestamp> {
  static constexpr Param::Kind type = Param::Kind::integer;
  static Param param(Timestamp value, KeptTexts&) { return value.us; }
  static Timestamp read(const CellPlace& cell) { return {cell.integer()}; }
  static bool is_empty(Timestamp value) { return value.us == 0; }
};

template <class Tag>
struct Cell<Id<Tag>> {
  static constexpr Param::Kind type = Param::Kind::integer;
  static Param param(Id<Tag> value, KeptTexts&) { return value.value; }
  static Id<Tag> read(const CellPlace& cell) { return {cell.integer()}; }
  static bool is_empty(Id<Tag> value) { return !value; }
};

template <>
struct Cell<Currency> {
  static constexpr Param::Kind type = Param::Kind::text;
  static Param param(const Currency& value, KeptTexts&) { return value.code(); }
  /// A code that ISO 4217 does not list is refused.
  static Currency read(const CellPlace& cell);
  static bool is_empty(const Currency&) { return false; }
};

/// An enumeration with words; a word that it does not have is refused.
template <HasWords E>
struct Cell<E> {
  static constexpr Param::Kind type = Param::Kind::text;
  static Param param(E value, KeptTexts&) { return to_word(value); }
  static E read(const CellPlace& cell) {
    const auto value = parse_word<E>(cell.text());
    if (!value) cell.refuse();
    return value.value_or(E{});
  }
  static bool is_empty(E) { return false; }
};

/// A digest or another value of a fixed number of bytes.
template <std::size_t size>
struct Cell<std::array<std::uint8_t, size>> {
  using Bytes = std::array<std::uint8_t, size>;
  static constexpr Param::Kind type = Param::Kind::blob;
  static Param param(const Bytes& value, KeptTexts&) {
    return Param::blob({reinterpret_cast<const char*>(value.data()), size});
  }
  static Bytes read(const CellPlace& cell) {
    Bytes value{};
    const std::string_view bytes = cell.row.blob(cell.column);
    if (bytes.size() != size) cell.refuse();
    std::memcpy(value.data(), bytes.data(), std::min(bytes.size(), size));
    return value;
  }
  static bool is_empty(const Bytes&) { return false; }
};

/// NULL when it is absent.
template <class X>
struct Cell<std::optional<X>> {
  static constexpr Param::Kind type = Cell<X>::type;
  static Param param(const std::optional<X>& value, KeptTexts& kept) {
    return value ? Cell<X>::param(*value, kept) : Param(nullptr);
  }
  static std::optional<X> read(const CellPlace& cell) {
    if (cell.row.is_null(cell.column)) return std::nullopt;
    return Cell<X>::read(cell);
  }
  static bool is_empty(const std::optional<X>& value) { return !value; }
};

}  // namespace florin::sql
