#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace florin::app {

/// What the doctor found, in order.
class DoctorReport {
 public:
  enum class State : std::uint8_t { ok, warning, fault };
  struct Entry {
    State state = State::ok;
    std::string what, found;
    std::string advice;  ///< Empty when all is well.
  };

  void good(std::string_view what, const std::string& found) { add(State::ok, what, found, ""); }
  /// It works, but will not always, or not as well as it could.
  void doubtful(std::string_view what, const std::string& found, std::string_view advice) {
    add(State::warning, what, found, advice);
  }
  void bad(std::string_view what, const std::string& found, std::string_view advice) {
    add(State::fault, what, found, advice);
  }
  /// Warnings do not count.
  bool well() const;
  std::string text() const;
  std::string json() const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void add(State state, std::string_view what, const std::string& found, std::string_view advice) {
    entries_.push_back({state, std::string(what), found, std::string(advice)});
  }
  std::vector<Entry> entries_;
};

}  // namespace florin::app
