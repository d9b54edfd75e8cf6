#pragma once
#include <string_view>
#include <vector>

#include "base/error.h"
#include "platform/http/route.h"

namespace florin::app {

/// What any operation of this kind may be refused with, by its credential, method, body and key.
/// docs/api lists an operation's own refusals alone.
std::vector<ErrorCode> common_refusals(const http::Route& route);

/// What a status means to the caller, in one sentence.
std::string_view meaning_of_status(int status);

}  // namespace florin::app
