#include "ledger/requests/command_requests.h"

#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "ledger/bulk/weight.h"
#include "ledger/errors.h"
#include "ledger/requests/movement_reader.h"
#include "ledger/requests/step_reader.h"

namespace florin::ledger::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

/// A missing body reads as an empty object: the required fields are reported then.
Result<json::Value> parse_body(const http::Request& request) {
  if (request.body.empty()) return json::Value(json::Object{});
  return json::parse(request.body);
}

Command command_of(const http::Request& request) {
  Command command;
  command.actor = request.actor();
  command.key = idempotency::key_of(request, idempotency::Lifetime::forever);
  return command;
}

/// Reads the body with `read(body, problems, command)` and gives the command, or every problem.
template <class Read>
Result<Command> read_command(const http::Request& request, const Read& read) {
  const json::Value document = TRY(parse_body(request));
  Command command = command_of(request);
  Problems problems;
  ObjectReader body(document, "", problems);
  read(body, problems, command);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return command;
}

}  // namespace

Result<Command> post_transfer(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    command.body = read_transfer(body, problems);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> post_bulk(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    const bool atomic = body.optional_bool("atomic").value_or(true);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
    StepReader steps(problems);
    if (const json::Array* items = body.required_array("transfers", 1, max_bulk)) {
      for (std::size_t i = 0; i < items->size(); ++i)
        steps.read((*items)[i], "/transfers/" + std::to_string(i));
    }
    command.body = std::move(steps).finish(atomic);
    const std::size_t weight = bulk::weight_of(command);
    if (std::holds_alternative<RunSteps>(command.body) && weight > bulk::max_postings_at_once) {
      const Error refusal = bulk::too_many_postings(weight);
      problems.insert(problems.end(), refusal.fields.begin(), refusal.fields.end());
    }
  });
}

Result<Command> place_hold(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    command.body = read_hold(body, problems);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> capture_hold(const http::Request& request) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = read_capture(body, id);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> release_hold(const http::Request& request) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = ReleaseHold{id};
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> reverse_transfer(const http::Request& request) {
  const TransferId id = TRY(transfer_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = read_reversal(body, id);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<TransferId> transfer_in_path(const http::Request& request) {
  const auto id = TransferId::parse(request.path_param("id"));
  if (!id) return Error{errors::transfer_not_found, "there is no transfer of this id"};
  return *id;
}

Result<HoldId> hold_in_path(const http::Request& request) {
  const auto id = HoldId::parse(request.path_param("id"));
  if (!id) return Error{errors::hold_not_found, "there is no hold of this id"};
  return *id;
}

}  // namespace florin::ledger::requests
