// florin-webhooks: measures the delivery of webhooks, from a transfer to the receiver. See
// docs/performance.md.
#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "bench/failure.h"
#include "bench/server_process.h"
#include "bench/sink.h"
#include "platform/json/value.h"

namespace florin::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string binary = "build/release/bin/florin";
  double seconds = 15;
  std::int64_t backlog = 30'000;
};

constexpr int receivers = 100;
constexpr int hanging = 5;
constexpr double offered_per_second = 1'000;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<void> post(const Target& target, std::string_view path, std::string_view body) {
  std::string request;
  append_post(request, target, path, {}, body);
  TRY(ask(target, request));
  return {};
}

Result<std::string> make_endpoint(const Target& target, const std::string& body) {
  std::string request;
  append_post(request, target, "/v1/webhook-endpoints", {}, body);
  const std::string answer = TRY(ask(target, request));
  const json::Value document = TRY(json::parse(answer));
  return *document.find("id")->as_string();
}

Result<void> open_accounts(const Target& target) {
  TRY(post(target, "/v1/accounts", R"({"code":"cash","type":"asset","currency":"KZT"})"));
  return post(target, "/v1/accounts", R"({"code":"shop","type":"liability","currency":"KZT"})");
}

std::string transfer(std::string_view reference) {
  return fmt::format(
      R"({{"postings":[{{"debit":"cash","credit":"shop","amount":1,"currency":"KZT"}}],"reference":"{}"}})",
      reference);
}

/// Waits until so many arrived, or nothing more came for ten seconds.
std::int64_t wait_for(const Sink& sink, std::int64_t count) {
  auto last_change = Clock::now();
  std::int64_t last = 0;
  while (last < count && seconds_since(last_change) < 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::int64_t now = sink.seen().distinct;
    if (now != last) last_change = Clock::now();
    last = now;
  }
  return last;
}

void print_row(std::string_view name, double per_second, std::int64_t expected,
               const Sink::Seen& seen, double cpu_seconds) {
  const auto ms = [&](double percent) {
    return static_cast<double>(seen.lag.percentile_ns(percent)) / 1e6;
  };
  std::cout << fmt::format("| {} | {:.0f} | {:.1f} | {:.1f} | {:.1f} | {} | {} | {:.1f} |\n", name,
                           per_second, ms(50), ms(99), static_cast<double>(seen.lag.max_ns()) / 1e6,
                           expected - seen.distinct, seen.repeated, cpu_seconds)
            << std::flush;
}

/// As many transfers as fast as they go in, to one endpoint: how fast they come out.
Result<bool> measure_throughput(const ServerProcess& server, Sink& sink, const Options& options) {
  const Target& target = server.target();
  const std::string endpoint = TRY(make_endpoint(
      target,
      fmt::format(R"({{"url":"{}","event_types":["transaction.executed"],"max_concurrency":64}})",
                  sink.url("/all"))));
  LoadPlan plan;
  plan.connections = 4;
  plan.warmup_seconds = 0;
  plan.seconds = 120;
  plan.max_requests = options.backlog / 100;
  const double cpu_before = server.usage().cpu_seconds;
  const auto start = Clock::now();
  const LoadResult load = TRY(run_load(target, plan, [&](std::string& out) {
    out.clear();
    std::string body = R"({"atomic":true,"transfers":[)";
    for (int i = 0; i < 100; ++i) body += (i > 0 ? "," : "") + transfer("bulk");
    append_post(out, target, "/v1/transfers/bulk", {}, body + "]}");
  }));
  const std::int64_t expected = load.applied_with_warmup * 100;
  wait_for(sink, expected);
  const double seconds = seconds_since(start);
  const Sink::Seen seen = sink.seen();
  print_row("backlog to one endpoint", static_cast<double>(seen.distinct) / seconds, expected, seen,
            server.usage().cpu_seconds - cpu_before);
  std::string request = fmt::format(
      "DELETE /v1/webhook-endpoints/{} HTTP/1.1\r\nHost: bench\r\n"
      "Authorization: Bearer {}\r\n\r\n",
      endpoint, target.api_key);
  (void)ask(target, request);  // 204 has no body to read.
  sink.reset();
  return seen.distinct == expected;
}

/// A steady rate over many endpoints of which some never answer: how late the others hear.
Result<bool> measure_lag(const ServerProcess& server, Sink& sink, const Options& options) {
  const Target& target = server.target();
  for (int i = 0; i < receivers; ++i) {
    const std::string path = fmt::format("/{}/{}", i < hanging ? "hang" : "in", i);
    TRY(make_endpoint(
        target,
        fmt::format(
            R"({{"url":"{}","event_types":["transaction.executed"],"filter":{{"data.reference":"r{}"}}}})",
            sink.url(path), i)));
  }
  LoadPlan plan;
  plan.connections = 64;
  plan.warmup_seconds = 0;
  plan.seconds = options.seconds;
  plan.offered_per_second = offered_per_second;
  std::int64_t made = 0;
  const double cpu_before = server.usage().cpu_seconds;
  const LoadResult load = TRY(run_load(target, plan, [&](std::string& out) {
    out.clear();
    append_post(out, target, "/v1/transfers", {}, transfer(fmt::format("r{}", made++ % receivers)));
  }));
  std::int64_t expected = 0;
  for (std::int64_t i = 0; i < load.applied_with_warmup; ++i)
    expected += i % receivers < hanging ? 0 : 1;
  wait_for(sink, expected);
  const Sink::Seen seen = sink.seen();
  print_row(
      fmt::format("{:.0f}/s to {} endpoints, {} hang", offered_per_second, receivers, hanging),
      static_cast<double>(seen.distinct) / options.seconds, expected, seen,
      server.usage().cpu_seconds - cpu_before);
  return seen.distinct >= expected;
}

Result<int> run(const Options& options) {
  std::string folder = (std::filesystem::temp_directory_path() / "florin-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return failure("no temporary folder can be made");
  ::setenv("FLORIN_WEBHOOK_ALLOWED_HOSTS", "127.0.0.1", 1);
  double load = 0;
  ::getloadavg(&load, 1);
  std::cout << fmt::format("{} processors; load average before: {:.2f}\n\n", ::get_nprocs(), load);
  std::cout << "| scenario | delivered/s | lag p50 ms | p99 ms | max ms | missing | repeated | "
               "server CPU s |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  bool is_complete = true;
  {
    const auto sink = TRY(Sink::start());
    const ServerProcess server = TRY(ServerProcess::start(options.binary, folder));
    TRY(open_accounts(server.target()));
    is_complete &= TRY(measure_throughput(server, *sink, options));
    is_complete &= TRY(measure_lag(server, *sink, options));
  }
  std::filesystem::remove_all(folder);
  return is_complete ? 0 : 1;
}

}  // namespace
}  // namespace florin::bench

int main(int argc, char** argv) {
  florin::bench::Options options;
  CLI::App app{
      "Measures webhooks: deliveries a second, and the lag from a transfer to its receiver"};
  app.add_option("--florin", options.binary, "The florin binary")->envname("FLORIN_BIN");
  app.add_option("--seconds", options.seconds, "Seconds of the steady rate")
      ->check(CLI::Range(1, 600));
  app.add_option("--backlog", options.backlog, "Deliveries of the closed row")
      ->check(CLI::Range(100, 10'000'000));
  CLI11_PARSE(app, argc, argv);
  const auto code = florin::bench::run(options);
  if (code) return *code;
  std::cerr << "florin-webhooks: " << code.error().detail << "\n";
  return 2;
}
