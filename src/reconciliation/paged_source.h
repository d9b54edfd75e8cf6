#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

struct Page {
  std::vector<Entry> entries;
  std::optional<std::string> next_cursor;  ///< Nothing on the last page.
};

/// A side that answers in pages, such as an API with a rate limit. Used by one thread at a time.
class PagedSource {
 public:
  virtual ~PagedSource() = default;
  /// The page that a cursor names; the first one for an empty cursor. Retrying is its own affair.
  virtual Result<Page> fetch(const Period& period, const std::string& cursor) = 0;
};

/// The pages as a side. Each is kept in the file `spool` when it has come, so that a reading that
/// was cut short goes on where it stood; the file is removed when the last page has come, and when
/// fetch() fails with another kind than unavailable. One reading at a time for one file.
/// Errors of reading: those of fetch(), reconciliation_files_unusable, and
/// reconciliation_pages_repeat when a page names itself as the next one.
std::unique_ptr<Source> read_in_pages(std::unique_ptr<PagedSource> pages, std::string spool);

}  // namespace florin::reconciliation
