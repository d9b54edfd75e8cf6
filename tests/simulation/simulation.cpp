#include "simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <regex>
#include <tuple>

namespace florin::simulation {
namespace {

using json::Array;
using json::Object;

/// Real ids and cursors, and the placeholders that stand for them in steps.
class Names {
 public:
  void learn(const Step& step, const Answer& answer) {
    const auto document = json::parse(answer.body);
    if (!document) return;
    const std::string n = std::to_string(step.number);
    take(document->find("id"), "id:" + n);
    if (const Value* transfer = document->find("transfer"))
      take(transfer->find("id"), "transfer:" + n);
    take(document->find("next_cursor"), "cursor:" + n);
    const Value* results = document->find("results");
    if (!results || !results->as_array()) return;
    for (std::size_t i = 0; i < results->as_array()->size(); ++i)
      take((*results->as_array())[i].find("id"), fmt::format("result:{}:{}", n, i));
  }

  std::string hide(const std::string& text) const {
    static const std::regex id("(acc|tr|hold)_[0-9a-hjkmnp-tv-z]{13}|cur_[0-9a-z]+");
    return replaced(text, id, [this](const std::string& found) {
      const auto name = placeholders_.find(found);
      return name == placeholders_.end() ? found : name->second;
    });
  }

  std::string show(const std::string& text) const {
    static const std::regex placeholder("\\{\\{[a-z:0-9]+\\}\\}");
    return replaced(text, placeholder, [this](const std::string& found) {
      const auto real = reals_.find(found);
      if (real != reals_.end()) return real->second;
      const std::size_t kind = found.rfind(':') + 1;  // Of a step that was left out.
      return found.substr(kind, found.size() - kind - 2) + "_0000000000001";
    });
  }

  template <class Change>
  static Request changed(Request request, const Change& change) {
    request.path = change(request.path);
    request.body = change(request.body);
    for (auto& [name, value] : request.params) value = change(value);
    return request;
  }

 private:
  void take(const Value* value, const std::string& name) {
    if (!value || !value->as_string()) return;
    const std::string& real = *value->as_string();
    const std::string placeholder = "{{" + name + ":" + real.substr(0, real.find('_')) + "}}";
    reals_[placeholder] = real;
    placeholders_.emplace(real, placeholder);
  }

  static std::string replaced(const std::string& text, const std::regex& what,
                              const std::function<std::string(const std::string&)>& with) {
    std::string out;
    auto at = text.begin();
    for (std::sregex_iterator i(text.begin(), text.end(), what), end; i != end; ++i) {
      out.append(at, text.begin() + i->position());
      out += with(i->str());
      at = text.begin() + i->position() + i->length();
    }
    return out.append(at, text.end());
  }

  std::map<std::string, std::string> placeholders_, reals_;
};

std::string shown(const Request& request) {
  std::string text = request.method + " " + request.path;
  for (std::size_t i = 0; i < request.params.size(); ++i)
    text += (i == 0 ? "?" : "&") + request.params[i].first + "=" + request.params[i].second;
  text += fmt::format(" (tenant {}", request.tenant);
  if (!request.key.empty()) text += ", key " + request.key;
  return text + ")" + (request.body.empty() ? "" : " " + request.body);
}

/// What of the answer is not as expected; empty: nothing.
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

/// A run in the making: the world, the model, and what is known of both.
class Runner {
 public:
  explicit Runner(const Engine& engine) : world_(engine) {}

  /// Nothing when all was as expected, else what was not.
  std::string execute(const Step& step) {
    if (!waiting_.empty() &&
        (step.action != Action::request || !is_batched(step.request) || step.at_us != now_us_ ||
         step.request.tenant != waiting_.front().request.tenant)) {
      if (auto fault = settle(); !fault.empty()) return fault;
    }
    const std::int64_t before_us = now_us_;
    now_us_ = std::max(now_us_, step.at_us);
    world_.set_time(now_us_);
    model_.advance(now_us_);
    if (step.action == Action::restart) world_.restart();
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

  /// Compares the answers to what was handed over together.
  std::string settle() {
    std::string fault;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const Answer answer = answers_waiting_[i].get();
      if (!fault.empty()) continue;
      const Expected expected = model_.answer(waiting_[i].request, now_us_, answer);
      ++answers;
      const std::string differs = compare(expected, answer);
      if (!differs.empty())
        fault = fmt::format("step {}: {}\n  answer: {} {}\n  {}", waiting_[i].number,
                            shown(waiting_[i].request), answer.status, answer.body, differs);
      names_.learn(waiting_[i], answer);
      if (on_answer) on_answer(waiting_[i], answer);
    }
    waiting_.clear();
    answers_waiting_.clear();
    keys_under_way_.clear();
    return fault;
  }

