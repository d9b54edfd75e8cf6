#include "platform/sql/page_damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <span>

#include "platform/log/log.h"

namespace florin::sql {
namespace {

/// A disk that is dying has more of them than anybody reads.
constexpr std::size_t max_remembered = 1'000;
constexpr std::size_t max_named = 10;

thread_local std::uint32_t last_page = 0;

/// Of the whole process: SQLite gives files to their readers by name alone.
struct Damage {
  std::mutex mutex;
  std::map<std::string, std::set<std::uint32_t>> pages;
};

Damage& damage() {
  static Damage all;
  return all;
}

}  // namespace

void note_page_damage(const std::string& file, std::uint32_t page) {
  last_page = page;
  {
    Damage& all = damage();
    const std::lock_guard lock(all.mutex);
    auto& known = all.pages[file];
    if (known.size() >= max_remembered || !known.insert(page).second) return;
  }
  log::error("a page of the database does not match its checksum; what needs it is refused",
             {{"file", file}, {"page", std::int64_t{page}}});
}

std::vector<std::uint32_t> damaged_pages(const std::string& file) {
  Damage& all = damage();
  const std::lock_guard lock(all.mutex);
  const auto found = all.pages.find(file);
  if (found == all.pages.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void forget_page_damage(const std::string& file) {
  Damage& all = damage();
  const std::lock_guard lock(all.mutex);
  all.pages.erase(file);
}

std::uint32_t last_damaged_page() { return last_page; }

std::string name_pages(const std::vector<std::uint32_t>& pages) {
  const auto named = std::span(pages).first(std::min(pages.size(), max_named));
  std::string text =
      fmt::format("{} {}", pages.size() == 1 ? "page" : "pages", fmt::join(named, ", "));
  if (pages.size() > named.size()) text += fmt::format(" and {} more", pages.size() - named.size());
  return text;
}

}  // namespace florin::sql
