// Reconciles two large files with the florin binary and checks that it finds what was injected.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <set>
#include <string>

#include "bench/failure.h"

namespace florin::bench {
namespace {

struct Options {
  std::string binary = "build/release/bin/florin";
  std::string folder;  ///< To use and keep; empty: a temporary one.
  std::int64_t rows = 1'000'000;
  std::int64_t mismatches = 600;
};

/// "AMOUNT_MISMATCH t-17"
using Mismatches = std::set<std::string>;

constexpr std::array<std::string_view, 6> kinds{"MISSING_IN_OPERATOR", "MISSING_IN_HUB",
                                                "AMOUNT_MISMATCH",     "CURRENCY_MISMATCH",
                                                "STATUS_MISMATCH",     "DUPLICATE_IN_OPERATOR"};
constexpr std::string_view head =
    "transactionId,refId,type,playerId,roundId,currency,amount,status,processedAt\n";

/// What was injected at a row; empty: nothing.
std::string_view injected(const Options& options, std::int64_t row) {
  const std::int64_t step = std::max<std::int64_t>(1, options.rows / options.mismatches);
  if (row % step != 0 || row / step >= options.mismatches) return {};
  return kinds[static_cast<std::size_t>(row / step) % kinds.size()];
}

struct Line {
  std::int64_t row = 0, cents = 0;
  std::string_view currency = "KZT", status = "SUCCESS";
};

void append_line(std::string& out, const Line& line) {
  const std::int64_t second = line.row % 86'400;
  fmt::format_to(
      std::back_inserter(out),
      "t-{0:010},r-{0:010},{1},player-{2},round-{3},{4},{5}.{6:02},{7},2026-11-20T{8:02}:"
      "{9:02}:{10:02}Z\n",
      line.row, line.row % 3 == 0 ? "credit" : "debit", line.row % 50'021, line.row / 4,
      line.currency, line.cents / 100, line.cents % 100, line.status, second / 3'600,
      second / 60 % 60, second % 60);
}

void append_hub(const Options& options, std::int64_t row, std::string& out) {
  if (injected(options, row) == "MISSING_IN_HUB") return;
  append_line(out, {row, row * 7'919 % 1'000'000});
}

void append_operator(const Options& options, std::int64_t row, std::string& out) {
  const std::string_view kind = injected(options, row);
  Line line{row, row * 7'919 % 1'000'000};
  if (kind == "MISSING_IN_OPERATOR") return;
  if (kind == "AMOUNT_MISMATCH") ++line.cents;
  if (kind == "CURRENCY_MISMATCH") line.currency = "USD";
  if (kind == "STATUS_MISMATCH") line.status = "FAILED";
  append_line(out, line);
  if (kind == "DUPLICATE_IN_OPERATOR") append_line(out, line);
}

/// Rows in a scattered order: each once, since the stride and the count have no common divisor.
template <class Append>
Result<void> write_side(const Options& options, const std::string& path, std::int64_t stride,
                        const Append& append) {
  while (std::gcd(stride, options.rows) != 1) ++stride;
  std::ofstream file(path, std::ios::binary);
  std::string block(head);
  for (std::int64_t i = 0, row = 0; i < options.rows; ++i, row = (row + stride) % options.rows) {
    append(options, row, block);
    if (block.size() < (1 << 20)) continue;
    file << block;
    block.clear();
  }
  file << block;
  file.close();
  if (!file) return failure(path + " cannot be written");
  return {};
}

struct Measured {
  int exit_code = -1;
  double seconds = 0, cpu_seconds = 0;
  long peak_rss_kib = 0;
};

Result<Measured> reconcile(const Options& options, const std::string& folder) {
  const std::string left = folder + "/hub.csv";
  const std::string right = folder + "/operator.csv";
  const std::string out = folder + "/reports";
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int output = ::open((folder + "/output.txt").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(output, STDOUT_FILENO);
    ::execl(options.binary.c_str(), "florin", "reconcile", "--left", left.c_str(), "--right",
            right.c_str(), "--out", out.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child)
    return failure("the reconciliation cannot be started");
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return Measured{WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                  seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), usage.ru_maxrss};
}

Mismatches expected_mismatches(const Options& options) {
  Mismatches all;
  for (std::int64_t row = 0; row < options.rows; ++row) {
    const std::string_view kind = injected(options, row);
    if (!kind.empty()) all.insert(fmt::format("{} t-{:010}", kind, row));
  }
  return all;
}

Result<Mismatches> reported_mismatches(const std::string& folder) {
  Mismatches all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      const std::size_t comma = line.find(',');
      const std::size_t second = line.find(',', comma + 1);
      const std::string found =
          line.substr(0, comma) + " " + line.substr(comma + 1, second - comma - 1);
      if (!all.insert(found).second) return failure("the report has twice: " + found);
    }
  }
  return all;
}

Result<int> run(Options options) {
  const bool own_folder = options.folder.empty();
  if (own_folder) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "florin-reconcile-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return failure("no temporary folder can be made");
    options.folder = pattern;
  }
  std::filesystem::create_directories(options.folder);
  std::filesystem::remove_all(options.folder + "/reports");
  TRY(write_side(options, options.folder + "/hub.csv", 1, append_hub));
  TRY(write_side(options, options.folder + "/operator.csv", 611'953, append_operator));
  const Measured measured = TRY(reconcile(options, options.folder));
  if (measured.exit_code != 1)
    return failure(fmt::format("florin reconcile ended with {}", measured.exit_code));
  const Mismatches expected = expected_mismatches(options);
  const Mismatches reported = TRY(reported_mismatches(options.folder + "/reports"));
  std::cout << fmt::format(
      "{0} against {0} rows: {1:.2f} s, {2:.2f} CPU s, {3} MiB resident at its peak\n",
      options.rows, measured.seconds, measured.cpu_seconds, measured.peak_rss_kib / 1'024);
  std::cout << fmt::format("{} mismatches injected, {} reported: {}\n", expected.size(),
                           reported.size(), expected == reported ? "the same" : "NOT THE SAME");
  if (own_folder) std::filesystem::remove_all(options.folder);
  return expected == reported ? 0 : 1;
}

}  // namespace
}  // namespace florin::bench

int main(int argc, char** argv) {
  florin::bench::Options options;
  CLI::App app{
      "Reconciles two files of many rows and checks that exactly the injected mismatches are "
      "found"};
  app.add_option("--florin", options.binary, "The florin binary")->envname("FLORIN_BIN");
  app.add_option("--rows", options.rows, "Rows of each side")
      ->check(CLI::Range(1'000, 1'000'000'000));
  app.add_option("--mismatches", options.mismatches, "Mismatches to inject")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--dir", options.folder, "Folder to use and keep (default: a temporary one)");
  CLI11_PARSE(app, argc, argv);
  const auto code = florin::bench::run(options);
  if (code) return *code;
  std::cerr << "florin-reconcile: " << code.error().detail << "\n";
  return 2;
}
