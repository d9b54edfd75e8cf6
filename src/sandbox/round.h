#pragma once
#include <cstdint>
#include <string>

#include "sandbox/dice.h"
#include "sandbox/hub_caller.h"
#include "sandbox/play_model.h"
#include "sandbox/play_request.h"

namespace florin::sandbox {

/// What the rounds of a run share.
struct Table {
  const PlayRequest& request;
  const std::string& run;  ///< Makes the keys of this run its own.
  HubCaller& caller;
  PlayModel& model;
};

/// Whether the hub answers at all, whatever it says.
bool is_hub_there(const Table& table);
/// Credits a new player's first money and notes the balance that the hub then tells.
void open_player(const Table& table, const std::string& player);
/// Compares the balance that the hub tells with what the model expects.
void close_player(const Table& table, const std::string& player);

/// One round of one player: a bet, what the scenario does to it, and how it is settled.
class Round {
 public:
  Round(const Table& table, std::int64_t number);

  Scenario scenario() const { return scenario_; }
  /// Blocks until every call of the round has a clear answer or has been given up.
  void play();
  /// Whether the hub refused the bet, which is its right.
  bool was_refused() const { return was_refused_; }

 private:
  HubCall debit(std::int64_t cents) const;
  HubCall credit(int number, std::int64_t cents) const;
  HubCall rollback() const;
  HubReply insist(const HubCall& call);
  HubReply insist_after(const HubCall& call, HubReply reply);
  void note_bet(const HubReply& reply);
  Meaning bet();
  void win(int number, std::int64_t cents);
  void settle();
  void violated(std::string_view rule, const HubReply& reply);
  void check_refusal(std::string_view rule, const HubReply& reply, int status);

  void play_several_credits();
  void play_cancelled();
  void play_lost_answer();
  void play_duplicate_delivery();
  void play_rollback_before_debit();
  void play_credit_before_answer();
  void play_last_money();
  void play_changed_amount();
  void play_forged(HubCall::Forgery forgery, std::string_view rule);
  void play_unsupported_currency();

  Table table_;
  Dice dice_;
  Scenario scenario_;
  std::string player_, key_, reference_;
  std::int64_t bet_cents_;
  bool was_refused_ = false;
};

}  // namespace florin::sandbox
