#include "access/settings.h"

#include "access/sessions.h"
#include "platform/config/settings.h"

namespace florin::access {

using config::number;

config::Section settings_section() {
  return config::section<Settings>(
      "access", {number("rate_limit_per_second", &Settings::rate_limit_per_second, {0, 1'000'000},
                        "Requests a second that a new API key may make",
                        {.env = "FLORIN_RATE_LIMIT", .help = "0 means no limit."})});
}

config::Section session_settings_section() {
  return config::section<SessionSettings>(
      "sessions",
      {number("idle_seconds", &SessionSettings::idle_seconds, {1, 604'800},
              "Without a request a browser's session ends after this time"),
       number("absolute_seconds", &SessionSettings::absolute_seconds, {1, 2'592'000},
              "However much it is used, it ends after this time"),
       config::word("secure_cookie", &SessionSettings::secure_cookie,
                    {{"by_proxy", SecureCookie::by_proxy}, {"always", SecureCookie::always}},
                    "When the session's cookie is Secure, sent over TLS only",
                    {.help = "by_proxy: where the proxy in front says X-Forwarded-Proto: https."})},
      nullptr, "FLORIN_SESSION_");
}

}  // namespace florin::access
