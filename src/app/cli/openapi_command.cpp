#include "app/cli/openapi_command.h"

#include "app/application.h"
#include "app/docs_routes.h"
#include "base/try.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"

namespace florin::app {

Result<std::string> openapi_text(const Clock& clock) {
  // The routes are a server's: it is built over an empty database, and not started.
  const auto database = TRY(sql::open("sqlite::memory:"));
  Application application(*database, clock, Config(), Secret("nothing is sealed with it"));
  return json::serialize(api_document(application.routes()).content);
}

}  // namespace florin::app
