#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "platform/http/body_memory.h"
#include "platform/http/route.h"
#include "platform/http/server.h"

namespace florin::http {
class Connection;
class Mailbox;

using Render = std::function<Result<Response>()>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// One request and what the server knows of it, until its answer is on the wire. A connection has
/// one and uses it again for its next request. It passes between threads with the work: the I/O
/// thread fills it, whoever handles the request reads it, the answer brings it back.
struct Exchange {
  explicit Exchange(std::shared_ptr<Mailbox> box) : mailbox(std::move(box)) {}

  Request request;
  const Route* route = nullptr;
  std::optional<Authentication::RateLimit> rate_limit;
  SteadyTime started;
  BodyShare body_share;              ///< Given back when the answer is out.
  std::atomic<bool> is_lost{false};  ///< There was no memory even to say that it failed.
  const std::shared_ptr<Mailbox> mailbox;
  Connection* connection =
      nullptr;  ///< For the I/O thread alone; nothing once the client has gone.
};

/// The right to answer one request, once. Dropped unanswered it answers internal_error.
class Ticket final : public Responder::Sink {
 public:
  explicit Ticket(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() override;

  /// Later answers to the same request are ignored.
  void answer(Render render) override;
  void answer_error(Error error);
  /// The request is authenticated: the connection continues with it. The ticket is used up.
  void proceed();
  /// The exchange; not to be touched after the answer.
  Exchange& exchange() const { return *exchange_; }
  const std::shared_ptr<Exchange>& shared_exchange() const { return exchange_; }

 private:
  std::shared_ptr<Exchange> exchange_;
  std::atomic<bool> answered_{false};
};

/// Brings answers and authentications to one I/O thread. It outlives the server for as long as a
/// responder does; what comes after close() is dropped.
class Mailbox {
 public:
  struct Letter {
    std::shared_ptr<Exchange> exchange;
    Render render;  ///< The answer; without one the request is let in, and its body may come.
  };
  /// `wake` makes the I/O thread call take_all(); it is called once for each burst.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void push(Letter letter);
  /// Everything that has come, in order. `letters` must be empty.
  void take_all(std::vector<Letter>& letters);
  void close();

 private:
  std::mutex mutex_;
  std::vector<Letter> letters_;
  std::function<void()> wake_;  ///< Empty when closed.
};

}  // namespace florin::http
