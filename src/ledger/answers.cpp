#include "ledger/answers.h"

#include "idempotency/idempotency.h"
#include "ledger/ledger_json.h"

namespace florin::ledger {
namespace {

using http::Response;

/// 201 where the command made something, 200 where it changed or only tried something.
struct Render {
  const Command& command;

  Response operator()(const Transfer& transfer) const {
    return command.dry_run ? tried(transfer) : Response::created(to_json(transfer));
  }
  Response operator()(const Hold& hold) const {
    const bool is_new = std::holds_alternative<PlaceHold>(command.body);
    if (command.dry_run) return tried(hold, is_new);
    return {is_new ? 201 : 200, to_json(hold)};
  }
  Response operator()(const Capture& capture) const {
    return command.dry_run ? tried(capture) : Response::ok(to_json(capture));
  }
  Response operator()(const BulkResult& result) const {
    if (command.dry_run) return tried(result);
    const auto* bulk = std::get_if<PostBulk>(&command.body);
    const bool atomic = bulk ? bulk->atomic : std::get<RunSteps>(command.body).atomic;
    return {atomic ? 201 : 200, to_json(result)};
  }
  Response operator()(const Replay& replay) const {
    return idempotency::replayed(replay.record.status,
                                 replay.transfer ? to_json(*replay.transfer) : replay.record.body);
  }
  Response operator()(const Error& error) const {
    return http::problem(error, command.origin.request_id);
  }

 private:
  template <class... Things>
  static Response tried(const Things&... things) {
    std::string body;
    append_dry_run_json(body, things...);
    return Response::ok(std::move(body));
  }
};

}  // namespace

Response answer(const Command& command, const Outcome& outcome) {
  return std::visit(Render{command}, outcome);
}

std::optional<idempotency::Record> remembered_answer(const Command& command,
                                                     const Outcome& outcome) {
  if (const auto* transfer = std::get_if<Transfer>(&outcome)) {
    return idempotency::Record{command.key->request, transfer->id.value, 201, {}};
  }
  if (const auto* error = std::get_if<Error>(&outcome);
      error && !idempotency::is_remembered(*error)) {
    return std::nullopt;
  }
  Response response = answer(command, outcome);
  return idempotency::Record{command.key->request, 0, response.status, std::move(response.body)};
}

}  // namespace florin::ledger
