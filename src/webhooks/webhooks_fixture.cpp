#include "webhooks/webhooks_fixture.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/try.h"
#include "events/module.h"
#include "idempotency/module.h"
#include "platform/http/status.h"
#include "webhooks/module.h"

namespace florin::webhooks {
namespace {

constexpr std::chrono::seconds patience{10};

}  // namespace

std::optional<http::Authentication> Receiver::AllowAll::try_authenticate(const http::Request&,
                                                                         const http::Route&) {
  return http::Authentication{http::Caller{}};
}

http::Authentication Receiver::AllowAll::authenticate(const http::Request&, const http::Route&) {
  return {http::Caller{}};
}

Receiver::Receiver(Answer answer) : answer_(std::move(answer)) {
  http::Routes routes;
  routes.push_back(
      {"POST", "/{path}", "",
       http::HotHandler([this](const http::Request& request, const http::Responder& responder) {
         Answer now;
         {
           const std::lock_guard lock(mutex_);
           received_.push_back(request);
           if (is_hanging_ || request.path == "/hang") {
             hanging_.emplace_back(request, responder);
           } else {
             now = answer_;
           }
         }
         changed_.notify_all();
         if (now) responder.send(now(request));
       })});
  http::ServerOptions options;
  options.port = 0;
  options.access_log = false;
  options.drain_timeout_ms = 0;
  server_ =
      std::make_unique<http::Server>(options, std::move(routes), authenticator_, clock_, metrics_);
  EXPECT_TRUE(server_->start());
}

Receiver::~Receiver() { server_->stop(); }

std::string Receiver::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(server_->port()) + std::string(path);
}

bool Receiver::wait_for(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return received_.size() >= count; });
}

std::vector<http::Request> Receiver::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void Receiver::answer_with(Answer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

void Receiver::hang() {
  const std::lock_guard lock(mutex_);
  is_hanging_ = true;
}

void Receiver::release() {
  std::vector<std::pair<http::Request, http::Responder>> released;
  Answer now;
  {
    const std::lock_guard lock(mutex_);
    is_hanging_ = false;
    std::swap(released, hanging_);
    now = answer_;
  }
  for (const auto& [request, responder] : released) responder.send(now(request));
}

Settings WebhooksFixture::settings_of_tests() {
  Settings settings;
  settings.allowed_hosts = {"127.0.0.1"};
  settings.policy.retry_delays_ms = {1, 1};
  return settings;
}

WebhooksFixture::WebhooksFixture(Settings settings) : idempotency(*database, clock) {
  std::vector<sql::Migration> all;
  for (const auto module : {idempotency::migrations(), events::migrations(), migrations()})
    all.insert(all.end(), module.begin(), module.end());
  EXPECT_TRUE(sql::migrate(*database, all, clock.now()));
  restart(std::move(settings));
}

void WebhooksFixture::restart(Settings settings) {
  webhooks.reset();
  webhooks = std::make_unique<Webhooks>(
      Webhooks::Parts{*database, clock, ids, events, event_types, vault, metrics},
      std::move(settings));
  EXPECT_TRUE(webhooks->recover());
  EXPECT_TRUE(webhooks->begin());
}

Result<EndpointView> WebhooksFixture::try_create(const EndpointDraft& wanted) {
  const auto allowed = webhooks->endpoints().check(wanted);
  if (!allowed) return allowed.error();
  auto change = webhooks->changes().announce();
  auto made = database->write(
      [&](sql::Tx& tx) { return webhooks->endpoints().create(tx, {wanted.tenant}, wanted); });
  if (made) change.of(made->endpoint.id);
  return made;
}

Endpoint WebhooksFixture::create(const Receiver& receiver,
                                 const std::function<void(EndpointDraft&)>& more) {
  EndpointDraft wanted;
  wanted.tenant = tenant;
  wanted.url = receiver.url();
  wanted.policy = webhooks->settings().policy;
  if (more) more(wanted);
  const auto made = try_create(wanted);
  EXPECT_TRUE(made) << made.error().detail;
  return made->endpoint;
}

EventId WebhooksFixture::emit(std::string_view type, std::string_view data,
                              std::string_view subject, TenantId of) {
  return *database->write([&](sql::Tx& tx) {
    return events.append(tx, {of, type, subject, data, "key_1", "req_1", clock.now()});
  });
}

Endpoint WebhooksFixture::read(EndpointId id) {
  return database->read([&](sql::Tx& tx) { return webhooks->endpoints().get(tx, tenant, id); })
      ->endpoint;
}

std::vector<Delivery> WebhooksFixture::deliveries(const DeliveryFilter& filter) {
  return database
      ->read([&](sql::Tx& tx) {
        return webhooks->deliveries().list(tx, tenant, filter, {.limit = 200});
      })
      ->rows;
}

bool WebhooksFixture::wait_for(DeliveryState state, std::size_t count) {
  return wait_until([&] { return deliveries({.state = state}).size() >= count; });
}

bool WebhooksFixture::wait_until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (is_so()) return true;
    std::this_thread::yield();
  }
  return false;
}

Secret WebhooksFixture::secret_of(EndpointId id) {
  const auto secrets =
      database->read([&](sql::Tx& tx) { return webhooks->endpoints().secrets(tx, tenant, id); });
  Secret newest;
  for (const EndpointSecret& secret : *secrets) {
    if (secret.kind == SecretKind::hmac) newest = secret.text;
  }
  return newest;
}

WebhooksFixture::Answered WebhooksFixture::call(std::string_view method, const std::string& pattern,
                                                std::string_view id, std::string body,
                                                const std::string& query, TenantId as) {
  http::Request request;
  request.method = std::string(method);
  request.path = pattern;
  request.route = pattern;
  request.body = std::move(body);
  request.caller = {as, "key_1"};
  if (!id.empty()) request.path_params = {{"id", std::string(id)}};
  if (const std::size_t equals = query.find('='); equals != std::string::npos)
    request.query_params = {{query.substr(0, equals), query.substr(equals + 1)}};
  for (const http::Route& route : routes(*webhooks, idempotency)) {
    if (route.method != method || route.pattern != pattern) continue;
    const auto response = [&]() -> Result<http::Response> {
      TRY(http::check_query(request, route.query));
      TRY(http::check_body(request, route.body));
      return std::get<http::SyncHandler>(route.handler)(request);
    }();
    if (!response)
      return {http::status_of(response.error().code), std::string(response.error().code.name),
              response.error().fields};
    Answered answered{response->status, ""};
    if (!response->body.empty()) answered.body = *json::parse(response->body);
    return answered;
  }
  return {};
}

Result<std::string> WebhooksFixture::run_job(const std::string& name) {
  for (const jobs::Job& job : webhooks->jobs()) {
    if (job.name == name) return job.run();
  }
  return Error{florin::errors::internal_error, "no such job"};
}

}  // namespace florin::webhooks
