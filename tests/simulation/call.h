#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "form.h"
#include "model.h"

namespace florin::simulation {

/// In an expected document: any text.
constexpr std::string_view any_text = "(any text)";
constexpr Wide most = INT64_MAX;

inline Value number(Wide value) { return static_cast<std::int64_t>(value); }
/// The status of a code, as docs/errors.md has it.
int status_of(const std::string& code);

/// Accounts as they would be, while a command is tried.
class Trial {
 public:
  explicit Trial(const Books& books) : books_(books) {}
  Account& of(int account);
  void post(const Posting& posting);
  void hold(const Posting& posting);
  /// The limits of the accounts, by the whole of what was tried: the code of the refusal.
  std::optional<std::string> check() const;
  const std::map<int, Account>& accounts() const { return touched_; }

 private:
  const Books& books_;
  std::map<int, Account> touched_;
  std::vector<int> order_;  ///< Of first mention in postings.
  std::set<int> mentioned_;
  void mention(const Posting& posting);
};

/// What the shares of a split come to of `whole`; nothing: they do not fit it.
std::optional<std::vector<Wide>> shares_of(const std::vector<WantedShare>& wanted, Wide whole);

/// A request while it is answered.
struct Call {
  Model& model;
  const Request& request;
  std::int64_t now;
  const Answer& real;
  Books& books;
  std::vector<std::string> path;

  Call(Model& m, const Request& r, std::int64_t now_us, const Answer& answer);

  /// What is left to do when the form is right.
  using Work = std::function<Expected()>;
  using Code = std::optional<std::string>;  ///< Of a refusal; nothing: done.
  using Way = std::vector<std::string>;     ///< To a member of the real answer.

  Expected answer();
  Work prepare(const Value& body, Bad& bad);

  // accounts
  Work open_account(const Value& body, Bad& bad);
  Work open_accounts(const Value& body, Bad& bad);
  Work change_account(const Value& body, Bad& bad);
  Expected close_account();
  Expected reopen_account();

  // transfers
  Work post_transfer(const Value& body, Bad& bad);
  Work post_bulk(const Value& body, Bad& bad);
  Work reverse_transfer(const Value& body, Bad& bad);
  Code post(const WantedTransfer& wanted, const Way& way);
  Code reverse(const WantedReversal& wanted, const Way& way);
  Expected run_bulk(const std::vector<WantedStep>& steps, bool atomic, bool dry);

  // holds
  Work place_hold(const Value& body, Bad& bad);
  Work capture_hold(const Value& body, Bad& bad);
  Work release_hold(const Value& body, Bad& bad);
  Code place(const WantedHold& wanted, const Way& way);
  Code capture(int hold, const WantedCapture& wanted, const Way& way);
  Code release(int hold);
  void free_hold(Hold& hold, std::size_t i, std::int64_t amount);

  // queries
  Expected query();
  Expected page(const std::string& list, std::vector<std::size_t> newest_first,
                const std::function<Value(std::size_t)>& render, json::Object head = {});
  Expected balance();
  Expected statement();
  Expected list_accounts();
  Expected list_transfers();
  Expected list_holds();
  Expected trial_balance();
  Expected aggregates();
  static std::optional<std::string> group_of(const Account& a, const std::string& by);
  std::optional<std::string> param(const std::string& name) const;
  std::optional<std::int64_t> time_param(const std::string& name) const;
  std::string list_name(const std::string& list) const;
  bool has_metadata(const Value& metadata) const;
  bool is_in_range(Wide value, const std::string& name) const;
  bool moves(const Transfer& t, const std::optional<int>& account) const;
  std::function<bool(const Transfer&)> window() const;
  bool is_chosen(const Account& a) const;
  bool counts(const Account& a, const std::pair<Wide, Wide>& sums) const;
  std::vector<std::pair<Wide, Wide>> posted() const;

  // the rules that commands share
  std::string adopt(const Way& way, const std::string& prefix);
  std::optional<int> find_account(const std::string& ref) const;
  Code find_accounts(const std::vector<std::string>& refs, std::vector<int>& found) const;
  /// The postings that it comes to, with the accounts as the trial has them.
  Code plan(const WantedMoves& wanted, Trial trial, bool held, std::vector<Posting>& postings);
  Code limit(const WantedMoves& wanted, Trial& trial, bool held, std::vector<Posting>& postings);
  Code divide(const WantedSplit& split, Trial& trial, bool held, std::vector<Posting>& postings);
  Code resolve(const WantedMoves& wanted, std::vector<Posting>& postings) const;
  Code check_split(const WantedSplit& split, Trial& trial) const;
  static Code check_sides(const std::vector<Posting>& postings, Trial& trial);
  static Code check_side(const Account& account, const std::string& currency);
  Transfer& add(Transfer transfer, const Trial& trial);
  void keep(const Trial& trial);
  void note(const std::string& type, const std::string& subject, Value data);

  // documents
  Value account_json(const Account& a) const;
  json::Object posting_json(const Posting& p) const;
  json::Object transfer_json(const Transfer& t) const;
  Value transfer_view(const Transfer& t) const;
  json::Object hold_json(const Hold& h) const;
  /// As it would be: without the id of what was not made.
  static json::Object tried(json::Object shown, bool has_id);

  static Expected ok(Value body, int status = 200) { return {status, "", {}, std::move(body), {}}; }
  static Expected refuse(const std::string& code, Bad pointers = {}) {
    return {status_of(code), code, std::move(pointers), {}, {}};
  }
};

template <class Rows>
std::optional<int> find_id(const Rows& rows, const std::string& id) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].id == id) return static_cast<int>(i);
  }
  return std::nullopt;
}

}  // namespace florin::simulation
