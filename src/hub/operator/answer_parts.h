#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/operator/operator_client.h"
#include "platform/json/value.h"

namespace florin::http_client {
struct Response;
}

/// What reading an answer takes in every dialect.
namespace florin::hub::operators {

/// Nothing but its meaning.
Answer plain_answer(Meaning meaning);
Answer unknown_answer(std::string detail);
Answer refused_answer(const ErrorCode& code, std::string detail);

/// The answer's body as a JSON object.
/// Errors: operator_refused, with what is wrong in the detail; the body is never quoted.
Result<json::Value> read_object(const http_client::Response& response);

/// A text member; empty when there is none, or nothing that is a text of at most 255 bytes.
std::string_view text_member(const json::Value& object, std::string_view name);

/// `base_url` without a slash at its end, and `path`.
std::string join_url(std::string_view base_url, std::string_view path);

}  // namespace florin::hub::operators
