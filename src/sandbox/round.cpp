#include "sandbox/round.h"

#include <utility>

#include "platform/json/writer.h"

namespace florin::sandbox {
namespace {

using Kind = PlayModel::Kind;

/// What a call says of money.
struct Words {
  std::string_view player;
  std::int64_t cents = 0;
  std::string_view currency, reference;
};

std::string movement_body(const Words& words) {
  std::string body;
  json::Writer(body)
      .begin_object()
      .member("playerId", words.player)
      .member("amountCents", words.cents)
      .member("currency", words.currency)
      .member("refId", words.reference)
      .end_object();
  return body;
}

std::string balance_body(std::string_view player, std::string_view currency) {
  std::string body;
  json::Writer(body)
      .begin_object()
      .member("playerId", player)
      .member("currency", currency)
      .end_object();
  return body;
}

Scenario choose(Dice& dice, const std::array<double, scenario_count>& rates) {
  double rest = dice.fraction();
  for (std::size_t i = 1; i < scenario_count; ++i) {
    if (rest < rates[i]) return static_cast<Scenario>(i);
    rest -= rates[i];
  }
  return Scenario::plain;
}

std::string describe(const HubReply& reply) {
  return std::to_string(reply.status) + (reply.code.empty() ? "" : " " + reply.code);
}

/// Refusals that a bet never deserves when it is signed and well-formed.
bool is_unexpected(const HubReply& reply) {
  return reply.status == 400 || reply.status == 401 || reply.status == 404 ||
         reply.code == "idempotency_mismatch";
}

HubReply ask_balance(const Table& table, const std::string& player) {
  return table.caller.insist({"balance", "", balance_body(player, table.request.currency)});
}

}  // namespace

bool is_hub_there(const Table& table) {
  const std::string body = balance_body(table.run + "-player-0", table.request.currency);
  return table.caller.attempt({"balance", "", body}).status != 0;
}

void open_player(const Table& table, const std::string& player) {
  const std::int64_t cents = table.request.opening_cents;
  if (cents > 0) {
    const std::string key = "open-" + player;
    const HubReply funded = table.caller.insist(
        {"credit", key, movement_body({player, cents, table.request.currency, key})});
    table.model.heard(key, funded);
    // An operator that holds the money itself may refuse; the player then has what it has there.
    if (funded.meaning == Meaning::unclear) {
      table.model.violated({"no_opening_balance", player, describe(funded)});
    }
  }
  const HubReply reply = ask_balance(table, player);
  table.model.heard_balance(player, reply);
  table.model.opened(player, reply.balance_cents.value_or(0));
  if (!reply.balance_cents) {
    table.model.violated({"no_opening_balance", player, describe(reply)});
  }
}

void close_player(const Table& table, const std::string& player) {
  const HubReply reply = ask_balance(table, player);
  table.model.heard_balance(player, reply);
  if (reply.balance_cents) {
    table.model.closed(player, *reply.balance_cents);
  } else {
    table.model.violated({"no_closing_balance", player, describe(reply)});
  }
}

Round::Round(const Table& table, std::int64_t number)
    : table_(table),
      dice_(static_cast<std::uint64_t>(table.request.seed), "round",
            static_cast<std::uint64_t>(number)),
      scenario_(choose(dice_, table.request.rates)),
      key_(table.run + "-" + std::to_string(number)),
      reference_("round-" + key_) {
  const auto count = static_cast<std::size_t>(table.request.players);
  player_ = table.run + "-player-" + std::to_string(dice_.below(count));
  bet_cents_ = 1 + static_cast<std::int64_t>(
                       dice_.below(static_cast<std::size_t>(table.request.largest_bet_cents)));
}

void Round::play() {
  switch (scenario_) {
    case Scenario::plain:
      if (bet() == Meaning::done) settle();
      return;
    case Scenario::several_credits:
      return play_several_credits();
    case Scenario::cancelled:
      return play_cancelled();
    case Scenario::lost_answer:
      return play_lost_answer();
    case Scenario::duplicate_delivery:
      return play_duplicate_delivery();
    case Scenario::rollback_before_debit:
      return play_rollback_before_debit();
    case Scenario::credit_before_answer:
      return play_credit_before_answer();
    case Scenario::last_money:
      return play_last_money();
    case Scenario::changed_amount:
      return play_changed_amount();
    case Scenario::wrong_signature:
      return play_forged(HubCall::Forgery::wrong_signature, "wrong_signature");
    case Scenario::stale_timestamp:
      return play_forged(HubCall::Forgery::stale_timestamp, "stale_timestamp");
    case Scenario::unsupported_currency:
      return play_unsupported_currency();
  }
}

HubCall Round::debit(std::int64_t cents) const {
  return {"debit", key_, movement_body({player_, cents, table_.request.currency, reference_})};
}

/// A credit names the debit that it settles by that one's key.
HubCall Round::credit(int number, std::int64_t cents) const {
  return {"credit", "win-" + key_ + "-" + std::to_string(number),
          movement_body({player_, cents, table_.request.currency, key_})};
}

HubCall Round::rollback() const {
  std::string body;
  json::Writer(body).begin_object().member("playerId", player_).member("refId", key_).end_object();
  return {"rollback", "rb-" + key_, std::move(body)};
}

HubReply Round::insist(const HubCall& call) {
  return insist_after(call, table_.caller.attempt(call));
}

HubReply Round::insist_after(const HubCall& call, HubReply reply) {
  table_.model.heard(call.key, reply);
  reply = table_.caller.insist_after(call, std::move(reply));
  table_.model.heard(call.key, reply);
  return reply;
}

void Round::violated(std::string_view rule, const HubReply& reply) {
  table_.model.violated({std::string(rule), key_, describe(reply)});
}

/// What must be refused, and with which status. An answer that never became clear proves nothing.
void Round::check_refusal(std::string_view rule, const HubReply& reply, int status) {
  if (reply.meaning == Meaning::done) violated(std::string(rule) + "_accepted", reply);
  if (reply.meaning == Meaning::refused && reply.status != status) {
    violated(std::string(rule) + "_answered_otherwise", reply);
  }
}

void Round::note_bet(const HubReply& reply) {
  table_.model.ended(Kind::debit, player_, key_, bet_cents_, reply.meaning);
  if (reply.meaning != Meaning::refused) return;
  was_refused_ = true;
  if (is_unexpected(reply)) violated("unexpected_refusal", reply);
}

Meaning Round::bet() {
  const HubReply reply = insist(debit(bet_cents_));
  note_bet(reply);
  return reply.meaning;
}

void Round::win(int number, std::int64_t cents) {
  const HubCall call = credit(number, cents);
  const HubReply reply = insist(call);
  table_.model.ended(Kind::credit, player_, call.key, cents, reply.meaning);
  // A win is never refused: not for a blocked player, not for an ended session.
  if (reply.meaning == Meaning::refused) violated("credit_refused", reply);
}

/// A lost round is closed with a win of nothing.
void Round::settle() {
  const bool is_won = dice_.hits(0.45);
  win(1, is_won
             ? static_cast<std::int64_t>(dice_.below(2 * static_cast<std::size_t>(bet_cents_) + 1))
             : 0);
}

void Round::play_several_credits() {
  if (bet() != Meaning::done) return;
  win(1, bet_cents_ / 2);
  win(2, 0);
  win(3, bet_cents_);
}

void Round::play_cancelled() {
  if (bet() != Meaning::done) return;
  const HubReply undone = insist(rollback());
  table_.model.rolled_back(key_, undone.meaning);
  if (undone.meaning == Meaning::refused) violated("rollback_refused", undone);
  if (undone.meaning != Meaning::done) return;
  const HubCall late = credit(1, bet_cents_);
  const HubReply reply = insist(late);
  table_.model.ended(Kind::credit, player_, late.key, bet_cents_, reply.meaning);
  check_refusal("credit_after_rollback", reply, 409);
}

void Round::play_lost_answer() {
  const HubCall call = debit(bet_cents_);
  table_.caller.attempt(call);
  if (dice_.hits(0.5)) {
    const HubReply reply = insist(call);
    note_bet(reply);
    if (reply.meaning == Meaning::done) settle();
    return;
  }
  // To the game server the debit may have happened or not; the rollback makes both the same.
  table_.model.ended(Kind::debit, player_, key_, bet_cents_, Meaning::unclear);
  const HubReply reply = insist(rollback());
  table_.model.rolled_back(key_, reply.meaning);
  if (reply.meaning == Meaning::refused) violated("rollback_refused", reply);
}

void Round::play_duplicate_delivery() {
  const HubCall call = debit(bet_cents_);
  auto first = table_.caller.start(call);
  auto second = table_.caller.start(call);
  const HubReply one = insist_after(call, first.get());
  const HubReply two = insist_after(call, second.get());
  if (one.meaning != two.meaning && one.meaning != Meaning::unclear &&
      two.meaning != Meaning::unclear) {
    violated("answers_differ", two);
  }
  note_bet(one.meaning == Meaning::unclear ? two : one);
  if (one.meaning == Meaning::done) settle();
}

void Round::play_rollback_before_debit() {
  const HubReply undone = insist(rollback());
  const HubReply reply = insist(debit(bet_cents_));
  table_.model.ended(Kind::debit, player_, key_, bet_cents_, reply.meaning);
  if (undone.meaning == Meaning::refused) violated("rollback_refused", undone);
  if (undone.meaning == Meaning::done) check_refusal("debit_after_rollback", reply, 409);
}

void Round::play_credit_before_answer() {
  const HubCall bet = debit(bet_cents_);
  const HubCall win = credit(1, bet_cents_);
  auto betting = table_.caller.start(bet);
  auto winning = table_.caller.start(win);
  note_bet(insist_after(bet, betting.get()));
  // When it overtakes its debit a wallet may know it or not: both are answers, and final.
  const HubReply reply = insist_after(win, winning.get());
  table_.model.ended(Kind::credit, player_, win.key, bet_cents_, reply.meaning);
}

/// By a player of its own, so that nobody else changes the balance meanwhile.
void Round::play_last_money() {
  player_ = "last-" + key_;
  open_player(table_, player_);
  const std::int64_t all = ask_balance(table_, player_).balance_cents.value_or(0);
  if (all > 0) {
    const HubCall one = debit(all);
    HubCall other = one;
    other.key += "-b";
    other.body = movement_body({player_, all, table_.request.currency, reference_ + "-b"});
    auto first = table_.caller.start(one);
    auto second = table_.caller.start(other);
    const HubReply a = insist_after(one, first.get());
    const HubReply b = insist_after(other, second.get());
    table_.model.ended(Kind::debit, player_, one.key, all, a.meaning);
    table_.model.ended(Kind::debit, player_, other.key, all, b.meaning);
    if (a.meaning == Meaning::done && b.meaning == Meaning::done) violated("last_money_twice", b);
    // One that was refused for another reason may have held the money meanwhile.
    if (a.code == "insufficient_funds" && b.code == a.code) violated("last_money_refused", b);
  }
  close_player(table_, player_);
}

void Round::play_changed_amount() {
  if (bet() != Meaning::done) return;
  check_refusal("changed_amount", insist(debit(bet_cents_ + 1)), 422);
  settle();
}

void Round::play_forged(HubCall::Forgery forgery, std::string_view rule) {
  HubCall forged = debit(bet_cents_);
  forged.forgery = forgery;
  check_refusal(rule, insist(forged), 401);
  // A call refused at the door has not used its key up.
  if (bet() == Meaning::done) settle();
}

void Round::play_unsupported_currency() {
  const HubReply reply =
      insist({"debit", key_, movement_body({player_, bet_cents_, "TRY", reference_})});
  check_refusal("unsupported_currency", reply, 422);
}

}  // namespace florin::sandbox
