#include "app/doctor/doctor_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "platform/json/writer.h"

namespace florin::app {
namespace {

std::string_view word_of(DoctorReport::State state) {
  constexpr std::array<std::string_view, 3> words{"ok", "warning", "fault"};
  return words[static_cast<std::size_t>(state)];
}

std::string_view mark_of(DoctorReport::State state) {
  constexpr std::array<std::string_view, 3> marks{"ok", "look", "FAULT"};
  return marks[static_cast<std::size_t>(state)];
}

}  // namespace

bool DoctorReport::well() const {
  return std::none_of(entries_.begin(), entries_.end(),
                      [](const Entry& entry) { return entry.state == State::fault; });
}

std::string DoctorReport::text() const {
  std::string text;
  for (const Entry& entry : entries_) {
    text += fmt::format("{:6} {}: {}\n", mark_of(entry.state), entry.what, entry.found);
    if (!entry.advice.empty()) text += fmt::format("       {}\n", entry.advice);
  }
  return text + (well() ? "All is well.\n" : "Something needs attention.\n");
}

std::string DoctorReport::json() const {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().member("well", well()).key("findings").begin_array();
  for (const Entry& entry : entries_) {
    writer.begin_object()
        .member("what", entry.what)
        .member("state", word_of(entry.state))
        .member("found", entry.found)
        .member("advice", entry.advice)
        .end_object();
  }
  writer.end_array().end_object();
  return text + "\n";
}

}  // namespace florin::app
