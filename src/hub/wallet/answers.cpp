#include "hub/wallet/answers.h"

#include <utility>

#include "hub/wallet/json.h"

namespace florin::hub {

http::Response answer_of(const MovementResult& settled) {
  const WalletTransaction& t = settled.transaction;
  http::Response response;
  if (t.state == State::pending) {
    response = {202, pending_body(t)};
  } else if (t.answer_status != 0) {
    response = {t.answer_status, t.answer, "application/problem+json"};
  } else {
    response = http::Response::created(done_body(t));
  }
  if (settled.is_replay) response.headers.push_back({"Idempotent-Replayed", "true"});
  return response;
}

void remember_refusal(WalletTransaction& transaction, const Error& error) {
  http::Response response = http::problem(error, transaction.request_id);
  transaction.refusal = error.code.name;
  transaction.answer = std::move(response.body);
  transaction.answer_status = response.status;
}

}  // namespace florin::hub
