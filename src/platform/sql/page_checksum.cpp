#include "platform/sql/page_checksum.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace florin::sql {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // CRC-32C (Castagnoli), lowest bit first.
constexpr std::size_t word_bytes = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, word_bytes>;

/// tables[k][b]: what the byte b adds to the sum when k bytes follow it in its word.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? polynomial : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t k = 1; k < word_bytes; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables tables = make_tables();

std::uint64_t word_at(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::big ? __builtin_bswap64(word) : word;
}

std::uint32_t add_word(std::uint32_t sum, std::uint64_t word) {
  word ^= sum;
  sum = 0;
  for (std::size_t i = 0; i < word_bytes; ++i)
    sum ^= tables[word_bytes - 1 - i][(word >> (8 * i)) & 0xff];
  return sum;
}

/// The sums of a page: of its first half, and of its second without the checksum itself.
struct Sums {
  std::uint32_t first = 0, second = 0;
};

Sums sums_by_table(std::span<const char> page, std::uint32_t number) {
  const std::size_t half = page.size() / 2;
  return {crc32c(number, page.first(half)),
          crc32c(number, page.subspan(half, half - page_sum_bytes))};
}

#ifdef __x86_64__
/// The instruction gives a result after three cycles and starts one in each: both halves at once.
__attribute__((target("sse4.2"))) Sums sums_by_instruction(std::span<const char> page,
                                                           std::uint32_t number) {
  const std::size_t half = page.size() / 2;
  std::uint64_t first = ~number;
  std::uint64_t second = ~number;
  std::size_t at = 0;
  for (; at < half - word_bytes; at += word_bytes) {
    first = __builtin_ia32_crc32di(first, word_at(page.data() + at));
    second = __builtin_ia32_crc32di(second, word_at(page.data() + half + at));
  }
  first = __builtin_ia32_crc32di(first, word_at(page.data() + at));
  return {~static_cast<std::uint32_t>(first), ~static_cast<std::uint32_t>(second)};
}

Sums sums_of(std::span<const char> page, std::uint32_t number) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return has_instruction ? sums_by_instruction(page, number) : sums_by_table(page, number);
}
#else
Sums sums_of(std::span<const char> page, std::uint32_t number) {
  return sums_by_table(page, number);
}
#endif

std::array<char, page_sum_bytes> stored(const Sums& sums) {
  std::array<char, page_sum_bytes> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[i] = static_cast<char>(sums.first >> (8 * i));
    bytes[i + 4] = static_cast<char>(sums.second >> (8 * i));
  }
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::uint32_t seed, std::span<const char> bytes) {
  std::uint32_t sum = ~seed;
  std::size_t at = 0;
  for (; at + word_bytes <= bytes.size(); at += word_bytes)
    sum = add_word(sum, word_at(bytes.data() + at));
  for (; at < bytes.size(); ++at)
    sum = (sum >> 8) ^ tables[0][(sum ^ static_cast<unsigned char>(bytes[at])) & 0xff];
  return ~sum;
}

void seal_page(std::span<char> page, std::uint32_t number) {
  const auto sum = stored(sums_of(page, number));
  std::memcpy(page.data() + page.size() - sum.size(), sum.data(), sum.size());
}

bool is_page_whole(std::span<const char> page, std::uint32_t number) {
  const auto sum = stored(sums_of(page, number));
  if (std::memcmp(page.data() + page.size() - sum.size(), sum.data(), sum.size()) == 0) return true;
  return std::all_of(page.begin(), page.end(), [](char byte) { return byte == 0; });
}

}  // namespace florin::sql
