#include "hub/hub.h"

#include <algorithm>

namespace florin::hub {
bool Partner::allows(const Currency& currency) const {
  return std::find(currencies.begin(), currencies.end(), currency) != currencies.end();
}

}  // namespace florin::hub
