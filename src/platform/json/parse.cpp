#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "platform/json/value.h"

namespace florin::json {
namespace {
namespace bj = boost::json;

using Member = std::pair<std::string, Value>;
using Members = std::vector<Member>;

// Up to here comparing every pair of keys is quicker than sorting them.
constexpr std::ptrdiff_t few_members = 16;
// Memory for values under construction that a thread keeps from one document to the next.
constexpr std::size_t kept_slots = 256;
constexpr std::size_t kept_text = 4'096;

constexpr std::string_view too_many = "an array or object has more members than allowed";
constexpr std::string_view too_large = "the document has more values than allowed";
constexpr std::string_view too_deep = "the nesting goes deeper than allowed";

bool has_duplicate_key(Members::const_iterator begin, Members::const_iterator end) {
  if (end - begin <= few_members) {
    for (auto later = begin; later != end; ++later) {
      for (auto earlier = begin; earlier != later; ++earlier) {
        if (earlier->first == later->first) return true;
      }
    }
    return false;
  }
  // Sorted, not hashed: no choice of keys makes this quadratic.
  std::vector<std::string_view> keys;
  keys.reserve(static_cast<std::size_t>(end - begin));
  for (auto member = begin; member != end; ++member) keys.emplace_back(member->first);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

/// Receives the parser's events and builds a Value. Values under construction lie on one stack,
/// each in a slot made when it begins; an array or object that ends takes the slots above its own
/// over in a single allocation of the right size.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  void start(const ParseLimits& limits) {
    levels_left_ = limits.max_depth;
    values_left_ = limits.max_values;
    max_open_ = limits.max_open_values;
  }
  /// Lets go of what a document left behind, but for a little room.
  void clear() {
    slots_.clear();
    if (slots_.capacity() > kept_slots) slots_ = {};
    text_.clear();
    if (text_.capacity() > kept_text) text_ = {};
    key_waits_ = false;
    refusal_ = {};
  }
  Value take() { return std::move(slots_.front().second); }
  /// The rule that the builder itself found broken; empty when the parser did.
  std::string_view refusal() const { return refusal_; }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }

