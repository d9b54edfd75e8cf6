#include "platform/http/exchange.h"

#include <new>

namespace florin::http {

void Responder::send(Result<Response> response) const {
  sink_->answer([kept = std::move(response)]() mutable { return std::move(kept); });
}

Ticket::~Ticket() {
  if (answered_) return;
  try {
    answer_error({florin::errors::internal_error, "the server lost track of the request"});
  } catch (const std::bad_alloc&) {
    exchange_->is_lost = true;
  }
}

void Ticket::answer(Render render) {
  if (answered_.exchange(true)) return;
  // Out of our hands from here: the I/O thread may already read the connection's next request into
  // it.
  try {
    exchange_->mailbox->push({exchange_, std::move(render)});
  } catch (...) {
    answered_ = false;
    throw;
  }
}

void Ticket::proceed() { answer(nullptr); }

void Ticket::answer_error(Error error) {
  answer([kept = std::move(error)]() mutable { return Result<Response>(std::move(kept)); });
}

void Mailbox::push(Letter letter) {
  const std::lock_guard lock(mutex_);
  if (!wake_) return;
  letters_.push_back(std::move(letter));
  // Under the lock, so that close() can promise that nobody wakes a thread that has gone.
  if (letters_.size() > 1) return;
  try {
    wake_();
  } catch (const std::bad_alloc&) {
    // The answer is queued; the I/O thread takes it at its next sweep.
  }
}

void Mailbox::take_all(std::vector<Letter>& letters) {
  const std::lock_guard lock(mutex_);
  letters_.swap(letters);
}

void Mailbox::close() {
  std::vector<Letter> dropped;
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  letters_.swap(dropped);
}

}  // namespace florin::http
