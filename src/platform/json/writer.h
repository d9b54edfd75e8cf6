#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace florin::json {

/// Writes JSON straight into a string, without a tree: for answers and event payloads.
/// Commas are set by the writer; the caller pairs begin and end.
///
///   Writer w(out);
///   w.begin_object().member("id",
///   id).key("tags").begin_array().value("a").end_array().end_object();
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);  ///< `name` needs no escaping: our own constants.

  Writer& value(std::string_view text);  ///< Escaped.
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(std::int64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  Writer& value(bool flag);
  Writer& null();
  Writer& raw(std::string_view json);  ///< A finished JSON value.

  template <class T>
  Writer& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  Writer& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

 private:
  void separate();
  std::string& out_;
  bool first_ = true;
};

/// Appends `text` as a JSON string with its quotes.
void append_string(std::string& out, std::string_view text);

}  // namespace florin::json
