#pragma once
#include <optional>
#include <string>

#include "access/sessions.h"
#include "base/secret.h"
#include "platform/http/message.h"

namespace florin::access {

/// The token in the request's cookie `florin_session`. Nothing when there is none, when a header
/// Authorization speaks for the request instead, or when there are several: one of them may have
/// been planted by a neighbouring site.
std::optional<Secret> session_token_of(const http::Request& request);

/// The header that gives the cookie to the browser, or takes it back.
http::Header cookie_with(const Secret& token, const http::Request& request, SecureCookie secure);
http::Header cookie_without_token();

}  // namespace florin::access
