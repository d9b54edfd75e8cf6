#pragma once
#include <memory>
#include <ostream>
#include <string>

#include "base/result.h"

namespace florin::app {

/// From here on what this process makes is for its owner alone, whatever the umask was: files 0600,
/// folders 0700. For the start of the program.
void keep_files_private();

/// Makes the folder, and those above it, where they are missing. Errors: store_unavailable.
Result<void> make_private_folder(const std::string& path);

/// Whether this process may write there.
bool is_writable(const std::string& path);

/// A file for its owner alone to be written from its beginning; one that is there loses the
/// permissions of others. Not good when it cannot be written.
std::unique_ptr<std::ostream> private_file(const std::string& path);

}  // namespace florin::app
