#pragma once
#include <string_view>

namespace florin::app {
inline constexpr std::string_view version = "0.1.0";
}
