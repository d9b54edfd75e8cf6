#include "platform/http/wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "platform/http/text.h"

namespace florin::http {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Other";
  }
}

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// A value is sent without control characters: what a handler passes on cannot make a header of its
/// own.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const std::size_t begin = out.size();
  out += value;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_control, ' ');
  out += "\r\n";
}

void append_header(std::string& out, std::string_view name, std::int64_t value) {
  out.append(name).append(": ");
  append_number(out, value);
  out += "\r\n";
}

bool has_header(const Response& response, std::string_view name) {
  for (const Header& header : response.headers) {
    if (same_ignoring_case(header.name, name)) return true;
  }
  return false;
}

}  // namespace

void append_answer(std::string& out, const Response& response, const Envelope& envelope) {
  const bool has_content = response.status != 204 && response.status != 304;
  out += "HTTP/1.1 ";
  append_number(out, response.status);
  out.append(" ").append(reason_of(response.status)).append("\r\nDate: ").append(envelope.date);
  out += "\r\n";
  if (has_content && !response.content_type.empty()) {
    append_header(out, "Content-Type", response.content_type);
  }
  if (has_content)
    append_header(out, "Content-Length", static_cast<std::int64_t>(response.body.size()));
  out.append("X-Request-Id: ").append(envelope.request_id);
  out.append("\r\ntraceparent: ").append(envelope.traceparent);
  out += "\r\nX-Content-Type-Options: nosniff\r\n";
  if (!has_header(response, "Cache-Control")) out += "Cache-Control: no-store\r\n";
  if (response.status == 401) out += "WWW-Authenticate: Bearer\r\n";
  if (envelope.rate_limit) {
    append_header(out, "RateLimit-Limit", envelope.rate_limit->limit);
    append_header(out, "RateLimit-Remaining", envelope.rate_limit->remaining);
    append_header(out, "RateLimit-Reset", envelope.rate_limit->reset_s);
  }
  for (const Header& header : response.headers) append_header(out, header.name, header.value);
  if (envelope.close) out += "Connection: close\r\n";
  if (envelope.keep_alive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (has_content && !envelope.head_only) out += response.body;
}

std::string http_date(Timestamp time) {
  const std::time_t seconds = static_cast<std::time_t>(time.us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text;
  // Days and months are English here: nobody sets a locale for time.
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), length};
}

}  // namespace florin::http
