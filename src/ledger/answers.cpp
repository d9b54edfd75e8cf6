#include "ledger/answers.h"

#include "ledger/ledger_json.h"

namespace florin::ledger {
namespace {

using http::Response;

/// 201 where the command made something, 200 where it changed or only tried something.
struct Render {
  const Command& command;
  StatusOf status_of;

  Response operator()(const Transfer& transfer) const {
    if (!command.dry_run) return Response::created(to_json(transfer));
    std::string body;
    append_dry_run_json(body, transfer);
    return Response::ok(std::move(body));
  }
  Response operator()(const Hold& hold) const {
    const bool made = std::holds_alternative<PlaceHold>(command.body);
    return {made && !command.dry_run ? 201 : 200, to_json(hold)};
  }
  Response operator()(const Capture& capture) const { return Response::ok(to_json(capture)); }
  Response operator()(const BulkResult& result) const {
    const bool made = std::get<PostBulk>(command.body).atomic && !command.dry_run;
    return {made ? 201 : 200, to_json(result)};
  }
  Response operator()(const Replay& replay) const {
    return idempotency::replayed(replay.record.status,
                                 replay.transfer ? to_json(*replay.transfer) : replay.record.body);
  }
  Response operator()(const Error& error) const {
    return http::problem(error, command.origin.request_id, status_of);
  }
};

}  // namespace

Response answer(const Command& command, const Outcome& outcome, StatusOf status_of) {
  return std::visit(Render{command, status_of}, outcome);
}

std::optional<idempotency::Record> remembered_answer(const Command& command, const Outcome& outcome,
                                                     StatusOf status_of) {
  if (const auto* transfer = std::get_if<Transfer>(&outcome)) {
    return idempotency::Record{command.key->request, transfer->id.value, 201, {}};
  }
  if (const auto* error = std::get_if<Error>(&outcome);
      error && !idempotency::is_remembered(*error)) {
    return std::nullopt;
  }
  Response response = answer(command, outcome, status_of);
  return idempotency::Record{command.key->request, 0, response.status, std::move(response.body)};
}

}  // namespace florin::ledger
