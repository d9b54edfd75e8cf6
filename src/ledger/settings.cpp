#include "ledger/settings.h"

#include "platform/config/settings.h"

namespace florin::ledger {

config::Section settings_section() {
  return config::section<Settings>(
      "anchor", {config::optional_text(
                    "file", &Settings::anchor_file,
                    "File in which the server keeps the signed end of the books; best on another "
                    "disk. Default: anchor.json in the data folder")});
}

}  // namespace florin::ledger
