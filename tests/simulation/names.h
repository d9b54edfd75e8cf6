#pragma once
#include <functional>
#include <map>
#include <regex>
#include <string>

#include "generator.h"

namespace florin::simulation {

/// Real ids and cursors, and the placeholders that stand for them in steps.
class Names {
 public:
  void learn(const Step& step, const Answer& answer);
  std::string hide(const std::string& text) const;
  std::string show(const std::string& text) const;
  /// The request with everything in it changed that may hold a name.
  template <class Change>
  static Request changed(Request request, const Change& change) {
    request.path = change(request.path);
    request.body = change(request.body);
    for (auto& [name, value] : request.params) value = change(value);
    return request;
  }

 private:
  void take(const Value* value, const std::string& name);
  std::map<std::string, std::string> placeholders_, reals_;
};

/// The request as a person reads it.
std::string shown(const Request& request);

}  // namespace florin::simulation
