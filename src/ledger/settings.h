#pragma once
#include <string>

namespace florin::ledger {

/// The module's part of the configuration.
struct Settings {
  std::string anchor_file;  ///< Empty: anchor.json in the data folder.
};

}  // namespace florin::ledger
