#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/modules/module.h"

namespace florin::access {
class Access;
class KeyAuthenticator;
class Sessions;

/// Provides Access, Sessions and KeyAuthenticator.
modules::Module module();
std::span<const sql::Migration> migrations();

struct SessionParts {
  Access& access;
  KeyAuthenticator& authenticator;
  Sessions& sessions;
};
/// POST /v1/sessions, GET and DELETE /v1/sessions/current.
http::Routes session_routes(const SessionParts& parts);

}  // namespace florin::access
