#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model.h"

namespace florin::simulation {

/// Pointers of bad fields; "*" stands for any.
using Bad = std::set<std::string>;

/// The parts of a path, decoded.
std::vector<std::string> segments_of(const std::string& path);
/// Whether it has the form of an id with that prefix.
bool is_id(std::string_view text, std::string_view prefix);

/// The members of one object of a request, and what is wrong with them: unknown ones too, once
/// all has been read.
class Fields {
 public:
  Fields(const Value& value, std::string pointer, Bad& bad);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  Bad& bad() { return bad_; }
  std::string at(const std::string& name) const { return pointer_ + "/" + name; }
  void complain(const std::string& name) { bad_.insert(at(name)); }
  bool has(const std::string& name) const { return value_.find(name) != nullptr; }
  /// Present and not null.
  const Value* find(const std::string& name, bool required = false);
  std::optional<std::string> text(const std::string& name, std::size_t longest, bool required);
  std::optional<std::int64_t> integer(const std::string& name, bool required, std::int64_t least,
                                      std::int64_t greatest);
  bool flag(const std::string& name, bool otherwise);
  Value object(const std::string& name);
  const json::Array* array(const std::string& name, std::size_t most_items, bool required = true);
  std::optional<std::int64_t> time(const std::string& name);

 private:
  const Value& value_;
  std::string pointer_;
  Bad& bad_;
  std::set<std::string> known_;
};

/// A posting as it was asked for.
struct WantedPosting {
  std::string debit, credit, currency;
  std::optional<std::int64_t> amount;
  bool by_debit = false, by_credit = false;  ///< Moves at most what this side has.
};

struct WantedSource {
  std::string account;
  std::optional<std::int64_t> max, keep;
  bool overdraft = false;
};

struct WantedShare {
  enum class Kind { amount, portion, up_to, remaining };
  std::string account;  ///< Empty: kept.
  Kind kind = Kind::remaining;
  std::int64_t amount = 0;
  std::int64_t numerator = 0, denominator = 1;
  std::optional<std::int64_t> max;
};

struct WantedSplit {
  std::string currency;
  bool is_exact = true;                ///< All of the amount, or nothing.
  std::optional<std::int64_t> amount;  ///< Absent: all that the sources have.
  std::vector<WantedSource> sources;
  std::vector<WantedShare> destinations;
};

/// What money moves: postings or a split.
struct WantedMoves {
  std::vector<WantedPosting> postings;
  std::optional<WantedSplit> split;
};

struct WantedTransfer {
  WantedMoves moves;
  Narrative narrative;
  std::optional<std::int64_t> effective_us;
  std::vector<std::string> reopen, close;
};

struct WantedHold {
  WantedMoves moves;
  Narrative narrative;
  std::optional<std::int64_t> seconds;
  std::string ref;  ///< In a bulk: what later items call it.
};

struct WantedCapture {
  std::string hold, ref;
  std::optional<std::int64_t> amount;
  bool keep = false;
};

struct WantedRelease {
  std::string hold, ref;
};

struct WantedReversal {
  std::string transfer;
  Narrative narrative;
  std::optional<std::int64_t> effective_us;
};

/// An item of a bulk.
using WantedStep =
    std::variant<WantedTransfer, WantedHold, WantedCapture, WantedRelease, WantedReversal>;

Narrative read_narrative(Fields& body);
std::string read_currency(Fields& body);
Account read_account(Fields& body);
WantedMoves read_moves(Fields& body);
WantedTransfer read_transfer(Fields& body);
WantedHold read_hold(Fields& body);
WantedCapture read_capture(Fields& body);
WantedReversal read_reversal(Fields& body);
WantedStep read_step(const Value& item, const std::string& pointer, Bad& bad);

constexpr std::int64_t lowest = INT64_MIN;
constexpr std::int64_t highest = INT64_MAX;

}  // namespace florin::simulation
