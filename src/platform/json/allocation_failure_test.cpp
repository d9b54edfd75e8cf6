// Memory that runs out in the middle of a document must not be remembered by the next one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "platform/json/value.h"

namespace {
/// Allocations of this thread until one fails; below zero: none does.
thread_local long allocations_left = -1;

void* allocate(std::size_t size) {
  if (allocations_left == 0) {
    allocations_left = -1;
    throw std::bad_alloc();
  }
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace florin::json {
namespace {

TEST(JsonAllocation, TheNextDocumentIsReadAsIfNothingHadFailed) {
  const std::string long_text(100, 'x');
  const std::string text =
      R"({"a":[1,2,{"b":")" + long_text + R"(\n)" + long_text + R"("}],"c":1.5})";
  const auto expected = parse(text);
  ASSERT_TRUE(expected);
  bool has_failed = true;
  int failures = 0;
  for (long at = 0; has_failed; ++at) {
    has_failed = false;
    allocations_left = at;
    try {
      (void)parse(text);
    } catch (const std::bad_alloc&) {
      has_failed = true;
      ++failures;
    }
    allocations_left = -1;
    const auto next = parse(text);
    ASSERT_TRUE(next) << at << ": " << next.error().detail;
    EXPECT_EQ(*next, *expected) << at;
  }
  EXPECT_GT(failures, 3);
}

}  // namespace
}  // namespace florin::json
