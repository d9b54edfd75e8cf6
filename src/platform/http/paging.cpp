#include <algorithm>
#include <charconv>

#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/http/route.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::http {
namespace {

struct CursorTag {
  static constexpr std::string_view prefix = "cur";
};
using Cursor = Id<CursorTag>;

FieldError in_query(std::string_view name, std::string_view rule, std::string detail) {
  return {std::string("#/query/").append(name), rule, std::move(detail)};
}

void read_limit(std::string_view text, PageRequest& page, std::vector<FieldError>& problems) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.limit);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    problems.push_back(in_query("limit", "must_be_integer", "must be an integer"));
  } else if (text.starts_with('-') || text.find_first_not_of('0') == std::string_view::npos) {
    problems.push_back(in_query("limit", "too_small", "must be at least 1"));
  } else if (error != std::errc() || page.limit > PageRequest::max_limit) {
    problems.push_back(in_query("limit", "too_large", "must be at most 200"));
  }
}

/// The one spelling of a parameter's value, whichever way it is given.
std::string plain_value(const QueryParam* param, const std::string& value) {
  if (param && param->kind == QueryParam::Kind::time) {
    if (const auto at = Timestamp::parse(value)) return std::to_string(at->us);
  }
  if (param && param->kind == QueryParam::Kind::integer) {
    std::int64_t number = 0;
    const char* end = value.data() + value.size();
    if (std::from_chars(value.data(), end, number).ptr == end) return std::to_string(number);
  }
  return value;
}

const QueryParam* declared(const Request& request, std::string_view name) {
  if (!request.known_query) return nullptr;
  const auto found = std::find_if(request.known_query->begin(), request.known_query->end(),
                                  [&](const QueryParam& param) { return param.name == name; });
  return found == request.known_query->end() ? nullptr : &*found;
}

/// Tells lists apart: the path and every parameter that chooses or orders rows, by what it means.
std::string list_tag(const Request& request) {
  constexpr std::size_t tag_bytes = 4;
  auto params = request.query_params;
  std::sort(params.begin(), params.end());
  std::string list = request.path;
  for (const auto& [name, value] : params) {
    const QueryParam* param = declared(request, name);
    const bool is_default = param && !param->by_default.empty() && value == param->by_default;
    if (name != "limit" && name != "cursor" && !is_default)
      list.append(1, '\0').append(name).append(1, '=').append(plain_value(param, value));
  }
  const crypto::Sha256 digest = crypto::sha256(list);
  return crypto::to_hex(crypto::bytes_of(digest).substr(0, tag_bytes));
}

void read_cursor(const Request& request, std::string_view text, PageRequest& page,
                 std::vector<FieldError>& problems) {
  const std::string tag = list_tag(request);
  const bool fits = text.ends_with(tag);
  const auto cursor = fits ? Cursor::parse(text.substr(0, text.size() - tag.size())) : std::nullopt;
  if (cursor) {
    page.before = cursor->value;
  } else {
    problems.push_back(in_query(
        "cursor", "malformed",
        "must be a next_cursor that this list has given, with parameters that mean the same"));
  }
}

}  // namespace

Result<PageRequest> parse_page(const Request& request) {
  PageRequest page;
  std::vector<FieldError> problems;
  if (const auto limit = request.query_param("limit")) read_limit(*limit, page, problems);
  if (const auto cursor = request.query_param("cursor"))
    read_cursor(request, *cursor, page, problems);
  if (!problems.empty()) return json::validation_error(std::move(problems));
  const Window created = TRY(parse_created(request));
  page.created_after = created.from;
  page.created_before = created.to;
  return page;
}

Result<std::optional<Timestamp>> parse_time(const Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<Timestamp>();
  const auto at = Timestamp::parse(*text);
  if (at) return at;
  return json::validation_error(
      {in_query(name, "must_be_timestamp", std::string(Timestamp::rule))});
}

Result<Window> parse_window(const Request& request, std::string_view from, std::string_view to) {
  const Window window{TRY(parse_time(request, from)), TRY(parse_time(request, to))};
  if (!window.from || !window.to || *window.from < *window.to) return window;
  return json::validation_error(
      {in_query(to, "not_after_start", "must be after " + std::string(from))});
}

Result<Window> parse_created(const Request& request) {
  return parse_window(request, "created_after", "created_before");
}

Error detail::wrong_word(std::string_view name, const std::vector<std::string_view>& words) {
  return json::validation_error({in_query(name, "unknown_value", must_be_one_of(words))});
}

Result<std::optional<bool>> query_flag(const Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<bool>();
  if (*text == "true" || *text == "false") return std::optional(*text == "true");
  return detail::wrong_word(name, {"true", "false"});
}

QueryParam flag_param(const char* name) { return {name, {"true", "false"}}; }

std::string cursor_of(const Request& request, std::int64_t id) {
  return Cursor{id}.str() + list_tag(request);
}

void write_next(json::Writer& writer, const Request& request, std::int64_t next) {
  writer.member("has_more", next != 0).key("next_cursor");
  if (next != 0) {
    writer.value(cursor_of(request, next));
  } else {
    writer.null();
  }
}

Response list_response(const Request& request, const std::vector<std::string>& rows,
                       std::int64_t next) {
  Response response;
  json::Writer writer(response.body);
  writer.begin_object().key("data").begin_array();
  for (const std::string& row : rows) writer.raw(row);
  writer.end_array();
  write_next(writer, request, next);
  writer.end_object();
  return response;
}

}  // namespace florin::http
