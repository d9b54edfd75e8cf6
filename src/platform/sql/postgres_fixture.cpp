#include "platform/sql/postgres_fixture.h"

#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace florin::sql {
namespace {

/// What a command prints, without the line's end; empty when it fails.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {};
  std::string text;
  char piece[256];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe))
    text.append(piece, count);
  const bool is_good = pclose(pipe) == 0;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return is_good ? text : std::string();
}

/// A server on a unix socket in a temporary folder.
class PrivateServer {
 public:
  PrivateServer() {
    folder_ = output_of("mktemp -d /tmp/florin-test-XXXXXX");
    url = output_of(fmt::format("exec {} start {} fsync=off 2>/dev/null", script, folder_));
  }
  ~PrivateServer() { (void)output_of(fmt::format("{} stop {}", script, folder_)); }
  bool restart() { return std::system(fmt::format("{} restart {}", script, folder_).c_str()) == 0; }

  std::string url;

 private:
  static constexpr std::string_view script = FLORIN_SOURCE_DIR "/scripts/postgres";
  std::string folder_;
};

const char* given_url() { return std::getenv("FLORIN_TEST_POSTGRES"); }

PrivateServer& private_server() {
  static PrivateServer server;
  return server;
}

void run_script(const std::string& sql) {
  PostgresOptions options;
  options.url = test_postgres_url();
  auto database = open_postgres(options);
  ASSERT_TRUE(database) << database.error().detail;
  const auto outcome = (*database)->write([&](Tx& tx) { return tx.exec_script(sql); });
  ASSERT_TRUE(outcome) << outcome.error().detail;
}

}  // namespace

const std::string& test_postgres_url() {
  static const std::string url = given_url() ? given_url() : private_server().url;
  return url;
}

bool restart_test_postgres() { return !given_url() && private_server().restart(); }

PostgresTestStore::PostgresTestStore() {
  static std::atomic<int> last = 0;
  schema_ = fmt::format("t{}_{}", getpid(), ++last);
  run_script("CREATE SCHEMA " + schema_);
  const std::string& base = test_postgres_url();
  const char separator = base.find('?') == std::string::npos ? '?' : '&';
  options.url = fmt::format("{}{}options=-csearch_path%3D{}", base, separator, schema_);
}

PostgresTestStore::~PostgresTestStore() { run_script("DROP SCHEMA " + schema_ + " CASCADE"); }

}  // namespace florin::sql