  bool on_object_begin(bj::error_code& ec) { return open(ec); }
  bool on_object_end(std::size_t count, bj::error_code& ec) {
    const auto first = slots_.end() - static_cast<std::ptrdiff_t>(count);
    if (has_duplicate_key(first, slots_.end())) {
      return refuse(ec, "an object that has the same key twice ends");
    }
    Object members(std::make_move_iterator(first), std::make_move_iterator(slots_.end()));
    return close(count, std::move(members));
  }
  bool on_array_begin(bj::error_code& ec) { return open(ec); }
  bool on_array_end(std::size_t count, bj::error_code&) {
    Array items;
    items.reserve(count);
    for (auto slot = slots_.end() - static_cast<std::ptrdiff_t>(count); slot != slots_.end();
         ++slot) {
      items.push_back(std::move(slot->second));
    }
    return close(count, std::move(items));
  }

  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) { return append(part); }
  bool on_key(bj::string_view last, std::size_t, bj::error_code& ec) {
    if (slots_.size() >= max_open_) return refuse(ec, too_many);
    slots_.emplace_back(finish_text(last), nullptr);
    key_waits_ = true;
    return check_text(slots_.back().first, ec);
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) { return append(part); }
  bool on_string(bj::string_view last, std::size_t, bj::error_code& ec) {
    std::string text = finish_text(last);
    return check_text(text, ec) && add(std::move(text), ec);
  }

  // The document is one buffer, so the last call of a number has all of its characters.
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(std::int64_t number, bj::string_view, bj::error_code& ec) {
    return add(number, ec);
  }
  bool on_uint64(std::uint64_t, bj::string_view text, bj::error_code& ec) {
    return add(Decimal{std::string(text)}, ec);
  }
  bool on_double(double, bj::string_view text, bj::error_code& ec) {
    return add(Decimal{std::string(text)}, ec);
  }
  bool on_bool(bool flag, bj::error_code& ec) { return add(flag, ec); }
  bool on_null(bj::error_code& ec) { return add(nullptr, ec); }
  // The parser wants these; it calls them only when comments are allowed.
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  bool refuse(bj::error_code& ec, std::string_view rule) {
    refusal_ = rule;
    ec = bj::error::syntax;
    return false;
  }

  bool open(bj::error_code& ec) {
    if (levels_left_ == 0) return refuse(ec, too_deep);
    --levels_left_;
    return add(nullptr, ec);
  }
  /// Puts a finished array or object into its slot, below its `count` values.
  template <class Container>
  bool close(std::size_t count, Container&& finished) {
    slots_.erase(slots_.end() - static_cast<std::ptrdiff_t>(count), slots_.end());
    slots_.back().second = Value(std::forward<Container>(finished));
    ++levels_left_;
    return true;
  }

  template <class T>
  bool add(T&& value, bj::error_code& ec) {
    if (values_left_ == 0) return refuse(ec, too_large);
    --values_left_;
    if (key_waits_) {
      slots_.back().second = Value(std::forward<T>(value));
      key_waits_ = false;
    } else {
      if (slots_.size() >= max_open_) return refuse(ec, too_many);
      slots_.emplace_back(std::string(), std::forward<T>(value));
    }
    return true;
  }

  bool append(bj::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  std::string finish_text(bj::string_view last) {
    if (text_.empty()) return std::string(last);
    append(last);
    return std::exchange(text_, {});
  }
  bool check_text(const std::string& text, bj::error_code& ec) {
    // PostgreSQL's text cannot hold it, and C libraries would cut the value there.
    if (text.find('\0') == std::string::npos) return true;
    return refuse(ec, "text with the character U+0000 ends");
  }

  std::vector<Member> slots_;
  std::string text_;        // The earlier parts of a string that arrives in parts.
  bool key_waits_ = false;  // The top slot has its key and waits for its value.
  std::size_t levels_left_ = 0;
  std::size_t values_left_ = 0;
  std::size_t max_open_ = 0;
  std::string_view refusal_;
};

using Parser = bj::basic_parser<Builder>;

/// The parser of a thread is used again, also when memory ran out in the middle of a document.
struct Clearing {
  Builder& builder;
  ~Clearing() { builder.clear(); }
};

bj::parse_options parser_options() {
  bj::parse_options options;
  options.max_depth = deepest_nesting;
  return options;
}

std::string_view rule_of_syntax(std::string_view text, std::size_t position) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return "a byte order mark stands";
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte < 0x20) return "a control character that is not escaped stands";
  if (byte >= 0x80) return "bytes that are no UTF-8, or outside a string, stand";
  return "an unexpected character stands";
}

/// What is wrong where the parser stopped. Never quotes the document: it may hold secrets.
std::string_view rule_of(Parser& parser, std::string_view text, std::size_t position) {
  if (!parser.handler().refusal().empty()) return parser.handler().refusal();
  const bj::error_code error = parser.last_error();
  if (!error) return "something follows the document";
  if (error == bj::error::incomplete || position == text.size()) return "the document breaks off";
  if (error == bj::error::too_deep) return too_deep;
  if (error == bj::error::exponent_overflow) return "the exponent of a number is too large";
  if (error == bj::error::syntax) return rule_of_syntax(text, position);
  return "an escape that is no Unicode character stands";
}

Error refusal(Parser& parser, std::string_view text, std::size_t position) {
  std::string detail = "the text is not one JSON document: ";
  detail += rule_of(parser, text, position);
  detail += " at byte " + std::to_string(position);
  return Error{errors::malformed_json, std::move(detail)};
}

}  // namespace

Result<Value> parse(std::string_view text, ParseLimits limits) {
  thread_local Parser parser(parser_options());
  parser.reset();
  Builder& builder = parser.handler();
  const Clearing clearing{builder};
  builder.start(limits);

  bj::error_code error;
  const std::size_t position = parser.write_some(false, text.data(), text.size(), error);
  if (error || position < text.size()) return refusal(parser, text, position);
  return builder.take();
}

}  // namespace florin::json
