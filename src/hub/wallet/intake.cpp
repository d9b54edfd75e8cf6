#include "hub/wallet/intake.h"

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

std::string name_of(const Item& item, const std::string& name) {
  return item.partner->partner.code + ' ' + name;
}

WalletTransaction row_of(const Item& item, const rules::Verdict& verdict, std::int64_t id,
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

bool Segment::meets(const Item& item) const {
  return names_.contains(name_of(item, item.movement.key)) ||
         names_.contains(name_of(item, item.movement.ref));
}
bool Segment::meets(const rules::Known& known) const {
  return known.debit && debits_.contains(known.debit->id);
}
void Segment::add(const Item& item, const rules::Known& known) {
  names_.insert(name_of(item, item.movement.key));
  names_.insert(name_of(item, item.movement.ref));
  if (known.debit) debits_.insert(known.debit->id);
}
void Segment::clear() {
  names_.clear();
  debits_.clear();
}

// ---------------------------------------------------------------- intake

Intake::Intake(const Parts& parts, Settle settle, Answer answer)
    : clock_(parts.clock),
      ids_(parts.ids),
      settle_(std::move(settle)),
      answer_(std::move(answer)),
      log_(parts.events),
      batcher_(
          parts.database, [this](sql::Tx& tx, std::span<Item> batch) { return run(tx, batch); },
          [this](Item& item, Done& done, const Result<void>& committed) {
            answer_(item, done,
                    committed ? *std::move(item.outcome) : Result<Settled>(committed.error()));
          }) {}

void Intake::submit(PartnerPtr partner, Movement movement, Done done) {
  Item item{std::move(partner), std::move(movement)};
  if (!batcher_.submit(item, done))
    done(Error{errors::hub_busy, "too many movements are waiting", {}, 1});
}

Result<void> Intake::run(sql::Tx& tx, std::span<Item> batch) {
  Segment segment;
  std::vector<Planned> planned;
  planned.reserve(batch.size());
  for (Item& item : batch) TRY(plan(tx, item, segment, planned));
  return finish(tx, segment, planned);
}

Result<void> Intake::plan(sql::Tx& tx, Item& item, Segment& segment,
                          std::vector<Planned>& planned) {
  const PartnerId partner = item.partner->partner.id;
  const Timestamp now = clock_.now();
  if (segment.meets(item)) TRY(finish(tx, segment, planned));
  rules::Known known = TRY(rules::look_up(tx, partner, item.movement, now));
  if (segment.meets(known)) {
    TRY(finish(tx, segment, planned));
    known = TRY(rules::look_up(tx, partner, item.movement, now));
  }
  segment.add(item, known);
  take_up(item, known, planned);
  return {};
}

void Intake::take_up(Item& item, const rules::Known& known, std::vector<Planned>& planned) const {
  rules::Verdict verdict = rules::judge(item.movement, known);
  if (verdict.action == Action::replay) {
    item.outcome = Settled{*known.same_key, true};
    return;
  }
  if (verdict.action == Action::refuse) {
    item.outcome = *verdict.error;
    return;
  }
  Planned next{&item, std::move(verdict), {}};
  next.row = row_of(item, next.verdict, ids_.next(), clock_.now());
  if (next.verdict.action == Action::fail) fail(next, *next.verdict.error);
  planned.push_back(std::move(next));
}

Result<void> Intake::finish(sql::Tx& tx, Segment& segment, std::vector<Planned>& planned) {
  TRY(settle_(tx, planned));
  for (Planned& next : planned) {
    if (!next.item->outcome) TRY(write(tx, next));
  }
  planned.clear();
  segment.clear();
  return {};
}

void Intake::fail(Planned& planned, const Error& error) const {
  planned.has_failed = true;
  if (rules::refusal(error).action == Action::refuse) {
    planned.item->outcome = error;
    return;
  }
  planned.row.state = State::failed;
  remember_refusal(planned.row, error);
}

Result<void> Intake::write(sql::Tx& tx, Planned& planned) {
  TRY(log_.add(tx, planned.partner(), planned.row,
               Author::partner(planned.partner(), planned.item->movement.request_id)));
  if (planned.verdict.debit && planned.row.state == State::success)
    TRY(apply_to_debit(tx, log_, planned.partner(), planned.row, *planned.verdict.debit));
  planned.item->outcome = Settled{std::move(planned.row), false};
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
  return log.change(tx, partner, undone, Author::partner(partner));
}

}  // namespace florin::hub
