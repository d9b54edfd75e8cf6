#pragma once
#include "base/error.h"

namespace florin::reconciliation::errors {
/// No partner with this name can be reconciled.
inline constexpr ErrorCode reconciliation_partner_not_found{ErrorKind::not_found,
                                                            "reconciliation_partner_not_found"};
/// No reconciliation run has this id.
inline constexpr ErrorCode reconciliation_not_found{ErrorKind::not_found,
                                                    "reconciliation_not_found"};
/// No reconciliation item has this id.
inline constexpr ErrorCode reconciliation_item_not_found{ErrorKind::not_found,
                                                         "reconciliation_item_not_found"};
/// Another process is reconciling this partner and period. Wait until that run ends.
inline constexpr ErrorCode reconciliation_running{ErrorKind::conflict, "reconciliation_running"};
/// The run was stopped before its end. Reconcile the period again to finish it.
inline constexpr ErrorCode reconciliation_interrupted{ErrorKind::unavailable,
                                                      "reconciliation_interrupted"};
/// The work or report folder cannot be read or written (permissions, full disk, damaged file).
inline constexpr ErrorCode reconciliation_files_unusable{ErrorKind::unavailable,
                                                         "reconciliation_files_unusable"};
/// A file to reconcile is not valid CSV or breaks the rules of a column; the detail gives line and
/// column.
inline constexpr ErrorCode reconciliation_file_malformed{ErrorKind::invalid,
                                                         "reconciliation_file_malformed"};
/// The other side's list never ends: a page names itself as the next page.
inline constexpr ErrorCode reconciliation_pages_repeat{ErrorKind::unavailable,
                                                       "reconciliation_pages_repeat"};
/// The item is resolved, or a proposal for it waits for approval.
inline constexpr ErrorCode reconciliation_item_not_open{ErrorKind::conflict,
                                                        "reconciliation_item_not_open"};
/// The item has no proposal to approve or reject.
inline constexpr ErrorCode reconciliation_nothing_proposed{ErrorKind::conflict,
                                                           "reconciliation_nothing_proposed"};
/// A proposal must be approved with another API key than the one that made it.
inline constexpr ErrorCode four_eyes_required{ErrorKind::forbidden, "four_eyes_required"};
}  // namespace florin::reconciliation::errors
