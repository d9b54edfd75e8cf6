#include "platform/sql/guarded.h"

#include <exception>

#include "platform/log/log.h"

namespace florin::sql {

Result<void> run_guarded(const Database::Work& work, Tx& tx) {
  try {
    return work(tx);
  } catch (const std::exception& fault) {
    log::error("a unit of work threw", {{"what", fault.what()}});
  } catch (...) {
    log::error("a unit of work threw", {{"what", "not a std::exception"}});
  }
  return Error{florin::errors::internal_error, "a unit of work failed unexpectedly"};
}

}  // namespace florin::sql