  /// Everything that can be asked, at once: every account, transfer, hold and event, the sums, and
  /// the product's own proof.
  std::string audit() {
    for (const auto& [tenant, books] : model_.tenants()) {
      for (const char* path : {"/v1/accounts", "/v1/transfers", "/v1/holds"}) {
        if (auto fault = audit_list(tenant, path); !fault.empty()) return fault;
      }
      for (const Account& account : Books(books).accounts) {
        if (auto fault = audit_list(tenant, "/v1/accounts/" + account.id + "/statement");
            !fault.empty())
          return fault;
      }
      if (auto fault =
              ask({.tenant = tenant, .path = "/v1/trial-balance", .params = {{"by", "account"}}});
          !fault.empty())
        return fault;
      if (auto fault = audit_events(tenant); !fault.empty()) return fault;
    }
    const Proof proof = world_.verify();
    return proof.clean ? "" : "verify: " + proof.findings;
  }

  const Names& names() const { return names_; }
  Model& model() { return model_; }
  std::int64_t answers = 0;
  std::function<void(const Step&, const Answer&)> on_answer;

 private:
  std::string ask(const Request& request, Answer* given = nullptr) {
    const Answer answer = world_.ask(request);
    const std::string differs = compare(model_.answer(request, now_us_, answer), answer);
    ++answers;
    if (given) *given = answer;
    if (differs.empty()) return "";
    return fmt::format("audit: {}\n  answer: {} {}\n  {}", shown(request), answer.status,
                       answer.body, differs);
  }

  std::string audit_list(std::int64_t tenant, const std::string& path) {
    Request request{.tenant = tenant, .path = path, .params = {{"limit", "200"}}};
    for (;;) {
      Answer answer;
      if (auto fault = ask(request, &answer); !fault.empty()) return fault;
      const auto body = json::parse(answer.body);
      const Value* next = body ? body->find("next_cursor") : nullptr;
      if (!next || !next->as_string()) return "";
      request.params = {{"limit", "200"}, {"cursor", *next->as_string()}};
    }
  }

  /// Every change has left its event, and nothing else has. When the expiry of a hold is written
  /// down is the product's choice: it is looked for, wherever it stands.
  std::string audit_events(std::int64_t tenant) {
    Array events;
    Request request{.tenant = tenant, .path = "/v1/events", .params = {{"limit", "200"}}};
    for (;;) {
      const Answer answer = world_.ask(request);
      const auto body = json::parse(answer.body);
      if (answer.status != 200 || !body)
        return "audit: the events cannot be listed: " + answer.body;
      for (const Value& event : *body->find("data")->as_array()) events.push_back(event);
      const Value* next = body->find("next_cursor");
      if (!next->as_string()) break;
      request.params = {{"limit", "200"}, {"cursor", *next->as_string()}};
    }
    const Books& books = model_.books(tenant);
    std::set<std::string> expired;
    std::vector<Value> found;
    for (std::size_t i = events.size(); i-- > 0;) {
      const Value& event = events[i];
      if (*event.find("type") != Value("hold.expired")) {
        found.push_back(event);
      } else if (!expired.insert(*event.find("subject")->as_string()).second) {
        return "audit: a hold expired twice: " + json::serialize(event);
      }
    }
    // Of one moment the order is that of each thing by itself.
    const auto moment_of = [](const Value& event) {
      return std::make_pair(*event.find("created_at")->as_string(),
                            *event.find("subject")->as_string());
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const Value& a, const Value& b) { return moment_of(a) < moment_of(b); });
    auto wanted = books.events;
    std::stable_sort(wanted.begin(), wanted.end(), [](const EventRow& a, const EventRow& b) {
      return std::tie(a.created_us, a.subject) < std::tie(b.created_us, b.subject);
    });
    for (std::size_t n = 0; n < std::min(wanted.size(), found.size()); ++n) {
      const EventRow& row = wanted[n];
      const Object expected{{"type", row.type},
                            {"subject", row.subject},
                            {"created_at", time_text(row.created_us)},
                            {"data", row.data},
                            {"id", *found[n].find("id")}};
      if (auto differs = difference(expected, found[n]); !differs.empty())
        return fmt::format("audit: event of tenant {}: {}\n  {}", tenant, differs,
                           json::serialize(found[n]));
    }
    if (wanted.size() != found.size())
      return fmt::format("audit: tenant {} has {} events, not {}", tenant, found.size(),
                         wanted.size());
    for (const Hold& hold : books.holds) {
      if (hold.status == "expired" && is_swept_ && !expired.contains(hold.id))
        return "audit: no event tells that a hold expired: " + hold.id;
      if (expired.contains(hold.id) && hold.status != "expired")
        return "audit: an event tells that a hold expired which did not: " + hold.id;
    }
    return "";
  }

