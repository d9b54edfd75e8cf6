#include "access/session_cookie.h"

#include <algorithm>
#include <string_view>

namespace florin::access {
namespace {

constexpr std::string_view cookie_name = "florin_session";
constexpr std::string_view attributes = "; Path=/; HttpOnly; SameSite=Strict";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Adds the tokens in one header: "a=1; florin_session=…".
void read_cookies(std::string_view header, std::vector<std::string_view>& tokens) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view cookie = trimmed(header.substr(0, end));
    const std::size_t equals = std::min(cookie.find('='), cookie.size());
    if (cookie.substr(0, equals) == cookie_name && equals < cookie.size())
      tokens.push_back(cookie.substr(equals + 1));
    header.remove_prefix(std::min(end + 1, header.size()));
  }
}

/// The first proxy stands first in the list.
bool came_by_tls(const http::Request& request) {
  return request.header("X-Forwarded-Proto").value_or("").starts_with("https");
}

}  // namespace

std::optional<Secret> session_token_of(const http::Request& request) {
  if (request.header("Authorization")) return std::nullopt;
  const auto header = request.header("Cookie");
  if (!header) return std::nullopt;
  std::vector<std::string_view> tokens;
  read_cookies(*header, tokens);
  if (tokens.size() != 1 || tokens.front().empty()) return std::nullopt;
  return Secret(std::string(tokens.front()));
}

http::Header cookie_with(const Secret& token, const http::Request& request, SecureCookie secure) {
  std::string value(cookie_name);
  value.append("=").append(token.reveal()).append(attributes);
  if (secure == SecureCookie::always || came_by_tls(request)) value += "; Secure";
  return {"Set-Cookie", std::move(value)};
}

http::Header cookie_without_token() {
  return {"Set-Cookie", std::string(cookie_name).append("=").append(attributes) + "; Max-Age=0"};
}

}  // namespace florin::access
