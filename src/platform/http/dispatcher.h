#pragma once
#include <memory>
#include <optional>

#include "platform/http/exchange.h"
#include "platform/http/router.h"
#include "platform/http/worker_pool.h"

namespace florin::http {

/// Takes a request from its head to its handler and turns what comes back into a response: route,
/// form, authenticator, handler. Safe for concurrent use; has no state of its own.
class Dispatcher {
 public:
  struct Collaborators {
    const Router& router;
    Authenticator& authenticator;
    WorkerPool& workers;
    WorkerPool& large_bodies;  ///< Its few threads alone work on bodies that take long to read.
  };
  explicit Dispatcher(Collaborators collaborators) : with_(collaborators) {}

  /// Sets the exchange's route from its method and `segments`. Without a route gives the answer:
  /// route_not_found, method_not_allowed, or what OPTIONS asks for.
  std::optional<Response> find_route(Exchange& exchange,
                                     const std::vector<std::string_view>& segments) const;

  /// Authenticates a request by its head, before its body is read, on its I/O thread.
  /// Nothing: a worker has to ask the database; the mailbox brings the result.
  std::optional<Result<void>> authenticate(const std::shared_ptr<Exchange>& exchange) const;
  /// Starts a complete, authenticated request; on its I/O thread. The answer comes by the mailbox.
  void dispatch(const std::shared_ptr<Exchange>& exchange) const;

  /// The response that goes out; an exception in `render` becomes internal_error.
  Response rendered(const Exchange& exchange, const Render& render) const;
  Response problem_for(const Exchange& exchange, const Error& error) const;

 private:
  void run(const std::shared_ptr<Ticket>& ticket) const;
  void authenticate_on_worker(const std::shared_ptr<Ticket>& ticket) const;
  void run_on_worker(const std::shared_ptr<Ticket>& ticket) const;
  void run_large(const std::shared_ptr<Ticket>& ticket) const;
  void answer_large(const std::shared_ptr<Ticket>& ticket, Render render) const;
  void submit(WorkerPool& pool, const std::shared_ptr<Ticket>& ticket,
              void (Dispatcher::*step)(const std::shared_ptr<Ticket>&) const) const;
  void call_handler(const std::shared_ptr<Ticket>& ticket, const SyncHandler& handler) const;

  class LargeAnswer;
  Collaborators with_;
};

}  // namespace florin::http
