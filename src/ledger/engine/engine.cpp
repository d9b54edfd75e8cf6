#include "ledger/engine/engine.h"

#include <algorithm>
#include <array>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/engine/limits.h"
#include "ledger/errors.h"

namespace florin::ledger::engine {

std::string_view to_string(HoldChangeKind kind) {
  constexpr std::array<std::string_view, 4> words{"placed", "captured", "released", "expired"};
  return words[static_cast<std::size_t>(kind)];
}

/// What a command would add to one account, netted over all its postings.
struct Engine::Effect {
  AccountState* account = nullptr;
  Sums delta;
  bool overflow = false;
};

/// Where to go back to: sizes of the lists and the old states of what was touched since.
struct Engine::Savepoint {
  std::size_t transfers = 0, postings = 0, hold_changes = 0, checkpoints = 0, accounts = 0,
              status_changes = 0;
  std::vector<std::pair<AccountState*, AccountState>> old_accounts;
  std::vector<Hold> old_holds;  // Not their places: one that an inner savepoint made is gone.
  std::vector<HoldId> new_holds;
  std::vector<TransferId> reversed;
};

namespace {

Error account_missing(std::string pointer) {
  return Error{errors::account_not_found,
               "there is no account of this id or code",
               {{std::move(pointer), "account_not_found", "no account of this id or code"}}};
}

std::string pointer_to(std::string_view list, std::size_t place, std::string_view member = {}) {
  std::string pointer = "/" + std::string(list) + "/" + std::to_string(place);
  return member.empty() ? pointer : pointer + "/" + std::string(member);
}

Error at_posting(const ErrorCode& code, std::size_t posting, std::string_view member,
                 std::string detail) {
  return Error{code, detail, {{pointer_to("postings", posting, member), code.name, detail}}};
}

Error at_effective_at(const ErrorCode& code, std::string rule) {
  return Error{code, "effective_at " + rule, {{"/effective_at", code.name, rule}}};
}

void add(std::int64_t& sum, std::int64_t amount, bool& overflow) {
  const auto result = checked_add(sum, amount);
  if (result) {
    sum = *result;
  } else {
    overflow = true;
  }
}

/// The sums after a change; nothing when posted plus pending of a side leaves 64 bits.
std::optional<Sums> after(const Sums& now, const Sums& delta) {
  bool overflow = false;
  Sums sums = now;
  add(sums.debits_posted, delta.debits_posted, overflow);
  add(sums.credits_posted, delta.credits_posted, overflow);
  add(sums.debits_pending, delta.debits_pending, overflow);
  add(sums.credits_pending, delta.credits_pending, overflow);
  if (overflow || !checked_add(sums.debits_posted, sums.debits_pending) ||
      !checked_add(sums.credits_posted, sums.credits_pending)) {
    return std::nullopt;
  }
  return sums;
}

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

Error missing_hold() { return Error{errors::hold_not_found, "there is no hold of this id"}; }

Result<void> check_open(const Hold& hold, Timestamp now) {
  const bool is_open = hold.status == HoldStatus::open;
  if (hold.status == HoldStatus::expired || (is_open && is_over(hold, now)))
    return Error{errors::hold_expired, "the hold has expired"};
  if (!is_open) {
    return Error{errors::hold_not_open,
                 "the hold was " + std::string(to_word(hold.status)) + " before"};
  }
  return {};
}

/// Checks that a capture's amount fits the hold.
Result<void> check_amount(const Hold& hold, const CaptureHold& wanted) {
  if (!wanted.amount_minor) return {};
  if (hold.postings.size() != 1) {
    return Error{errors::partial_capture_unsupported,
                 "a hold of several postings is captured whole; leave amount out"};
  }
  if (*wanted.amount_minor > hold.postings[0].remaining) {
    return Error{
        errors::capture_exceeds_hold,
        "the hold has only " + std::to_string(hold.postings[0].remaining) + " minor units left"};
  }
  return {};
}

template <class T>
void shorten(std::vector<T>& list, std::size_t size) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(size), list.end());
}

Error at_split(const ErrorCode& code, std::string_view member, std::string detail) {
  return Error{code, detail, {{"/split/" + std::string(member), code.name, detail}}};
}

/// Pairs what the sources give with what the destinations get, each in its order.
std::vector<Posting> pair_up(const Split& split, std::vector<std::int64_t> given,
                             std::vector<std::int64_t> shares) {
  std::vector<Posting> postings;
  std::size_t source = 0;
  std::size_t destination = 0;
  while (source < given.size() && destination < shares.size()) {
    const std::int64_t amount = std::min(given[source], shares[destination]);
    const auto& account = split.destinations[destination].account;
    if (amount > 0 && account) {
      postings.push_back({split.sources[source].account.id, account->id, {amount, split.currency}});
    }
    given[source] -= amount;
    shares[destination] -= amount;
    if (given[source] == 0) {
      ++source;
    } else {
      ++destination;
    }
  }
  return postings;
}

