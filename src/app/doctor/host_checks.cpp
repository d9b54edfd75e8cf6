#include "app/doctor/host_checks.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "access/settings.h"
#include "app/data/open_database.h"
#include "app/exposure.h"
#include "base/clock.h"
#include "hub/settings.h"
#include "platform/http/tls.h"
#include "webhooks/settings.h"

namespace florin::app {
namespace {

constexpr std::uintmax_t low_disk_bytes = 1ull << 30;
constexpr std::int64_t low_memory_kib = 256 << 10;
constexpr Timestamp earliest_plausible{
    1'735'689'600'000'000};  // 2025-01-01: older means an unset clock.
constexpr std::int64_t slow_flush_us = 20'000;
constexpr int flushes = 5;
/// Database, log and webhooks, beside clients' connections.
constexpr rlim_t files_of_its_own = 1'024;
constexpr std::int64_t short_validity_us = 7LL * 86'400 * 1'000'000;

void check_clock(const Clock& clock, DoctorReport& report) {
  const Timestamp now = clock.now();
  if (now < earliest_plausible) {
    report.bad("clock", now.rfc3339(), "Set the host's clock (NTP): ids and times come from it.");
  } else {
    report.good("clock", now.rfc3339());
  }
}

bool check_disk(const Config& config, DoctorReport& report) {
  std::error_code fault;
  const auto space = std::filesystem::space(config.data_dir, fault);
  if (fault) {
    report.bad("data folder", config.data_dir + ": " + fault.message(),
               "Start `florin serve` once, or set data.dir to a folder that can be made.");
    return false;
  }
  const std::string free = fmt::format("{} MiB free in {}", space.available >> 20, config.data_dir);
  if (space.available < low_disk_bytes) {
    report.bad("disk", free,
               "Make room: below 1 GiB a busy day can fill the disk, and then writes answer 503.");
  } else {
    report.good("disk", free);
  }
  return true;
}

/// The time of one flush of 4 KiB, the middle of a few; negative when the folder cannot be written.
std::int64_t flush_us(const std::string& folder) {
  std::string path = folder + "/doctor.XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) return -1;
  ::unlink(path.c_str());
  std::array<std::int64_t, flushes> times{};
  const std::string page(4'096, 'x');
  bool is_written = true;
  for (std::int64_t& time : times) {
    const auto start = std::chrono::steady_clock::now();
    is_written = is_written &&
                 ::write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
                 ::fdatasync(file) == 0;
    time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 start)
               .count();
  }
  ::close(file);
  std::sort(times.begin(), times.end());
  return is_written ? times[flushes / 2] : -1;
}

void check_flush(const Config& config, DoctorReport& report) {
  // Whoever looks at a copy of somebody else's need not write it: the database check says so.
  if (is_read_only(config)) return;
  const std::int64_t time_us = flush_us(config.data_dir);
  const std::string found = fmt::format("a flush takes {} us", time_us);
  if (time_us < 0) {
    report.bad("flush", config.data_dir + " cannot be written",
               "Give the user of the server the data folder.");
  } else if (time_us > slow_flush_us) {
    report.doubtful("flush", found,
                    "Each commit waits for one: a disk with a write cache that survives a power "
                    "cut, or a local SSD, makes everything faster.");
  } else {
    report.good("flush", found);
  }
}

void check_open_files(const Config& config, DoctorReport& report) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto needed = static_cast<rlim_t>(config.http.max_connections) + files_of_its_own;
  const std::string found = fmt::format("{} may be open, {} are needed for {} connections",
                                        limit.rlim_cur, needed, config.http.max_connections);
  if (limit.rlim_cur < needed) {
    report.doubtful(
        "open files", found,
        "Raise it (LimitNOFILE= of systemd, ulimit -n), or lower http.max_connections.");
  } else {
    report.good("open files", found);
  }
}

/// In KiB; 0 when the system does not tell.
std::int64_t available_memory_kib() {
  std::ifstream in("/proc/meminfo");
  std::string name, unit;
  std::int64_t value = 0;
  while (in >> name >> value) {
    if (name == "MemAvailable:") return value;
    std::getline(in, unit);
  }
  return 0;
}

void check_memory(DoctorReport& report) {
  const std::int64_t available = available_memory_kib();
  const std::string found = fmt::format("{} MiB available", available >> 10);
  if (available > 0 && available < low_memory_kib) {
    report.doubtful("memory", found, "Make room: a server under load takes some hundred MiB.");
  } else {
    report.good("memory", found);
  }
}

void check_listening(const Config& config, DoctorReport& report) {
  const std::string& host = config.http.host;
  const std::string where = shown_address({host, config.http.port});
  if (config.http.tls) {
    report.good("listening", where + ", with TLS");
  } else if (is_loopback(host)) {
    report.good("listening", where);
  } else {
    report.doubtful("listening", where + ", without TLS",
                    "Keys travel readable: set http.tls_certificate and http.tls_key, or listen on "
                    "127.0.0.1 behind nginx (deploy/nginx), or on a private network alone.");
  }
}

void check_certificate(const Config& config, const Clock& clock, DoctorReport& report) {
  if (!config.http.tls) return;
  const auto loaded = http::TlsContext::load(*config.http.tls, clock.now());
  if (!loaded) {
    return report.bad("TLS certificate", loaded.error().detail,
                      "Put PEM files there that belong together; a running server takes them up.");
  }
  const std::string found = "expires at " + (*loaded)->expires_at().rfc3339();
  if ((*loaded)->expires_at().us - clock.now().us < short_validity_us) {
    report.doubtful("TLS certificate", found, "Renew it; a running server takes up new files.");
  } else {
    report.good("TLS certificate", found);
  }
}

void check_rate_limit(const Config& config, DoctorReport& report) {
  if (config.get<access::Settings>().rate_limit_per_second == 0) {
    report.doubtful("rate limit", "new keys have none",
                    "Set access.rate_limit_per_second, so that one client cannot take it all.");
  } else {
    report.good("rate limit", fmt::format("{} a second for a new key",
                                          config.get<access::Settings>().rate_limit_per_second));
  }
}

void check_secret(std::string_view what, const Secret& secret, DoctorReport& report) {
  if (secret.empty()) return;
  if (is_published(secret)) {
    report.doubtful(what, "everybody knows it: it is the sandbox's",
                    "Take one from `openssl rand -hex 32`.");
  } else {
    report.good(what, "set");
  }
}

void check_secret_key(const Config& config, DoctorReport& report) {
  const std::string path = config.data_dir + "/secret.key";
  struct stat state {};
  if (!config.encryption_key.empty()) {
    report.good("secret key", "from the configuration");
  } else if (::stat(path.c_str(), &state) != 0) {
    report.doubtful("secret key", "there is none at " + path,
                    "The first start of a new ledger makes it. Once something is sealed no start "
                    "makes another: put the one that it was sealed with there (docs/runbook.md).");
  } else if ((state.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    report.bad("secret key", fmt::format("{} has mode {:04o}", path, state.st_mode & 07777),
               "Others can read it: chmod 600, and rotate what was sealed with it if they did.");
  } else {
    report.good("secret key", path + ", readable by its owner alone");
  }
}

}  // namespace

void check_host(const Config& config, const Clock& clock, DoctorReport& report) {
  check_clock(clock, report);
  if (check_disk(config, report)) check_flush(config, report);
  check_open_files(config, report);
  check_memory(report);
}

void check_settings(const Config& config, const Clock& clock, DoctorReport& report) {
  check_listening(config, report);
  check_certificate(config, clock, report);
  check_rate_limit(config, report);
  check_secret_key(config, report);
  check_secret("HMAC_SECRET", config.get<hub::Settings>().hmac_secret, report);
  check_secret("OPERATOR_HMAC_SECRET", config.get<hub::Settings>().operator_secret, report);
  check_secret("WEBHOOK_SECRET", config.get<webhooks::Settings>().game_server.secret, report);
}

}  // namespace florin::app
