#include "ledger/answers.h"

#include "idempotency/idempotency.h"
#include "ledger/ledger_json.h"
#include "platform/http/status.h"

namespace florin::ledger {
namespace {

using http::Response;

bool is_atomic(const Command& command) {
  const auto* bulk = std::get_if<PostBulk>(&command.body);
  return bulk ? bulk->atomic : std::get<RunSteps>(command.body).atomic;
}

/// 201 where the command made something, 200 where it changed or only tried something.
struct StatusOf {
  const Command& command;

  int operator()(const Transfer&) const { return 201; }
  int operator()(const Hold&) const {
    return std::holds_alternative<PlaceHold>(command.body) ? 201 : 200;
  }
  int operator()(const Capture&) const { return 200; }
  int operator()(const BulkResult&) const { return is_atomic(command) ? 201 : 200; }
  int operator()(const Replay& replay) const { return replay.record.status; }
  int operator()(const Error& error) const { return http::status_of(error.code); }
};

struct Render {
  const Command& command;
  int status;

  Response operator()(const Hold& hold) const {
    if (!command.dry_run) return {status, to_json(hold)};
    return tried(hold, std::holds_alternative<PlaceHold>(command.body));
  }
  Response operator()(const Replay& replay) const {
    std::string body = std::visit(Again{replay}, replay.made);
    return idempotency::replayed(replay.record.status, std::move(body));
  }
  Response operator()(const Error& error) const {
    return http::problem(error, command.actor.request_id);
  }
  template <class Thing>
  Response operator()(const Thing& thing) const {
    return command.dry_run ? tried(thing) : Response{status, to_json(thing)};
  }

 private:
  struct Again {
    const Replay& replay;
    std::string operator()(std::monostate) const { return replay.record.body; }
    template <class Thing>
    std::string operator()(const Thing& thing) const {
      return to_json(thing);
    }
  };

  template <class... Things>
  Response tried(const Things&... things) const {
    Response response{status, {}};
    append_dry_run_json(response.body, things...);
    return response;
  }
};

}  // namespace

int status_of(const Command& command, const Outcome& outcome) {
  const bool is_tried = command.dry_run && !std::holds_alternative<Error>(outcome);
  return is_tried ? 200 : std::visit(StatusOf{command}, outcome);
}

Response answer(const Command& command, const Outcome& outcome) {
  return std::visit(Render{command, status_of(command, outcome)}, outcome);
}

}  // namespace florin::ledger
