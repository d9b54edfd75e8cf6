#pragma once
#include <string>

namespace florin::cache {

/// How limits or values are kept.
struct Sharing {
  bool is_remote = false;  ///< They are meant to be shared with other nodes.
  bool is_shared = false;  ///< They are, now.
  std::string detail;      ///< Why not, a sentence without secrets; empty when all is as meant.
};

}  // namespace florin::cache
