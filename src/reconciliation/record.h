#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// Appends an entry as bytes. Bytes of entries compare by time first, so that equal sort keys have
/// one order, wherever the entries came from.
void append_record(std::string& out, const Entry& entry);
/// Nothing when the bytes are no record.
std::optional<Entry> parse_record(std::string_view bytes);

void append_u32(std::string& out, std::uint32_t number);
/// Appends eight bytes that compare as the numbers do.
void append_ordered(std::string& out, std::int64_t number);
/// `bytes` has at least four.
std::uint32_t read_u32(const char* bytes);

}  // namespace florin::reconciliation
