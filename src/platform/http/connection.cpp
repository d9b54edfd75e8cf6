#include "platform/http/connection.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "platform/http/errors.h"
#include "platform/http/target.h"

namespace florin::http {
namespace {

constexpr std::size_t first_capacity = 4 * 1024;
constexpr std::size_t kept_capacity = 16 * 1024;
constexpr std::size_t max_capacity = 64 * 1024;
/// A body that fits a connection's own buffers; their number is bounded by that of connections.
constexpr std::size_t uncounted_body_bytes = 16 * 1024;
constexpr int linger_ms = 1'000;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(ConnectionServices& services, std::unique_ptr<Transport> transport,
                       std::string remote)
    : services_(services),
      transport_(std::move(transport)),
      exchange_(std::make_shared<Exchange>(services.mailbox)),
      parser_(services.options.max_header_bytes),
      deadline_(SteadyTime::max()) {
  exchange_->connection = this;
  exchange_->request.remote = std::move(remote);
}

void Connection::start() {
  enter(Phase::opening, patience(services_.options.header_timeout_ms));
  if (transport_->open(shared_from_this())) on_open(Transport::Status::done);
}

void Connection::on_open(Transport::Status status) {
  if (phase_ == Phase::closed) return;
  if (status != Transport::Status::done) return close();
  enter(Phase::idle, patience(services_.options.idle_timeout_ms));
  advance();
}

void Connection::start_for_health() {
  health_only_ = true;
  start();
}

int Connection::patience(int timeout_ms) const {
  return health_only_ ? std::min(timeout_ms, linger_ms) : timeout_ms;
}

void Connection::proceed() {
  receive_body();
  advance();
}

void Connection::answer(const Response& response) {
  if (!request_is_whole_) skip_body();
  conclude(response);
  advance();
}

void Connection::check_deadline(SteadyTime now) {
  if (phase_ == Phase::handling && exchange_->is_lost) return close();
  if (now < deadline_) return;
  if (phase_ != Phase::head && phase_ != Phase::body) return close();
  refuse({errors::request_timeout, "the request did not arrive in time"});
}

ConnectionState Connection::state() const {
  switch (phase_) {
    case Phase::opening:
      return ConnectionState::handshake;
    case Phase::head:
    case Phase::body:
      return ConnectionState::reading;
    case Phase::handling:
      return ConnectionState::handling;
    case Phase::writing:
    case Phase::lingering:
      return ConnectionState::writing;
    case Phase::idle:
    case Phase::closed:
      break;
  }
  return ConnectionState::idle;
}

void Connection::drain() {
  if (phase_ == Phase::opening || phase_ == Phase::idle) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  exchange_->connection = nullptr;
  transport_->close();
  services_.on_closed(*this);
}

/// Goes on as far as the bytes at hand reach. A loop, so that a buffer full of small requests is no
/// deep recursion.
void Connection::advance() {
  try {
    go_as_far_as_possible();
  } catch (const std::bad_alloc&) {
    run_out_of_memory();
  }
}

/// The request at hand costs its connection, and nobody else's anything.
void Connection::run_out_of_memory() {
  std::string().swap(exchange_->request.body);
  if (!wants_bytes()) return close();
  try {
    refuse({errors::out_of_memory, "memory ran out", {}, 1});
    if (phase_ == Phase::lingering) read();
  } catch (const std::bad_alloc&) {
    close();
  }
}

void Connection::go_as_far_as_possible() {
  while (wants_bytes() && read_request()) {
  }
  if (wants_bytes() && !make_room()) {
    refuse({errors::malformed_request, "a chunk header or the trailers are too long"});
  }
  if (wants_bytes() || phase_ == Phase::lingering) read();
}

/// One step of reading; false when it takes more bytes.
bool Connection::read_request() {
  if (phase_ == Phase::idle && !begin_request()) return false;
  if (unread().empty()) return false;
  const auto step = parser_.parse(unread());
  if (!step) {
    refuse(step.error());
    return true;
  }
  begin_ += step->consumed;
  if (phase_ == Phase::body && exchange_->request.body.size() > uncounted_body_bytes &&
      !has_memory_for(exchange_->body_share.grow_to(services_.body_memory, sender(),
                                                    exchange_->request.body.size() + capacity_))) {
    return true;
  }
  if (step->progress == RequestParser::Progress::need_more) return false;
  request_is_whole_ = step->progress == RequestParser::Progress::complete;
  if (phase_ == Phase::head && !take_head()) return true;
  receive_body();
  return true;
}

/// Empty lines before a request are skipped (RFC 9112, section 2.2).
bool Connection::begin_request() {
  while (unread().starts_with("\r\n")) begin_ += 2;
  if (unread().empty() || unread() == "\r") return false;
  enter(Phase::head, patience(services_.options.header_timeout_ms));
  request_is_whole_ = false;
  exchange_->route = nullptr;
  exchange_->rate_limit.reset();
  exchange_->started = std::chrono::steady_clock::now();
  parser_.begin(exchange_->request);
  return true;
}

/// The head is there: decides about the request before its body is read. False when it has
/// answered. A body that nobody will read ends the connection.
bool Connection::take_head() {
  Request& request = exchange_->request;
  request.received_at = services_.clock.now();
  services_.identity.identify(request);
  http_1_0_ = parser_.is_http_1_0();
  close_after_answer_ = !parser_.keeps_alive() || !request_is_whole_;
  if (const auto target = parse_target(parser_.target(), request, segments_); !target) {
    return refuse(target.error()), false;
  }
  if (const auto response = services_.dispatcher.find_route(*exchange_, segments_)) {
    return conclude(*response), false;
  }
  if (health_only_ && !request.path.starts_with("/health")) {
    return refuse({errors::overloaded, "there are as many connections as may be", {}, 1}), false;
  }
  if (const auto fits = parser_.limit_body(exchange_->route->max_body_bytes); !fits) {
    return refuse(fits.error()), false;
  }
  return pass_gate();
}

/// No body is kept for a rejected request. False while a worker authenticates,
/// too.
bool Connection::pass_gate() {
  const auto admitted = services_.dispatcher.authenticate(exchange_);
  if (!admitted) {
    await_answer();
  } else if (!*admitted) {
    skip_body();
    conclude(services_.dispatcher.problem_for(*exchange_, admitted->error()));
  }
  return admitted && *admitted;
}

/// What is refused at its head need not end the connection when its body is here already.
void Connection::skip_body() {
  const auto length = parser_.announced_body();
  if (!length || *length > unread().size()) return;
  begin_ += static_cast<std::size_t>(*length);
  request_is_whole_ = true;
  close_after_answer_ = !parser_.keeps_alive();
}

/// A key's body counts for the key, another's for the address that it comes from.
BodyMemory::Sender Connection::sender() const {
  using Kind = BodyMemory::Sender::Kind;
  const Request& request = exchange_->request;
  if (!request.caller.actor.empty()) return {Kind::key, request.caller.actor};
  return {is_trusted ? Kind::trusted : Kind::address, request.remote};
}

/// Refuses what does not fit.
bool Connection::has_memory_for(BodyMemory::Verdict verdict) {
  using Verdict = BodyMemory::Verdict;
  if (verdict == Verdict::fits) return true;
  std::string detail = "the server has as much in flight as it takes; retry in a moment";
  if (verdict == Verdict::too_much_of_key)
    detail = "this API key has as much in flight as one key may; await some answers first";
  if (verdict == Verdict::too_much_of_address)
    detail = "this address has as much in flight as one may; await some answers first";
  refuse({errors::overloaded, std::move(detail), {}, 1});
  return false;
}

void Connection::receive_body() {
  close_after_answer_ = !parser_.keeps_alive();
  if (request_is_whole_) {
    take_request();
  } else {
    expect_body();
  }
}

void Connection::expect_body() {
  const auto length = parser_.announced_body().value_or(0);
  if (length > uncounted_body_bytes &&
      !has_memory_for(services_.body_memory->look(sender(), static_cast<std::size_t>(length)))) {
    return;
  }
  enter(Phase::body, services_.options.body_timeout_ms);
  if (!parser_.expects_continue() || !unread().empty()) return;
  const auto [status, sent] = transport_->write_some(go_on);
  // The send buffer of a client that reads has room for a line; half a line could not be taken
  // back.
  if (status != Transport::Status::done || sent != go_on.size()) close();
}

void Connection::take_request() {
  if (services_.draining) {
    return refuse({errors::shutting_down, "the server is shutting down", {}, 1});
  }
  await_answer();
  services_.dispatcher.dispatch(exchange_);
}

void Connection::await_answer() {
  phase_ = Phase::handling;
  deadline_ = SteadyTime::max();
  services_.traffic.request_began();
}

void Connection::read() {
  if (reading_) return;
  if (phase_ == Phase::lingering) {
    begin_ = end_;  // Whatever it is, nobody wants it.
    make_room();
  }
  reading_ = true;
  transport_->read(buffer_.get() + end_, capacity_ - end_, shared_from_this());
}

/// Sees to free space behind what is unread; false when the buffer is as large as it gets and full.
bool Connection::make_room() {
  if (reading_) return true;  // The kernel may be writing there.
  const std::size_t largest = std::max(max_capacity, services_.options.max_header_bytes);
  const std::size_t left = end_ - begin_;
  if (left == 0) begin_ = end_ = 0;
  if (left == 0 && phase_ == Phase::idle && capacity_ > kept_capacity) capacity_ = 0;
  const bool was_full = end_ == capacity_ || filled_;
  std::size_t wanted = std::max(capacity_, first_capacity);
  if (was_full && capacity_ > 0) wanted = std::min(capacity_ * 2, largest);
  filled_ = false;
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (left > 0) std::memcpy(larger.get(), buffer_.get() + begin_, left);
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, left);
  }
  begin_ = 0;
  end_ = left;
  return end_ < capacity_;
}

