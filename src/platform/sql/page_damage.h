#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace florin::sql {

/// Remembers that a page of the file did not match its checksum, and logs it the first time.
void note_page_damage(const std::string& file, std::uint32_t page);

/// The pages of the file that did not match when this process read them, in order.
std::vector<std::uint32_t> damaged_pages(const std::string& file);

/// A file that is opened anew may have been mended since.
void forget_page_damage(const std::string& file);

/// The page that this thread met last; 0: none.
std::uint32_t last_damaged_page();

/// "page 7" or "pages 7, 12 and 30 more": for people.
std::string name_pages(const std::vector<std::uint32_t>& pages);

}  // namespace florin::sql
