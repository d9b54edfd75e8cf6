#include "hub/wallet/movement_batcher.h"

#include <string>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/store.h"

namespace florin::hub {
namespace {

using Action = rules::Verdict::Action;

std::string name_of(const QueuedMovement& item, const std::string& name) {
  return item.partner->partner.code + ' ' + name;
}

WalletTransaction row_of(const QueuedMovement& item, const rules::Verdict& verdict, std::int64_t id,
                         Timestamp now) {
  const Movement& movement = item.movement;
  WalletTransaction row;
  row.id = {id};
  row.tenant = item.partner->partner.tenant;
  row.partner = item.partner->partner.id;
  row.kind = movement.kind;
  row.state = State::success;
  row.key = movement.key;
  row.request = movement.request;
  row.signature = movement.signature;
  row.player = movement.player;
  if (row.player.empty() && verdict.debit) row.player = verdict.debit->player;
  row.currency = verdict.currency;
  row.amount_minor = verdict.amount_minor;
  row.ref = movement.ref;
  if (verdict.debit) row.target = verdict.debit->id;
  row.meta = movement.meta;
  row.request_id = movement.request_id;
  row.created_at = row.updated_at = now;
  return row;
}

}  // namespace

// ---------------------------------------------------------------- segment

bool Segment::meets(const QueuedMovement& item) const {
  return names_.contains(name_of(item, item.movement.key)) ||
         names_.contains(name_of(item, item.movement.ref));
}
bool Segment::meets(const rules::Known& known) const {
  return known.debit && debits_.contains(known.debit->id);
}
void Segment::add(const QueuedMovement& item, const rules::Known& known) {
  names_.insert(name_of(item, item.movement.key));
  names_.insert(name_of(item, item.movement.ref));
  if (known.debit) debits_.insert(known.debit->id);
}
void Segment::clear() {
  names_.clear();
  debits_.clear();
}

// ---------------------------------------------------------------- batcher

MovementBatcher::MovementBatcher(const Parts& parts, Settle settle, Answer answer)
    : clock_(parts.clock),
      ids_(parts.ids),
      settle_(std::move(settle)),
      answer_(std::move(answer)),
      log_(parts.events),
      batcher_(
          parts.database,
          [this](sql::Tx& tx, std::span<QueuedMovement> batch) { return run(tx, batch); },
          [this](QueuedMovement& item, Done& done, const Result<void>& committed) {
            answer_(
                item, done,
                committed ? *std::move(item.outcome) : Result<MovementResult>(committed.error()));
          }) {}

void MovementBatcher::submit(PartnerPtr partner, Movement movement, Done done) {
  QueuedMovement item{std::move(partner), std::move(movement)};
  if (!batcher_.submit(item, done))
    done(Error{errors::hub_busy, "too many movements are waiting", {}, 1});
}

Result<void> MovementBatcher::run(sql::Tx& tx, std::span<QueuedMovement> batch) {
  Segment segment;
  std::vector<JudgedMovement> judged;
  judged.reserve(batch.size());
  for (QueuedMovement& item : batch) TRY(plan(tx, item, segment, judged));
  return finish(tx, segment, judged);
}

Result<void> MovementBatcher::plan(sql::Tx& tx, QueuedMovement& item, Segment& segment,
                                   std::vector<JudgedMovement>& judged) {
  const PartnerId partner = item.partner->partner.id;
  const Timestamp now = clock_.now();
  if (segment.meets(item)) TRY(finish(tx, segment, judged));
  rules::Known known = TRY(rules::look_up(tx, partner, item.movement, now));
  if (segment.meets(known)) {
    TRY(finish(tx, segment, judged));
    known = TRY(rules::look_up(tx, partner, item.movement, now));
  }
  segment.add(item, known);
  take_up(item, known, judged);
  return {};
}

void MovementBatcher::take_up(QueuedMovement& item, const rules::Known& known,
                              std::vector<JudgedMovement>& judged) const {
  rules::Verdict verdict = rules::judge(item.movement, known);
  if (verdict.action == Action::replay) {
    item.outcome = MovementResult{*known.same_key, true};
    return;
  }
  if (verdict.action == Action::refuse) {
    item.outcome = *verdict.error;
    return;
  }
  JudgedMovement next{&item, std::move(verdict), {}};
  next.row = row_of(item, next.verdict, ids_.next(), clock_.now());
  if (next.verdict.action == Action::fail) fail(next, *next.verdict.error);
  judged.push_back(std::move(next));
}

Result<void> MovementBatcher::finish(sql::Tx& tx, Segment& segment,
                                     std::vector<JudgedMovement>& judged) {
  TRY(settle_(tx, judged));
  for (JudgedMovement& next : judged) {
    if (!next.item->outcome) TRY(write(tx, next));
  }
  judged.clear();
  segment.clear();
  return {};
}

void MovementBatcher::fail(JudgedMovement& judged, const Error& error) const {
  judged.has_failed = true;
  if (rules::refusal(error).action == Action::refuse) {
    judged.item->outcome = error;
    return;
  }
  judged.row.state = State::failed;
  remember_refusal(judged.row, error);
}

Result<void> MovementBatcher::write(sql::Tx& tx, JudgedMovement& judged) {
  TRY(log_.add(tx, judged.partner(), judged.row,
               actor_of(judged.partner(), judged.item->movement.request_id)));
  if (judged.verdict.debit && judged.row.state == State::success)
    TRY(apply_to_debit(tx, log_, judged.partner(), judged.row, *judged.verdict.debit));
  judged.item->outcome = MovementResult{std::move(judged.row), false};
  return {};
}

Result<void> apply_to_debit(sql::Tx& tx, TransactionLog& log, const Partner& partner,
                            const WalletTransaction& movement, const WalletTransaction& debit) {
  if (movement.kind == Kind::credit) return store::add_credit(tx, debit.id);
  if (debit.state == State::rolled_back || debit.state == State::failed) return {};
  WalletTransaction undone = debit;
  undone.state = State::rolled_back;
  undone.next_check.reset();
  undone.updated_at = movement.updated_at;
  return log.change(tx, partner, undone, actor_of(partner));
}

}  // namespace florin::hub
