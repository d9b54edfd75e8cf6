// florin-replay: posts a file of card payments through the API, then checks every balance against
// sums that come straight from the file. See docs/performance.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <vector>

#include "base/timestamp.h"
#include "bench/failure.h"
#include "bench/server_process.h"
#include "platform/json/value.h"

namespace florin::bench {
namespace {

struct Options {
  std::string binary = "build/release/bin/florin";
  std::string csv;
  std::string data_dir;
  int connections = 64;
};

struct Payment {
  std::int64_t id = 0, ts = 0, customer = 0, terminal = 0, cents = 0;
};

/// What the file says each account must hold in the end; computed from the file alone.
struct Expected {
  std::map<std::int64_t, std::int64_t> spent_by_customer, taken_by_terminal;
  std::int64_t skipped_zero = 0;
};

Result<std::vector<Payment>> read_payments(std::istream& in) {
  std::vector<Payment> payments;
  std::string line;
  std::getline(in, line);
  if (!line.starts_with("tx_id,ts,customer_id,terminal_id,amount_cents"))
    return failure("the file has other columns");
  while (std::getline(in, line)) {
    Payment payment;
    const char* at = line.data();
    const char* const end = line.data() + line.size();
    for (std::int64_t* field :
         {&payment.id, &payment.ts, &payment.customer, &payment.terminal, &payment.cents}) {
      const auto [next, fault] = std::from_chars(at, end, *field);
      if (fault != std::errc()) return failure("bad line: " + line);
      at = next == end ? end : next + 1;
    }
    payments.push_back(payment);
  }
  return payments;
}

/// The ledger moves positive amounts only; payments of nothing are counted and left out.
Expected expect(std::vector<Payment>& payments) {
  Expected expected;
  for (const Payment& payment : payments) {
    expected.spent_by_customer[payment.customer] += payment.cents;
    expected.taken_by_terminal[payment.terminal] += payment.cents;
    expected.skipped_zero += payment.cents == 0 ? 1 : 0;
  }
  std::erase_if(payments, [](const Payment& payment) { return payment.cents == 0; });
  return expected;
}

std::string customer_code(std::int64_t id) { return "customer:" + std::to_string(id); }
std::string terminal_code(std::int64_t id) { return "terminal:" + std::to_string(id); }

std::string account_json(std::string_view code, std::string_view type) {
  return fmt::format(R"({{"code":"{}","type":"{}","currency":"EUR"{}}})", code, type,
                     type == "liability" ? R"(,"min_balance":0)" : "");
}

std::string transfer_json(std::string_view debit, std::string_view credit, std::int64_t cents,
                          std::string_view more) {
  return fmt::format(
      R"({{"postings":[{{"debit":"{}","credit":"{}","amount":{},"currency":"EUR"}}]{}}})", debit,
      credit, cents, more);
}

/// Posts every body to the path under its key, again and again until each has been applied: the
/// keys make that safe.
Result<LoadResult> post_all(
    const Target& target, std::string_view path, int connections, std::size_t count,
    const std::function<void(std::size_t, std::string& key, std::string& body)>& make) {
  for (int round = 0; round < 5; ++round) {
    std::size_t next = 0;
    std::string key;
    std::string body;
    LoadPlan plan;
    plan.connections = connections;
    plan.warmup_seconds = 0;
    plan.seconds = 3'600;
    plan.max_requests = static_cast<std::int64_t>(count);
    LoadResult result = TRY(run_load(target, plan, [&](std::string& out) {
      key.clear();
      body.clear();
      make(next++, key, body);
      out.clear();
      append_post(out, target, path, key, body);
    }));
    if (result.applied == plan.max_requests) return result;
    std::cout << fmt::format("  round {}: {} refused, {} failed; again with the same keys\n",
                             round + 1, result.refused, result.failed);
  }
  return failure("not everything was applied in five rounds");
}

Result<void> open_and_fund(const Target& target, const Expected& expected) {
  std::vector<std::string> accounts{account_json("equity:issuer", "equity")};
  for (const auto& [id, spent] : expected.spent_by_customer)
    accounts.push_back(account_json(customer_code(id), "liability"));
  for (const auto& [id, taken] : expected.taken_by_terminal)
    accounts.push_back(account_json(terminal_code(id), "liability"));
  TRY(post_all(target, "/v1/accounts", 16, accounts.size(),
               [&](std::size_t i, std::string& key, std::string& body) {
                 key = "open-" + std::to_string(i);
                 body = accounts[i];
               }));
  std::vector<std::pair<std::int64_t, std::int64_t>> funds(expected.spent_by_customer.begin(),
                                                           expected.spent_by_customer.end());
  std::erase_if(funds, [](const auto& fund) { return fund.second == 0; });
  TRY(post_all(target, "/v1/transfers", 64, funds.size(),
               [&](std::size_t i, std::string& key, std::string& body) {
                 key = "fund-" + std::to_string(funds[i].first);
                 body = transfer_json("equity:issuer", customer_code(funds[i].first),
                                      funds[i].second, "");
               }));
  return {};
}

/// Reads every account back; returns how many hold something else than the file says.
Result<std::int64_t> count_wrong_balances(const Target& target, const Expected& expected) {
  std::vector<std::pair<std::string, std::int64_t>> wanted;
  // Each customer was given just what they spend.
  for (const auto& [id, spent] : expected.spent_by_customer)
    wanted.emplace_back(customer_code(id), 0);
  for (const auto& [id, taken] : expected.taken_by_terminal)
    wanted.emplace_back(terminal_code(id), taken);
  std::size_t asked = 0;
  std::size_t answered = 0;
  std::int64_t wrong = 0;
  LoadPlan plan;
  plan.connections = 1;  // So that answers come in the order of the questions.
  plan.warmup_seconds = 0;
  plan.seconds = 600;
  plan.max_requests = static_cast<std::int64_t>(wanted.size());
  TRY(run_load(
      target, plan,
      [&](std::string& out) {
        out.clear();
        append_get(out, target, "/v1/accounts/" + wanted[asked++].first);
      },
      [&](int status, std::string_view body) {
        const auto account = json::parse(body);
        const json::Value* balance = account ? account->find("balance") : nullptr;
        const bool right = status == 200 && balance && balance->as_integer() &&
                           *balance->as_integer() == wanted[answered].second;
        if (!right) std::cout << fmt::format("  wrong balance of {}\n", wanted[answered].first);
        wrong += right ? 0 : 1;
        ++answered;
      }));
  return wrong + static_cast<std::int64_t>(wanted.size() - answered);
}

std::uintmax_t size_of_folder(const std::string& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) bytes += entry.file_size();
  return bytes;
}

double ms(const Histogram& latency, double percent) {
  return static_cast<double>(latency.percentile_ns(percent)) / 1e6;
}

Result<int> run(Options options) {
  std::ifstream file;
  if (options.csv != "-") file.open(options.csv);
  auto payments = TRY(read_payments(options.csv == "-" ? std::cin : file));
  const Expected expected = expect(payments);
  std::cout << fmt::format(
      "{} payments of {} customers at {} terminals; {} of nothing are left out\n", payments.size(),
      expected.spent_by_customer.size(), expected.taken_by_terminal.size(), expected.skipped_zero);
  const bool own_folder = options.data_dir.empty();
  if (own_folder) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "florin-replay-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return failure("no temporary folder can be made");
    options.data_dir = pattern;
  }
  std::filesystem::create_directories(options.data_dir);
  std::int64_t wrong = 0;
  {
    ServerProcess server = TRY(ServerProcess::start(options.binary, options.data_dir));
    TRY(open_and_fund(server.target(), expected));
    const LoadResult posted = TRY(post_all(
        server.target(), "/v1/transfers", options.connections, payments.size(),
        [&](std::size_t i, std::string& key, std::string& body) {
          const Payment& payment = payments[i];
          key = "card-" + std::to_string(payment.id);
          body = transfer_json(
              customer_code(payment.customer), terminal_code(payment.terminal), payment.cents,
              R"(,"effective_at":")" + Timestamp{payment.ts * 1'000'000}.rfc3339() + "\"");
        }));
    const ServerProcess::Usage usage = server.usage();
    std::cout << fmt::format(
        "posted {} payments in {:.1f} s over {} connections: {:.0f}/s, p50 {:.2f} ms, p99 {:.2f} "
        "ms, max {:.0f} ms\n",
        posted.applied, posted.seconds, options.connections, posted.per_second(),
        ms(posted.latency, 50), ms(posted.latency, 99),
        static_cast<double>(posted.latency.max_ns()) / 1e6);
    std::cout << fmt::format("server: {:.0f} CPU s, {} MiB resident, {} MiB at its peak\n",
                             usage.cpu_seconds, usage.rss_kib / 1024, usage.peak_rss_kib / 1024);
    wrong = TRY(count_wrong_balances(server.target(), expected));
    std::cout << fmt::format("{} of {} balances differ from the file\n", wrong,
                             expected.spent_by_customer.size() + expected.taken_by_terminal.size());
  }
  std::cout << fmt::format("{} MiB on disk\n", size_of_folder(options.data_dir) >> 20);
  int verified = 0;
  std::cout << output_of(fmt::format("'{}' verify --data '{}'", options.binary, options.data_dir),
                         verified);
  if (own_folder) std::filesystem::remove_all(options.data_dir);
  return wrong == 0 && verified == 0 ? 0 : 1;
}

}  // namespace
}  // namespace florin::bench

int main(int argc, char** argv) {
  florin::bench::Options options;
  CLI::App app{
      "Replays card payments (CSV: tx_id,ts,customer_id,terminal_id,amount_cents,...) and checks "
      "every balance"};
  app.add_option("--florin", options.binary, "The florin binary")->envname("FLORIN_BIN");
  app.add_option("--csv", options.csv, "The file; - reads standard input")->required();
  app.add_option("--data", options.data_dir,
                 "Data folder to use and keep (default: a temporary one)");
  app.add_option("--connections", options.connections, "Connections")->check(CLI::Range(1, 1'000));
  CLI11_PARSE(app, argc, argv);
  const auto code = florin::bench::run(options);
  if (code) return *code;
  std::cerr << "florin-replay: " << code.error().detail << "\n";
  return 2;
}
