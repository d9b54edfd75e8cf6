#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "platform/http/dispatcher.h"
#include "platform/http/exchange.h"
#include "platform/http/identity.h"
#include "platform/http/request_parser.h"
#include "platform/http/traffic.h"
#include "platform/http/transport.h"
#include "platform/http/wire.h"

namespace boost::asio {
class io_context;
}

namespace florin::http {

/// What the connections of one I/O thread share; used on that thread alone.
struct ConnectionServices {
  boost::asio::io_context& io;
  const ServerOptions& options;
  const Clock& clock;
  const Dispatcher& dispatcher;
  std::shared_ptr<BodyMemory> body_memory;
  std::shared_ptr<Mailbox> mailbox;
  Traffic traffic;
  IdentitySource identity;
  std::function<void(Connection&)> on_closed;
  SteadyTime coarse_now;            ///< The time of the last sweep.
  std::chrono::milliseconds sweep;  ///< How often they come.
  std::string date;                 ///< For the Date header, of the second `date_second`.
  std::int64_t date_second = -1;
  bool leaving = false;   ///< Every answer is the last of its connection.
  bool draining = false;  ///< And no request is taken any more.
};

/// One client connection: reads a request, hands it on, writes its answer, reads the next. It lives
/// on one I/O thread. While a request is being handled nothing more is read, so a client that
/// pipelines is answered in order and can queue no more than one buffer.
class Connection final : public Transport::User, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionServices& services, std::unique_ptr<Transport> transport,
             std::string remote);

  void start();
  /// As start(), for one request alone: health checks are answered, others told 503 overloaded.
  void start_for_health();
  /// A worker has authenticated the request: its body is read now.
  void proceed();
  /// The answer to the request being handled.
  void answer(const Response& response);
  /// What it is at, in a word of `connection_states`.
  ConnectionState state() const;
  /// Between requests: nothing is lost when it is closed.
  bool is_idle() const { return phase_ == Phase::opening || phase_ == Phase::idle; }
  SteadyTime deadline() const { return deadline_; }
  const std::string& remote() const { return exchange_->request.remote; }
  /// Cuts a client that has taken too long. Called at every sweep.
  void check_deadline(SteadyTime now);
  /// The server leaves: closes between requests, else after the answer.
  void drain();
  void close();

  bool is_trusted = false;  ///< A proxy's, to which the limits per address do not apply.
  std::size_t slot = 0;     ///< Where the I/O thread keeps it.

 private:
  enum class Phase { opening, idle, head, body, handling, writing, lingering, closed };

  bool wants_bytes() const {
    return phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::body;
  }
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  void advance();
  void go_as_far_as_possible();
  void run_out_of_memory();
  bool read_request();
  bool begin_request();
  bool take_head();
  bool pass_gate();
  void skip_body();
  BodyMemory::Sender sender() const;
  bool has_memory_for(BodyMemory::Verdict verdict);
  int patience(int timeout_ms) const;
  void receive_body();
  void take_request();
  void expect_body();
  void await_answer();

  void on_open(Transport::Status status) override;
  void read();
  bool make_room();
  void on_read(Transport::Status status, std::size_t count) override;
  void on_end_of_input();

  void refuse(const Error& error);
  void conclude(const Response& response);
  void send(const Response& response);
  void on_written(Transport::Status status) override;
  void on_sent();
  void leave();
  void enter(Phase phase, int timeout_ms);
  std::string_view date();

  ConnectionServices& services_;
  const std::unique_ptr<Transport> transport_;
  const std::shared_ptr<Exchange> exchange_;
  RequestParser parser_;
  std::vector<std::string_view> segments_;  ///< Of the path; kept for its memory.
  Phase phase_ = Phase::idle;
  SteadyTime deadline_;
  bool close_after_answer_ = false;
  bool request_is_whole_ = false;  ///< Nothing of it is still to come.
  bool http_1_0_ = false;
  bool health_only_ = false;
  bool reading_ = false;
  bool filled_ = false;  ///< The last read left no room: a larger buffer saves calls.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::string out_;
};

}  // namespace florin::http
