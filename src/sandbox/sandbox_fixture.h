#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "platform/http_client/http_client.h"
#include "platform/json/value.h"
#include "sandbox/sandbox.h"

namespace florin::sandbox {

inline constexpr std::string_view first_secret = "operator-shared-secret";
inline constexpr std::string_view second_secret = "operator-secret-of-the-rotation";
inline constexpr std::string_view webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
inline constexpr std::string_view hub_secret = "hub-secret";

/// Time as the vectors have it.
inline constexpr Timestamp vector_time{1'732'104'000'000'000};

/// An answer read as JSON; null when it is none.
struct Answer {
  int status = 0;
  json::Value body;
  http_client::Response raw;

  std::string text(std::string_view member) const;
  std::int64_t number(std::string_view member) const;
};

Options options_for_tests();

/// A sandbox on free ports, and callers who know its secrets.
class SandboxFixture {
 public:
  explicit SandboxFixture(const Options& options = options_for_tests());

  /// A signed call of the operator's own dialect; a new requestId each time. `body` is that of the
  /// call without its requestId and braces.
  Answer wallet(std::string_view operation, std::string_view body);
  Answer list(std::string_view query);
  Answer evenbet(std::string_view body);
  /// An unsigned call of the control.
  Answer control(std::string_view method, std::string_view path, std::string_view body = "");
  void add_fault(std::string_view rule);

  Answer send(http_client::Request request);
  http_client::Request request(std::string_view method, std::string_view path,
                               std::string_view body) const;
  std::string operator_url() const;
  std::string rgs_url() const;

  FakeClock clock{vector_time};
  http_client::HttpClient client{{}};
  Sandbox sandbox;

 private:
  std::atomic<int> requests_{0};
};

}  // namespace florin::sandbox
