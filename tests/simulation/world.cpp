#include "world.h"

#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "app/core.h"
#include "app/data/open_database.h"
#include "ledger/ledger_service.h"
#include "ledger/verify.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::simulation {
namespace {

constexpr std::int64_t start_us = 1'750'000'000'000'000;

constexpr sql::Query any_row{"simulation.any_row", "SELECT id FROM accounts LIMIT 1"};
constexpr sql::Query bulk_stage{
    "simulation.bulk_stage",
    "SELECT coalesce(max(CASE WHEN state = 'promised' THEN 2 ELSE 1 END), 0) FROM large_bulks"};
constexpr sql::Query cut_connections{
    "simulation.cut_connections",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND application_name = current_setting('application_name')",
    sql::Rows::many};

/// A fault of the harness or of the product's start: nothing can be compared any more.
template <class T>
T must(Result<T> result, std::string_view what) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", what, result.error().detail));
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

int hex_of(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(hex_of(text[i + 1]) * 16 + hex_of(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

Answer answer_of(Result<http::Response> result, std::string_view request_id) {
  const http::Response response =
      result ? *std::move(result) : http::problem(result.error(), request_id);
  Answer answer{response.status, response.body};
  for (const http::Header& header : response.headers) {
    if (header.name == "Idempotent-Replayed") answer.replayed = header.value == "true";
  }
  return answer;
}

/// Gives the answer of a hot route to the one who waits for it.
class Promise final : public http::Responder::Sink {
 public:
  explicit Promise(std::shared_ptr<http::Request> request) : request_(std::move(request)) {}
  void answer(std::function<Result<http::Response>()> render) override {
    promise_.set_value(answer_of(render(), request_->request_id));
  }
  std::future<Answer> future() { return promise_.get_future(); }

 private:
  std::shared_ptr<http::Request> request_;  // Must live until it is answered.
  std::promise<Answer> promise_;
};

std::shared_ptr<http::Request> wired(const Request& from, Timestamp now, std::int64_t number) {
  auto request = std::make_shared<http::Request>();
  request->method = from.method;
  request->path = decoded(from.path);
  for (const auto& [name, value] : from.params) {
    request->query += (request->query.empty() ? "" : "&") + name + "=" + value;
  }
  request->query_params = from.params;
  request->body = from.body;
  request->request_id = fmt::format("req_{}", number);
  request->received_at = now;
  request->remote = "127.0.0.1";
  request->caller = {{from.tenant}, fmt::format("key_{}", from.tenant)};
  if (!from.key.empty()) request->headers.push_back({"Idempotency-Key", from.key});
  return request;
}

app::Config config_for(const Engine& engine, const std::string& folder) {
  app::Config config;
  config.data_dir = folder;
  if (engine.name != "postgres") return config;

  static std::atomic<int> last = 0;
  const std::string schema = fmt::format("florin_simulation_{}_{}", getpid(), ++last);
  const auto server = must(sql::open(engine.postgres_url), "the PostgreSQL server");
  must(server->write([&](sql::Tx& tx) { return tx.exec_script("CREATE SCHEMA " + schema); }),
       "a new schema");
  const char separator = engine.postgres_url.find('?') == std::string::npos ? '?' : '&';
  config.database_url = fmt::format("{}{}options=-csearch_path%3D{}&application_name={}",
                                    engine.postgres_url, separator, schema, schema);
  return config;
}

}  // namespace

std::vector<Engine> engines() {
  std::vector<Engine> found{{"sqlite", ""}};
  if (const char* url = std::getenv("FLORIN_TEST_POSTGRES")) found.push_back({"postgres", url});
  return found;
}

struct World::Impl {
  explicit Impl(const Engine& engine) : config(config_for(engine, folder->path())) { start(); }

  void start() {
    database = must(app::open_database(config, clock), "opening the database");
    core = std::make_unique<app::Core>(*database, clock, config, secret_key);
    must(core->recover(), "recovering");
    for (const app::NamedPart& each : core->parts()) {
      if (each.name != "ledger" && each.name != "events") continue;
      for (http::Route& route : each.part->routes()) routes.push_back(std::move(route));
    }
  }

  void stop() {
    routes.clear();
    core.reset();
    database.reset();
  }

  /// As the server's router does: a literal segment wins over a parameter.
  const http::Route* find(http::Request& request, const std::vector<std::string>& segments) const {
    const http::Route* best = nullptr;
    int best_literals = -1;
    std::vector<std::pair<std::string, std::string>> best_params;
    for (const http::Route& route : routes) {
      if (route.method != request.method) continue;
      const auto pattern = segments_of(route.pattern);
      if (pattern.size() != segments.size()) continue;
      std::vector<std::pair<std::string, std::string>> params;
      int literals = 0;
      bool fits = true;
      for (std::size_t i = 0; i < pattern.size() && fits; ++i) {
        if (pattern[i].front() == '{') {
          params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), decoded(segments[i]));
        } else {
          fits = pattern[i] == segments[i];
          ++literals;
        }
      }
      if (!fits || literals <= best_literals) continue;
      best = &route;
      best_literals = literals;
      best_params = std::move(params);
    }
    request.path_params = std::move(best_params);
    if (best) {
      request.route = best->pattern;
      request.known_query = &best->query;
    }
    return best;
  }

  std::optional<sql::TemporaryFolder> folder{
      must(sql::TemporaryFolder::make(), "a temporary folder")};
  FakeClock clock{{start_us}};
  const Secret secret_key{std::string(32, 'k')};
  app::Config config;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<app::Core> core;
  http::Routes routes;
  std::int64_t requests = 0;
};

World::World(const Engine& engine) : impl_(std::make_unique<Impl>(engine)) {}
World::~World() { impl_->stop(); }

void World::set_time(std::int64_t now_us) { impl_->clock.set({now_us}); }

std::future<Answer> World::send(const Request& from) {
  const auto request = wired(from, impl_->clock.now(), ++impl_->requests);
  auto sink = std::make_shared<Promise>(request);
  auto future = sink->future();
  const http::Route* route = impl_->find(*request, segments_of(from.path));
  if (!route) throw std::runtime_error("no route for " + from.method + " " + from.path);
  // As the dispatcher does before any handler.
  auto declared = http::check_query(*request, route->query);
  if (declared) declared = http::check_body(*request, route->body);
  if (!declared) {
    sink->answer([&]() -> Result<http::Response> { return declared.error(); });
  } else if (const auto* hot = std::get_if<http::HotHandler>(&route->handler)) {
    (*hot)(*request, http::Responder(sink));
  } else {
    const sql::TenantScope scope(from.tenant);
    sink->answer([&] { return std::get<http::SyncHandler>(route->handler)(*request); });
  }
  return future;
}

void World::expire_holds() {
  must(impl_->core->get<ledger::LedgerService>().expire_holds(), "expiring holds");
}

void World::restart() {
  impl_->stop();
  impl_->start();
}

bool World::can_crash_in_flight() const { return impl_->config.database_url.empty(); }

void World::crash(const std::vector<std::future<Answer>>& under_way) {
  if (!can_crash_in_flight()) {
    // What this writes was acknowledged; what a client of the server had not sent yet is lost.
    must(impl_->database->read([](sql::Tx& tx) {
      return tx.query(cut_connections, {}, [](const sql::Row&) { return true; });
    }),
         "cutting connections");
    restart();
    return;
  }
  std::optional<sql::TemporaryFolder> copy(must(sql::TemporaryFolder::make(), "a folder"));
  // While a reader looks at it the write-ahead log only grows, so that both files go together.
  must(impl_->database->read([&](sql::Tx& tx) -> Result<void> {
    const auto seen = tx.query(any_row, {}, [](const sql::Row&) { return false; });
    const std::string from = impl_->folder->path() + "/florin.db";
    for (const char* part : {"", "-wal"}) {
      if (std::filesystem::exists(from + part))
        std::filesystem::copy_file(from + part, copy->path() + "/florin.db" + part);
    }
    return seen;
  }),
       "copying the database");
  for (const auto& answer : under_way) answer.wait();
  impl_->stop();
  impl_->folder.reset();
  impl_->folder.emplace(std::move(*copy));
  impl_->config.data_dir = impl_->folder->path();
  impl_->start();
}

void World::await_bulk(int stage, const std::future<Answer>& answer) {
  int reached = 0;
  while (reached < stage && answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    must(impl_->database->read([&](sql::Tx& tx) {
      return tx.query(bulk_stage, {}, [&](const sql::Row& row) {
        reached = static_cast<int>(row.integer(0));
        return false;
      });
    }),
         "looking at large bulks");
  }
}

Proof World::verify() {
  const auto found = must(ledger::verify(*impl_->database, {}), "verify");
  Proof proof{found.clean(), ""};
  for (const ledger::Check& check : found.checks) {
    proof.rows[check.name] = check.rows;
    if (check.faults == 0) continue;
    proof.findings += check.name + ": " + std::to_string(check.faults) + " faults";
    for (const std::string& example : check.examples) proof.findings += "\n  " + example;
    proof.findings += "\n";
  }
  return proof;
}

}  // namespace florin::simulation
