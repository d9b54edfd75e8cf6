#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/money.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "hub/hub.h"
#include "hub/partners/partners.h"

namespace florin::cache {
class RateLimiter;
}
namespace florin::http_client {
class HttpClient;
}
namespace florin::jobs {
class Delayer;
}
namespace florin::metrics {
class Registry;
}

/// How we call an Operator, the holder of the players' money. Nothing here touches the
/// database: the hub persists, calls, and settles by the answer.
namespace florin::hub::operators {

enum class Operation : std::uint8_t { balance, debit, credit, rollback, query };
std::string_view to_string(Operation operation);

/// What is asked of the Operator; the same on every attempt.
struct Call {
  Operation operation = Operation::debit;
  std::string transaction_id;  ///< Ours: the Operator's idempotency key, or what a query asks for.
  std::string ref_id;  ///< Of the debit that a credit settles or a rollback undoes; or the round.
  std::string player;
  std::optional<Money> amount;  ///< None for a balance or a query, which name `currency` alone.
  std::optional<Currency> currency;
  std::string meta = "{}";  ///< A JSON object as text.
};

/// What an answer means. Only an explicit answer of the Operator settles or refuses; all else is
/// unknown, never a refusal.
enum class Meaning : std::uint8_t {
  done,       ///< Booked (now or before), or answered, for a balance and a query that found it.
  refused,    ///< The Operator says no, and nothing is booked.
  not_found,  ///< Of a query: it has no such transaction.
  unknown,    ///< 5xx, a broken or foreign answer, no answer: it may be booked or not.
  not_sent  ///< The call never left: no connection, breaker open, or too many wait. Safe to repeat.
};

struct Answer {
  Meaning meaning = Meaning::unknown;
  std::optional<std::int64_t> balance_minor;  ///< After the movement.
  std::string reference;                      ///< The Operator's own id of the transaction.
  std::optional<Error> refusal;  ///< With refused: a code of hub/errors.h or insufficient_funds.
  bool is_rolled_back = false;   ///< Of a query: booked, and undone since.
  std::optional<std::int64_t> amount_minor;  ///< Of a query: what is booked.
  std::string detail;                        ///< Why it is unknown, for people; no personal data.
  int attempts = 0;
};

/// The Operator that a call goes to.
struct Target {
  PartnerId partner;
  OperatorSettings settings;
  Secret secret;

  static Target of(const KnownPartner& partner) {
    return {partner.partner.id, partner.partner.operator_settings, partner.operator_secret};
  }
};

/// One row of the Operator's own list of transactions, for reconciliation.
struct ListedTransaction {
  std::string transaction_id, ref_id, type, player, currency, status, operator_reference;
  std::int64_t amount_minor = 0;
  Timestamp processed_at;
};

struct ListedPage {
  std::vector<ListedTransaction> rows;
  std::string next_cursor;  ///< Empty: it was the last.
};

/// What is wrong with an Operator, as calls of this node have shown since the last good one.
struct Trouble {
  std::string reason;     ///< Of the last failed attempt, without secrets.
  Timestamp since, last;  ///< Of the first failed attempt, and of the last.
};

/// Calls Operators: keeps each one's rate, concurrency, circuit breaker and retries separate from
/// the others'. Safe for concurrent use.
class OperatorClient {
 public:
  using Done = std::function<void(Answer)>;

  OperatorClient(http_client::HttpClient& http, jobs::Delayer& delayer, const Clock& clock,
                 metrics::Registry& metrics, cache::RateLimiter& limits);
  /// No further attempt is made; every call under way is answered here: unknown when an attempt of
  /// it was made, else not_sent. What it was constructed with outlives it.
  ~OperatorClient();

  /// Returns at once; `done` runs once, on a thread of the HTTP client or of the delayer, and must
  /// be short. Attempts are repeated (same transaction id, fresh signature) after 5xx, 429 and
  /// faults of the network, with exponential back-off and full jitter, Retry-After honoured, until
  /// `max_attempts`.
  void call(const Target& target, Call call, Done done);
  /// call() and wait. Never from a thread that `done` would run on.
  Answer call_and_wait(const Target& target, Call call);

  /// Nothing while the last attempt to call the partner's Operator was well, or there was none.
  std::optional<Trouble> trouble_with(PartnerId partner);
  std::map<PartnerId, Trouble> troubles();

  /// A page of the Operator's transactions with from <= processed_at < to, on the caller's thread.
  /// An empty cursor asks for the first. Errors: operator_unavailable; operator_refused (a dialect
  /// without a list, or a bad answer).
  Result<ListedPage> list_page(const Target& target, Timestamp from, Timestamp to,
                               const std::string& cursor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The dialects by name: "florin", "evenbet".
std::vector<std::string_view> dialect_names();

}  // namespace florin::hub::operators
