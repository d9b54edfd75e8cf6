#include "runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

namespace florin::simulation {
namespace {

bool is_ready(const std::future<Answer>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

/// Whether the key remembers the answer: not what was refused for its form, for the key itself or
/// for something that is not there, and no dry run.
bool is_kept(const Request& request, const Answer& answer) {
  return answer.status != 400 && answer.status != 404 &&
         answer.body.find("\"code\":\"idempotency_mismatch\"") == std::string::npos &&
         request.body.find("\"dry_run\":true") == std::string::npos;
}

}  // namespace

std::string compare(const Expected& expected, const Answer& answer) {
  if (expected.bytes) {
    if (answer.status == expected.status && answer.body == *expected.bytes && answer.replayed)
      return "";
    return fmt::format("expected the first answer again, {} {}, marked as replayed",
                       expected.status, *expected.bytes);
  }
  const auto body = json::parse(answer.body);
  if (!body) return "the answer is no JSON";
  if (answer.replayed) return "a replay was not expected";
  if (expected.code.empty()) {
    if (answer.status != expected.status) return fmt::format("expected {}", expected.status);
    return difference(expected.body, *body);
  }
  const Value* code = body->find("code");
  if (answer.status != expected.status || !code || *code != Value(expected.code))
    return fmt::format("expected {} {}", expected.status, expected.code);
  if (expected.pointers.empty() || expected.pointers.contains("*")) return "";
  std::set<std::string> pointers;
  const Value* errors = body->find("errors");
  if (errors && errors->as_array()) {
    for (const Value& error : *errors->as_array()) {
      const Value* pointer = error.find("pointer");
      pointers.insert(pointer && pointer->as_string() ? *pointer->as_string() : "?");
    }
  }
  if (pointers == expected.pointers) return "";
  const std::string& first = *expected.pointers.begin();
  if (first.ends_with("*") && pointers.size() == 1 &&
      pointers.begin()->starts_with(first.substr(0, first.size() - 1)))
    return "";
  std::string text = "expected errors at";
  for (const std::string& pointer : expected.pointers) text += " \"" + pointer + "\"";
  return text;
}

std::string Runner::execute(const Step& step) {
  if (is_crash_in_flight(step)) return crash();
  if (!waiting_.empty() && (step.action != Action::request || !is_batched(step.request) ||
                            !is_batched(waiting_.front().request) || step.at_us != now_us_ ||
                            step.request.tenant != waiting_.front().request.tenant)) {
    if (auto fault = settle(); !fault.empty()) return fault;
  }
  const std::int64_t before_us = now_us_;
  now_us_ = std::max(now_us_, step.at_us);
  world_.set_time(now_us_);
  model_.advance(now_us_);
  if (step.action == Action::restart) world_.restart();
  if (step.action == Action::crash) world_.crash();
  if (step.action == Action::expire_holds) world_.expire_holds();
  is_swept_ = step.action == Action::expire_holds || (is_swept_ && now_us_ == before_us);
  if (step.action == Action::audit) return audit();
  if (step.action != Action::request) return "";

  Step sent = step;
  sent.request = Names::changed(step.request, [this](const auto& t) { return names_.show(t); });
  std::erase_if(sent.request.params, [](const auto& p) {
    return p.first == "cursor" && p.second == "cur_0000000000001";  // Of a page left out.
  });
  if (!sent.request.key.empty() && !keys_under_way_.insert(sent.request.key).second) {
    if (auto fault = settle(); !fault.empty()) return fault;
  }
  answers_waiting_.push_back(world_.send(sent.request));
  waiting_.push_back(std::move(sent));
  return step.with_next ? "" : settle();
}

/// What was handed over can be sent again after a crash when all of it has keys. Where the crash
/// cuts connections, what was under way may still go on: there it is settled first.
bool Runner::is_crash_in_flight(const Step& step) const {
  return step.action == Action::crash && !waiting_.empty() && world_.can_crash_in_flight() &&
         std::none_of(waiting_.begin(), waiting_.end(),
                      [](const Step& waiting) { return waiting.request.key.empty(); });
}

/// The process ends while commands are under way. Each is sent again with its key: those that were
/// acknowledged must be there, and the others are there once, or are done now.
std::string Runner::crash() {
  std::vector<bool> were_answered;
  if (!is_batched(waiting_.front().request))
    world_.await_bulk(waiting_.front().number % 3, answers_waiting_.front());
  for (const auto& answer : answers_waiting_) were_answered.push_back(is_ready(answer));
  world_.crash(answers_waiting_);
  std::string fault;
  for (std::size_t i = 0; i < waiting_.size() && fault.empty(); ++i) {
    const Answer before = answers_waiting_[i].get();
    if (!is_kept(waiting_[i].request, before)) {
      fault = judge(waiting_[i], before);
      continue;
    }
    Answer after = world_.ask(waiting_[i].request);
    if (were_answered[i] && (!after.replayed || after.body != before.body)) {
      fault = fmt::format("step {}: {}\n  acknowledged as {} before a crash, and {} after it",
                          waiting_[i].number, shown(waiting_[i].request), before.body, after.body);
      continue;
    }
    // A replay of this very request: for the model it is done once.
    after.replayed = before.replayed;
    fault = judge(waiting_[i], after);
  }
  forget_waiting();
  return fault;
}

std::string Runner::judge(const Step& step, const Answer& answer) {
  const Expected expected = model_.answer(step.request, now_us_, answer);
  ++answers;
  names_.learn(step, answer);
  if (on_answer) on_answer(step, answer);
  const std::string differs = compare(expected, answer);
  if (differs.empty()) return "";
  return fmt::format("step {}: {}\n  answer: {} {}\n  {}", step.number, shown(step.request),
                     answer.status, answer.body, differs);
}

std::string Runner::settle() {
  std::string fault;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const Answer answer = answers_waiting_[i].get();
    if (fault.empty()) fault = judge(waiting_[i], answer);
  }
  forget_waiting();
  return fault;
}

void Runner::forget_waiting() {
  waiting_.clear();
  answers_waiting_.clear();
  keys_under_way_.clear();
}

}  // namespace florin::simulation
