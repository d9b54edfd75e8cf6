#include "reconciliation/fields.h"

#include <utility>

#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "reconciliation/module.h"
#include "reconciliation/reason.h"

namespace florin::reconciliation {
namespace {

using json::Fields;
using json::Given;
using json::Object;
using json::Use;

constexpr std::size_t max_note_bytes = 2'000;
constexpr std::size_t max_proposed_postings = 20;

std::optional<BrokenRule> broken_partner(const std::string& name) {
  if (is_partner_name(name)) return std::nullopt;
  return BrokenRule{"bad_characters",
                    "may hold letters, digits and - _ . : and does not begin with a dot"};
}

/// Of answers, which have no bounds: always a time.
Object day_or_time_schema(const json::Limits& limits) {
  if (limits.text.max_length == json::any_size) return json::schema_reference("Time");
  return json::codec_for(json::Of<std::string>{}).schema(limits);
}

/// An end of a period.
template <std::optional<Timestamp> (*parse)(std::string_view)>
json::Codec<Timestamp> day_or_time() {
  json::Codec<Timestamp> codec = json::codec_for(json::Of<Timestamp>{});
  codec.read = [](const json::Value& value, json::Place& place) -> std::optional<Timestamp> {
    const auto text = json::codec_for(json::Of<std::string>{}).read(value, place);
    const auto at = text ? parse(*text) : std::nullopt;
    if (text && !at) {
      place.problem(
          {"must_be_timestamp", "must be a day such as 2026-11-21 or a time of RFC 3339"});
    }
    return at;
  };
  codec.schema = day_or_time_schema;
  return codec;
}

json::Codec<ledger::AccountRef> account_codec() {
  return {[](const json::Value& value, json::Place& place) -> std::optional<ledger::AccountRef> {
            const auto text = json::codec_for(json::Of<std::string>{}).read(value, place);
            if (!text) return std::nullopt;
            return ledger::AccountRef::parse(*text);
          },
          [](json::Writer& writer, const ledger::AccountRef& account) {
            writer.value(account.id ? account.id.str() : account.code);
          },
          json::codec_for(json::Of<std::string>{}).schema};
}

/// What to_json() made of them.
json::Codec<std::string> counts_codec() {
  return {[](const json::Value& value, json::Place&) {
            return std::optional<std::string>(json::serialize(value));
          },
          [](json::Writer& writer, const std::string& counts) { writer.raw(counts); },
          [](const json::Limits&) { return json::schema_reference("ReconciliationCounts"); }};
}

const Fields<Counts>& counts_fields() {
  static const Fields<Counts> fields({
      {"ours", &Counts::ours, {.help = "Transactions of our side inside the period."}},
      {"theirs", &Counts::theirs},
      {"ours_outside", &Counts::ours_outside, {.help = "Read, but outside of the period."}},
      {"theirs_outside", &Counts::theirs_outside},
      {"matched", &Counts::matched, {.help = "Found on both sides."}},
      {"matched_by_ref", &Counts::matched_by_ref, {.help = "Of these by reference and type."}},
      {"pending",
       &Counts::pending,
       {.help = "Ours that are not final and do not differ from theirs."}},
      {"without_effect",
       &Counts::without_effect,
       {.help = "On one side only, but failed or rolled back; or replaced by another entry of the "
                "same id."}},
  });
  return fields;
}

const Fields<Entry>& entry_fields() {
  static const Fields<Entry> fields({
      {"transaction_id", &Entry::key, {.required = true}},
      {"ref_id", &Entry::ref, {.required = true}},
      {"player_id", &Entry::player, {.required = true}},
      {"type", &Entry::kind, {.required = true}},
      {"amount", &Entry::amount, &Money::minor, {.required = true, .help = "Minor units."}},
      {"currency", &Entry::amount, &Money::currency, {.required = true}},
      {"status", &Entry::status, {.required = true}},
      {"at", &Entry::at, {.required = true}},
  });
  return fields;
}

Money no_money() { return {0, *Currency::parse("EUR")}; }
Entry no_entry() { return {"", "", "", no_money(), "", EntryStatus::pending, {}}; }

const Fields<ProposedPosting>& posting_fields() {
  static const Fields<ProposedPosting> fields({
      {"debit",
       &ProposedPosting::debit,
       {.required = true,
        .text = {1, 200},
        .help = "Id or code of the account to debit.",
        .codec = account_codec()}},
      {"credit",
       &ProposedPosting::credit,
       {.required = true,
        .text = {1, 200},
        .help = "Id or code of the account to credit.",
        .codec = account_codec()}},
      {"amount",
       &ProposedPosting::amount,
       &Money::minor,
       {.required = true, .integer = {.min = 1}, .help = "Minor units."}},
      {"currency", &ProposedPosting::amount, &Money::currency, {.required = true}},
  });
  return fields;
}

ProposedPosting no_posting() { return {{}, {}, no_money()}; }

std::string reason(const Item& item) {
  return item.ours || item.theirs ? reason_of(item.kind, item.ours, item.theirs) : std::string();
}

}  // namespace

json::Codec<Entry> codec_for(json::Of<Entry>) {
  return json::object_codec<entry_fields, no_entry>(
      [](const json::Limits&) { return json::schema_reference("ReconciliationEntry"); });
}

json::Codec<ProposedPosting> codec_for(json::Of<ProposedPosting>) {
  return json::object_codec<posting_fields, no_posting>(
      [](const json::Limits&) { return json::schema_reference("ReconciliationPosting"); });
}

const Fields<Run>& run_fields() {
  static const Fields<Run> fields({
      {"id", &Run::id, {.given = Given::never}},
      {"partner",
       &Run::partner,
       {.given = Given::at_creation,
        .required = true,
        .text = {1, 64},
        .check = broken_partner,
        .pattern = "^[A-Za-z0-9_:-][A-Za-z0-9_.:-]{0,63}$",
        .example = "acme"}},
      {"from",
       &Run::period,
       &Period::from,
       {.given = Given::at_creation,
        .required = true,
        .text = {1, 64},
        .help = "A request may give a day: its first moment, UTC.",
        .example = "2026-11-20",
        .codec = day_or_time<parse_period_start>()}},
      {"to",
       &Run::period,
       &Period::to,
       {.given = Given::at_creation,
        .required = true,
        .text = {1, 64},
        .help = "Exclusive. A request may give a day, which is then inside the period as a whole.",
        .example = "2026-11-20",
        .codec = day_or_time<parse_period_end>()}},
      {"status", &Run::status, {.given = Given::never}},
      {"attempt", &Run::attempt, {.given = Given::never, .help = "Number of starts."}},
      {"our_name", &Run::names, &SideNames::ours, {.given = Given::never}},
      {"their_name", &Run::names, &SideNames::theirs, {.given = Given::never}},
      {"counts",
       &Run::counts,
       {.given = Given::never,
        .help = "Of the latest comparison that was completed.",
        .codec = counts_codec()}},
      {"mismatches", &Run::mismatches, {.given = Given::never}},
      {"items_truncated",
       &Run::items_truncated,
       {.given = Given::never,
        .help = "There were more mismatches than can be kept as items; the report file has all."}},
      {"error_code", &Run::error_code, {.given = Given::never}},
      {"error_detail", &Run::error_detail, {.given = Given::never}},
      {"report_file",
       &Run::report_file,
       {.given = Given::never, .help = "Path of the report on the server."}},
      {"requested_by", &Run::requested_by, {.given = Given::never}},
      {"created_at", &Run::created_at, {.given = Given::never}},
      {"started_at", &Run::started_at, {.given = Given::never}},
      {"finished_at", &Run::finished_at, {.given = Given::never}},
  });
  return fields;
}

const Fields<Item>& item_fields() {
  static const Fields<Item> fields({
      {"id", &Item::id},
      {"reconciliation_id", &Item::run},
      {"kind", &Item::kind, {.example = "AMOUNT_MISMATCH"}},
      {"status", &Item::status},
      {"transaction_id", &Item::transaction_id},
      {"reason",
       reason,
       {.help = "For people: how the sides differ, with both amounts.",
        .example = "ours is 12.50 EUR, theirs is 12.00 EUR; the difference is 0.50 EUR"}},
      {"ours", &Item::ours},
      {"theirs", &Item::theirs},
      {"note", &Item::note},
      {"explained_by", &Item::explained_by},
      {"proposal", &Item::proposal},
      {"proposed_by", &Item::proposed_by},
      {"decided_by", &Item::decided_by},
      {"transfer_id", &Item::transfer},
      {"created_at", &Item::created_at},
      {"updated_at", &Item::updated_at},
  });
  return fields;
}

const Fields<Explanation>& explanation_fields() {
  static const Fields<Explanation> fields(
      {{"note", &Explanation::note, {.required = true, .text = {1, max_note_bytes}}}});
  return fields;
}

const Fields<Proposal>& proposal_fields() {
  static const Fields<Proposal> fields({
      {"postings", &Proposal::postings, {.required = true, .items = {1, max_proposed_postings}}},
      {"note", &Proposal::note, {.text = {1, max_note_bytes}}},
  });
  return fields;
}

const Fields<Rejection>& rejection_fields() {
  static const Fields<Rejection> fields(
      {{"note", &Rejection::note, {.text = {1, max_note_bytes}}}});
  return fields;
}

std::string to_json(const Run& run) { return json::write(run_fields(), run); }
std::string to_json(const Item& item) { return json::write(item_fields(), item); }

std::string to_json(const Counts& counts, const SideNames& names) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  json::write_members(counts_fields(), writer, counts);
  writer.key("mismatches").begin_object();
  for (std::size_t i = 0; i < mismatch_kinds; ++i)
    writer.member(word_of(static_cast<MismatchKind>(i), names), counts.mismatches[i]);
  writer.end_object().end_object();
  return text;
}

Object api_schemas() {
  Object counts = json::schema(counts_fields(), Use::answer);
  const Object by_kind{{"type", "object"},
                       {"additionalProperties", Object{{"type", "integer"}}},
                       {"description", "A number for each kind."}};
  add_property(counts, "mismatches", by_kind, true);
  return {{"ReconciliationCounts", std::move(counts)},
          {"ReconciliationEntry", json::schema(entry_fields(), Use::answer, no_entry())},
          {"ReconciliationPosting", json::schema(posting_fields(), Use::creation, no_posting())},
          {"Reconciliation", json::schema(run_fields(), Use::answer)},
          {"NewReconciliation", json::schema(run_fields(), Use::creation)},
          {"ReconciliationItem", json::schema(item_fields(), Use::answer)},
          {"ReconciliationExplanation", json::schema(explanation_fields(), Use::creation)},
          {"ReconciliationProposal", json::schema(proposal_fields(), Use::creation)},
          {"ReconciliationRejection", json::schema(rejection_fields(), Use::creation)}};
}

}  // namespace florin::reconciliation
