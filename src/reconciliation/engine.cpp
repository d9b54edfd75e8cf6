#include "reconciliation/engine.h"

#include <utility>

#include "base/try.h"
#include "reconciliation/errors.h"
#include "reconciliation/key_group.h"
#include "reconciliation/record.h"
#include "reconciliation/sorter.h"

namespace florin::reconciliation {
namespace {

constexpr std::int64_t progress_step = 4'096;

using SortKey = void (*)(std::string& out, const Entry& entry);

void by_key(std::string& out, const Entry& entry) { out = entry.key; }

void append_ref(std::string& out, const Entry& entry) {
  out.clear();
  for (const std::string* part : {&entry.ref, &entry.kind}) {
    append_u32(out, static_cast<std::uint32_t>(part->size()));  // Keeps ref and kind apart.
    out += *part;
  }
}

/// The last byte of a key by reference: it orders entries that may be partners, and is no part of
/// what they must share. Who has a success to show comes before who has only a try.
void append_rank(std::string& out, EntryStatus status) {
  out += status == EntryStatus::success ? '\0' : status == EntryStatus::pending ? '\1' : '\2';
}

void by_ref(std::string& out, const Entry& entry) {
  append_ref(out, entry);
  append_rank(out, entry.status);
}

/// What had no effect is no partner of what has one, as long as there may be a better one.
void by_ref_amount_and_effect(std::string& out, const Entry& entry) {
  append_ref(out, entry);
  out += entry.amount.currency.code();
  append_ordered(out, entry.amount.minor);
  out += has_no_effect(entry.status) ? '1' : '0';
  append_rank(out, entry.status);
}

std::string_view without_rank(std::string_view key) { return key.substr(0, key.size() - 1); }

/// Entries of one side on their way into a pass.
class Side {
 public:
  Side(const EngineOptions& options, SortKey sort_key)
      : sorter_(options.work_dir, options.memory_bytes / 4), sort_key_(sort_key) {}

  Result<void> add(const Entry& entry) {
    sort_key_(text_, entry);
    return sorter_.add(text_, entry);
  }
  Sorter& sorter() { return sorter_; }

 private:
  Sorter sorter_;  // A quarter of the memory: two sides are read while two are filled.
  SortKey sort_key_;
  std::string text_;
};

struct Sides {
  Sides(const EngineOptions& options, SortKey sort_key)
      : ours(options, sort_key), theirs(options, sort_key) {}
  Side ours, theirs;
};

/// Whether the difference of two amounts is beyond the tolerance; it may not fit into 64 bits.
bool is_beyond(std::int64_t a, std::int64_t b, std::int64_t tolerance) {
  const auto difference = checked_subtract(a > b ? a : b, a > b ? b : a);
  return !difference || *difference > tolerance;
}

Result<Entry> take(Sorter& side) {
  Entry entry = TRY(side.entry());
  TRY(side.advance());
  return entry;
}

/// All entries of the key that comes next.
Result<KeyGroup> take_group(Sorter& side, const Period& period) {
  KeyGroup group(TRY(take(side)), period);
  while (side.key() == std::string_view(group.key())) group.add(TRY(take(side)));
  return group;
}

/// Failed and rolled back are one outcome: no money moved.
EntryStatus outcome_of(EntryStatus status) {
  return has_no_effect(status) ? EntryStatus::failed : status;
}

class Comparison {
 public:
  Comparison(const Period& period, const Rules& rules, const EngineOptions& options,
             const MismatchSink& sink, const ProgressFn& progress)
      : period_(period), rules_(rules), options_(options), sink_(sink), progress_(progress) {}

  Result<Counts> run(Source& ours, Source& theirs);

 private:
  Result<void> read(Source& source, Side& side, std::int64_t& inside, std::int64_t& outside,
                    std::string_view step);
  Result<void> join_by_key(Sides& sides, Sides* rest);
  Result<void> judge_groups(const std::optional<KeyGroup>& ours,
                            const std::optional<KeyGroup>& theirs, Sides* rest);
  Result<void> judge_repeated(const KeyGroup& group, const Entry& chosen, MismatchKind kind);
  Result<void> join_by_ref(Sides& sides, Sides* rest);
  /// What has no partner goes to the next pass, or is judged when there is none for it.
  Result<void> leave_ours(const Entry& entry, Sides* rest);
  Result<void> leave_theirs(const Entry& entry, Sides* rest);
  Result<void> judge_pair(const Entry& ours, const Entry& theirs);
  Result<void> judge_status(const Entry& ours, const Entry& theirs);
  Result<void> judge_ours_alone(const Entry& entry);
  Result<void> judge_theirs_alone(const Entry& entry);
  Result<void> report(Mismatch mismatch);
  Result<void> tell(std::string_view step);

