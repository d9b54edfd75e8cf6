#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id_generator.h"
#include "events/events.h"
#include "hub/partners/partners.h"
#include "hub/wallet/internal_wallet.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "platform/cache/rate_limiter.h"
#include "platform/crypto/vault.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

/// What the hub's tests share: a hub over a real database and ledger, and calls in few words.
namespace florin::hub {

inline constexpr TenantId test_tenant{1};
inline constexpr std::string_view test_secret = "a secret of the tests";

Currency eur();
/// Statuses as far as the hub's answers need them.

/// A database with every table that the hub needs.
std::unique_ptr<sql::Database> open_hub_database(const std::string& path = ":memory:");

/// A movement as a request would give it. Its digest covers all but the key.
struct Call {
  Kind kind = Kind::debit;
  std::string key;
  std::string player;
  std::optional<std::int64_t> amount;
  std::string ref;
  Currency currency = eur();
  std::uint8_t signature = 0;   ///< 0: one that no other call has.
  bool names_currency = false;  ///< Of a rollback without an amount.
};
Movement movement_of(const Call& call);

struct World {
  explicit World(const Clock& clock, const std::string& path = ":memory:");

  /// Makes a partner of test_tenant and takes it up.
  PartnerPtr add_partner(PartnerDraft wanted);
  PartnerPtr add_partner(const std::string& code, WalletMode mode = WalletMode::internal);

  /// Opens a player's wallet with that much in it.
  void fund(const PartnerPtr& partner, const std::string& player, std::int64_t minor);
  std::int64_t balance(const std::string& code);
  std::int64_t balance_of(const PartnerPtr& partner, const std::string& player);
  void change_wallet(const PartnerPtr& partner, const std::string& player,
                     const std::function<void(ledger::Account&)>& change);

  Result<MovementResult> move(const PartnerPtr& partner, const Call& call);
  /// As move(), all waiting at once; in their order.
  std::vector<Result<MovementResult>> move_all(const PartnerPtr& partner,
                                               const std::vector<Call>& calls);

  std::vector<std::string> event_types();
  std::int64_t count_rows(const std::string& table);
  /// Names of the ledger's checks that found a fault.
  std::vector<std::string> faults();

  const Clock& clock;
  std::unique_ptr<sql::Database> database;
  IdGenerator ids;
  events::EventLog events{*database, ids};
  metrics::Registry metrics;
  ledger::LedgerService ledger;
  ledger::LedgerQueries queries{*database, clock};
  idempotency::Idempotency idempotency;
  crypto::Vault vault;
  std::unique_ptr<cache::RateLimiter> limits = cache::limiter_in_memory();
  Partners partners;
  InternalWallet wallet;
};

/// "OK", "PENDING", or the code of the refusal, stored or not.
std::string word_of(const Result<MovementResult>& outcome);

class HubTest : public testing::Test {
 protected:
  FakeClock clock;
  World world{clock};
  PartnerPtr acme = world.add_partner("acme");
};

}  // namespace florin::hub
