#include "hub/wallet_hub.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "hub/partners/routes.h"
#include "hub/wallet/internal_wallet.h"
#include "hub/wallet/operator_wallet.h"
#include "hub/wallet/resolver.h"
#include "hub/wallet/routes.h"
#include "hub/wallet/settlement.h"
#include "hub/wallet/store.h"
#include "platform/jobs/delayer.h"
#include "platform/sql/database.h"

namespace florin::hub {

struct Hub::Impl {
  HubParts parts;
  Partners partners;
  InternalWallet internal;
  Settlement settlement;
  jobs::Delayer delayer;
  http_client::HttpClient http;
  std::unique_ptr<operators::OperatorClient> client;  // Until stop().
  OperatorWallet operator_wallet;
  Resolver resolver;

  explicit Impl(const HubParts& given)
      : parts(given),
        partners(given.database, given.clock, given.ids, given.events, given.vault, given.limits,
                 given.secret_rule),
        internal(given.database, given.clock, given.ids, given.ledger, given.events),
        settlement(given.database, given.clock, given.ledger, given.events),
        http(given.operator_http),
        client(std::make_unique<operators::OperatorClient>(http, delayer, given.clock,
                                                           given.metrics, given.limits)),
        operator_wallet({given.database, given.clock, given.ids, given.events}, *client,
                        settlement),
        resolver(given.database, given.clock, partners, *client, settlement, given.metrics) {}
};

Hub::Hub(const HubParts& parts) : impl_(new Impl(parts)) {}
Hub::~Hub() { stop(); }

// The calls under way end here, and their answers go through the wallets, which live on.
void Hub::stop() { impl_->client.reset(); }

Result<void> Hub::recover() {
  impl_->parts.ids.start_after(
      TRY(impl_->parts.database.read([](sql::Tx& tx) { return store::find_newest_id(tx); })));
  return impl_->partners.refresh();
}

http::Routes Hub::routes() {
  Impl& hub = *impl_;
  http::Routes all = wallet_routes({hub.parts.database, hub.parts.clock, hub.partners, hub.internal,
                                    hub.operator_wallet, *hub.client, hub.settlement,
                                    hub.parts.ledger, hub.parts.idempotency});
  for (http::Route& route :
       partner_routes({hub.partners, hub.parts.ledger, hub.parts.idempotency, hub.parts.vault,
                       hub.parts.operator_http.guard, *hub.client}))
    all.push_back(std::move(route));
  return all;
}

std::vector<jobs::Job> Hub::jobs() {
  return {{"hub.refresh_partners", "Takes up partners that were changed elsewhere.", 1'000,
           [this]() -> Result<std::string> {
             TRY(impl_->partners.refresh());
             return std::string();
           }},
          {"hub.measure", "Counts wallet transactions that are pending or stuck.", 2'000,
           [this] { return impl_->resolver.measure(); }},
          {"hub.resolve_pending", "Ends wallet transactions whose outcome is unknown.", 1'000,
           [this] { return impl_->resolver.run(); }, true}};
}

Result<void> Hub::visit_period(PartnerId partner, Timestamp from, Timestamp to,
                               const std::function<Result<void>(const WalletTransaction&)>& visit) {
  constexpr int page = 2'000;
  WalletTransactionId last;
  for (;;) {
    const auto rows = TRY(impl_->parts.database.read(
        [&](sql::Tx& tx) { return store::find_period(tx, partner, from, to, last, page); }));
    for (const WalletTransaction& row : rows) TRY(visit(row));
    if (rows.size() < page) return {};
    last = rows.back().id;
  }
}

std::vector<std::pair<std::string, operators::Trouble>> Hub::troubles() {
  std::vector<std::pair<std::string, operators::Trouble>> all;
  for (const auto& [partner, trouble] : impl_->client->troubles()) {
    const PartnerPtr known = impl_->partners.by_id(partner);
    if (known && known->partner.is_active()) all.emplace_back(known->partner.code, trouble);
  }
  return all;
}

Hub::Pending Hub::pending() const { return {impl_->resolver.pending(), impl_->resolver.stuck()}; }
Partners& Hub::partners() { return impl_->partners; }
operators::OperatorClient& Hub::operator_client() { return *impl_->client; }

}  // namespace florin::hub
