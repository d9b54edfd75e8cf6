#include "platform/sql/page_checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace florin::sql {
namespace {

std::vector<char> random_page(std::size_t bytes) {
  std::mt19937 random(7);
  std::vector<char> page(bytes);
  for (char& byte : page) byte = static_cast<char>(random());
  return page;
}

std::string sum_of(const std::vector<char>& page) {
  return {page.end() - page_sum_bytes, page.end()};
}

std::string little_endian(std::uint32_t sum) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(sum >> (8 * i));
  return bytes;
}

TEST(Crc32c, IsTheOneOfTheStandard) {
  EXPECT_EQ(crc32c(0, std::string("123456789")), 0xe3069283u);  // The catalogue's check value.
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aau);     // RFC 3720, B.4.
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(PageChecksum, IsTheSameByInstructionAndByTable) {
  for (const std::size_t bytes : {512u, 4'096u, 65'536u}) {
    std::vector<char> page = random_page(bytes);
    seal_page(page, 12'345);
    const std::span<const char> all(page);
    const std::size_t half = bytes / 2;
    EXPECT_EQ(sum_of(page),
              little_endian(crc32c(12'345, all.first(half))) +
                  little_endian(crc32c(12'345, all.subspan(half, half - page_sum_bytes))));
  }
}

TEST(PageChecksum, FindsEachFlippedBit) {
  std::vector<char> page = random_page(4'096);
  seal_page(page, 2);
  ASSERT_TRUE(is_page_whole(page, 2));
  for (std::size_t bit = 0; bit < page.size() * 8; ++bit) {
    page[bit / 8] = static_cast<char>(page[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(is_page_whole(page, 2)) << bit;
    page[bit / 8] = static_cast<char>(page[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(PageChecksum, FindsAPageAtAnotherPagesPlace) {
  std::vector<char> page = random_page(4'096);
  seal_page(page, 2);
  EXPECT_FALSE(is_page_whole(page, 3));
}

TEST(PageChecksum, TakesWhatWasNeverWritten) {
  std::vector<char> page(4'096);
  EXPECT_TRUE(is_page_whole(page, 9));
  page[100] = 1;
  EXPECT_FALSE(is_page_whole(page, 9));
}

}  // namespace
}  // namespace florin::sql
