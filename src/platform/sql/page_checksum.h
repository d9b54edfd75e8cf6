#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace florin::sql {

/// The end of each page that SQLite leaves to us: a CRC-32C of each half of what stands before.
inline constexpr std::size_t page_sum_bytes = 8;

/// Writes the checksum into the last bytes of a page. It covers the page's number too, so that a
/// page at another page's place does not fit. `page` has a power of two of bytes, at least 512.
/// Source: CRC-32C as in RFC 3720, B.4; docs/adr/0016-page-checksums.md.
void seal_page(std::span<char> page, std::uint32_t number);

/// Whether the page is the one that was sealed under this number. What was never written, a page of
/// zeros in a file that grew past it, is whole.
bool is_page_whole(std::span<const char> page, std::uint32_t number);

/// CRC-32C of some bytes, by table: what the processor's instruction has to agree with.
std::uint32_t crc32c(std::uint32_t seed, std::span<const char> bytes);

}  // namespace florin::sql
