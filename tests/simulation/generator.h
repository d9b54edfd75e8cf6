#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model.h"
#include "world.h"

namespace florin::simulation {

/// Numbers from a seed, the same on every machine (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to below `bound`.
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  template <class Items>
  const auto& of(const Items& items) {
    return items[below(static_cast<std::int64_t>(items.size()))];
  }

 private:
  std::uint64_t state_;
};

enum class Action { request, expire_holds, restart, crash, audit };

/// One step of a run. Ids and cursors in its request are placeholders ("{{id:7}}": of the answer to
/// step 7), so that a run can be repeated with steps left out.
struct Step {
  std::int64_t at_us = 0;  ///< The clock is set to this first.
  Action action = Action::request;
  Request request = {};
  bool with_next = false;  ///< Handed over together with the step after it.
  int number = 0;
};

/// Whether it is a command that may share a batch with others. Accounts change in units of their
/// own, large bulks are written beside the others, and queries see what was committed.
bool is_batched(const Request& request);

/// Chooses what comes next. It looks at the model for amounts and names that reach the rules, and
/// knows nothing of what the answers will be.
class Generator {
 public:
  explicit Generator(std::uint64_t seed);

  /// The next step, with real ids in it.
  Step next(Model& model);
  /// Cursors that answers gave, for pages that follow.
  void saw_cursor(const Request& request, const std::string& cursor);

 private:
  Request command(const Books& books);
  Request query(const Books& books);
  Request open_account(const Books& books);
  Request change_account(const Books& books);
  Request transfer(const Books& books);
  Request bulk(const Books& books);
  Request hold(const Books& books);
  Request of_hold(const Books& books);
  Request reverse(const Books& books);
  Request list(const Books& books);
  void spell_out(Request& request);
  void add_metadata(Request& request);
  void add_range(Request& request, const std::string& name);
  Request report(const Books& books);
  json::Object transfer_body(const Books& books);
  json::Array postings(const Books& books);
  json::Object moves(const Books& books);
  json::Object split(const Books& books);
  json::Array shares(const Books& books, const std::string& currency, std::int64_t whole);
  json::Object closing_body(const Books& books);
  json::Object hold_body(const Books& books);
  json::Object account_body(const Books& books);
  json::Object bulk_item(const Books& books, std::vector<std::string>& refs);
  Request large_bulk(const Books& books);
  json::Array account_refs(const Books& books, bool closed);
  std::string account_of(const Books& books, const std::string& currency);
  json::Value metadata();
  std::int64_t amount(const Account* from);
  std::string account_ref(const Books& books);
  std::string path_ref(const Books& books);
  std::int64_t moment(const Books& books);
  void spoil(Request& request);

  Random random_;
  std::int64_t now_us_;
  bool huge_;  ///< Amounts at the end of 64 bits.
  const Books* foreign_ = nullptr;
  bool crashes_next_ = false;  ///< While what was handed over last is under way.
  int keys_ = 0;
  std::vector<Request> sent_;
  std::vector<std::pair<Request, std::string>> cursors_;
};

}  // namespace florin::simulation
