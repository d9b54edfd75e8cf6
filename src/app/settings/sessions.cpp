#include "app/settings/kinds.h"
#include "app/settings/modules.h"

namespace florin::app::setting {

std::vector<Setting> of_sessions() {
  using access::SecureCookie;
  constexpr std::array<std::pair<std::string_view, SecureCookie>, 2> cookies{
      {{"by_proxy", SecureCookie::by_proxy}, {"always", SecureCookie::always}}};
  return {
      number<std::int64_t>(
          "sessions.idle_seconds", "FLORIN_SESSION_IDLE_SECONDS",
          "Without a request a browser's session ends after this time, 1 to 604800.", 1, 604'800,
          [](Config& c) -> std::int64_t& { return c.sessions.idle_seconds; }),
      number<std::int64_t>("sessions.absolute_seconds", "FLORIN_SESSION_ABSOLUTE_SECONDS",
                           "However much it is used, it ends after this time, 1 to 2592000.", 1,
                           2'592'000,
                           [](Config& c) -> std::int64_t& { return c.sessions.absolute_seconds; }),
      word<SecureCookie>(
          "sessions.secure_cookie", "FLORIN_SESSION_SECURE_COOKIE",
          "When the session's cookie is Secure, sent over TLS only: by_proxy (where the "
          "proxy in front says X-Forwarded-Proto: https) or always.",
          cookies, [](Config& c) -> SecureCookie& { return c.sessions.secure_cookie; }),
  };
}

}  // namespace florin::app::setting
