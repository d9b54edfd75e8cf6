// florin-bench: starts a server of its own and measures it over HTTP. See docs/performance.md.
#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "bench/account_picker.h"
#include "bench/failure.h"
#include "bench/server_process.h"
#include "platform/json/value.h"

namespace florin::bench {
namespace {

struct Options {
  std::string binary = "build/release/bin/florin";
  std::string data_dir;
  std::string database_url;  ///< Empty: a SQLite file in the data folder.
  int nodes = 1;             ///< More than one: on PostgreSQL.
  std::uint32_t accounts = 100'000;
  double seconds = 10;
  bool quick = false;
  std::string only;  ///< Measures only the rows whose name contains this.
  std::string report;
};

constexpr std::int64_t opening_minor = 1'000'000'00;

/// One row of the report.
struct Scenario {
  std::string name;
  int connections = 64;
  double theta = 1;
  bool hot_account = false;
  int bulk = 1;        // Transfers in a request.
  double offered = 0;  // Requests a second of an open loop; 0: closed.
};

struct Measured {
  Scenario scenario;
  LoadResult load;
  double server_cpu_seconds = 0;
  std::int64_t peak_rss_kib = 0;
  bool books_agree = false;
};

std::string code_of(std::uint32_t account) { return "acc:" + std::to_string(account); }

void append_posting(std::string& out, std::string_view debit, std::string_view credit,
                    std::int64_t minor) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"postings":[{{"debit":"{}","credit":"{}","amount":{},"currency":"KZT"}}]}})",
                 debit, credit, minor);
}

/// Opens the accounts and gives each an opening balance, so that the floor of every transfer is
/// really checked.
Result<void> open_accounts(const Target& target, const Options& options) {
  std::uint32_t next = 0;
  std::string body;
  LoadPlan plan;
  plan.connections = 32;
  plan.warmup_seconds = 0;
  plan.seconds = 120;
  plan.max_requests = options.accounts + 1;
  const LoadResult opened = TRY(run_load(target, plan, [&](std::string& out) {
    out.clear();
    // The first is the treasury that funds the others.
    body = next == 0 ? R"({"code":"treasury","type":"asset","currency":"KZT"})"
                     : fmt::format(
                           R"({{"code":"{}","type":"liability","currency":"KZT","min_balance":0}})",
                           code_of(next));
    ++next;
    append_post(out, target, "/v1/accounts", {}, body);
  }));
  if (opened.applied_with_warmup != plan.max_requests)
    return failure("not every account could be opened");

  std::uint32_t funded = 0;
  plan.connections = 4;
  plan.max_requests = (options.accounts + 999) / 1'000;
  const LoadResult result = TRY(run_load(target, plan, [&](std::string& out) {
    out.clear();
    body = R"({"atomic":true,"transfers":[)";
    for (int i = 0; i < 1'000 && funded < options.accounts; ++i) {
      if (i > 0) body += ',';
      append_posting(body, "treasury", code_of(++funded), opening_minor);
    }
    body += "]}";
    append_post(out, target, "/v1/transfers/bulk", {}, body);
  }));
  if (result.applied_with_warmup != plan.max_requests)
    return failure("not every account could be funded");
  return {};
}

/// Debits and credits of all accounts so far: what every transfer adds its amount to.
Result<std::int64_t> turnover(const Target& target) {
  std::string request;
  append_get(request, target, "/v1/trial-balance");
  const std::string body = TRY(ask(target, request));
  const json::Value document = TRY(json::parse(body));
  const json::Array* currencies = document.find("currencies")->as_array();
  if (!currencies || currencies->size() != 1)
    return failure("the trial balance has not one currency");
  const json::Value& kzt = currencies->front();
  if (!*kzt.find("balanced")->as_bool()) return failure("the trial balance does not balance");
  return *kzt.find("debits")->as_integer();
}

/// Makes the requests of one scenario, each with an idempotency key that is used once.
class Requests {
 public:
  Requests(const Target& target, const Scenario& scenario, std::uint32_t accounts, Random& random)
      : target_(target),
        scenario_(scenario),
        picker_(accounts, scenario.theta, random),
        random_(random) {
    run_ = fmt::format("{:x}", random());
  }

