#include "ledger/bulk/weight.h"

#include <algorithm>
#include <string>

#include "platform/json/object_reader.h"

namespace florin::ledger::bulk {
namespace {

struct Weigh {
  std::size_t operator()(const PostTransfer& body) const { return of_movement(body); }
  std::size_t operator()(const PlaceHold& body) const { return of_movement(body); }
  std::size_t operator()(const PostBulk& body) const {
    std::size_t weight = 0;
    for (const PostTransfer& transfer : body.transfers) weight += (*this)(transfer);
    return weight;
  }
  std::size_t operator()(const RunSteps& body) const {
    std::size_t weight = 0;
    for (const Step& step : body.steps) {
      // The step that it names comes before it.
      const Step& whose = step.hold_of ? body.steps[*step.hold_of] : step;
      weight += std::visit(*this, whose.body);
    }
    return weight;
  }
  template <class Body>
  std::size_t operator()(const Body& /*of one hold or transfer*/) const {
    return 1;
  }

  template <class Movement>
  static std::size_t of_movement(const Movement& body) {
    const std::size_t sides =
        body.split ? body.split->sources.size() + body.split->destinations.size() : 0;
    return std::max<std::size_t>({body.postings.size(), sides, 1});
  }
};

}  // namespace

std::size_t weight_of(const Command& command) { return std::visit(Weigh{}, command.body); }

Error too_many_postings(std::size_t weight) {
  return json::validation_error(
      {{"/transfers", "too_many_postings",
        "have " + std::to_string(weight) + " postings together; a bulk with anything but plain " +
            "transfers may have " + std::to_string(max_postings_at_once)}});
}

}  // namespace florin::ledger::bulk
