#pragma once
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace florin::detail {
template <class T>
T take(Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}
}  // namespace florin::detail

#define FLORIN_TRY_NAMED(name, ...)                             \
  __extension__({                                               \
    auto name = (__VA_ARGS__);                                  \
    if (!name) return ::florin::Error(std::move(name).error()); \
    ::florin::detail::take(name);                               \
  })
#define FLORIN_TRY_NAME_JOINED(number) florin_try_result_##number
#define FLORIN_TRY_NAME(number) FLORIN_TRY_NAME_JOINED(number)

/// Gives the value of a Result or returns its error from the function around it.
/// It stands alone after `=` or as a statement: inside braces GCC 12 skips the destructors of
/// half-built neighbours. The counter keeps a TRY in a lambda within a TRY from shadowing the outer
/// one.
#define TRY(...) FLORIN_TRY_NAMED(FLORIN_TRY_NAME(__COUNTER__), __VA_ARGS__)
