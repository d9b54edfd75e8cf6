#include "platform/sql/cell.h"

namespace florin::sql {

void CellPlace::refuse() const {
  refuse_word(row, column, std::string(table).append(".").append(name));
}

Currency Cell<Currency>::read(const CellPlace& cell) {
  if (const auto currency = Currency::parse(cell.text())) return *currency;
  cell.refuse();
  return *Currency::parse(Currency::all().front().code);
}

}  // namespace florin::sql
