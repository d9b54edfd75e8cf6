#include "hub/operator/dialect.h"

#include <array>

#include "hub/operator/evenbet_dialect.h"
#include "hub/operator/florin_dialect.h"

namespace florin::hub::operators {
namespace {

constexpr std::array<std::string_view, 5> operations{"balance", "debit", "credit", "rollback",
                                                     "query"};

const std::array<const Dialect*, 2>& dialects() {
  static const FlorinDialect florin;
  static const EvenbetDialect evenbet;
  static const std::array<const Dialect*, 2> all{&florin, &evenbet};
  return all;
}

}  // namespace

std::string_view to_string(Operation operation) {
  return operations[static_cast<std::size_t>(operation)];
}

const Dialect* find_dialect(std::string_view name) {
  for (const Dialect* dialect : dialects()) {
    if (dialect->name() == name) return dialect;
  }
  return nullptr;
}

std::vector<std::string_view> dialect_names() {
  std::vector<std::string_view> names;
  for (const Dialect* dialect : dialects()) names.push_back(dialect->name());
  return names;
}

}  // namespace florin::hub::operators
