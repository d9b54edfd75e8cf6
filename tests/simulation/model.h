#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platform/json/value.h"
#include "world.h"

namespace florin::simulation {

/// Wide enough for every sum that the tests can make.
__extension__ typedef __int128 Wide;  // NOLINT: a using cannot say __extension__.
using json::Value;

struct Account {
  std::string id, code, type, currency;
  std::optional<std::int64_t> min, max;
  bool frozen = false, closed = false;
  Value metadata = json::Object{};
  std::int64_t created_us = 0;
  Wide debits_posted = 0, credits_posted = 0, debits_pending = 0, credits_pending = 0;

  bool is_debit_normal() const { return type == "asset" || type == "expense"; }
  Wide balance() const;
  Wide available() const;
  Wide incoming() const;
  /// No balance, and no open holds.
  bool is_empty() const;
};

struct Posting {
  int debit = 0, credit = 0;  ///< Places in Books::accounts.
  std::int64_t amount = 0;
  std::string currency;
};

struct Narrative {
  Value reference, description;
  Value metadata = json::Object{};
};

struct Transfer {
  std::string id, kind;
  std::vector<Posting> postings;
  Narrative narrative;
  std::int64_t effective_us = 0, created_us = 0;
  std::string hold, reverses, reversed_by;
};

struct Hold {
  std::string id, status = "open";
  std::vector<Posting> postings;
  std::vector<std::int64_t> remaining;
  Narrative narrative;
  std::optional<std::int64_t> expires_us;
  std::int64_t created_us = 0;
};

/// One side of a posting, in the order of writing: a line of the account's statement.
struct Entry {
  int account = 0, other = 0, transfer = 0;
  bool is_debit = false;
  std::int64_t amount = 0;
  Wide balance = 0;  ///< Of the account, after it.
};

struct EventRow {
  std::string type, subject;
  std::int64_t created_us = 0;
  Value data;
};

/// What one tenant has.
struct Books {
  std::vector<Account> accounts;
  std::vector<Transfer> transfers;
  std::vector<Hold> holds;
  std::vector<Entry> entries;
  std::vector<EventRow> events;
};

/// What the answer has to be.
struct Expected {
  int status = 200;
  std::string code;                  ///< Of a refusal; empty: none.
  std::set<std::string> pointers;    ///< Of validation_failed: the bad fields.
  Value body;                        ///< Of a success.
  std::optional<std::string> bytes;  ///< Of a replay: the very bytes of the first answer.
};

/// The ledger as its documents describe it, in plain containers and 128-bit integers. Written from
/// src/ledger/README.md, docs/transfers.md and docs/api/openapi.yaml, without a look at the engine.
class Model {
 public:
  /// What the answer to the request has to be at that time. Ids cannot be known beforehand: they
  /// are taken from the real answer, when it has new and well-formed ones.
  Expected answer(const Request& request, std::int64_t now_us, const Answer& real);
  /// Time goes on: holds end at the very moment that they name.
  void advance(std::int64_t now_us);

  Books& books(std::int64_t tenant) { return tenants_[tenant]; }
  const std::map<std::int64_t, Books>& tenants() const { return tenants_; }

 private:
  friend struct Call;
  struct Kept {
    std::string request;
    int status = 0;
    std::string body;
  };
  std::map<std::int64_t, Books> tenants_;
  std::map<std::string, Kept> keys_;
  /// By list and cursor: the row that the page ended with.
  std::map<std::string, std::size_t> cursors_;
  std::map<std::string, std::string> account_cursors_;  ///< Of the trial balance: currency, code.
  std::set<std::string> ids_;
  Value real_;  ///< The real answer's document.
};

/// Where two documents differ: the pointer, and both values; empty when they do not. The order of
/// members does not count.
std::string difference(const Value& expected, const Value& actual, const std::string& pointer = "");

std::string time_text(std::int64_t us);

}  // namespace florin::simulation