  World world_;
  Model model_;
  Names names_;
  std::int64_t now_us_ = 0;
  bool is_swept_ = false;  ///< Every hold whose time is over has been ended.
  std::vector<Step> waiting_;
  std::vector<std::future<Answer>> answers_waiting_;
  std::set<std::string> keys_under_way_;
};

/// Executes until something differs. A throw is a fault too: the product did not start again.
std::string guarded(Runner& runner, const Step& step) {
  try {
    return runner.execute(step);
  } catch (const std::exception& fault) {
    return fmt::format("step {}: {}", step.number, fault.what());
  }
}

/// At the end: everything, and everything once more after a restart.
std::string conclude(Runner& runner, std::int64_t at_us) {
  auto fault = runner.settle();
  for (const Action action :
       {Action::audit, Action::restart, Action::expire_holds, Action::audit}) {
    if (fault.empty()) fault = guarded(runner, {.at_us = at_us, .action = action, .number = -1});
  }
  return fault;
}

/// What kind of fault it is: its last line without numbers and ids.
std::string kind_of(const std::string& fault) {
  static const std::regex changing("[0-9]+|[a-z]+_[0-9a-z]{13}");
  return std::regex_replace(fault.substr(fault.rfind("\n  ") + 1), changing, "#");
}

}  // namespace

Run run(const Engine& engine, std::uint64_t seed, int steps) {
  Run result;
  Runner runner(engine);
  Generator generator(seed);
  runner.on_answer = [&](const Step& step, const Answer& answer) {
    const auto body = json::parse(answer.body);
    const Value* next = body ? body->find("next_cursor") : nullptr;
    if (next && next->as_string()) generator.saw_cursor(step.request, *next->as_string());
  };
  std::int64_t last_us = 0;
  for (int i = 0; i < steps && result.fault.empty(); ++i) {
    Step step = generator.next(runner.model());
    step.number = i;
    step.request =
        Names::changed(step.request, [&](const auto& t) { return runner.names().hide(t); });
    last_us = step.at_us;
    result.steps.push_back(step);
    result.fault = guarded(runner, step);
  }
  if (result.fault.empty()) result.fault = conclude(runner, last_us);
  result.answers = runner.answers;
  return result;
}

Run repeat(const Engine& engine, const std::vector<Step>& steps) {
  Run result;
  Runner runner(engine);
  for (const Step& step : steps) {
    result.steps.push_back(step);
    result.fault = guarded(runner, step);
    if (!result.fault.empty()) break;
  }
  if (result.fault.empty() && !steps.empty()) result.fault = conclude(runner, steps.back().at_us);
  result.answers = runner.answers;
  return result;
}

Run shrink(const Engine& engine, const Run& failed, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  Run best = failed;
  for (std::size_t chunk = std::max<std::size_t>(best.steps.size() / 2, 1);;) {
    bool smaller = false;
    for (std::size_t end = best.steps.size(); end > 0;) {
      if (std::chrono::steady_clock::now() > until) return best;
      const std::size_t begin = end > chunk ? end - chunk : 0;
      std::vector<Step> fewer(best.steps.begin(), best.steps.begin() + static_cast<long>(begin));
      fewer.insert(fewer.end(), best.steps.begin() + static_cast<long>(end), best.steps.end());
      Run trial = repeat(engine, fewer);
      if (!trial.fault.empty() && kind_of(trial.fault) == kind_of(failed.fault)) {
        best = std::move(trial);
        smaller = true;
      }
      end = std::min(begin, best.steps.size());
    }
    if (chunk == 1 && !smaller) return best;
    if (!smaller || chunk > best.steps.size()) chunk = std::max<std::size_t>(chunk / 2, 1);
  }
}

std::string report(const Engine& engine, std::uint64_t seed, int steps, const Run& run) {
  std::string text = fmt::format("seed {} over {} failed; {} steps lead to it:\n", seed,
                                 engine.name, run.steps.size());
  for (const Step& step : run.steps) {
    const char* const name = step.action == Action::restart        ? "restart"
                             : step.action == Action::audit        ? "audit"
                             : step.action == Action::expire_holds ? "expire holds"
                                                                   : "";
    text += fmt::format("  {:4} {} {}\n", step.number, time_text(step.at_us),
                        step.action == Action::request ? shown(step.request) : name);
  }
  return text + run.fault +
         fmt::format("\nreplay: florin-simulate --engine {} --seed {} --steps {}\n", engine.name,
                     seed, steps);
}

}  // namespace florin::simulation
