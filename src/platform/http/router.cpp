#include "platform/http/router.h"

#include <algorithm>
#include <cassert>

namespace florin::http {
namespace {

bool serves(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

void add_method(std::vector<std::string_view>& methods, std::string_view method) {
  if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
}

std::string joined(const std::vector<std::string_view>& methods) {
  std::string out;
  for (const std::string_view method : methods) {
    if (!out.empty()) out += ", ";
    out += method;
  }
  return out;
}

}  // namespace

Router::Router(Routes routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) {
    Pattern pattern{&route, split(route.pattern)};
    const std::size_t length = pattern.segments.size();
    assert(!has(pattern));
    if (by_length_.size() <= length) by_length_.resize(length + 1);
    by_length_[length].push_back(std::move(pattern));
  }
  for (auto& patterns : by_length_) {
    std::stable_sort(patterns.begin(), patterns.end(), more_specific);
  }
}

Router::Match Router::find(std::string_view method, const std::vector<std::string_view>& segments,
                           std::vector<std::pair<std::string, std::string>>& path_params) const {
  path_params.clear();
  if (segments.size() >= by_length_.size()) return {};
  std::vector<std::string_view> allowed;
  for (const Pattern& pattern : by_length_[segments.size()]) {
    if (!fits(pattern, segments)) continue;
    if (!serves(*pattern.route, method)) {
      add_method(allowed, pattern.route->method);
      if (pattern.route->method == "GET") add_method(allowed, "HEAD");
      continue;
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const Segment& segment = pattern.segments[i];
      if (segment.is_param) path_params.emplace_back(segment.text, segments[i]);
    }
    return {pattern.route, ""};
  }
  if (!allowed.empty()) add_method(allowed, "OPTIONS");
  return {nullptr, joined(allowed)};
}

/// Whether a route with that method already takes exactly the same paths.
bool Router::has(const Pattern& wanted) const {
  const auto same_segment = [](const Segment& a, const Segment& b) {
    return a.is_param == b.is_param && (a.is_param || a.text == b.text);
  };
  if (wanted.segments.size() >= by_length_.size()) return false;
  const auto& patterns = by_length_[wanted.segments.size()];
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& each) {
    return each.route->method == wanted.route->method &&
           std::equal(each.segments.begin(), each.segments.end(), wanted.segments.begin(),
                      same_segment);
  });
}

std::vector<Router::Segment> Router::split(std::string_view pattern) {
  assert(pattern.starts_with('/'));
  std::vector<Segment> segments;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const std::size_t slash = std::min(pattern.find('/', at + 1), pattern.size());
    const std::string_view part = pattern.substr(at + 1, slash - at - 1);
    const bool is_param = part.starts_with('{') && part.ends_with('}');
    segments.push_back({std::string(is_param ? part.substr(1, part.size() - 2) : part), is_param});
    at = slash;
  }
  return segments;
}

bool Router::more_specific(const Pattern& a, const Pattern& b) {
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    if (a.segments[i].is_param != b.segments[i].is_param) return b.segments[i].is_param;
  }
  return false;
}

bool Router::fits(const Pattern& pattern, const std::vector<std::string_view>& segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = pattern.segments[i];
    // A parameter is never empty: "/v1/accounts/" is no account.
    if (segment.is_param ? segments[i].empty() : segment.text != segments[i]) return false;
  }
  return true;
}

}  // namespace florin::http
