#include "reconciliation/paged_source.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/try.h"
#include "reconciliation/errors.h"
#include "reconciliation/file.h"
#include "reconciliation/record.h"

namespace florin::reconciliation {
namespace {

constexpr std::size_t head_bytes = 16;     // The period: two numbers.
constexpr std::size_t max_page = 1 << 30;  // A size beyond this is damage, not a page.

std::string head_of(const Period& period) {
  std::string head;
  append_ordered(head, period.from.us);
  append_ordered(head, period.to.us);
  return head;
}

void append_part(std::string& out, std::string_view part) {
  append_u32(out, static_cast<std::uint32_t>(part.size()));
  out += part;
}

/// Takes a part off the front; nothing when it is not whole.
std::optional<std::string_view> take_part(std::string_view& bytes) {
  if (bytes.size() < 4 || bytes.size() - 4 < read_u32(bytes.data())) return std::nullopt;
  const std::string_view part = bytes.substr(4, read_u32(bytes.data()));
  bytes.remove_prefix(4 + part.size());
  return part;
}

/// A page as it is kept: all of it as one part, in it the next cursor and the entries.
std::string frame_of(const Page& page) {
  std::string parts;
  append_part(parts, *page.next_cursor);
  std::string record;
  for (const Entry& entry : page.entries) {
    record.clear();
    append_record(record, entry);
    append_part(parts, record);
  }
  std::string frame;
  append_part(frame, parts);
  return frame;
}

std::optional<Page> parse_frame(std::string_view parts) {
  Page page;
  const auto cursor = take_part(parts);
  if (!cursor) return std::nullopt;
  page.next_cursor = *cursor;
  while (!parts.empty()) {
    const auto record = take_part(parts);
    auto entry = record ? parse_record(*record) : std::nullopt;
    if (!entry) return std::nullopt;
    page.entries.push_back(*std::move(entry));
  }
  return page;
}

class SpooledSource final : public Source {
 public:
  SpooledSource(std::unique_ptr<PagedSource> pages, std::string spool)
      : pages_(std::move(pages)), spool_(std::move(spool)) {}

  Result<void> read(const Period& period, const EntryVisitor& visit) override {
    File file = TRY(open_for(period));
    std::string cursor = TRY(read_kept(file, visit));
    for (;;) {
      const auto fetched = pages_->fetch(period, cursor);
      if (!fetched) {
        // A cursor that is refused would be refused again: the next reading begins at the first.
        if (fetched.error().code.kind != ErrorKind::unavailable) ::unlink(spool_.c_str());
        return fetched.error();
      }
      const Page& page = *fetched;
      for (const Entry& entry : page.entries) TRY(visit(entry));
      if (!page.next_cursor) break;
      if (*page.next_cursor == cursor) {
        return Error{errors::reconciliation_pages_repeat,
                     "a page of the other side's list names itself as the next one"};
      }
      TRY(file.append(frame_of(page)));
      cursor = *page.next_cursor;
    }
    ::unlink(spool_.c_str());
    return {};
  }

 private:
  /// What is kept of another period is of no use.
  Result<File> open_for(const Period& period) const {
    File kept = TRY(File::open(spool_));
    std::string head;
    TRY(kept.read_at(0, head_bytes, head));
    if (head == head_of(period)) return kept;
    File fresh = TRY(File::create(spool_));
    TRY(fresh.append(head_of(period)));
    return fresh;
  }

  /// Visits the pages that are whole and gives the cursor to go on with. A page that was being
  /// written when the process died is cut off, and fetched again.
  static Result<std::string> read_kept(File& file, const EntryVisitor& visit) {
    std::string cursor;
    auto place = static_cast<std::int64_t>(head_bytes);
    std::string bytes;
    for (;;) {
      TRY(file.read_at(place, 4, bytes));
      const std::size_t size = bytes.size() == 4 ? read_u32(bytes.data()) : max_page + 1;
      if (size > max_page) break;
      TRY(file.read_at(place + 4, size, bytes));
      const auto page = bytes.size() == size ? parse_frame(bytes) : std::nullopt;
      if (!page) break;
      for (const Entry& entry : page->entries) TRY(visit(entry));
      cursor = *page->next_cursor;
      place += 4 + static_cast<std::int64_t>(size);
    }
    TRY(file.truncate(place));
    return cursor;
  }

  const std::unique_ptr<PagedSource> pages_;
  const std::string spool_;
};

}  // namespace

std::unique_ptr<Source> read_in_pages(std::unique_ptr<PagedSource> pages, std::string spool) {
  return std::make_unique<SpooledSource>(std::move(pages), std::move(spool));
}

}  // namespace florin::reconciliation
