#include "base/secret.h"

namespace florin {

Secret::~Secret() {
  volatile char* bytes = value_.data();
  for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
}

}  // namespace florin
