#include "webhooks/endpoints/endpoints.h"

#include <algorithm>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "platform/crypto/vault.h"
#include "platform/http_client/address_guard.h"
#include "platform/json/object_reader.h"
#include "platform/sql/database.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/endpoints/fields.h"
#include "webhooks/errors.h"

namespace florin::webhooks {
namespace {

constexpr std::size_t max_valid_secrets = 5;

Result<void> check_secret(const std::optional<Secret>& secret, const SecretRule& rule) {
  auto broken = secret ? broken_secret_rule(*secret) : std::nullopt;
  if (secret && !broken) broken = rule(*secret);
  if (!broken) return {};
  return json::validation_error({{"/secret", broken->rule, broken->detail}});
}

/// What follows from another status.
void apply_status(Endpoint& endpoint, EndpointStatus before) {
  if (endpoint.status == before) return;
  endpoint.disabled_reason.reset();
  if (endpoint.status == EndpointStatus::disabled)
    endpoint.disabled_reason = DisabledReason::by_request;
  endpoint.failing_since.reset();
}

Endpoint make_endpoint(const EndpointDraft& wanted, EndpointId id, Timestamp now) {
  Endpoint endpoint = wanted;
  endpoint.id = id;
  // Ids grow in the order of commits: later events have greater ones.
  endpoint.start_after = {id.value};
  endpoint.created_at = endpoint.updated_at = now;
  return endpoint;
}

}  // namespace

Result<void> Endpoints::check(const EndpointDraft& wanted) const {
  if (wanted.is_trusted) return {};  // The operator's own choice.
  TRY(check_url(wanted.url));
  return check_secret(wanted.secret, parts_.settings.secret_rule);
}

Result<void> Endpoints::check_url(std::string_view url) const {
  const auto allowed = parts_.guard.check_url(url);
  if (allowed) return {};
  const std::string& rule = allowed.error().detail;
  return Error{errors::webhook_url_refused, "the url " + rule, {{"/url", "bad_url", rule}}};
}

Result<void> Endpoints::check(const Rotation& rotation) const {
  return check_secret(rotation.secret, parts_.settings.secret_rule);
}

Result<EndpointView> Endpoints::create(sql::Tx& tx, const Actor& actor,
                                       const EndpointDraft& wanted) const {
  if (TRY(parts_.store.count(tx, wanted.tenant)) >= parts_.settings.max_endpoints_per_tenant)
    return Error{errors::webhook_endpoint_limit,
                 "the tenant has reached its limit of webhook endpoints"};
  const Endpoint endpoint = make_endpoint(wanted, {parts_.ids.next()}, parts_.clock.now());
  TRY(parts_.store.insert(tx, endpoint));
  if (wanted.private_key_pem)
    TRY(parts_.store.set_private_key(tx, endpoint.id, *wanted.private_key_pem));
  TRY(add_secret(tx, endpoint.id, new_secret(SecretKind::hmac, wanted.secret)));
  TRY(add_secret(tx, endpoint.id, new_secret(SecretKind::ed25519, std::nullopt)));
  TRY(append_event(tx, actor, "webhook.endpoint.created", endpoint));
  return view(tx, endpoint);
}

Result<EndpointView> Endpoints::get(sql::Tx& tx, TenantId tenant, EndpointId id) const {
  return view(tx, TRY(load(tx, tenant, id)));
}

Result<Paged<Endpoint>> Endpoints::list(sql::Tx& tx, TenantId tenant,
                                        const PageRequest& page) const {
  Paged<Endpoint> found{TRY(parts_.store.list(tx, tenant, page.before, page.limit))};
  if (found.rows.size() > static_cast<std::size_t>(page.limit)) {
    found.rows.pop_back();
    found.next = found.rows.back().id.value;
  }
  return found;
}

Result<EndpointView> Endpoints::change(sql::Tx& tx, const Actor& actor, EndpointId id,
                                       const EndpointChange& change) const {
  const Endpoint before = TRY(load(tx, actor.tenant, id));
  const EndpointDraft wanted = TRY(change(before));
  if (before.name && wanted.url != before.url)
    return Error{errors::webhook_endpoint_managed,
                 "the configuration sets the address of this endpoint"};
  Endpoint endpoint = wanted;
  apply_status(endpoint, before.status);
  const bool was_enabled = before.status == EndpointStatus::enabled;
  // Events of the time in between are not sent, read already or not; a replay sends them.
  if (!was_enabled && endpoint.status == EndpointStatus::enabled)
    endpoint.start_after = {parts_.ids.next()};
  endpoint.updated_at = parts_.clock.now();
  TRY(parts_.store.update(tx, endpoint));
  TRY(store_private_key(tx, wanted));
  const bool is_disabled = was_enabled && endpoint.status == EndpointStatus::disabled;
  TRY(append_event(
      tx, actor, is_disabled ? "webhook.endpoint.disabled" : "webhook.endpoint.updated", endpoint));
  return view(tx, std::move(endpoint));
}

Result<void> Endpoints::remove(sql::Tx& tx, const Actor& actor, EndpointId id) const {
  const Endpoint endpoint = TRY(load(tx, actor.tenant, id));
  if (endpoint.name)
    return Error{errors::webhook_endpoint_managed,
                 "the endpoint is managed by the configuration; disable it instead"};
  TRY(parts_.store.mark_deleted(tx, id, parts_.clock.now()));
  return append_event(tx, actor, "webhook.endpoint.deleted", endpoint);
}

Result<std::vector<EndpointSecret>> Endpoints::secrets(sql::Tx& tx, TenantId tenant,
                                                       EndpointId id) const {
  TRY(load(tx, tenant, id));
  return parts_.store.secrets(tx, id, parts_.clock.now());
}

Result<EndpointSecret> Endpoints::rotate(sql::Tx& tx, const Actor& actor, EndpointId id,
                                         const Rotation& rotation) const {
  const Endpoint endpoint = TRY(load(tx, actor.tenant, id));
  const Timestamp now = parts_.clock.now();
  TRY(parts_.store.expire_secrets(tx, id, rotation.kind, now.plus_seconds(rotation.overlap_s)));
  const std::int64_t of_kind = TRY(parts_.store.count_secrets(tx, id, rotation.kind, now));
  if (static_cast<std::size_t>(of_kind) >= max_valid_secrets) {
    return Error{errors::webhook_secret_limit,
                 "too many secrets are valid; rotate without overlap, or later"};
  }
  EndpointSecret made = new_secret(rotation.kind, rotation.secret);
  TRY(add_secret(tx, id, made));
  TRY(append_event(tx, actor, "webhook.endpoint.secret_rotated", endpoint));
  return made;
}

Result<Delivery> Endpoints::send_test(sql::Tx& tx, const Actor& actor, EndpointId id) const {
  const Endpoint endpoint = TRY(load_enabled(tx, actor.tenant, id));
  Delivery delivery;
  delivery.created_at = delivery.next_attempt_at = parts_.clock.now();
  delivery.event_type = "webhook.test";
  const std::string subject = id.str();
  const std::string data = event_data(endpoint);
  delivery.event =
      TRY(parts_.events.append(tx, {actor.tenant, delivery.event_type, subject, data, actor.name,
                                    actor.request_id, delivery.created_at}));
  delivery.id = {parts_.ids.next()};
  delivery.tenant = actor.tenant;
  delivery.endpoint = id;
  TRY(outbox::insert(tx, delivery));
  return delivery;
}

Result<void> Endpoints::replay(sql::Tx& tx, TenantId tenant, EndpointId id,
                               const ReplayRequest& request) const {
  TRY(load_enabled(tx, tenant, id));
  outbox::Replay replay;
  replay.id = parts_.ids.next();
  replay.tenant = tenant;
  replay.endpoint = id;
  replay.kind = request.failed ? outbox::ReplayKind::failed : outbox::ReplayKind::since;
  // Both events and deliveries of now have smaller ids than the replay itself.
  replay.last = replay.id;
  if (request.since) replay.position = IdGenerator::first_at(*request.since) - 1;
  replay.created_at = parts_.clock.now();
  return outbox::insert_replay(tx, replay);
}

Result<void> Endpoints::disable(sql::Tx& tx, Endpoint endpoint, DisabledReason reason) const {
  endpoint.status = EndpointStatus::disabled;
  endpoint.disabled_reason = reason;
  endpoint.updated_at = parts_.clock.now();
  TRY(parts_.store.update(tx, endpoint));
  return append_event(tx, {endpoint.tenant}, "webhook.endpoint.disabled", endpoint);
}

Result<EndpointId> Endpoints::ensure(sql::Tx& tx, const EndpointDraft& wanted) const {
  auto found = TRY(parts_.store.find_by_name(tx, wanted.tenant, wanted.name.value_or("")));
  if (!found) return TRY(create(tx, {wanted.tenant}, wanted)).endpoint.id;
  Endpoint endpoint = make_endpoint(wanted, found->id, found->created_at);
  endpoint.start_after = found->start_after;
  endpoint.status = found->status;
  endpoint.disabled_reason = found->disabled_reason;
  endpoint.failing_since = found->failing_since;
  endpoint.updated_at = parts_.clock.now();
  TRY(parts_.store.update(tx, endpoint));
  if (!endpoint.tls.certificate_pem) TRY(parts_.store.clear_private_key(tx, endpoint.id));
  if (!wanted.secret) return endpoint.id;
  const auto valid = TRY(readable_secrets(tx, endpoint.id));
  const bool is_known = std::any_of(valid.begin(), valid.end(), [&](const EndpointSecret& one) {
    return one.text.reveal() == wanted.secret->reveal() && !one.expires_at;
  });
  if (is_known) return endpoint.id;
  TRY(parts_.store.expire_secrets(tx, endpoint.id, SecretKind::hmac, endpoint.updated_at));
  TRY(add_secret(tx, endpoint.id, new_secret(SecretKind::hmac, wanted.secret)));
  return endpoint.id;
}

Result<Endpoint> Endpoints::load(sql::Tx& tx, TenantId tenant, EndpointId id) const {
  auto found = TRY(parts_.store.find(tx, tenant, id));
  if (!found)
    return Error{errors::webhook_endpoint_not_found, "there is no webhook endpoint with this id"};
  return *std::move(found);
}

Result<Endpoint> Endpoints::load_enabled(sql::Tx& tx, TenantId tenant, EndpointId id) const {
  Endpoint endpoint = TRY(load(tx, tenant, id));
  if (endpoint.status != EndpointStatus::enabled)
    return Error{errors::webhook_endpoint_disabled, "enable the endpoint first"};
  return endpoint;
}

/// A key goes with its certificate.
Result<void> Endpoints::store_private_key(sql::Tx& tx, const EndpointDraft& wanted) const {
  if (!wanted.tls.certificate_pem) return parts_.store.clear_private_key(tx, wanted.id);
  if (!wanted.private_key_pem) return {};
  return parts_.store.set_private_key(tx, wanted.id, *wanted.private_key_pem);
}

Result<void> Endpoints::add_secret(sql::Tx& tx, EndpointId endpoint,
                                   const EndpointSecret& secret) const {
  return parts_.store.insert_secret(tx, endpoint, secret);
}

/// An endpoint whose secrets cannot be opened can still be read and given new ones.
Result<std::vector<EndpointSecret>> Endpoints::readable_secrets(sql::Tx& tx, EndpointId id) const {
  auto found = parts_.store.secrets(tx, id, parts_.clock.now());
  if (!found && found.error().code == crypto::errors::secret_unreadable)
    return std::vector<EndpointSecret>();
  return found;
}

Result<std::vector<std::string>> Endpoints::unreadable(sql::Tx& tx) const {
  return parts_.store.unreadable(tx, parts_.clock.now());
}

Result<EndpointView> Endpoints::view(sql::Tx& tx, Endpoint endpoint) const {
  EndpointView view{std::move(endpoint), {}};
  for (const auto& secret : TRY(readable_secrets(tx, view.endpoint.id))) {
    if (const auto key = ed25519_key_of(secret.text))
      view.public_keys.push_back(public_key_text(*key));
  }
  return view;
}

Result<void> Endpoints::append_event(sql::Tx& tx, const Actor& actor, std::string_view type,
                                     const Endpoint& endpoint) const {
  const std::string subject = endpoint.id.str();
  const std::string data = event_data(endpoint);
  TRY(parts_.events.append(tx, {endpoint.tenant, type, subject, data, actor.name, actor.request_id,
                                parts_.clock.now()}));
  return {};
}

EndpointSecret Endpoints::new_secret(SecretKind kind, const std::optional<Secret>& given) const {
  EndpointSecret secret;
  secret.id = {parts_.ids.next()};
  secret.kind = kind;
  secret.text = kind == SecretKind::ed25519 ? new_ed25519_secret() : given.value_or(Secret());
  if (secret.text.empty()) secret.text = new_hmac_secret();
  secret.created_at = parts_.clock.now();
  return secret;
}

}  // namespace florin::webhooks
