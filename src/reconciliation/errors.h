#pragma once
#include "base/error.h"

namespace florin::reconciliation::errors {
/// There is no partner of this name whose transactions could be reconciled.
inline constexpr ErrorCode reconciliation_partner_not_found{ErrorKind::not_found,
                                                            "reconciliation_partner_not_found"};
/// No reconciliation run of this id.
inline constexpr ErrorCode reconciliation_not_found{ErrorKind::not_found,
                                                    "reconciliation_not_found"};
/// No reconciliation item of this id.
inline constexpr ErrorCode reconciliation_item_not_found{ErrorKind::not_found,
                                                         "reconciliation_item_not_found"};
/// Another process reconciles this partner and period now. Wait for that run to end.
inline constexpr ErrorCode reconciliation_running{ErrorKind::conflict, "reconciliation_running"};
/// The run was told to stop before its end. Reconciling the period again finishes it.
inline constexpr ErrorCode reconciliation_interrupted{ErrorKind::unavailable,
                                                      "reconciliation_interrupted"};
/// The work or report folder cannot be written or read (permissions, full disk, damaged file).
inline constexpr ErrorCode reconciliation_files_unusable{ErrorKind::unavailable,
                                                         "reconciliation_files_unusable"};
/// A file to reconcile breaks the rules of CSV or of its columns; the detail names line and column.
inline constexpr ErrorCode reconciliation_file_malformed{ErrorKind::invalid,
                                                         "reconciliation_file_malformed"};
/// The other side's list does not come to its end: a page names itself as the next one.
inline constexpr ErrorCode reconciliation_pages_repeat{ErrorKind::unavailable,
                                                       "reconciliation_pages_repeat"};
/// The item is resolved, or a proposal for it waits for a decision.
inline constexpr ErrorCode reconciliation_item_not_open{ErrorKind::conflict,
                                                        "reconciliation_item_not_open"};
/// The item has no proposal that could be approved or rejected.
inline constexpr ErrorCode reconciliation_nothing_proposed{ErrorKind::conflict,
                                                           "reconciliation_nothing_proposed"};
/// A proposal is approved with another API key than the one that made it.
inline constexpr ErrorCode four_eyes_required{ErrorKind::forbidden, "four_eyes_required"};
}  // namespace florin::reconciliation::errors
