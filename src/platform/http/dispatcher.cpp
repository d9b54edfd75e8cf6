#include "platform/http/dispatcher.h"

#include <algorithm>
#include <exception>
#include <new>

#include "base/try.h"
#include "platform/http/errors.h"
#include "platform/http/text.h"
#include "platform/json/object_reader.h"
#include "platform/log/log.h"

namespace florin::http {
namespace {

constexpr std::size_t max_key_bytes = 255;
/// Reading a longer body takes more than a fraction of a millisecond: not on an I/O thread.
constexpr std::size_t large_body_bytes = 32 * 1024;

Error our_fault() {
  return {florin::errors::internal_error, "the server failed; the request id finds its log line"};
}

Error memory_ran_out() {
  return {errors::out_of_memory, "memory ran out; retry with the same Idempotency-Key", {}, 1};
}

void log_exception(const Exchange& exchange, std::string_view what) {
  log::error("a handler threw", {{"request_id", exchange.request.request_id},
                                 {"route", exchange.route->pattern},
                                 {"what", what}});
}

/// What `work` gives; an exception is logged and becomes an error.
template <class Work>
auto guarded(const Exchange& exchange, const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return memory_ran_out();
  } catch (const std::exception& thrown) {
    log_exception(exchange, thrown.what());
  } catch (...) {
    log_exception(exchange, "not a std::exception");
  }
  return our_fault();
}

/// A step of a request: what fails answers it.
template <class Work>
void guarded_step(const std::shared_ptr<Ticket>& ticket, const Work& work) {
  auto done = guarded(ticket->exchange(), work);
  if (!done) ticket->answer_error(std::move(done).error());
}

/// Sets the caller of the exchange, or returns the rejection.
Result<void> apply(Exchange& exchange, Authentication authentication) {
  exchange.rate_limit = authentication.rate_limit;
  exchange.request.caller = TRY(std::move(authentication.caller));
  return {};
}

bool is_json(std::string_view content_type) {
  std::string type = lower_case(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  return type == "application/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

Result<void> check_content_type(const Request& request) {
  const bool takes_body =
      request.method == "POST" || request.method == "PATCH" || request.method == "PUT";
  if (!takes_body || request.body.empty()) return {};
  const auto type = request.header("Content-Type");
  if (!type || is_json(*type)) return {};
  return Error{errors::unsupported_media_type, "the body must be application/json"};
}

bool is_idempotency_key(std::string_view text) {
  const auto printable = [](char c) { return c >= 0x20 && c <= 0x7E; };
  return !text.empty() && text.size() <= max_key_bytes &&
         std::all_of(text.begin(), text.end(), printable);
}

Result<void> check_idempotency_key(const Request& request) {
  int keys = 0;
  for (const Header& header : request.headers) {
    if (!same_ignoring_case(header.name, "Idempotency-Key")) continue;
    if (++keys > 1 || !is_idempotency_key(header.value)) {
      return json::validation_error(
          {{"#/headers/Idempotency-Key", "malformed",
            "must be sent once and have 1 to 255 bytes of printable ASCII"}});
    }
  }
  return {};
}

Result<void> check_form(const Request& request, const Route& route) {
  TRY(check_query(request, route.query));
  TRY(check_body(request, route.body));
  TRY(check_content_type(request));
  return check_idempotency_key(request);
}

}  // namespace

std::optional<Response> Dispatcher::find_route(
    Exchange& exchange, const std::vector<std::string_view>& segments) const {
  Request& request = exchange.request;
  Router::Match match = with_.router.find(request.method, segments, request.path_params);
  exchange.route = match.route;
  if (match.route != nullptr) {
    request.route = match.route->pattern;
    request.known_query = &match.route->query;
    return std::nullopt;
  }
  if (match.allow.empty()) {
    return problem_for(exchange, {errors::route_not_found, "no route has this path"});
  }
  Response response = request.method == "OPTIONS"
                          ? Response::no_content()
                          : problem_for(exchange, {errors::method_not_allowed,
                                                   "the path takes other methods: " + match.allow});
  response.headers.push_back({"Allow", std::move(match.allow)});
  return response;
}

std::optional<Result<void>> Dispatcher::authenticate(
    const std::shared_ptr<Exchange>& exchange) const {
  if (exchange->route->permission.empty()) return Result<void>();
  auto authentication = guarded(*exchange, [&]() -> Result<std::optional<Authentication>> {
    return with_.authenticator.try_authenticate(exchange->request, *exchange->route);
  });
  if (!authentication) return Result<void>(std::move(authentication).error());
  if (*authentication) return apply(*exchange, **std::move(authentication));
  submit(with_.workers, std::make_shared<Ticket>(exchange), &Dispatcher::authenticate_on_worker);
  return std::nullopt;
}

void Dispatcher::dispatch(const std::shared_ptr<Exchange>& exchange) const {
  const auto ticket = std::make_shared<Ticket>(exchange);
  guarded_step(ticket, [&]() -> Result<void> {
    TRY(check_form(exchange->request, *exchange->route));
    run(ticket);
    return {};
  });
}

/// Takes the answer to a large body, which is often large as well, off the thread that has it.
class Dispatcher::LargeAnswer final : public Responder::Sink {
 public:
  LargeAnswer(const Dispatcher& dispatcher, std::shared_ptr<Ticket> ticket)
      : dispatcher_(dispatcher), ticket_(std::move(ticket)) {}
  void answer(Render render) override { dispatcher_.answer_large(ticket_, std::move(render)); }

 private:
  const Dispatcher& dispatcher_;
  std::shared_ptr<Ticket> ticket_;
};

void Dispatcher::run(const std::shared_ptr<Ticket>& ticket) const {
  const Exchange& exchange = ticket->exchange();
  if (exchange.request.body.size() > large_body_bytes)
    return submit(with_.large_bodies, ticket, &Dispatcher::run_large);
  if (const auto* hot = std::get_if<HotHandler>(&exchange.route->handler))
    return (*hot)(exchange.request, Responder(ticket));
  submit(with_.workers, ticket, &Dispatcher::run_on_worker);
}

void Dispatcher::run_large(const std::shared_ptr<Ticket>& ticket) const {
  const Exchange& exchange = ticket->exchange();
  const auto* hot = std::get_if<HotHandler>(&exchange.route->handler);
  if (hot == nullptr) return run_on_worker(ticket);
  (*hot)(exchange.request, Responder(std::make_shared<LargeAnswer>(*this, ticket)));
}

void Dispatcher::answer_large(const std::shared_ptr<Ticket>& ticket, Render render) const {
  const auto shared = std::make_shared<const Render>(std::move(render));
  const bool queued = with_.large_bodies.submit([this, ticket, shared](WorkerPool::Turn turn) {
    if (turn == WorkerPool::Turn::too_late) return ticket->answer(*shared);
    ticket->answer([response = rendered(ticket->exchange(), *shared)]() mutable {
      return Result<Response>(std::move(response));
    });
  });
  if (!queued) ticket->answer(*shared);
}

void Dispatcher::authenticate_on_worker(const std::shared_ptr<Ticket>& ticket) const {
  Exchange& exchange = ticket->exchange();
  auto admitted =
      apply(exchange, with_.authenticator.authenticate(exchange.request, *exchange.route));
  if (!admitted) return ticket->answer_error(std::move(admitted).error());
  ticket->proceed();
}

void Dispatcher::run_on_worker(const std::shared_ptr<Ticket>& ticket) const {
  const Exchange& exchange = ticket->exchange();
  const auto& handler = std::get<SyncHandler>(exchange.route->handler);
  ticket->answer([kept = handler(exchange.request)]() mutable { return std::move(kept); });
}

void Dispatcher::submit(WorkerPool& pool, const std::shared_ptr<Ticket>& ticket,
                        void (Dispatcher::*step)(const std::shared_ptr<Ticket>&) const) const {
  const bool queued = pool.submit([this, ticket, step](WorkerPool::Turn turn) {
    if (turn == WorkerPool::Turn::too_late) {
      return ticket->answer_error({errors::shutting_down, "the server is shutting down", {}, 1});
    }
    guarded_step(ticket, [&]() -> Result<void> {
      (this->*step)(ticket);
      return {};
    });
  });
  if (!queued) ticket->answer_error({errors::overloaded, "too many requests are waiting", {}, 1});
}

Response Dispatcher::rendered(const Exchange& exchange, const Render& render) const {
  auto result = guarded(exchange, render);
  return result ? std::move(result).value() : problem_for(exchange, result.error());
}

Response Dispatcher::problem_for(const Exchange& exchange, const Error& error) const {
  if (error.code.kind == ErrorKind::internal) {
    log::error("a request failed", {{"request_id", exchange.request.request_id},
                                    {"path", exchange.request.path},
                                    {"code", error.code.name},
                                    {"detail", error.detail}});
  }
  return problem(error, exchange.request.request_id);
}

}  // namespace florin::http
