#include "reconciliation/rows.h"

#include <algorithm>
#include <array>

#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "reconciliation/reason.h"

namespace florin::reconciliation {
namespace {

using json::Writer;

constexpr std::array<std::string_view, 4> run_statuses{"queued", "running", "completed", "failed"};
constexpr std::array<std::string_view, 5> item_states{"open", "explained", "proposed", "resolved",
                                                      "cleared"};

template <class Enum, std::size_t n>
std::optional<Enum> find_word(const std::array<std::string_view, n>& words, std::string_view text) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

void write_text(Writer& writer, std::string_view name, const std::optional<std::string>& text) {
  writer.key(name);
  if (text) {
    writer.value(*text);
  } else {
    writer.null();
  }
}

void write_json(Writer& writer, std::string_view name, const std::optional<std::string>& json) {
  writer.key(name);
  if (json) {
    writer.raw(*json);
  } else {
    writer.null();
  }
}

void write_time(Writer& writer, std::string_view name, const std::optional<Timestamp>& at) {
  write_text(writer, name, at ? std::optional(at->rfc3339()) : std::nullopt);
}

std::string text_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  const std::string* text = member ? member->as_string() : nullptr;
  return text ? *text : "";
}

/// Made from what is stored, so that items of before tell it, too.
std::string reason_of(const Item& item) {
  const auto side = [](const std::optional<std::string>& json) {
    return json ? parse_entry(*json) : std::nullopt;
  };
  const auto ours = side(item.ours), theirs = side(item.theirs);
  return ours || theirs ? reason_of(item.kind, ours, theirs) : std::string();
}

}  // namespace

std::string_view to_string(RunStatus status) {
  return run_statuses[static_cast<std::size_t>(status)];
}
std::optional<RunStatus> parse_run_status(std::string_view text) {
  return find_word<RunStatus>(run_statuses, text);
}
std::string_view to_string(ItemState state) { return item_states[static_cast<std::size_t>(state)]; }
std::optional<ItemState> parse_item_state(std::string_view text) {
  return find_word<ItemState>(item_states, text);
}

std::string to_json(const Entry& entry) {
  std::string text;
  Writer writer(text);
  writer.begin_object().member("transaction_id", entry.key).member("ref_id", entry.ref);
  writer.member("player_id", entry.player).member("type", entry.kind);
  writer.member("amount", entry.amount.minor).member("currency", entry.amount.currency.code());
  writer.member("status", to_string(entry.status)).member("at", entry.at.rfc3339());
  writer.end_object();
  return text;
}

std::optional<Entry> parse_entry(std::string_view text) {
  const auto document = json::parse(text);
  if (!document) return std::nullopt;
  const json::Value* minor = document->find("amount");
  const auto currency = Currency::parse(text_of(*document, "currency"));
  const auto status = parse_entry_status(text_of(*document, "status"));
  const auto at = Timestamp::parse(text_of(*document, "at"));
  if (!minor || !minor->as_integer() || !currency || !status || !at) return std::nullopt;
  return Entry{text_of(*document, "transaction_id"),
               text_of(*document, "ref_id"),
               text_of(*document, "player_id"),
               {*minor->as_integer(), *currency},
               text_of(*document, "type"),
               *status,
               *at};
}

std::string to_json(const Counts& counts, const SideNames& names) {
  std::string text;
  Writer writer(text);
  writer.begin_object().member("ours", counts.ours).member("theirs", counts.theirs);
  writer.member("ours_outside", counts.ours_outside);
  writer.member("theirs_outside", counts.theirs_outside);
  writer.member("matched", counts.matched).member("matched_by_ref", counts.matched_by_ref);
  writer.member("pending", counts.pending).member("without_effect", counts.absent_unbooked);
  writer.key("mismatches").begin_object();
  for (std::size_t i = 0; i < mismatch_kinds; ++i)
    writer.member(word_of(static_cast<MismatchKind>(i), names), counts.mismatches[i]);
  writer.end_object().end_object();
  return text;
}

std::string to_json(const Run& run) {
  std::string text;
  Writer writer(text);
  writer.begin_object().member("id", run.id.str()).member("partner", run.partner);
  writer.member("from", run.period.from.rfc3339()).member("to", run.period.to.rfc3339());
  writer.member("status", to_string(run.status)).member("attempt", run.attempt);
  writer.member("our_name", run.names.ours).member("their_name", run.names.theirs);
  write_json(writer, "counts", run.counts);
  writer.member("mismatches", run.mismatches).member("items_truncated", run.items_truncated);
  write_text(writer, "error_code", run.error_code);
  write_text(writer, "error_detail", run.error_detail);
  write_text(writer, "report_file", run.report_file);
  writer.member("requested_by", run.requested_by).member("created_at", run.created_at.rfc3339());
  write_time(writer, "started_at", run.started_at);
  write_time(writer, "finished_at", run.finished_at);
  writer.end_object();
  return text;
}

std::string to_json(const Item& item) {
  std::string text;
  Writer writer(text);
  writer.begin_object().member("id", item.id.str()).member("reconciliation_id", item.run.str());
  writer.member("kind", item.kind).member("state", to_string(item.state));
  writer.member("transaction_id", item.transaction_id);
  writer.member("reason", reason_of(item));
  write_json(writer, "ours", item.ours);
  write_json(writer, "theirs", item.theirs);
  write_text(writer, "note", item.note);
  write_text(writer, "explained_by", item.explained_by);
  write_json(writer, "proposal", item.proposal);
  write_text(writer, "proposed_by", item.proposed_by);
  write_text(writer, "decided_by", item.decided_by);
  write_text(writer, "transfer_id",
             item.transfer ? std::optional(item.transfer.str()) : std::nullopt);
  writer.member("created_at", item.created_at.rfc3339());
  writer.member("updated_at", item.updated_at.rfc3339()).end_object();
  return text;
}

std::string to_json(const std::vector<ledger::PostingRequest>& postings) {
  std::string text;
  Writer writer(text);
  const auto name_of = [](const ledger::AccountRef& ref) {
    return ref.id ? ref.id.str() : ref.code;
  };
  writer.begin_array();
  for (const ledger::PostingRequest& posting : postings) {
    writer.begin_object().member("debit", name_of(posting.debit));
    writer.member("credit", name_of(posting.credit)).member("amount", posting.amount.minor);
    writer.member("currency", posting.amount.currency.code()).end_object();
  }
  writer.end_array();
  return text;
}

}  // namespace florin::reconciliation