  void make(std::string& out) {
    out.clear();
    body_.clear();
    if (scenario_.bulk == 1) {
      append_transfer();
    } else {
      body_ += R"({"atomic":true,"transfers":[)";
      for (int i = 0; i < scenario_.bulk; ++i) {
        if (i > 0) body_ += ',';
        append_transfer();
      }
      body_ += "]}";
    }
    key_.clear();
    fmt::format_to(std::back_inserter(key_), "{}-{}", run_, ++count_);
    append_post(out, target_, scenario_.bulk == 1 ? "/v1/transfers" : "/v1/transfers/bulk", key_,
                body_);
  }

 private:
  void append_transfer() {
    auto [debit, credit] = picker_.pick_two(random_);
    if (scenario_.hot_account && debit != picker_.busiest()) credit = picker_.busiest();
    append_posting(body_, code_of(debit + 1), code_of(credit + 1), 1);
  }

  const Target& target_;
  const Scenario& scenario_;
  AccountPicker picker_;
  Random& random_;
  std::string run_, body_, key_;
  std::int64_t count_ = 0;
};

/// The nodes that are measured, and all of them as one target.
struct Nodes {
  std::vector<ServerProcess> servers;
  Target target;

  /// Processor time together, and the largest peak.
  ServerProcess::Usage usage() const {
    ServerProcess::Usage sum;
    for (const ServerProcess& server : servers) {
      const auto usage = server.usage();
      sum.cpu_seconds += usage.cpu_seconds;
      sum.peak_rss_kib = std::max(sum.peak_rss_kib, usage.peak_rss_kib);
    }
    return sum;
  }
};

Result<Nodes> start_nodes(const Options& options) {
  Nodes nodes;
  nodes.servers.push_back(TRY(ServerProcess::start(options.binary, options.data_dir)));
  nodes.target = nodes.servers.front().target();
  for (int node = 1; node < options.nodes; ++node) {
    nodes.servers.push_back(TRY(nodes.servers.front().start_another(node)));
    nodes.target.ports.push_back(nodes.servers.back().target().ports.front());
  }
  return nodes;
}

Result<Measured> measure(const Nodes& nodes, const Scenario& scenario, const Options& options,
                         Random& random) {
  const Target& target = nodes.target;
  const std::int64_t before = TRY(turnover(target));
  const double cpu_before = nodes.usage().cpu_seconds;
  LoadPlan plan;
  plan.connections = scenario.connections;
  plan.seconds = options.seconds;
  plan.warmup_seconds = options.quick ? 0.5 : 2;
  plan.offered_per_second = scenario.offered;
  Requests requests(target, scenario, options.accounts, random);
  Measured measured{scenario,
                    TRY(run_load(target, plan, [&](std::string& out) { requests.make(out); })), 0,
                    0, false};
  const ServerProcess::Usage usage = nodes.usage();
  measured.server_cpu_seconds = usage.cpu_seconds - cpu_before;
  measured.peak_rss_kib = usage.peak_rss_kib;
  // Every applied request moved one minor unit for each of its transfers, and no other did.
  measured.books_agree =
      TRY(turnover(target)) - before == measured.load.applied_with_warmup * scenario.bulk;
  return measured;
}

double ms(const Histogram& latency, double percent) {
  return static_cast<double>(latency.percentile_ns(percent)) / 1e6;
}

std::string row(const Measured& m) {
  const LoadResult& load = m.load;
  return fmt::format(
      "| {} | {} | {:.0f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {} | {} | {} | {:.1f} | {} | {} |",
      m.scenario.name, m.scenario.connections, load.per_second() * m.scenario.bulk,
      ms(load.latency, 50), ms(load.latency, 99), ms(load.latency, 99.9),
      static_cast<double>(load.latency.max_ns()) / 1e6, load.refused, load.failed, load.dropped,
      m.server_cpu_seconds, m.peak_rss_kib / 1024, m.books_agree ? "yes" : "NO");
}

constexpr std::string_view table_head =
    "| scenario | connections | transfers/s | p50 ms | p99 ms | p99.9 ms | max ms | refused | "
    "failed | dropped | server "
    "CPU s | peak MiB | books agree |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- "
    "| --- | --- | --- |";

