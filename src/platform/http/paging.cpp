#include <algorithm>
#include <charconv>

#include "platform/http/route.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::http {
namespace {

constexpr int max_limit = 200;

struct CursorTag {
  static constexpr std::string_view prefix = "cur";
};
using Cursor = Id<CursorTag>;

FieldError in_query(std::string_view name, std::string_view rule, std::string detail) {
  return {std::string("#/query/").append(name), rule, std::move(detail)};
}

void read_limit(std::string_view text, Page& page, std::vector<FieldError>& problems) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.limit);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    problems.push_back(in_query("limit", "must_be_integer", "limit must be an integer"));
  } else if (text.starts_with('-') || text.find_first_not_of('0') == std::string_view::npos) {
    problems.push_back(in_query("limit", "too_small", "limit must be at least 1"));
  } else if (error != std::errc() || page.limit > max_limit) {
    problems.push_back(in_query("limit", "too_large", "limit must be at most 200"));
  }
}

void read_cursor(std::string_view text, Page& page, std::vector<FieldError>& problems) {
  if (const auto cursor = Cursor::parse(text)) {
    page.before = cursor->value;
  } else {
    problems.push_back(
        in_query("cursor", "malformed", "cursor must be a next_cursor that a list has given"));
  }
}

}  // namespace

Result<Page> parse_page(const Request& request) {
  Page page;
  std::vector<FieldError> problems;
  if (const auto limit = request.query_param("limit")) read_limit(*limit, page, problems);
  if (const auto cursor = request.query_param("cursor")) read_cursor(*cursor, page, problems);
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return page;
}

Response list_response(const std::vector<std::string>& rows, std::int64_t next) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("data").begin_array();
  for (const std::string& row : rows) writer.raw(row);
  writer.end_array().member("has_more", next != 0).key("next_cursor");
  if (next != 0) {
    writer.value(cursor_of(next));
  } else {
    writer.null();
  }
  writer.end_object();
  return response;
}

std::string cursor_of(std::int64_t id) { return Cursor{id}.str(); }

Result<void> reject_unknown_query(const Request& request,
                                  std::initializer_list<std::string_view> known) {
  std::vector<FieldError> problems;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : request.query_params) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      problems.push_back(in_query(name, "unknown_parameter", "the route has no such parameter"));
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      problems.push_back(in_query(name, "repeated_parameter", "the parameter may stand only once"));
    }
    seen.push_back(name);
  }
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return {};
}

}  // namespace florin::http