  const Period& period_;
  const Rules& rules_;
  const EngineOptions& options_;
  const MismatchSink& sink_;
  const ProgressFn& progress_;
  Counts counts_;
  std::int64_t handled_ = 0;
};

Result<void> Comparison::tell(std::string_view step) {
  if (++handled_ % progress_step != 0 || !progress_) return {};
  if (progress_({step, handled_})) return {};
  return Error{errors::reconciliation_interrupted,
               "the run was stopped before its end; run it again"};
}

Result<void> Comparison::read(Source& source, Side& side, std::int64_t& inside,
                              std::int64_t& outside, std::string_view step) {
  const Period wide = period_.widened(rules_.window_s);
  handled_ = 0;
  TRY(source.read(wide, [&](const Entry& entry) -> Result<void> {
    if (wide.contains(entry.at)) TRY(side.add(entry));
    ++(period_.contains(entry.at) ? inside : outside);
    return tell(step);
  }));
  return side.sorter().finish();
}

Result<void> Comparison::report(Mismatch mismatch) {
  if (!period_.contains(mismatch.entry().at)) return {};
  ++counts_.mismatches[static_cast<std::size_t>(mismatch.kind)];
  return sink_(mismatch);
}

Result<void> Comparison::judge_status(const Entry& ours, const Entry& theirs) {
  // While ours is not final, only their clear word about the outcome contradicts it.
  const bool contradicted = ours.status == EntryStatus::pending
                                ? theirs.status != EntryStatus::pending
                                : outcome_of(ours.status) != outcome_of(theirs.status);
  if (contradicted) return report({MismatchKind::status_mismatch, ours, theirs});
  if (ours.status == EntryStatus::pending && period_.contains(ours.at)) ++counts_.pending;
  return {};
}

Result<void> Comparison::judge_pair(const Entry& ours, const Entry& theirs) {
  if (period_.contains(ours.at)) ++counts_.matched;
  const std::int64_t before = counts_.mismatched();
  if (ours.amount.currency != theirs.amount.currency) {
    TRY(report({MismatchKind::currency_mismatch, ours, theirs}));
  } else if (ours.kind != theirs.kind ||  // A debit is no credit, whatever the number says.
             is_beyond(ours.amount.minor, theirs.amount.minor, rules_.tolerance_minor)) {
    TRY(report({MismatchKind::amount_mismatch, ours, theirs}));
  }
  if (ours.player != theirs.player && !ours.player.empty() && !theirs.player.empty())
    TRY(report({MismatchKind::player_mismatch, ours, theirs}));
  // What differs in itself stays pending here for that very reason: one finding, not two.
  const bool explains_pending = counts_.mismatched() > before;
  if (ours.status == EntryStatus::pending && explains_pending) return {};
  return judge_status(ours, theirs);
}

/// Source: the operator wallet's contract, section 4: missing at the wallet and rolled back here is
/// fine.
Result<void> Comparison::judge_ours_alone(const Entry& entry) {
  if (!period_.contains(entry.at)) return {};
  if (entry.status == EntryStatus::success)
    return report({MismatchKind::missing_in_theirs, entry, std::nullopt});
  ++(entry.status == EntryStatus::pending ? counts_.pending : counts_.without_effect);
  return {};
}

/// What they hold as pending may still be booked, and nobody here knows of it.
Result<void> Comparison::judge_theirs_alone(const Entry& entry) {
  if (!period_.contains(entry.at)) return {};
  if (entry.status == EntryStatus::success || entry.status == EntryStatus::pending)
    return report({MismatchKind::missing_in_ours, std::nullopt, entry});
  ++counts_.without_effect;
  return {};
}

Result<void> Comparison::leave_ours(const Entry& entry, Sides* rest) {
  if (rest && !entry.ref.empty()) return rest->ours.add(entry);
  return judge_ours_alone(entry);
}

Result<void> Comparison::leave_theirs(const Entry& entry, Sides* rest) {
  if (rest && !entry.ref.empty()) return rest->theirs.add(entry);
  return judge_theirs_alone(entry);
}

Result<void> Comparison::join_by_key(Sides& sides, Sides* rest) {
  Sorter& ours = sides.ours.sorter();
  Sorter& theirs = sides.theirs.sorter();
  while (ours.key() || theirs.key()) {
    TRY(tell("comparing"));
    const bool has_ours = ours.key() && (!theirs.key() || *ours.key() <= *theirs.key());
    const bool has_theirs = theirs.key() && (!ours.key() || *theirs.key() <= *ours.key());
    // Entries without a key have nothing in common: each is looked at by itself.
    if (has_ours ? ours.key()->empty() : theirs.key()->empty()) {
      if (has_ours) TRY(leave_ours(TRY(take(ours)), rest));
      if (has_theirs) TRY(leave_theirs(TRY(take(theirs)), rest));
      continue;
    }
    std::optional<KeyGroup> our_group, their_group;
    if (has_ours) our_group = TRY(take_group(ours, period_));
    if (has_theirs) their_group = TRY(take_group(theirs, period_));
    TRY(judge_groups(our_group, their_group, rest));
  }
  return {};
}

Result<void> Comparison::judge_groups(const std::optional<KeyGroup>& ours,
                                      const std::optional<KeyGroup>& theirs, Sides* rest) {
  if (ours && theirs) {
    const auto [our_entry, their_entry] = choose_pair(*ours, *theirs);
    TRY(judge_pair(our_entry, their_entry));
    TRY(judge_repeated(*ours, our_entry, MismatchKind::duplicate_in_ours));
    return judge_repeated(*theirs, their_entry, MismatchKind::duplicate_in_theirs);
  }
  if (ours) {
    TRY(leave_ours(ours->chosen(), rest));
    return judge_repeated(*ours, ours->chosen(), MismatchKind::duplicate_in_ours);
  }
  TRY(leave_theirs(theirs->chosen(), rest));
  return judge_repeated(*theirs, theirs->chosen(), MismatchKind::duplicate_in_theirs);
}

/// A key that was booked three times is one duplicate.
Result<void> Comparison::judge_repeated(const KeyGroup& group, const Entry& chosen,
                                        MismatchKind kind) {
  counts_.without_effect += group.without_effect();
  const Entry* const again = group.duplicate_beside(chosen);
  if (!again) return {};
  Mismatch found{kind, std::nullopt, std::nullopt};
  (kind == MismatchKind::duplicate_in_ours ? found.ours : found.theirs) = *again;
  return report(std::move(found));
}

Result<void> Comparison::join_by_ref(Sides& sides, Sides* rest) {
  Sorter& ours = sides.ours.sorter();
  Sorter& theirs = sides.theirs.sorter();
  TRY(ours.finish());
  TRY(theirs.finish());
  while (ours.key() || theirs.key()) {
    TRY(tell("comparing"));
    const int order = !theirs.key() ? -1
                      : !ours.key()
                          ? 1
                          : without_rank(*ours.key()).compare(without_rank(*theirs.key()));
    if (order == 0) {
      const Entry entry = TRY(take(ours));
      const Entry partner = TRY(take(theirs));
      if (period_.contains(entry.at)) ++counts_.matched_by_ref;
      TRY(judge_pair(entry, partner));
    } else if (order < 0) {
      const Entry entry = TRY(take(ours));
      TRY(leave_ours(entry, rest));
    } else {
      const Entry entry = TRY(take(theirs));
      TRY(leave_theirs(entry, rest));
    }
  }
  return {};
}

Result<Counts> Comparison::run(Source& ours, Source& theirs) {
  std::optional<Sides> left_by_key, left_by_amount;
  {
    Sides all(options_, by_key);
    TRY(read(ours, all.ours, counts_.ours, counts_.ours_outside, "reading ours"));
    TRY(read(theirs, all.theirs, counts_.theirs, counts_.theirs_outside, "reading theirs"));
    handled_ = 0;
    if (rules_.match_by_ref) left_by_key.emplace(options_, by_ref_amount_and_effect);
    TRY(join_by_key(all, left_by_key ? &*left_by_key : nullptr));
  }
  if (!left_by_key) return counts_;
  left_by_amount.emplace(options_, by_ref);
  TRY(join_by_ref(*left_by_key, &*left_by_amount));
  left_by_key.reset();
  TRY(join_by_ref(*left_by_amount, nullptr));
  return counts_;
}

}  // namespace

Result<Counts> compare(Source& ours, Source& theirs, const Period& period, const Rules& rules,
                       const EngineOptions& options, const MismatchSink& sink,
                       const ProgressFn& progress) {
  return Comparison(period, rules, options, sink, progress).run(ours, theirs);
}

}  // namespace florin::reconciliation
