#pragma once
#include <string>

namespace florin::config {
struct Section;
}

namespace florin::ledger {

/// The module's part of the configuration.
struct Settings {
  std::string anchor_file;  ///< Empty: anchor.json in the data folder.
};

/// How the configuration fills them.
config::Section settings_section();

}  // namespace florin::ledger
