#include "platform/modules/services.h"

#include <cxxabi.h>
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace florin::modules {
namespace {

std::string name_of(std::type_index type) {
  int fault = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &fault), &std::free);
  return fault == 0 ? name.get() : type.name();
}

[[noreturn]] void end(const std::string& reason) {
  fmt::print(stderr, "florin: {}\n", reason);
  std::abort();
}

}  // namespace

void Services::put(std::type_index type, Entry entry) {
  if (!entries_.emplace(type, entry).second)
    end(fmt::format("the service {} is provided twice", name_of(type)));
}

void Services::end_for_missing(std::type_index type) {
  end(fmt::format(
      "the service {} is missing: the module that provides it must come earlier in the list",
      name_of(type)));
}

}  // namespace florin::modules
