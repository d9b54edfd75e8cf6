#include "platform/sql/fair_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace florin::sql {
namespace {

std::string take(FairQueue<char>& queue, std::size_t max_count, std::size_t max_weight = 1'000) {
  std::string taken;
  queue.take(max_count, max_weight, [&](char value) { taken += value; });
  return taken;
}

TEST(FairQueue, OneOwnerIsServedInOrder) {
  FairQueue<char> queue;
  for (const char c : std::string("abcdef")) queue.push({1, 1}, c);
  EXPECT_EQ(take(queue, 4), "abcd");
  queue.push({1, 1}, 'g');
  EXPECT_EQ(take(queue, 9), "efg");
  EXPECT_EQ(take(queue, 9), "");
}

TEST(FairQueue, AnOwnerWithALongQueueDelaysOthersByOneItem) {
  FairQueue<char> queue;
  for (const char c : std::string("aaaaaa")) queue.push({1, 1}, c);
  queue.push({2, 1}, 'x');
  queue.push({3, 1}, 'y');
  EXPECT_EQ(take(queue, 4), "axya");
  queue.push({2, 1}, 'x');
  EXPECT_EQ(take(queue, 2), "ax");
}

TEST(FairQueue, ABatchEndsBeforeItsWeightIsPassedAndAHeavyItemGoesAlone) {
  FairQueue<char> queue;
  queue.push({1, 50}, 'a');
  queue.push({1, 5'000}, 'b');
  queue.push({2, 50}, 'x');
  EXPECT_EQ(take(queue, 9, 100), "ax");
  EXPECT_EQ(take(queue, 9, 100), "b");
  EXPECT_EQ(queue.size(), 0u);
}

TEST(FairQueue, NothingIsLostOrTakenTwice) {
  std::mt19937 random(7);
  FairQueue<int> queue;
  std::vector<int> last(5, -1);
  int pushed = 0;
  int taken = 0;
  std::vector<int> next(5, 0);
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 3 != 0) {
      const auto owner = static_cast<std::int64_t>(random() % 5);
      queue.push({owner, random() % 20}, static_cast<int>(owner) * 1'000'000 + next[owner]++);
      ++pushed;
    } else {
      queue.take(random() % 8, 30, [&](int value) {
        const int owner = value / 1'000'000;
        EXPECT_GT(value % 1'000'000, last[owner]);
        last[owner] = value % 1'000'000;
        ++taken;
      });
    }
  }
  queue.take(SIZE_MAX, SIZE_MAX, [&](int) { ++taken; });
  EXPECT_EQ(taken, pushed);
}

}  // namespace
}  // namespace florin::sql
