#include "platform/json/codec.h"

#include <algorithm>

#include "platform/json/checks.h"

namespace florin::json {
namespace {

/// Nothing when the rule is kept.
bool is_told(Place& place, std::optional<BrokenRule> broken) {
  if (broken) place.problem(*std::move(broken));
  return broken.has_value();
}

Value integer(std::size_t number) { return static_cast<std::int64_t>(number); }

Object text_schema(const Limits& limits) {
  if (!limits.choices.empty()) return detail::words_schema(limits.choices);
  Object schema{{"type", "string"}};
  if (!limits.pattern.empty()) {
    schema.emplace_back("pattern", limits.pattern);
  } else {
    if (limits.text.min_length > 0)
      schema.emplace_back("minLength", integer(limits.text.min_length));
    if (limits.text.max_length != any_size)
      schema.emplace_back("maxLength", integer(limits.text.max_length));
  }
  return schema;
}

Object integer_schema(const Limits& limits) {
  Object schema{{"type", "integer"}};
  const IntegerRule any;
  if (limits.integer.min != any.min) schema.emplace_back("minimum", limits.integer.min);
  if (limits.integer.max != any.max) schema.emplace_back("maximum", limits.integer.max);
  return schema;
}

std::optional<std::string> read_text(const Value& value, Place& place) {
  if (!place.limits.choices.empty()) return detail::read_word(value, place, place.limits.choices);
  // Stored text may come from others' files, with whatever characters these hold.
  if (place.reading == Reading::stored && value.as_string()) return *value.as_string();
  if (is_told(place, broken_text_rule(value, place.limits.text))) return std::nullopt;
  return *value.as_string();
}

template <class Number>
std::optional<Number> read_integer(const Value& value, Place& place) {
  const IntegerRule wide = place.limits.integer;
  const IntegerRule rule{
      std::max(wide.min, static_cast<std::int64_t>(std::numeric_limits<Number>::min())),
      std::min(wide.max, static_cast<std::int64_t>(std::numeric_limits<Number>::max()))};
  if (is_told(place, broken_integer_rule(value, rule))) return std::nullopt;
  return static_cast<Number>(*value.as_integer());
}

std::optional<bool> read_bool(const Value& value, Place& place) {
  if (const bool* flag = value.as_bool()) return *flag;
  place.problem({"wrong_type", wrong_type_detail("boolean", value)});
  return std::nullopt;
}

std::optional<Currency> read_currency(const Value& value, Place& place) {
  const std::string* code = value.as_string();
  const auto currency = code ? Currency::parse(*code) : std::nullopt;
  if (!currency) {
    place.problem({"unknown_currency", "must be a currency code of ISO 4217, such as EUR"});
  }
  return currency;
}

std::optional<Timestamp> read_time(const Value& value, Place& place) {
  const std::string* text = value.as_string();
  const auto time = text ? Timestamp::parse(*text) : std::nullopt;
  if (!time) place.problem({"must_be_timestamp", std::string(Timestamp::rule)});
  return time;
}

std::optional<Secret> read_secret(const Value& value, Place& place) {
  auto text = read_text(value, place);
  if (!text) return std::nullopt;
  return Secret(*std::move(text));
}

Object secret_schema(const Limits& limits) {
  Object schema = text_schema(limits);
  schema.emplace_back("writeOnly", true);
  return schema;
}

}  // namespace

Limits Limits::unbounded(std::vector<std::string_view> choices) {
  return {{0, any_size}, {}, {0, any_size}, std::move(choices), {}};
}

Object schema_reference(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

void Place::problem(BrokenRule broken) {
  if (problems_.size() >= max_problems) return;
  problems_.push_back({pointer_, broken.rule, std::move(broken.detail)});
}

Place Place::item(std::size_t index) const {
  return {pointer_ + "/" + std::to_string(index), limits, reading, problems_};
}

Codec<std::string> codec_for(Of<std::string>) {
  return {read_text, [](Writer& writer, const std::string& text) { writer.value(text); },
          text_schema};
}

Codec<std::int64_t> codec_for(Of<std::int64_t>) {
  return {read_integer<std::int64_t>,
          [](Writer& writer, const std::int64_t& number) { writer.value(number); }, integer_schema};
}

Codec<int> codec_for(Of<int>) {
  return {read_integer<int>, [](Writer& writer, const int& number) { writer.value(number); },
          integer_schema};
}

Codec<bool> codec_for(Of<bool>) {
  return {read_bool, [](Writer& writer, const bool& flag) { writer.value(flag); },
          [](const Limits&) {
            return Object{{"type", "boolean"}};
          }};
}

Codec<Currency> codec_for(Of<Currency>) {
  return {read_currency,
          [](Writer& writer, const Currency& currency) { writer.value(currency.code()); },
          [](const Limits&) { return schema_reference("CurrencyCode"); }};
}

Codec<Timestamp> codec_for(Of<Timestamp>) {
  return {read_time, [](Writer& writer, const Timestamp& at) { writer.value(at.rfc3339()); },
          [](const Limits&) { return schema_reference("Time"); }};
}

Codec<Secret> codec_for(Of<Secret>) {
  return {read_secret, [](Writer& writer, const Secret&) { writer.null(); }, secret_schema};
}

namespace detail {

std::optional<std::string> read_word(const Value& value, Place& place,
                                     const std::vector<std::string_view>& words) {
  const std::string* text = value.as_string();
  if (text == nullptr) {
    place.problem({"wrong_type", wrong_type_detail("string", value)});
  } else if (std::find(words.begin(), words.end(), *text) == words.end()) {
    place.problem({"unknown_value", must_be_one_of(words)});
  } else {
    return *text;
  }
  return std::nullopt;
}

Object words_schema(const std::vector<std::string_view>& words) {
  return {{"type", "string"}, {"enum", Array(words.begin(), words.end())}};
}

Object id_schema(std::string_view prefix) {
  return {{"type", "string"}, {"pattern", "^" + std::string(prefix) + "_[0-9a-hjkmnp-tv-z]{13}$"}};
}

Object list_schema(Object item, const Limits& limits) {
  Object schema{{"type", "array"}, {"items", std::move(item)}};
  if (limits.items.min > 0) schema.emplace_back("minItems", integer(limits.items.min));
  if (limits.items.max != any_size) schema.emplace_back("maxItems", integer(limits.items.max));
  return schema;
}

const Array* read_list(const Value& value, Place& place) {
  return is_told(place, broken_array_rule(value, place.limits.items)) ? nullptr : value.as_array();
}

void wrong_id(Place& place, std::string_view prefix) {
  place.problem({"malformed", "must be an id such as " + std::string(prefix) + "_…"});
}

}  // namespace detail
}  // namespace florin::json