void Connection::on_read(Transport::Status status, std::size_t count) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  if (status == Transport::Status::ended) return on_end_of_input();
  if (status != Transport::Status::done) return close();
  end_ += count;
  filled_ = end_ == capacity_;
  advance();
}

/// The client sends no more. It may still read, so a half-sent request is told why it fails.
void Connection::on_end_of_input() {
  if (phase_ != Phase::head && phase_ != Phase::body) return close();
  refuse({errors::malformed_request, "the request ended before it was complete"});
  advance();
}

/// Answers an error after which the rest of the input makes no sense.
void Connection::refuse(const Error& error) {
  Request& request = exchange_->request;
  if (request.request_id.empty()) {
    request.received_at = services_.clock.now();
    services_.identity.identify(request);
  }
  close_after_answer_ = true;
  conclude(services_.dispatcher.problem_for(*exchange_, error));
}

void Connection::conclude(const Response& response) {
  send(response);
  services_.traffic.answered(*exchange_, response);
  std::string& body = exchange_->request.body;
  if (body.capacity() > max_capacity) std::string().swap(body);
}

void Connection::send(const Response& response) {
  close_after_answer_ =
      close_after_answer_ || health_only_ || services_.leaving || services_.draining;
  const Request& request = exchange_->request;
  out_.clear();
  append_answer(out_, response,
                {.date = date(),
                 .request_id = request.request_id,
                 .traceparent = request.traceparent,
                 .rate_limit = exchange_->rate_limit,
                 .head_only = request.method == "HEAD",
                 .close = close_after_answer_,
                 .keep_alive = http_1_0_ && !close_after_answer_});
  enter(Phase::writing, services_.options.body_timeout_ms);
  // Nearly always the socket takes it at once, which saves a turn through the event loop.
  const auto [status, sent] = transport_->write_some(out_);
  if (status == Transport::Status::failed) return close();
  if (sent == out_.size()) return on_sent();
  transport_->write(std::string_view(out_).substr(sent), shared_from_this());
}

