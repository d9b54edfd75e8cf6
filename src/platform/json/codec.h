#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/broken_rule.h"
#include "base/currency.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"

/// How values of one type stand in JSON: one Codec a type, found by codec_for().
namespace florin::json {

/// What bounds a value; each type uses its own members.
struct Limits {
  TextRule text = {};
  IntegerRule integer = {};
  ItemsRule items = {};
  std::vector<std::string_view> choices = {};  ///< Of a text that must be one of these.
  std::string_view pattern = {};               ///< Of a text: for the schema; a check holds it.

  /// Without any bound of size.
  static Limits unbounded(std::vector<std::string_view> choices = {});
};

/// What is read.
enum class Reading : std::uint8_t {
  creation,
  change,
  stored  ///< What we wrote ourselves: of any size, by whatever rules there were then.
};

/// A value on its way in: where it stands, and where to say what is wrong with it.
class Place {
 public:
  Place(std::string pointer, const Limits& bounds, Reading how, std::vector<FieldError>& problems)
      : limits(bounds), reading(how), pointer_(std::move(pointer)), problems_(problems) {}

  void problem(BrokenRule broken);
  Place item(std::size_t index) const;
  const std::string& pointer() const { return pointer_; }
  std::vector<FieldError>& problems() { return problems_; }

  const Limits& limits;
  const Reading reading;

 private:
  std::string pointer_;
  std::vector<FieldError>& problems_;
};

template <class X>
struct Codec {
  /// Nothing when it is bad; the place was told why.
  std::optional<X> (*read)(const Value&, Place&);
  void (*write)(Writer&, const X&);
  /// As JSON Schema says it.
  Object (*schema)(const Limits&);
};

/// {"$ref": "#/components/schemas/<name>"}
Object schema_reference(std::string_view name);

/// Names the type in a call, so that other modules can add a codec_for() beside their types.
template <class X>
using Of = std::type_identity<X>;

Codec<std::string> codec_for(Of<std::string>);
Codec<std::int64_t> codec_for(Of<std::int64_t>);
Codec<int> codec_for(Of<int>);
Codec<bool> codec_for(Of<bool>);
Codec<Currency> codec_for(Of<Currency>);
Codec<Timestamp> codec_for(Of<Timestamp>);
/// Never written.
Codec<Secret> codec_for(Of<Secret>);

namespace detail {
std::optional<std::string> read_word(const Value&, Place&, const std::vector<std::string_view>&);
Object words_schema(const std::vector<std::string_view>& words);
Object id_schema(std::string_view prefix);
Object list_schema(Object item, const Limits& limits);
/// The items of a list within its limits; null when it is none.
const Array* read_list(const Value& value, Place& place);
/// Text whose parser gave nothing.
void wrong_id(Place& place, std::string_view prefix);
}  // namespace detail

template <HasWords E>
Codec<E> codec_for(Of<E>) {
  return {[](const Value& value, Place& place) -> std::optional<E> {
            const auto word = detail::read_word(value, place, all_words<E>());
            return word ? parse_word<E>(*word) : std::nullopt;
          },
          [](Writer& writer, const E& value) { writer.value(to_word(value)); },
          [](const Limits&) { return detail::words_schema(all_words<E>()); }};
}

template <class Tag>
Codec<Id<Tag>> codec_for(Of<Id<Tag>>) {
  return {[](const Value& value, Place& place) -> std::optional<Id<Tag>> {
            const std::string* text = value.as_string();
            const auto id = text ? Id<Tag>::parse(*text) : std::nullopt;
            if (!id) detail::wrong_id(place, Tag::prefix);
            return id;
          },
          [](Writer& writer, const Id<Tag>& id) { writer.value(id.str()); },
          [](const Limits&) { return detail::id_schema(Tag::prefix); }};
}

template <class X>
Codec<std::vector<X>> codec_for(Of<std::vector<X>>) {
  return {[](const Value& value, Place& place) -> std::optional<std::vector<X>> {
            const Array* items = detail::read_list(value, place);
            if (items == nullptr) return std::nullopt;
            std::vector<X> read;
            for (std::size_t i = 0; i < items->size(); ++i) {
              Place at = place.item(i);
              if (auto item = codec_for(Of<X>{}).read((*items)[i], at))
                read.push_back(*std::move(item));
            }
            if (read.size() != items->size()) return std::nullopt;
            return read;
          },
          [](Writer& writer, const std::vector<X>& items) {
            writer.begin_array();
            for (const X& item : items) codec_for(Of<X>{}).write(writer, item);
            writer.end_array();
          },
          [](const Limits& limits) {
            return detail::list_schema(codec_for(Of<X>{}).schema(limits), limits);
          }};
}

/// A value as its codec writes it.
template <class X>
std::string to_text(const X& value, const Codec<X>& codec = codec_for(Of<X>{})) {
  std::string out;
  Writer writer(out);
  codec.write(writer, value);
  return out;
}

/// What to_text() wrote. Nothing when it is damaged.
template <class X>
std::optional<X> from_text(std::string_view text, const Codec<X>& codec = codec_for(Of<X>{})) {
  const auto document = parse(text);
  if (!document) return std::nullopt;
  std::vector<FieldError> problems;
  const Limits unbounded = Limits::unbounded();
  Place place("", unbounded, Reading::stored, problems);
  return codec.read(*document, place);
}

}  // namespace florin::json
