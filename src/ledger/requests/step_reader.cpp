#include "ledger/requests/step_reader.h"

#include <algorithm>
#include <utility>

#include "ledger/requests/movement_reader.h"

namespace florin::ledger::requests {

using json::ObjectReader;

void StepReader::read(const json::Value& value, std::string pointer) {
  ObjectReader item(value, std::move(pointer), problems_);
  for (const std::string_view kind : {"hold", "capture", "release", "reverse"}) {
    const json::Value* body = item.member(kind);
    if (!body || body->is_null()) continue;
    ObjectReader members(*body, item.pointer_to(kind), problems_);
    steps_.push_back(read_kind(kind, members));
    members.reject_unknown();
    item.reject_unknown();
    return;
  }
  steps_.push_back({read_transfer(item, problems_)});
  item.reject_unknown();
}

Command::Body StepReader::finish(bool atomic) && {
  const bool is_plain = std::all_of(steps_.begin(), steps_.end(), [](const Step& step) {
    const auto* transfer = std::get_if<PostTransfer>(&step.body);
    return transfer && transfer->is_plain();
  });
  if (!is_plain) return RunSteps{std::move(steps_), atomic};
  PostBulk bulk;
  bulk.atomic = atomic;
  bulk.transfers.reserve(steps_.size());
  for (Step& step : steps_) bulk.transfers.push_back(std::get<PostTransfer>(std::move(step.body)));
  return bulk;
}

Step StepReader::read_kind(std::string_view kind, ObjectReader& body) {
  if (kind == "reverse") {
    const auto text = body.required_text("transfer_id", {1, 64});
    const auto id = text ? TransferId::parse(*text) : std::nullopt;
    if (text && !id) body.problem("transfer_id", "malformed", "must be the id of a transfer");
    return {read_reversal(body, id.value_or(TransferId{}))};
  }
  if (kind == "hold") {
    if (auto ref = body.optional_text("ref", {1, max_reference_bytes})) {
      if (!holds_.emplace(*ref, steps_.size()).second)
        body.problem("ref", "duplicate", "names another hold of this bulk");
    }
    return {read_hold(body, problems_)};
  }
  std::optional<std::size_t> hold_of;
  const HoldId id = read_hold_id(body, hold_of);
  if (kind == "capture") return {read_capture(body, id), hold_of};
  return {ReleaseHold{id}, hold_of};
}

/// `hold_id`, or `hold_ref` of a hold that an earlier step places.
HoldId StepReader::read_hold_id(ObjectReader& body, std::optional<std::size_t>& hold_of) {
  const auto text = body.optional_text("hold_id", {1, 64});
  const auto ref = body.optional_text("hold_ref", {1, max_reference_bytes});
  if (text.has_value() == ref.has_value()) {
    body.problem("hold_id", "one_of", "or hold_ref must be given, and not both");
    return {};
  }
  if (ref) {
    const auto found = holds_.find(*ref);
    if (found != holds_.end()) {
      hold_of = found->second;
    } else {
      body.problem("hold_ref", "unknown_ref", "names no hold that stands earlier in this bulk");
    }
    return {};
  }
  const auto id = HoldId::parse(*text);
  if (!id) body.problem("hold_id", "malformed", "must be the id of a hold");
  return id.value_or(HoldId{});
}

}  // namespace florin::ledger::requests