void Connection::on_written(Transport::Status status) {
  if (phase_ == Phase::closed) return;
  if (status != Transport::Status::done) return close();
  on_sent();
  advance();
}

void Connection::on_sent() {
  if (out_.capacity() > max_capacity) std::string().swap(out_);
  exchange_->body_share.give_back();
  if (close_after_answer_ || services_.draining) return leave();
  enter(Phase::idle, services_.options.idle_timeout_ms);
}

/// Closing with input unread makes the kernel reset the connection, and the reset can overtake the
/// answer. So where the client has more to say it is told that no more comes, and what it still
/// sends is read for a moment.
void Connection::leave() {
  if (request_is_whole_ && unread().empty() && !transport_->has_unread()) return close();
  if (!transport_->end_output()) return close();
  enter(Phase::lingering, linger_ms);
}

/// The sweep's clock saves reading one at every step; one sweep more makes a deadline never early.
void Connection::enter(Phase phase, int timeout_ms) {
  phase_ = phase;
  deadline_ = services_.coarse_now + services_.sweep + std::chrono::milliseconds(timeout_ms);
}

std::string_view Connection::date() {
  const Timestamp now = services_.clock.now();
  if (now.us / 1'000'000 != services_.date_second) {
    services_.date_second = now.us / 1'000'000;
    services_.date = http_date(now);
  }
  return services_.date;
}

}  // namespace florin::http
