// florin-wallet: measures the wallet API with signed debits, over our ledger or over the sandbox's
// Operator. See docs/performance.md.
#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "base/try.h"
#include "bench/account_picker.h"
#include "bench/failure.h"
#include "bench/server_process.h"
#include "platform/crypto/hash.h"
#include "platform/json/value.h"

namespace florin::bench {
namespace {

constexpr const char* secret = "a secret of the benchmark";
constexpr std::int64_t opening_minor = 1'000'000'00;

struct Options {
  std::string binary = "build/release/bin/florin";
  std::string operator_url;
  std::uint32_t players = 20'000;
  double seconds = 8;
  std::string only;  ///< Measures only the rows whose name contains this.
};

struct Scenario {
  std::string name;
  int connections = 64;
  double offered = 0;  // Requests a second of an open loop; 0: closed.
};

/// Makes signed calls, each with a key and round of its own.
class Calls {
 public:
  Calls(const Target& target, std::uint32_t players, Random& random)
      : target_(target), picker_(players, 1, random), random_(random) {
    run_ = fmt::format("{:x}", random());
  }

  void credit(std::string& out, std::uint32_t player) {
    make(out, "credit", player, opening_minor);
  }
  void debit(std::string& out) { make(out, "debit", picker_.pick(random_), 1); }

 private:
  void make(std::string& out, std::string_view what, std::uint32_t player, std::int64_t minor) {
    const std::string number = fmt::format("{}-{}", run_, ++count_);
    const std::string body =
        fmt::format(R"({{"playerId":"p{}","amountCents":{},"currency":"EUR","refId":"round-{}"}})",
                    player, minor, number);
    const std::string at = std::to_string(std::time(nullptr));
    const crypto::Sha256 digest = crypto::hmac_sha256(secret, body + at);
    out.clear();
    fmt::format_to(std::back_inserter(out),
                   "POST /wallet/{} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
                   "Idempotency-Key: {}-{}\r\nX-Timestamp: {}\r\nX-Signature: {}\r\n"
                   "Content-Length: {}\r\n\r\n{}",
                   what, target_.host, what, number, at, crypto::to_hex(crypto::bytes_of(digest)),
                   body.size(), body);
  }

  const Target& target_;
  AccountPicker picker_;
  Random& random_;
  std::string run_;
  std::int64_t count_ = 0;
};

Result<void> fund(const Target& target, const Options& options, Calls& calls) {
  std::uint32_t next = 0;
  LoadPlan plan;
  plan.connections = 64;
  plan.warmup_seconds = 0;
  plan.seconds = 120;
  plan.max_requests = options.players;
  const LoadResult funded =
      TRY(run_load(target, plan, [&](std::string& out) { calls.credit(out, next++); }));
  if (funded.applied_with_warmup != options.players)
    return failure(fmt::format("only {} of {} players could be funded", funded.applied_with_warmup,
                               options.players));
  return {};
}

double ms(const Histogram& latency, double percent) {
  return static_cast<double>(latency.percentile_ns(percent)) / 1e6;
}

Result<bool> measure(const ServerProcess& server, const Scenario& scenario, const Options& options,
                     Calls& calls) {
  LoadPlan plan;
  plan.connections = scenario.connections;
  plan.seconds = options.seconds;
  plan.warmup_seconds = 2;
  plan.offered_per_second = scenario.offered;
  const double cpu_before = server.usage().cpu_seconds;
  const LoadResult load =
      TRY(run_load(server.target(), plan, [&](std::string& out) { calls.debit(out); }));
  const ServerProcess::Usage usage = server.usage();
  std::cout << fmt::format(
                   "| {} | {} | {:.0f} | {:.2f} | {:.2f} | {:.2f} | {} | {} | {} | {:.1f} | {} |",
                   scenario.name, scenario.connections, load.per_second(), ms(load.latency, 50),
                   ms(load.latency, 99), static_cast<double>(load.latency.max_ns()) / 1e6,
                   load.refused, load.failed, load.dropped, usage.cpu_seconds - cpu_before,
                   usage.peak_rss_kib / 1024)
            << std::endl;
  return load.refused + load.failed == 0;
}

std::vector<Scenario> scenarios(bool with_operator) {
  if (with_operator) return {{"operator debits", 128}, {"operator debits", 256}};
  return {{"internal debits", 64},
          {"internal debits, open loop 5,000/s", 256, 5'000},
          {"internal debits", 256}};
}

Result<int> run(const Options& options) {
  ::setenv("HMAC_SECRET", secret, 1);
  ::setenv("OPERATOR_RATE_PER_MINUTE", "0", 1);
  if (!options.operator_url.empty()) ::setenv("OPERATOR_BASE_URL", options.operator_url.c_str(), 1);
  std::string folder = (std::filesystem::temp_directory_path() / "florin-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return failure("no temporary folder can be made");
  double load = 0;
  ::getloadavg(&load, 1);
  std::cout
      << fmt::format("{} processors; load average before: {:.2f}; {} players, zipf 1\n\n",
                     ::get_nprocs(), load, options.players)
      << "| scenario | connections | debits/s | p50 ms | p99 ms | max ms | refused | failed | "
         "dropped | server CPU s | peak MiB |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
      << std::endl;
  bool is_clean = true;
  {
    const ServerProcess server = TRY(ServerProcess::start(options.binary, folder));
    Random random(20'261'121);
    Calls calls(server.target(), options.players, random);
    // The simulated Operator opens its players with money.
    if (options.operator_url.empty()) TRY(fund(server.target(), options, calls));
    for (const Scenario& scenario : scenarios(!options.operator_url.empty())) {
      if (scenario.name.find(options.only) == std::string::npos) continue;
      is_clean = TRY(measure(server, scenario, options, calls)) && is_clean;
    }
  }
  int verified = 0;
  std::cout << "\n"
            << output_of(fmt::format("'{}' verify --data '{}'", options.binary, folder), verified);
  std::filesystem::remove_all(folder);
  return is_clean && verified == 0 ? 0 : 1;
}

}  // namespace
}  // namespace florin::bench

int main(int argc, char** argv) {
  florin::bench::Options options;
  CLI::App app{"Measures the wallet API with signed debits"};
  app.add_option("--florin", options.binary, "The florin binary")->envname("FLORIN_BIN");
  app.add_option("--operator", options.operator_url,
                 "Operator mode: base URL of a florin sandbox (default: internal mode)");
  app.add_option("--players", options.players, "Players to fund")->check(CLI::Range(10, 1'000'000));
  app.add_option("--seconds", options.seconds, "Measured seconds of each row")
      ->check(CLI::Range(1, 600));
  app.add_option("--only", options.only, "Measure only the rows whose name contains this");
  CLI11_PARSE(app, argc, argv);
  const auto code = florin::bench::run(options);
  if (code) return *code;
  std::cerr << "florin-wallet: " << code.error().detail << "\n";
  return 2;
}
