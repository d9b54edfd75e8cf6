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

/// Gives the value of a Result or returns its error from the function around it.
/// It stands alone after `=` or as a statement: inside braces GCC 12 skips the destructors of
/// half-built neighbours.
#define TRY(...)                                                              \
  __extension__({                                                             \
    auto florin_try_result = (__VA_ARGS__);                                   \
    if (!florin_try_result) return ::florin::Error(std::move(florin_try_result).error()); \
    ::florin::detail::take(florin_try_result);                                \
  })
