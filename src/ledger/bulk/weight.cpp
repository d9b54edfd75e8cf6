#include "ledger/bulk/weight.h"

#include <algorithm>

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
    for (const Step& step : body.steps) weight += std::visit(*this, step.body);
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

}  // namespace florin::ledger::bulk