std::vector<Scenario> scenarios(bool quick) {
  std::vector<Scenario> all{{"single, zipf 1", 64, 1},
                            {"single, zipf 1", 256, 1},
                            {"bulk of 100, zipf 1", 4, 1, false, 100},
                            {"open loop 5,000/s, zipf 1", 256, 1, false, 1, 5'000}};
  if (quick) return all;
  const std::vector<Scenario> more{
      {"single, zipf 1", 1, 1},  {"single, zipf 1", 16, 1},
      {"single, zipf 0", 64, 0}, {"single, one hot account", 64, 0, true},
      {"single, zipf 2", 64, 2}, {"bulk of 100, zipf 0", 4, 0, false, 100}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

double machine_load() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

Result<int> run(Options options) {
  if (options.quick) options.seconds = std::min(options.seconds, 3.0);
  const bool own_folder = options.data_dir.empty();
  if (own_folder) {
    std::string pattern = (std::filesystem::temp_directory_path() / "florin-bench-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return failure("no temporary folder can be made");
    options.data_dir = pattern;
  }
  std::filesystem::create_directories(options.data_dir);
  // The server and the commands take it from there.
  if (!options.database_url.empty())
    ::setenv("FLORIN_DATABASE_URL", options.database_url.c_str(), 1);
  std::string report = fmt::format(
      "## {}, {} node{}\n\n{} processors; load average before: {:.2f}; {} accounts; {} s a row; "
      "durable "
      "commit (fsync) "
      "before every answer\n\n",
      options.database_url.empty() ? "SQLite" : "PostgreSQL", options.nodes,
      options.nodes == 1 ? "" : "s", ::get_nprocs(), machine_load(), options.accounts,
      options.seconds);
  std::cout << report << std::flush;
  int exit_code = 0;
  {
    const Nodes nodes = TRY(start_nodes(options));
    TRY(open_accounts(nodes.target, options));
    std::cout << table_head << std::endl;
    report += std::string(table_head) + "\n";
    Random random(20'261'121);
    for (const Scenario& scenario : scenarios(options.quick)) {
      if (scenario.name.find(options.only) == std::string::npos) continue;
      const Measured measured = TRY(measure(nodes, scenario, options, random));
      if (!measured.books_agree) exit_code = 1;
      std::cout << row(measured) << std::endl;
      report += row(measured) + "\n";
    }
  }
  int verified = 0;
  const std::string proof =
      output_of(fmt::format("'{}' verify --data '{}'", options.binary, options.data_dir), verified);
  std::cout << "\n" << proof;
  report += "\n" + proof;
  if (verified != 0) exit_code = 1;
  if (!options.report.empty()) std::ofstream(options.report) << report;
  if (own_folder) std::filesystem::remove_all(options.data_dir);
  return exit_code;
}

}  // namespace
}  // namespace florin::bench

int main(int argc, char** argv) {
  florin::bench::Options options;
  CLI::App app{"Measures Florin over HTTP: single and bulk transfers, closed and open loop"};
  app.add_option("--florin", options.binary, "The florin binary")->envname("FLORIN_BIN");
  app.add_option("--data", options.data_dir,
                 "Data folder to use and keep (default: a temporary one)");
  app.add_option("--db", options.database_url,
                 "URL of an empty PostgreSQL database to measure (default: SQLite)");
  app.add_option("--nodes", options.nodes, "Nodes that share the PostgreSQL database")
      ->check(CLI::Range(1, 8));
  app.add_option("--accounts", options.accounts, "Accounts to open")
      ->check(CLI::Range(10, 1'000'000));
  app.add_option("--seconds", options.seconds, "Measured seconds of each row")
      ->check(CLI::Range(1, 600));
  app.add_option("--report", options.report, "File for the report (Markdown)");
  app.add_option("--only", options.only, "Measure only the rows whose name contains this");
  app.add_flag("--quick", options.quick, "Four rows of three seconds");
  CLI11_PARSE(app, argc, argv);
  const auto code = florin::bench::run(options);
  if (code) return *code;
  std::cerr << "florin-bench: " << code.error().detail << "\n";
  return 2;
}
