#include "hub/partners/routes.h"

#include <memory>
#include <string>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/json.h"
#include "hub/partners/requests.h"
#include "hub/wallet/books.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_service.h"
#include "platform/http_client/address_guard.h"
#include "platform/json/writer.h"

namespace florin::hub {
namespace {

using http::Request;
using http::Response;
using idempotency::Lifetime;

/// The one time that the secret is shown; what is kept in clear says null in its place.
idempotency::SecretAnswer with_secret(const CreatedPartner& created) {
  std::string body = to_json(created.partner);
  body.back() = ',';
  body += "\"secret\":";
  std::string remembered = body + "null}";
  json::append_string(body, created.secret.reveal());
  body += '}';
  return {Response::created(std::move(body)), std::move(remembered)};
}

/// Errors: operator_url_refused.
Result<void> check_url(const http_client::AddressGuard& guard, const OperatorSettings& settings) {
  if (settings.base_url.empty() || settings.is_trusted) return {};
  const auto checked = guard.check_host(settings.base_url);
  if (checked) return {};
  const std::string& rule = checked.error().detail;
  return Error{errors::operator_url_refused,
               "the Operator's base_url " + rule,
               {{"/operator/base_url", "bad_url", rule}}};
}

struct Handlers : PartnerRoutesParts {
  /// With what the Operator's last answers, or their absence, told this node.
  std::string shown(const Partner& partner) const {
    return to_json(partner, client.trouble_with(partner.id));
  }

  /// Later calls must see what this one changed.
  Result<Response> refreshed(Result<Response> response) const {
    if (response) TRY(partners.refresh());
    return response;
  }

  Result<Response> create(const Request& request) const {
    const PartnerDraft wanted = TRY(requests::new_partner(request));
    TRY(check_url(guard, wanted.operator_settings));
    return refreshed(idempotency.run_showing_secret(
        request, vault, [&](sql::Tx& tx) -> Result<idempotency::SecretAnswer> {
          return with_secret(TRY(partners.create(tx, request.actor(), wanted)));
        }));
  }

  Result<Response> list(const Request& request) const {
    std::vector<std::string> rows;
    for (const Partner& partner : TRY(partners.list(request.caller.tenant)))
      rows.push_back(shown(partner));
    return http::list_response(request, rows, 0);
  }

  Result<Partner> named(const Request& request) const {
    return partners.find(request.caller.tenant, request.path_param("id"));
  }

  Result<Response> get(const Request& request) const {
    return Response::ok(shown(TRY(named(request))));
  }

  Result<Response> change(const Request& request) const {
    const Partner before = TRY(named(request));
    const PartnerDraft wanted = TRY(requests::partner_change(request, before));
    if (wanted.operator_settings != before.operator_settings)
      TRY(check_url(guard, wanted.operator_settings));
    const PartnerChange change_row = [&request](const Partner& row) {
      return requests::partner_change(request, row);
    };
    return refreshed(
        idempotency.run(request, Lifetime::thirty_days, [&](sql::Tx& tx) -> Result<Response> {
          return Response::ok(
              to_json(TRY(partners.change(tx, request.actor(), before.id, change_row))));
        }));
  }

  Result<Response> rotate_secret(const Request& request) const {
    const Partner partner = TRY(named(request));
    const std::int64_t overlap_s = TRY(requests::rotation_overlap_s(request));
    return refreshed(idempotency.run_showing_secret(
        request, vault, [&](sql::Tx& tx) -> Result<idempotency::SecretAnswer> {
          return with_secret(
              TRY(partners.rotate_secret(tx, request.actor(), partner.id, overlap_s)));
        }));
  }

  Result<Response> open_wallet(const Request& request) const {
    const Partner partner = TRY(named(request));
    const requests::NewWallet wanted = TRY(requests::new_wallet(request, partner));
    return idempotency.run(request, Lifetime::thirty_days, [&](sql::Tx& tx) -> Result<Response> {
      const ledger::Account wallet = TRY(
          books::open_wallet(tx, ledger, partner, wanted.player, wanted.currency,
                             {request.caller.tenant, request.caller.actor, request.request_id}));
      std::string body;
      json::Writer(body)
          .begin_object()
          .member("account_id", wallet.id.str())
          .member("account_code", wallet.code)
          .member("player_id", wanted.player)
          .member("currency", wanted.currency.code())
          .member("balance", 0)
          .end_object();
      return Response::created(std::move(body));
    });
  }
};

}  // namespace

http::Routes partner_routes(const PartnerRoutesParts& parts) {
  const auto handlers = std::make_shared<const Handlers>(Handlers{parts});
  const auto sync = http::sync_of(handlers);
  return {
      {"POST", "/v1/partners", "hub:write", sync(&Handlers::create)},
      {"GET", "/v1/partners", "hub:read", sync(&Handlers::list)},
      {"GET", "/v1/partners/{id}", "hub:read", sync(&Handlers::get)},
      {"PATCH", "/v1/partners/{id}", "hub:write", sync(&Handlers::change)},
      {"POST", "/v1/partners/{id}/rotate-secret", "hub:write", sync(&Handlers::rotate_secret)},
      {"POST", "/v1/partners/{id}/wallets", "hub:write", sync(&Handlers::open_wallet)},
  };
}

}  // namespace florin::hub