Error nothing_to_move() {
  return Error{errors::nothing_to_move, "the accounts leave nothing to move"};
}

/// The reason why a currency cannot move on an account; its code is empty when it can.
struct Obstacle {
  ErrorCode code{ErrorKind::internal, ""};
  std::string detail;
  explicit operator bool() const { return !code.name.empty(); }
};

Obstacle obstacle_on(const AccountState& account, Currency currency, std::string_view side) {
  if (account.currency != currency) {
    return {errors::currency_mismatch, "the " + std::string(side) + " account is kept in " +
                                           std::string(account.currency.code())};
  }
  if (account.closed) return {errors::account_closed, "the account is closed"};
  if (account.frozen) return {errors::account_frozen, "the account is frozen"};
  return {};
}

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

/// The same error, seen from the bulk it happened in.
Error in_bulk(const Error& error, std::size_t index) {
  const std::string at = "/transfers/" + std::to_string(index);
  Error whole{errors::bulk_refused, "transfer " + std::to_string(index) + " was refused (" +
                                        std::string(error.code.name) + "), so none was written"};
  // A reason that keys do not remember (an unknown account, say) must leave the bulk's key free as
  // well.
  if (!idempotency::is_remembered(error)) whole.code = error.code;
  for (const FieldError& field : error.fields)
    whole.fields.push_back({at + field.pointer, field.rule, field.detail});
  if (whole.fields.empty()) whole.fields.push_back({at, error.code.name, error.detail});
  return whole;
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

Result<std::vector<Posting>> Engine::resolve(TenantId tenant,
                                             const std::vector<PostingRequest>& requests) {
  std::vector<Posting> postings;
  postings.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const PostingRequest& request = requests[i];
    if (!find_account(tenant, request.debit.id))
      return account_missing(pointer_to("postings", i, "debit"));
    if (!find_account(tenant, request.credit.id))
      return account_missing(pointer_to("postings", i, "credit"));
    postings.push_back({request.debit.id, request.credit.id, request.amount});
  }
  return postings;
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

Result<std::vector<Posting>> Engine::plan(TenantId tenant,
                                          const std::vector<PostingRequest>& requests,
                                          const std::optional<Split>& split, bool is_hold) {
  if (split) return plan_split(tenant, *split);
  std::vector<Posting> postings = TRY(resolve(tenant, requests));
  const bool is_limited = std::any_of(requests.begin(), requests.end(), [](const auto& request) {
    return request.balancing != Balancing::none;
  });
  if (is_limited) TRY(limit(requests, postings, is_hold));
  return postings;
}

/// Cuts balancing postings down to what their accounts leave after the postings before them, and
/// leaves out those that come to nothing.
Result<void> Engine::limit(const std::vector<PostingRequest>& requests,
                           std::vector<Posting>& postings, bool is_hold) {
  TRY(check_postings(postings));
  std::unordered_map<AccountId, Sums> moved;
  const auto room = [&](AccountId id, Side side) -> std::optional<std::int64_t> {
    const AccountState& account = state_.accounts.at(id);
    // Sums that do not fit are refused further on; whether there is a bound does not depend on
    // them.
    return room_of(account, after(account.sums, moved[id]).value_or(account.sums), side);
  };
  bool overflow = false;
  for (std::size_t i = 0; i < postings.size(); ++i) {
    Posting& posting = postings[i];
    const Balancing balancing = requests[i].balancing;
    std::int64_t& amount = posting.amount.minor;
    bool is_bounded = requests[i].has_amount;
    const auto at_most = [&](std::optional<std::int64_t> bound) {
      is_bounded = is_bounded || bound;
      amount = std::min(amount, bound.value_or(amount));
    };
    if (balancing == Balancing::debit || balancing == Balancing::both)
      at_most(room(posting.debit, Side::debit));
    if (balancing == Balancing::credit || balancing == Balancing::both)
      at_most(room(posting.credit, Side::credit));
    if (!is_bounded) {
      return at_posting(errors::unbounded_amount, i, "amount",
                        "no account bounds this posting; give the most that may move");
    }
    Sums& debit = moved[posting.debit];
    Sums& credit = moved[posting.credit];
    add(is_hold ? debit.debits_pending : debit.debits_posted, amount, overflow);
    add(is_hold ? credit.credits_pending : credit.credits_posted, amount, overflow);
  }
  std::erase_if(postings, [](const Posting& posting) { return posting.amount.minor == 0; });
  if (postings.empty()) return nothing_to_move();
  return {};
}

Result<void> Engine::check_split(TenantId tenant, const Split& split) {
  const auto accounts = [&](const auto& use) -> Result<void> {
    for (std::size_t i = 0; i < split.sources.size(); ++i)
      TRY(use(split.sources[i].account, pointer_to("split/sources", i, "account"), "debit"));
    for (std::size_t i = 0; i < split.destinations.size(); ++i) {
      const auto& account = split.destinations[i].account;
      if (account) TRY(use(*account, pointer_to("split/destinations", i, "account"), "credit"));
    }
    return {};
  };
  TRY(accounts([&](const AccountRef& ref, std::string pointer, std::string_view) -> Result<void> {
    if (!find_account(tenant, ref.id)) return account_missing(std::move(pointer));
    return {};
  }));
  return accounts([&](const AccountRef& ref, std::string pointer,
                      std::string_view side) -> Result<void> {
    const auto is_source = [&](const SplitSource& source) { return source.account.id == ref.id; };
    if (side == "credit" && std::any_of(split.sources.begin(), split.sources.end(), is_source)) {
      const std::string detail = "an account cannot be source and destination at once";
      return Error{errors::same_account, detail, {{pointer, "same_account", detail}}};
    }
    const Obstacle obstacle = obstacle_on(state_.accounts.at(ref.id), split.currency, side);
    if (!obstacle) return {};
    return Error{obstacle.code, obstacle.detail, {{pointer, obstacle.code.name, obstacle.detail}}};
  });
}

/// What each source gives, in their order.
Result<std::vector<std::int64_t>> Engine::draw(const Split& split) {
  const bool is_all = split.total == Split::Total::all;
  std::int64_t wanted = is_all ? INT64_MAX : split.minor;
  std::unordered_map<AccountId, std::int64_t> drawn;
  std::vector<std::int64_t> given;
  for (std::size_t i = 0; i < split.sources.size(); ++i) {
    const SplitSource& source = split.sources[i];
    const AccountState& account = state_.accounts.at(source.account.id);
    std::int64_t& from_account = drawn[account.id];
    const auto room = room_of(account, source, from_account);
    if (is_all && !room) {
      return at_split(errors::unbounded_amount, "amount",
                      "a source has no bound; give the most that may move");
    }
    if (is_all && *room > wanted) {
      return at_split(errors::amount_overflow, "amount",
                      "what the sources have does not fit into 64 bits of minor units");
    }
    given.push_back(std::min(room.value_or(wanted), wanted));
    from_account += given.back();
    wanted -= given.back();
  }
  if (split.total == Split::Total::exact && wanted > 0) {
    return at_split(errors::insufficient_funds, "amount",
                    "the sources cannot cover this: asked " + std::to_string(split.minor) +
                        ", available " + std::to_string(split.minor - wanted) +
                        " (minor units of " + std::string(split.currency.code()) + ")");
  }
  return given;
}

Result<std::vector<Posting>> Engine::plan_split(TenantId tenant, const Split& split) {
  TRY(check_split(tenant, split));
  std::vector<std::int64_t> given = TRY(draw(split));
  std::int64_t total = 0;
  for (const std::int64_t amount : given) total += amount;  // At most what was wanted.
  if (total == 0) return nothing_to_move();
  std::vector<std::int64_t> shares = TRY(shares_of(total, split.destinations));
  std::vector<Posting> postings = pair_up(split, std::move(given), std::move(shares));
  if (postings.empty()) return nothing_to_move();
  return postings;
}

Result<void> Engine::check_postings(const std::vector<Posting>& postings) {
  for (std::size_t i = 0; i < postings.size(); ++i) {
    const Posting& posting = postings[i];
    if (posting.amount.minor <= 0) {
      return at_posting(florin::errors::validation_failed, i, "amount",
                        "the amount must be positive");
    }
    if (posting.debit == posting.credit) {
      return at_posting(errors::same_account, i, "credit",
                        "debit and credit must be different accounts");
    }
    const std::array<std::pair<AccountId, std::string_view>, 2> sides{
        {{posting.debit, "debit"}, {posting.credit, "credit"}}};
    for (const auto& [id, side] : sides) {
      const AccountState& account = state_.accounts.at(id);
      const Obstacle obstacle = obstacle_on(account, posting.amount.currency, side);
      if (!obstacle) continue;
      const bool is_currency = obstacle.code == errors::currency_mismatch;
      return at_posting(obstacle.code, i, is_currency ? "currency" : side, obstacle.detail);
    }
  }
  return {};
}

Engine::Effect& Engine::effect_on(Effects& effects, AccountId id) {
  // Transfers are short; the newest entry is the likeliest.
  for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect) {
    if (effect->account->id == id) return *effect;
  }
  return effects.emplace_back(Effect{&state_.accounts.at(id), {}, false});
}

Result<void> Engine::check_effective_at(const std::optional<Timestamp>& effective_at) const {
  if (!effective_at || *effective_at <= now_) return {};
  return at_effective_at(errors::effective_at_in_future, "must not lie in the future");
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

// ---------------------------------------------------------------- going back

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
