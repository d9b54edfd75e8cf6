#include "hub/operator/answer_parts.h"

#include <utility>

#include "hub/errors.h"
#include "platform/http_client/http_client.h"

namespace florin::hub::operators {

Answer plain_answer(Meaning meaning) {
  Answer answer;
  answer.meaning = meaning;
  return answer;
}

Answer unknown_answer(std::string detail) {
  Answer answer;
  answer.detail = std::move(detail);
  return answer;
}

Answer refused_answer(const ErrorCode& code, std::string detail) {
  Answer answer;
  answer.meaning = Meaning::refused;
  answer.refusal = Error{code, std::move(detail)};
  return answer;
}

Result<json::Value> read_object(const http_client::Response& response) {
  if (response.is_cut_off) return Error{errors::operator_refused, "the answer is too long"};
  auto document = json::parse(response.body);
  if (!document || !document->as_object())
    return Error{errors::operator_refused,
                 "HTTP " + std::to_string(response.status) + " without a JSON object"};
  return document;
}

std::string_view text_member(const json::Value& object, std::string_view name) {
  constexpr std::size_t longest = 255;
  const json::Value* value = object.find(name);
  const std::string* text = value ? value->as_string() : nullptr;
  return text && text->size() <= longest ? std::string_view(*text) : std::string_view();
}

std::string join_url(std::string_view base_url, std::string_view path) {
  if (base_url.ends_with('/')) base_url.remove_suffix(1);
  return std::string(base_url).append(path);
}

}  // namespace florin::hub::operators
