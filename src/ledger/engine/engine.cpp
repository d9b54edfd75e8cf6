#include "ledger/engine/engine.h"

#include <array>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/engine/refusals.h"
#include "ledger/engine/sum_changes.h"
#include "ledger/errors.h"

namespace florin::ledger::engine {

std::string_view to_string(HoldChangeKind kind) {
  constexpr std::array<std::string_view, 4> words{"placed", "captured", "released", "expired"};
  return words[static_cast<std::size_t>(kind)];
}

namespace {

Outcome outcome_of(Result<Transfer> result) {
  if (!result) return std::move(result).error();
  return *std::move(result);
}

BulkDone done_of(const Outcome& outcome) {
  if (const auto* transfer = std::get_if<Transfer>(&outcome)) return {transfer->id, {}};
  if (const auto* hold = std::get_if<Hold>(&outcome)) return {{}, hold->id, hold->status};
  const Capture& capture = std::get<Capture>(outcome);
  return {capture.transfer.id, capture.hold.id, capture.hold.status};
}

}  // namespace

Engine::Engine(PrefetchedState& state, IdGenerator& ids, Timestamp now, const AnswerOf& answer_of)
    : state_(state), ids_(ids), now_(now), answer_of_(answer_of) {}

void Engine::expire_due_holds() {
  for (const DueHold& due : state_.due) {
    Hold* hold = find_hold(due.actor.tenant, due.hold);
    if (hold && hold->status == HoldStatus::open && is_over(*hold, now_)) expire(due.actor, *hold);
  }
}

Outcome Engine::decide(const Command& command) {
  const bool uses_key = command.key && !command.dry_run;
  if (uses_key) {
    const auto found = state_.keys.find(command.key->digest);
    if (found != state_.keys.end()) {
      auto replay = idempotency::replay_of(found->second, *command.key);
      if (!replay) return std::move(replay).error();
      return Replay{*std::move(replay)};
    }
  }
  Outcome outcome = decide_body(command);
  if (uses_key) {
    if (auto record = answer_of_(command, outcome)) {
      state_.keys.emplace(command.key->digest, *record);
      changes_.keys.push_back({*command.key, *std::move(record)});
    }
  }
  return outcome;
}

Outcome Engine::decide_body(const Command& command) {
  const auto run = [&] {
    return std::visit([&](const auto& body) { return apply(command.actor, body); }, command.body);
  };
  if (!command.dry_run) return run();
  Savepoint savepoint;
  begin_savepoint(savepoint);
  Outcome outcome = run();
  roll_back(savepoint);
  return outcome;
}

// ---------------------------------------------------------------- commands

Outcome Engine::apply(const Actor& actor, const PostTransfer& wanted) {
  if (auto ok = check_effective_at(wanted.effective_at); !ok) return std::move(ok).error();
  if (wanted.reopen.empty() && wanted.close.empty()) return outcome_of(post_wanted(actor, wanted));
  Savepoint savepoint;
  begin_savepoint(savepoint);
  Result<Transfer> posted = post_and_close(actor, wanted);
  if (posted) {
    savepoints_.pop_back();
  } else {
    roll_back(savepoint);
  }
  return outcome_of(std::move(posted));
}

Result<Transfer> Engine::post_wanted(const Actor& actor, const PostTransfer& wanted) {
  Transfer transfer;
  transfer.postings = TRY(plan(actor.tenant, wanted.postings, wanted.split, false));
  transfer.details = wanted.details;
  transfer.effective_at = wanted.effective_at.value_or(now_);
  const Split* split = wanted.split ? &*wanted.split : nullptr;
  return post(actor, std::move(transfer), Wording(wanted.postings, split));
}

/// Errors leave it to the caller to go back.
Result<Transfer> Engine::post_and_close(const Actor& actor, const PostTransfer& wanted) {
  const auto reopened = TRY(find_all(actor.tenant, wanted.reopen, "reopen"));
  const auto closed = TRY(find_all(actor.tenant, wanted.close, "close"));
  for (AccountState* account : reopened) set_closed(actor, *account, false);
  Transfer transfer = TRY(post_wanted(actor, wanted));
  for (std::size_t i = 0; i < closed.size(); ++i) {
    if (const auto empty = check_empty(closed[i]->type, closed[i]->sums); !empty) {
      Error error = empty.error();
      error.fields.push_back({pointer_to("close", i), error.code.name, error.detail});
      return error;
    }
    set_closed(actor, *closed[i], true);
  }
  return transfer;
}

/// Runs `apply_one(index, result so far)` for each; all or nothing when `atomic`.
template <class Apply>
Outcome Engine::apply_many(std::size_t count, bool atomic, const Apply& apply_one) {
  BulkResult result;
  result.items.reserve(count);
  Savepoint savepoint;
  if (atomic) begin_savepoint(savepoint);
  for (std::size_t i = 0; i < count; ++i) {
    const Outcome one = apply_one(i, result);
    const auto* error = std::get_if<Error>(&one);
    if (error && atomic) {
      roll_back(savepoint);
      return in_bulk(*error, i);
    }
    if (error) {
      result.items.emplace_back(*error);
    } else {
      result.items.emplace_back(done_of(one));
    }
  }
  if (atomic) savepoints_.pop_back();
  return result;
}

Outcome Engine::apply(const Actor& actor, const PostBulk& wanted) {
  return apply_many(wanted.transfers.size(), wanted.atomic, [&](std::size_t i, const BulkResult&) {
    return apply(actor, wanted.transfers[i]);
  });
}

Outcome Engine::apply(const Actor& actor, const RunSteps& wanted) {
  return apply_many(wanted.steps.size(), wanted.atomic,
                    [&](std::size_t i, const BulkResult& before) {
                      return apply_step(actor, wanted.steps[i], before);
                    });
}

Outcome Engine::apply_step(const Actor& actor, const Step& step, const BulkResult& before) {
  if (!step.hold_of) {
    Outcome outcome = std::visit([&](const auto& body) { return apply(actor, body); }, step.body);
    // Where the parts of each kind lie in its item.
    constexpr std::array<std::string_view, 5> members{"", "/hold", "/capture", "/release",
                                                      "/reverse"};
    if (auto* error = std::get_if<Error>(&outcome)) {
      for (FieldError& field : error->fields) field.pointer.insert(0, members[step.body.index()]);
    }
    return outcome;
  }
  const auto* placed = std::get_if<BulkDone>(&before.items[*step.hold_of]);
  if (!placed) {
    return Error{errors::hold_not_found,
                 "step " + std::to_string(*step.hold_of) + " was refused, so there is no hold"};
  }
  if (const auto* capture = std::get_if<CaptureHold>(&step.body))
    return apply(actor, CaptureHold{placed->hold, capture->amount_minor, capture->keep_rest});
  return apply(actor, ReleaseHold{placed->hold});
}

Outcome Engine::apply(const Actor& actor, const PlaceHold& wanted) {
  auto postings = plan(actor.tenant, wanted.postings, wanted.split, true);
  if (!postings) return std::move(postings).error();
  if (auto ok = check_postings(*postings); !ok) return std::move(ok).error();

  Effects effects;
  for (const Posting& posting : *postings) {
    Effect& debit = effect_on(effects, posting.debit);
    add(debit.delta.debits_pending, posting.amount.minor, debit.overflow);
    Effect& credit = effect_on(effects, posting.credit);
    add(credit.delta.credits_pending, posting.amount.minor, credit.overflow);
  }
  const Wording wording(wanted.postings, wanted.split ? &*wanted.split : nullptr);
  if (auto ok = check_effects(effects, wording); !ok) return std::move(ok).error();
  for (const Effect& effect : effects) {
    touch(*effect.account);
    effect.account->sums = *after(effect.account->sums, effect.delta);
  }

  Hold hold;
  hold.id = HoldId{ids_.next()};
  hold.tenant = actor.tenant;
  for (Posting& posting : *postings) hold.postings.push_back({posting, posting.amount.minor});
  hold.details = wanted.details;
  if (wanted.expires_in_s) hold.expires_at = now_.plus_seconds(*wanted.expires_in_s);
  hold.created_at = now_;
  for (Savepoint* savepoint : savepoints_) savepoint->new_holds.push_back(hold.id);
  state_.holds.emplace(hold.id, hold);
  write_hold_change(actor, HoldChangeKind::placed, {}, hold);
  return hold;
}

Outcome Engine::apply(const Actor& actor, const CaptureHold& wanted) {
  Hold* found = find_hold(actor.tenant, wanted.hold);
  if (!found) return missing_hold();
  if (auto ok = check_open(*found, now_); !ok) return std::move(ok).error();
  if (auto ok = check_amount(*found, wanted); !ok) return std::move(ok).error();

  Transfer transfer;
  transfer.kind = TransferKind::capture;
  transfer.hold = found->id;
  transfer.details = found->details;
  transfer.effective_at = now_;
  for (const HoldPosting& held : found->postings) {
    Posting posting = held.posting;
    posting.amount.minor = wanted.amount_minor.value_or(held.remaining);
    transfer.postings.push_back(posting);
  }
  if (auto ok = check_postings(transfer.postings); !ok) return std::move(ok).error();

  // What is captured turns from pending to posted, so no bound can be crossed and no sum can
  // overflow.
  Hold& hold = touch(*found);
  for (std::size_t i = 0; i < hold.postings.size(); ++i) {
    const Posting& posting = transfer.postings[i];
    AccountState& debit = *find_account(actor.tenant, posting.debit);
    AccountState& credit = *find_account(actor.tenant, posting.credit);
    touch(debit);
    touch(credit);
    debit.sums.debits_pending -= posting.amount.minor;
    credit.sums.credits_pending -= posting.amount.minor;
    hold.postings[i].remaining -= posting.amount.minor;
  }
  Capture capture;
  capture.transfer = write_transfer(actor, std::move(transfer));
  const bool rest_stays = wanted.keep_rest && hold.postings[0].remaining > 0;
  if (!rest_stays) {
    give_back_rest(hold);
    hold.status = HoldStatus::captured;
  }
  write_hold_change(actor, HoldChangeKind::captured, capture.transfer.id, hold);
  capture.hold = hold;
  return capture;
}

Outcome Engine::apply(const Actor& actor, const ReleaseHold& wanted) {
  Hold* found = find_hold(actor.tenant, wanted.hold);
  if (!found) return missing_hold();
  if (auto ok = check_open(*found, now_); !ok) return std::move(ok).error();
  Hold& hold = touch(*found);
  give_back_rest(hold);
  hold.status = HoldStatus::released;
  write_hold_change(actor, HoldChangeKind::released, {}, hold);
  return hold;
}

Outcome Engine::apply(const Actor& actor, const ExpireHold& wanted) {
  Hold* found = find_hold(actor.tenant, wanted.hold);
  if (!found) return missing_hold();
  if (found->status == HoldStatus::open && !is_over(*found, now_))
    return Error{errors::hold_not_open, "the hold's time is not over"};
  if (found->status == HoldStatus::expired) return *found;
  if (found->status != HoldStatus::open) return check_open(*found, now_).error();
  expire(actor, *found);
  return *found;
}

Outcome Engine::apply(const Actor& actor, const ReverseTransfer& wanted) {
  if (auto ok = check_effective_at(wanted.effective_at); !ok) return std::move(ok).error();
  const auto found = state_.transfers.find(wanted.transfer);
  if (found == state_.transfers.end() || found->second.transfer.tenant != actor.tenant) {
    return Error{errors::transfer_not_found, "there is no transfer of this id"};
  }
  PastTransfer& past = found->second;
  if (past.reversed_by) {
    return Error{errors::transfer_already_reversed,
                 "the transfer was reversed by " + past.reversed_by.str()};
  }
  if (wanted.effective_at && *wanted.effective_at < past.transfer.effective_at) {
    return at_effective_at(errors::effective_at_before_transfer,
                           "must not lie before the effective_at of the transfer it reverses, " +
                               past.transfer.effective_at.rfc3339());
  }
  Transfer transfer;
  transfer.kind = TransferKind::reversal;
  transfer.reverses = past.transfer.id;
  transfer.details = wanted.details;
  transfer.effective_at = wanted.effective_at.value_or(now_);
  for (const Posting& posting : past.transfer.postings) {
    transfer.postings.push_back({posting.credit, posting.debit, posting.amount});
  }
  Result<Transfer> posted = post(actor, std::move(transfer), Wording());
  if (posted) {
    past.reversed_by = posted->id;
    for (Savepoint* savepoint : savepoints_) savepoint->reversed.push_back(past.transfer.id);
  }
  return outcome_of(std::move(posted));
}

// ---------------------------------------------------------------- parts

AccountState* Engine::find_account(TenantId tenant, AccountId id) {
  const auto found = state_.accounts.find(id);
  if (found == state_.accounts.end() || found->second.tenant != tenant) return nullptr;
  return &found->second;
}

Hold* Engine::find_hold(TenantId tenant, HoldId id) {
  const auto found = state_.holds.find(id);
  if (found == state_.holds.end() || found->second.tenant != tenant) return nullptr;
  return &found->second;
}

Result<std::vector<AccountState*>> Engine::find_all(TenantId tenant,
                                                    const std::vector<AccountRef>& refs,
                                                    std::string_view member) {
  std::vector<AccountState*> accounts;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    accounts.push_back(find_account(tenant, refs[i].id));
    if (!accounts.back()) return account_missing(pointer_to(member, i));
  }
  return accounts;
}

Result<void> Engine::check_effective_at(const std::optional<Timestamp>& effective_at) const {
  if (!effective_at || *effective_at <= now_) return {};
  return at_effective_at(errors::effective_at_in_future, "must not lie in the future");
}

}  // namespace florin::ledger::engine
