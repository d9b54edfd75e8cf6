#include "platform/sql/wal_scan.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "platform/sql/errors.h"

namespace florin::sql {
namespace {

constexpr std::size_t header_bytes = 32;
constexpr std::size_t page_header_bytes = 24;
constexpr std::uint32_t magic = 0x377f0682;  // The lowest bit: checksums of big-endian words.

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return std::endian::native == std::endian::big ? value : __builtin_bswap32(value);
}

/// SQLite's sum over pairs of words.
class Sum {
 public:
  explicit Sum(bool is_big_endian)
      : is_swapped_(is_big_endian != (std::endian::native == std::endian::big)) {}

  void add(const char* bytes, std::size_t count) {
    for (std::size_t at = 0; at + 8 <= count; at += 8) {
      first_ += word(bytes + at) + second_;
      second_ += word(bytes + at + 4) + first_;
    }
  }
  bool fits(const char* stored) const {
    return first_ == big_endian(stored) && second_ == big_endian(stored + 4);
  }
  std::uint32_t first() const { return first_; }
  std::uint32_t second() const { return second_; }

 private:
  std::uint32_t word(const char* bytes) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return is_swapped_ ? __builtin_bswap32(value) : value;
  }

  bool is_swapped_;
  std::uint32_t first_ = 0, second_ = 0;
};

off_t place_of(std::uint32_t frame, std::size_t page_bytes) {
  return static_cast<off_t>(header_bytes) +
         static_cast<off_t>(frame - 1) * static_cast<off_t>(page_header_bytes + page_bytes);
}

bool is_page_size(std::uint32_t bytes) {
  return bytes >= 512 && bytes <= 65'536 && std::has_single_bit(bytes);
}

/// Follows the pages behind the first one that is not whole.
class Remainder {
 public:
  void see(bool is_of_this_log, bool ends_transaction) {
    if (!is_of_this_log) return;
    if (has_ended_) goes_on_ = true;
    if (ends_transaction) has_ended_ = true;
  }
  bool goes_on() const { return goes_on_; }

 private:
  bool has_ended_ = false, goes_on_ = false;
};

WalScan scan(std::istream& in, std::uint32_t wanted_pages) {
  WalScan found;
  std::array<char, header_bytes> header{};
  if (!in.read(header.data(), header.size())) {
    found.is_empty = in.gcount() == 0;
    return found;
  }
  found.is_empty = false;
  const bool is_known = (big_endian(header.data()) & ~1u) == magic;
  const std::uint32_t page_bytes = big_endian(header.data() + 8);
  if (!is_known || !is_page_size(page_bytes)) return found;

  Sum sum((big_endian(header.data()) & 1) != 0);
  sum.add(header.data(), 24);
  found.is_header_whole = sum.fits(header.data() + 24);
  found.end.salt1 = big_endian(header.data() + 16);
  found.end.salt2 = big_endian(header.data() + 20);

  bool is_whole = found.is_header_whole;
  bool knows_log = found.is_header_whole;
  Remainder rest;
  std::vector<char> page(page_header_bytes + page_bytes);
  while (in.read(page.data(), static_cast<std::streamsize>(page.size()))) {
    const WalPoint salts{big_endian(page.data() + 8), big_endian(page.data() + 12)};
    // Behind a damaged header the first page says which log it is.
    if (!std::exchange(knows_log, true)) found.end = salts;
    const bool is_ours = salts.is_same_log(found.end);
    if (is_whole) {
      sum.add(page.data(), 8);
      sum.add(page.data() + page_header_bytes, page_bytes);
      is_whole = is_ours && sum.fits(page.data() + 16);
    }
    if (!is_whole) {
      rest.see(is_ours, big_endian(page.data() + 4) != 0);
      continue;
    }
    ++found.end.pages;
    found.end.check1 = sum.first();
    found.end.check2 = sum.second();
    if (found.end.pages == wanted_pages) found.wanted = found.end;
  }
  found.goes_on_behind_damage = rest.goes_on();
  return found;
}

}  // namespace

Result<WalScan> scan_wal(const std::string& path, std::uint32_t wanted_pages) {
  const std::string log = path + "-wal";
  std::error_code fault;
  if (!std::filesystem::exists(log, fault)) return WalScan{};
  std::ifstream in(log, std::ios::binary);
  WalScan found = in ? scan(in, wanted_pages) : WalScan{};
  if (in.is_open() && !in.bad()) return found;
  return Error{errors::store_unavailable, "the write-ahead log " + log + " cannot be read"};
}

std::optional<WalPoint> wal_point(int file, std::uint32_t pages) {
  std::array<char, header_bytes> header{};
  std::array<char, page_header_bytes> page{};
  if (pages == 0 || ::pread(file, header.data(), header.size(), 0) != ssize_t{header_bytes})
    return std::nullopt;
  const std::uint32_t page_bytes = big_endian(header.data() + 8);
  if (::pread(file, page.data(), page.size(), place_of(pages, page_bytes)) !=
      ssize_t{page_header_bytes})
    return std::nullopt;
  const WalPoint point{big_endian(page.data() + 8), big_endian(page.data() + 12), pages,
                       big_endian(page.data() + 16), big_endian(page.data() + 20)};
  const WalPoint log{big_endian(header.data() + 16), big_endian(header.data() + 20)};
  return point.is_same_log(log) ? std::optional(point) : std::nullopt;
}

std::optional<std::uint32_t> wal_page_number(int file, std::uint32_t frame,
                                             std::size_t page_bytes) {
  std::array<char, sizeof(std::uint32_t)> number{};
  if (::pread(file, number.data(), number.size(), place_of(frame, page_bytes)) !=
      ssize_t{number.size()})
    return std::nullopt;
  return big_endian(number.data());
}

}  // namespace florin::sql
