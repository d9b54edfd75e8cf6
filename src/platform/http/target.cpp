#include "platform/http/target.h"

#include <algorithm>
#include <optional>

#include "platform/http/errors.h"
#include "platform/http/text.h"

namespace florin::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class PlusIs { itself, space };

/// Appends `text` with its %XX decoded; false when one is broken.
bool append_decoded(std::string& out, std::string_view text, PlusIs plus) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusIs::space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return true;
}

Error malformed(std::string_view what) {
  return Error{errors::malformed_request, std::string("the request target ").append(what)};
}

/// "/path?query" is itself; of "http://host/path?query" it is what follows the host, perhaps
/// nothing.
std::optional<std::string_view> path_and_query(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::string scheme = lower_case(target.substr(0, 8));
  std::size_t host = 0;
  if (scheme.starts_with("http://")) host = 7;
  if (scheme.starts_with("https://")) host = 8;
  if (host == 0) return std::nullopt;
  return target.substr(std::min(target.find_first_of("/?", host), target.size()));
}

Result<void> read_path(std::string_view raw, Request& request,
                       std::vector<std::string_view>& segments) {
  request.path.clear();
  request.path.reserve(raw.size());
  segments.clear();
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t slash = std::min(raw.find('/', at + 1), raw.size());
    request.path += '/';
    const std::size_t begin = request.path.size();
    if (!append_decoded(request.path, raw.substr(at + 1, slash - at - 1), PlusIs::itself)) {
      return malformed("has a broken percent-encoding");
    }
    // Decoding never lengthens, so the reserved buffer stays where it is.
    segments.push_back(std::string_view(request.path).substr(begin));
    at = slash;
  }
  if (!is_printable_utf8(request.path)) {
    return malformed("must be UTF-8 without control characters");
  }
  return {};
}

Result<void> read_query(std::string_view raw, Request& request) {
  request.query.assign(raw);
  request.query_params.clear();
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t end = std::min(raw.find('&', at), raw.size());
    const std::string_view pair = raw.substr(at, end - at);
    at = end + 1;
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name, value;
    const std::string_view raw_value = equals < pair.size() ? pair.substr(equals + 1) : "";
    if (!append_decoded(name, pair.substr(0, equals), PlusIs::space) ||
        !append_decoded(value, raw_value, PlusIs::space)) {
      return malformed("has a broken percent-encoding in its query");
    }
    if (!is_printable_utf8(name) || !is_printable_utf8(value)) {
      return malformed("must have a query of UTF-8 without control characters");
    }
    request.query_params.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

Result<void> parse_target(std::string_view target, Request& request,
                          std::vector<std::string_view>& segments) {
  const auto rest = path_and_query(target);
  if (!rest) return malformed("must begin with '/'");
  if (target.find('#') != std::string_view::npos) return malformed("must not have a fragment");
  const std::size_t question = std::min(rest->find('?'), rest->size());
  const std::string_view path = question == 0 ? "/" : rest->substr(0, question);
  if (auto read = read_path(path, request, segments); !read) {
    request.path.clear();  // What is not text must not reach the log.
    return std::move(read).error();
  }
  return read_query(question < rest->size() ? rest->substr(question + 1) : "", request);
}

}  // namespace florin::http
