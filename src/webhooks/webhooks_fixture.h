#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id_generator.h"
#include "events/event_types.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "platform/crypto/vault.h"
#include "platform/http/server.h"
#include "platform/json/value.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"
#include "webhooks/delivery/deliveries.h"
#include "webhooks/endpoints/endpoints.h"
#include "webhooks/webhooks.h"

namespace florin::webhooks {

/// Somebody who is called: a real server on a free port that answers as it is told and keeps what
/// it got.
class Receiver {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;
  static http::Response ok(const http::Request&) { return http::Response::ok("{}"); }
  static Answer status(int status) {
    return [status](const http::Request&) { return http::Response{status, "{}"}; };
  }

  explicit Receiver(Answer answer = ok);
  ~Receiver();

  /// `path` "/hang" never answers.
  std::string url(std::string_view path = "/in") const;
  /// Waits until so many came, ten seconds at most.
  bool wait_for(std::size_t count) const;
  std::vector<http::Request> received() const;
  void answer_with(Answer answer);
  /// From now on requests are not answered.
  void hang();
  /// Answers those that hang, and all later ones.
  void release();

 private:
  class AllowAll final : public http::Authenticator {
   public:
    std::optional<http::Authentication> try_authenticate(const http::Request&,
                                                         const http::Route&) override;
    http::Authentication authenticate(const http::Request&, const http::Route&) override;
  };

  SystemClock clock_;
  metrics::Registry metrics_;
  AllowAll authenticator_;
  mutable std::mutex mutex_;  // Guards what follows.
  mutable std::condition_variable changed_;
  Answer answer_;
  std::vector<http::Request> received_;
  bool is_hanging_ = false;
  std::vector<std::pair<http::Request, http::Responder>> hanging_;
  std::unique_ptr<http::Server> server_;
};

/// The module over a database of its own, running.
class WebhooksFixture : public testing::Test {
 protected:
  static constexpr TenantId tenant{1};

  explicit WebhooksFixture(Settings settings = settings_of_tests());
  static Settings settings_of_tests();

  /// Ends the module as a crash would not, and begins another over the same database.
  void restart(Settings settings = settings_of_tests());
  Result<EndpointView> try_create(const EndpointDraft& wanted);
  Endpoint create(const Receiver& receiver, const std::function<void(EndpointDraft&)>& more = {});
  EventId emit(std::string_view type = "account.created", std::string_view data = R"({"a":1})",
               std::string_view subject = "acc_1", TenantId of = tenant);
  Endpoint read(EndpointId id);
  std::vector<Delivery> deliveries(const DeliveryFilter& filter = {});
  /// Waits until as many deliveries of that state are there, ten seconds at most.
  bool wait_for(DeliveryState state, std::size_t count);
  bool wait_until(const std::function<bool()>& is_so);
  Secret secret_of(EndpointId id);
  /// One request to a route of the module; the status and the body.
  struct Answered {
    int status = 0;
    std::string code;  ///< Of an error.
    std::vector<FieldError> fields = {};
    json::Value body = {};
  };
  Answered call(std::string_view method, const std::string& pattern, std::string_view id = "",
                std::string body = "", const std::string& query = "", TenantId as = tenant);
  Result<std::string> run_job(const std::string& name);

  SystemClock clock;
  IdGenerator ids{clock, 0};
  crypto::Vault vault{Secret("a master key of the tests")};
  metrics::Registry metrics;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  events::EventLog events{*database, ids};
  const events::EventTypes event_types{
      {"account.closed", "account.created", "wallet.debit.completed", "webhook.test"}};
  idempotency::Idempotency idempotency;
  std::unique_ptr<Webhooks> webhooks;
};

}  // namespace florin::webhooks
