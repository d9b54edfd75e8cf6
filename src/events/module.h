#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/modules/module.h"

namespace florin::events {
class EventLog;
class EventTypes;

/// Provides EventLog.
modules::Module module();
std::span<const sql::Migration> migrations();

/// GET /v1/events, GET /v1/events/{id}.
http::Routes routes(EventLog& log, const EventTypes& types);

}  // namespace florin::events
