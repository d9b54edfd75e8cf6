#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// A sentence that says in what the two sides differ, with both amounts; `kind` is a word of
/// word_of(), and at least one side is there.
std::string reason_of(std::string_view kind, const std::optional<Entry>& ours,
                      const std::optional<Entry>& theirs);

}  // namespace florin::reconciliation
