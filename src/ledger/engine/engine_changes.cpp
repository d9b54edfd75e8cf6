// What decisions change, and how it is rolled back.
#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/sum_changes.h"

namespace florin::ledger::engine {
namespace {

Result<void> check_bounds(const AccountState& account, const Sums& would_be,
                          const Wording& wording) {
  const std::int64_t available = available_of(account.type, would_be);
  if (account.min_balance && available < *account.min_balance &&
      available < available_of(account.type, account.sums)) {
    return wording.uncovered(account, would_be);
  }
  const auto total = [&](const Sums& sums) {
    return balance_of(account.type, sums) + incoming_of(account.type, sums);
  };
  if (account.max_balance && total(would_be) > *account.max_balance &&
      total(would_be) > total(account.sums)) {
    return wording.above_limit(account, would_be);
  }
  return {};
}

template <class T>
void shorten(std::vector<T>& list, std::size_t size) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(size), list.end());
}

}  // namespace

Engine::Effect& Engine::effect_on(Effects& effects, AccountId id) {
  // Transfers are short; the newest entry is the likeliest.
  for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect) {
    if (effect->account->id == id) return *effect;
  }
  return effects.emplace_back(Effect{&state_.accounts.at(id), {}, false});
}

Result<void> Engine::check_effects(const Effects& effects, const Wording& wording) const {
  for (const Effect& effect : effects) {
    if (effect.overflow || !after(effect.account->sums, effect.delta)) {
      return wording.overflow(*effect.account);
    }
  }
  for (const Effect& effect : effects) {
    TRY(check_bounds(*effect.account, *after(effect.account->sums, effect.delta), wording));
  }
  return {};
}

Result<Transfer> Engine::post(const Actor& actor, Transfer transfer, const Wording& wording) {
  TRY(check_postings(transfer.postings));
  Effects effects;
  effects.reserve(2 * transfer.postings.size());
  for (const Posting& posting : transfer.postings) {
    Effect& debit = effect_on(effects, posting.debit);
    add(debit.delta.debits_posted, posting.amount.minor, debit.overflow);
    Effect& credit = effect_on(effects, posting.credit);
    add(credit.delta.credits_posted, posting.amount.minor, credit.overflow);
  }
  TRY(check_effects(effects, wording));
  for (const Effect& effect : effects) touch(*effect.account);
  return write_transfer(actor, std::move(transfer));
}

Transfer Engine::write_transfer(const Actor& actor, Transfer transfer) {
  const std::int64_t first_id = ids_.next_run(static_cast<int>(transfer.postings.size()));
  transfer.id = TransferId{first_id};
  transfer.tenant = actor.tenant;
  transfer.created_at = now_;
  std::int64_t posting_id = first_id;
  for (const Posting& posting : transfer.postings) {
    AccountState& debit = state_.accounts.at(posting.debit);
    AccountState& credit = state_.accounts.at(posting.credit);
    debit.sums.debits_posted += posting.amount.minor;
    credit.sums.credits_posted += posting.amount.minor;
    PostingRow row{posting_id, transfer.id, posting, {}, {}};
    row.debit = extend_history(debit, posting_id);
    row.credit = extend_history(credit, posting_id);
    changes_.postings.push_back(row);
    ++posting_id;
  }
  changes_.transfers.push_back({transfer, &actor});
  return transfer;
}

PostingSide Engine::extend_history(AccountState& account, std::int64_t posting) {
  const PostingSide side{account.last_posting, ++account.posting_count,
                         balance_of(account.type, account.sums)};
  account.last_posting = posting;
  if (side.sequence % checkpoint_interval == 0) {
    changes_.checkpoints.push_back({account.id, side.sequence, posting, now_});
  }
  return side;
}

void Engine::write_hold_change(const Actor& actor, HoldChangeKind kind, TransferId transfer,
                               const Hold& after) {
  // The first change of a hold has the hold's own id, so that both sort together.
  const std::int64_t id = kind == HoldChangeKind::placed ? after.id.value : ids_.next();
  changes_.hold_changes.push_back({id, kind, transfer, after, now_, &actor});
}

void Engine::give_back_rest(Hold& hold) {
  for (HoldPosting& held : hold.postings) {
    AccountState& debit = state_.accounts.at(held.posting.debit);
    AccountState& credit = state_.accounts.at(held.posting.credit);
    touch(debit);
    touch(credit);
    debit.sums.debits_pending -= held.remaining;
    credit.sums.credits_pending -= held.remaining;
    held.remaining = 0;
  }
}

void Engine::expire(const Actor& actor, Hold& hold) {
  touch(hold);
  give_back_rest(hold);
  hold.status = HoldStatus::expired;
  write_hold_change(actor, HoldChangeKind::expired, {}, hold);
}

void Engine::set_closed(const Actor& actor, AccountState& account, bool closed) {
  if (account.closed == closed) return;
  touch(account);
  account.closed = closed;
  changes_.status_changes.push_back({account.id, account.sums, closed, now_, &actor});
}

// ---------------------------------------------------------------- savepoints

void Engine::touch(AccountState& account) {
  for (Savepoint* savepoint : savepoints_) savepoint->old_accounts.emplace_back(&account, account);
  if (account.touched) return;
  account.touched = true;
  changes_.accounts.push_back(&account);
}

Hold& Engine::touch(Hold& hold) {
  for (Savepoint* savepoint : savepoints_) savepoint->old_holds.push_back(hold);
  return hold;
}

void Engine::begin_savepoint(Savepoint& savepoint) {
  savepoint.transfers = changes_.transfers.size();
  savepoint.postings = changes_.postings.size();
  savepoint.hold_changes = changes_.hold_changes.size();
  savepoint.checkpoints = changes_.checkpoints.size();
  savepoint.status_changes = changes_.status_changes.size();
  savepoint.accounts = changes_.accounts.size();
  savepoints_.push_back(&savepoint);
}

void Engine::roll_back(Savepoint& savepoint) {
  shorten(changes_.transfers, savepoint.transfers);
  shorten(changes_.postings, savepoint.postings);
  shorten(changes_.hold_changes, savepoint.hold_changes);
  shorten(changes_.checkpoints, savepoint.checkpoints);
  shorten(changes_.status_changes, savepoint.status_changes);
  shorten(changes_.accounts, savepoint.accounts);
  // Newest first, so that what was touched twice ends in its oldest state.
  for (auto old = savepoint.old_accounts.rbegin(); old != savepoint.old_accounts.rend(); ++old)
    *old->first = old->second;
  for (auto old = savepoint.old_holds.rbegin(); old != savepoint.old_holds.rend(); ++old) {
    const auto hold = state_.holds.find(old->id);
    if (hold != state_.holds.end()) hold->second = *old;
  }
  for (const HoldId id : savepoint.new_holds) state_.holds.erase(id);
  for (const TransferId id : savepoint.reversed) state_.transfers.at(id).reversed_by = {};
  savepoints_.pop_back();
}

}  // namespace florin::ledger::engine
