#include "platform/http/identity.h"

#include <algorithm>
#include <random>

namespace florin::http {
namespace {

constexpr std::string_view base32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view hex = "0123456789abcdef";

void append_digits(std::string& out, std::uint64_t value, int count, std::string_view alphabet) {
  const int bits = alphabet.size() == 32 ? 5 : 4;
  out.append(static_cast<std::size_t>(count), '0');
  for (auto digit = out.rbegin(); count > 0; ++digit, --count, value >>= bits) {
    *digit = alphabet[value & (alphabet.size() - 1)];
  }
}

bool is_request_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_hex(std::string_view text) { return text.find_first_not_of(hex) == std::string_view::npos; }
bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

/// Source: W3C Trace Context, section 3.2. A later version may be longer, after one more dash.
bool is_traceparent(std::string_view text) {
  if (text.size() < 55) return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view span = text.substr(36, 16);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  if (!is_hex(version) || version == "ff") return false;
  if (text.size() > 55 && (version == "00" || text[55] != '-')) return false;
  return is_hex(trace) && !is_zero(trace) && is_hex(span) && !is_zero(span) &&
         is_hex(text.substr(53, 2));
}

}  // namespace

IdentitySource::IdentitySource() {
  std::random_device device;
  state_ = static_cast<std::uint64_t>(device()) << 32 | device();
}

void IdentitySource::identify(Request& request) {
  std::string_view parent;
  request.request_id.clear();
  request.traceparent.clear();
  if (const auto id = request.header("X-Request-Id"); id && is_request_id(*id)) {
    request.request_id = *id;
  } else {
    make_request_id(request, request.request_id);
  }
  if (const auto header = request.header("traceparent")) parent = *header;
  make_traceparent(parent, request.traceparent);
}

/// SplitMix64 (Steele, Lea, Flood 2014): a few instructions a number.
std::uint64_t IdentitySource::next() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

void IdentitySource::make_request_id(const Request& request, std::string& out) {
  out += "req_";
  append_digits(out, static_cast<std::uint64_t>(request.received_at.us / 1'000), 9, base32);
  append_digits(out, next(), 10, base32);
}

void IdentitySource::make_traceparent(std::string_view parent, std::string& out) {
  const bool has_parent = is_traceparent(parent);
  out += "00-";
  if (has_parent) {
    out += parent.substr(3, 32);
  } else {
    append_digits(out, next() | 1, 16, hex);  // A trace or span of zeros alone is not valid.
    append_digits(out, next(), 16, hex);
  }
  out += '-';
  append_digits(out, next() | 1, 16, hex);
  // We record no spans of our own yet: the caller's decision to sample travels on unchanged.
  const bool sampled = has_parent && (hex.find(parent[54]) & 1) != 0;
  out += sampled ? "-01" : "-00";
}

std::string_view trace_id_of(std::string_view traceparent) { return traceparent.substr(3, 32); }

}  // namespace florin::http
