#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/route.h"

namespace florin::http {

/// Finds the route of a path. Immutable after construction, so safe for concurrent use.
class Router {
 public:
  /// Two routes of one method that take the same paths are a bug of ours.
  explicit Router(Routes routes);

  struct Match {
    const Route* route = nullptr;  ///< Nothing: see `allow`.
    /// Methods that the path takes, for the Allow header; empty when no route has this path. Set
    /// when there is no route for the method.
    std::string allow;
  };
  /// GET serves HEAD. Fills `path_params` of the route found. Where patterns overlap, the one with
  /// a literal at the first difference wins among those that have the method.
  Match find(std::string_view method, const std::vector<std::string_view>& segments,
             std::vector<std::pair<std::string, std::string>>& path_params) const;

  const Routes& routes() const { return routes_; }
  /// Where a route of ours stands in routes().
  std::size_t index_of(const Route& route) const {
    return static_cast<std::size_t>(&route - routes_.data());
  }

 private:
  struct Segment {
    std::string text;  ///< The literal, or the parameter's name.
    bool is_param;
  };
  struct Pattern {
    const Route* route;
    std::vector<Segment> segments;
  };
  bool has(const Pattern& pattern) const;
  static std::vector<Segment> split(std::string_view pattern);
  static bool more_specific(const Pattern& a, const Pattern& b);
  static bool fits(const Pattern& pattern, const std::vector<std::string_view>& segments);

  Routes routes_;
  std::vector<std::vector<Pattern>>
      by_length_;  ///< By number of segments, the most specific first.
};

}  // namespace florin::http
