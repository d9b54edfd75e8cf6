#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id_generator.h"
#include "events/events.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

/// What the ledger's tests share: a ledger over a real database, and commands in few words.
namespace florin::ledger {

inline constexpr TenantId test_tenant{1};

Currency kzt();
Currency usd();
Actor test_actor();

/// The n-th idempotency key; another `request` asks for something else under the same key.
idempotency::Key key(std::uint8_t n, std::uint8_t request = 1);

PostingRequest posting(const std::string& debit, const std::string& credit, std::int64_t minor,
                       Currency currency = kzt());
PostTransfer transfer_of(std::vector<PostingRequest> postings);
PlaceHold hold_of(std::vector<PostingRequest> postings,
                  std::optional<std::int64_t> expires_in_s = std::nullopt);
Command command(Command::Body body, std::optional<idempotency::Key> key = std::nullopt);
/// A transfer of one posting in KZT.
Command transfer(const std::string& debit, const std::string& credit, std::int64_t minor);

/// The code of an error; "" when the command was accepted or replayed.
std::string code_of(const Outcome& outcome);
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "" : std::string(result.error().code.name);
}

/// A ledger over a database, as app wires it.
struct Books {
  explicit Books(const Clock& clock, const std::string& path = ":memory:");
  /// As one of several nodes.
  Books(const Clock& clock, std::unique_ptr<sql::Database> database, int node);

  AccountId open(const Account& wanted);
  /// A KZT account; a wallet unless told otherwise.
  AccountId open(const std::string& code, AccountType type = AccountType::liability,
                 std::optional<std::int64_t> min = 0,
                 std::optional<std::int64_t> max = std::nullopt);
  std::string change(const std::string& code, const std::function<void(Account&)>& change);
  std::string close(const std::string& code);

  /// Posts one posting in KZT and gives the code of the refusal, "" for none.
  std::string move(const std::string& debit, const std::string& credit, std::int64_t minor);
  Transfer post(Command command);
  Hold place(PlaceHold body);
  /// The body of the answer that the API gives.
  std::string answer_to(const Command& command);

  std::int64_t balance(const std::string& code);
  std::int64_t available(const std::string& code);

  /// Rows and sums of everything the ledger owns, by name; equal when nothing was written.
  std::map<std::string, std::int64_t> footprint();
  std::int64_t count_keys();
  void tamper(const std::string& sql);
  /// Names of the checks that found a fault.
  std::vector<std::string> faults();

  std::unique_ptr<sql::Database> database;
  IdGenerator ids;
  events::EventLog events{*database, ids};
  metrics::Registry metrics;
  LedgerService service;
  LedgerQueries queries;
};

/// A bank without bounds, `ana` with 10.00 and an empty `shop`, all in KZT.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest();

  FakeClock clock;
  Books books{clock};
};

}  // namespace florin::ledger
