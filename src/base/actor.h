#pragma once
#include <string>

#include "base/id.h"

namespace florin {

/// On whose behalf something is done; recorded in the events that it writes.
struct Actor {
  TenantId tenant;
  std::string name = "system";  ///< "key_…", "partner:acme", "configuration", "system".
  std::string request_id = {};  ///< Empty for background work.
};

}  // namespace florin
