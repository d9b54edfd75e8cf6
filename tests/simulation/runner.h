#pragma once
#include <functional>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "generator.h"
#include "model.h"
#include "names.h"
#include "world.h"

namespace florin::simulation {

/// What of the answer is not as expected; empty: nothing.
std::string compare(const Expected& expected, const Answer& answer);

/// A run in the making: the world, the model, and what is known of both.
class Runner {
 public:
  explicit Runner(const Engine& engine) : world_(engine) {}

  /// Nothing when all was as expected, else what was not.
  std::string execute(const Step& step);
  /// Compares the answers to what was handed over together.
  std::string settle();
  /// Everything that can be asked, at once: every account, transfer, hold and event, the sums, and
  /// the product's own proof, which must have counted what the model has.
  std::string audit();

  const Names& names() const { return names_; }
  Model& model() { return model_; }
  std::int64_t answers = 0;
  std::function<void(const Step&, const Answer&)> on_answer;

 private:
  bool is_crash_in_flight(const Step& step) const;
  std::string crash();
  std::string judge(const Step& step, const Answer& answer);
  std::string ask(const Request& request, Answer* given = nullptr);
  std::string audit_list(std::int64_t tenant, const std::string& path);
  std::string audit_events(std::int64_t tenant);
  std::string audit_proof();
  void forget_waiting();

  World world_;
  Model model_;
  Names names_;
  std::int64_t now_us_ = 0;
  bool is_swept_ = false;  ///< Every hold whose time is over has been ended.
  std::vector<Step> waiting_;
  std::vector<std::future<Answer>> answers_waiting_;
  std::set<std::string> keys_under_way_;
};

}  // namespace florin::simulation
