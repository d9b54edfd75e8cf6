#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "platform/json/codec.h"

/// One description of a resource's fields, by which a new one and a change are read, an answer is
/// written and the schemas of the API document are made.
///
///   const Fields<Payout>& payout_fields() {
///     static const Fields<Payout> fields({
///         {"id", &Payout::id, {.given = Given::never}},
///         {"code", &Payout::code, {.given = Given::at_creation, .required = true}},
///         {"limit", &Payout::limit, {.integer = {1, 500}, .help = "null means none."}},
///     });
///     return fields;
///   }
///
/// Source: docs/adr/0032-fields-once.md.
namespace florin::json {

/// When a client may give a field.
enum class Given : std::uint8_t {
  anytime,
  at_creation,  ///< Fixed after it.
  in_changes,   ///< Not yet at creation.
  never         ///< The server sets it.
};

template <class M>
struct Plain {
  using Type = M;
};
template <class M>
struct Plain<std::optional<M>> {
  using Type = M;
};

/// Of a member of type M; X is M without its optional. Only what is not usual is named.
template <class M>
struct Rule {
  using X = typename Plain<M>::Type;

  Given given = Given::anytime;
  bool required = false;
  TextRule text = {};
  IntegerRule integer = {};
  ItemsRule items = {};
  std::vector<std::string_view> choices = {};  ///< Words that no enumeration of ours has.
  std::optional<BrokenRule> (*check)(const X&) = nullptr;  ///< After all the others.
  std::string_view pattern = {};                           ///< Of what `check` takes.
  std::string_view help = {};                              ///< For the API document.
  std::optional<Value> example = {};
  /// How its JSON is read and written, where its type alone does not say it.
  std::optional<Codec<X>> codec = {};
};

/// A member that is an object of its own in JSON.
template <class T>
struct GroupRule {
  /// Where it does not apply it is null, and must not be given.
  bool (*applies)(const T&) = nullptr;
  std::string_view otherwise = {};  ///< Told to who gives it then.
  std::string_view help = {};
};

/// What a schema is for.
enum class Use : std::uint8_t { answer, creation, change };

/// How one field reaches its object, whose type is erased.
class Member {
 public:
  virtual ~Member() = default;
  virtual bool takes_null() const = 0;
  virtual bool is_written() const = 0;
  virtual bool applies(const void* owner) const;
  /// `value` is null only where takes_null().
  virtual void read(const Value& value, Place& place, Reading how, void* owner) const = 0;
  virtual void write(Writer& writer, const void* owner) const = 0;
  virtual Object schema(const Limits& limits, Use use, const void* start) const = 0;
};

struct FieldInfo {
  std::string_view name;
  Given given = Given::anytime;
  bool is_required = false;
  Limits limits = {};
  std::string_view help = {};
  std::optional<Value> example = {};
  std::string_view otherwise = {};
  std::shared_ptr<const Member> member;
};
using FieldList = std::vector<FieldInfo>;

namespace detail {

void read_members(const FieldList& fields, const Value& body, const std::string& pointer,
                  Reading how, void* owner, std::vector<FieldError>& problems);
void write_members(const FieldList& fields, Writer& writer, const void* owner);
Object schema_of(const FieldList& fields, Use use, const void* start);
Result<void> read_document(const FieldList& fields, std::string_view body, Reading how, void* owner,
                           std::vector<FieldError>& problems);
/// Those of fields that have no problem yet are added; an error when there are any at all.
Result<void> finish(std::vector<FieldError> problems, std::vector<FieldError> between);

template <class M>
struct IsOptional : std::false_type {};
template <class X>
struct IsOptional<std::optional<X>> : std::true_type {};

template <class M>
auto codec_of(const Rule<M>& rule) {
  using X = typename Rule<M>::X;
  if constexpr (requires { codec_for(Of<X>{}); }) {
    return rule.codec ? *rule.codec : codec_for(Of<X>{});
  } else {
    return rule.codec.value();
  }
}

template <class M>
void write_member(const Codec<typename Plain<M>::Type>& codec, Writer& writer, const M& value) {
  if constexpr (IsOptional<M>::value) {
    if (value) {
      codec.write(writer, *value);
    } else {
      writer.null();
    }
  } else {
    codec.write(writer, value);
  }
}

template <class T, class M>
class TypedMember : public Member {
 public:
  using X = typename Plain<M>::Type;
  static constexpr bool is_secret = std::is_same_v<X, Secret>;

  TypedMember(M T::*member, const Rule<M>& rule)
      : member_(member), codec_(codec_of(rule)), check_(rule.check) {}

  bool takes_null() const override { return IsOptional<M>::value && !is_secret; }
  bool is_written() const override { return !is_secret; }

  void read(const Value& value, Place& place, Reading how, void* owner) const override {
    M& into = static_cast<T*>(owner)->*member_;
    if constexpr (IsOptional<M>::value && !is_secret) {
      if (value.is_null()) return into.reset();
    }
    std::optional<X> read = codec_.read(value, place);
    if (!read) return;
    const bool is_checked = check_ && how != Reading::stored;
    if (auto broken = is_checked ? check_(*read) : std::nullopt)
      return place.problem(*std::move(broken));
    into = *std::move(read);
  }

  void write(Writer& writer, const void* owner) const override {
    write_member<M>(codec_, writer, static_cast<const T*>(owner)->*member_);
  }

  Object schema(const Limits& limits, Use, const void*) const override {
    return codec_.schema(limits);
  }

 private:
  M T::*member_;
  Codec<X> codec_;
  std::optional<BrokenRule> (*check_)(const X&);
};

/// What answers tell beside the members, made from them.
template <class T, class M>
class ComputedMember : public Member {
 public:
  ComputedMember(M (*compute)(const T&), const Rule<M>& rule)
      : compute_(compute), codec_(codec_of(rule)) {}

  bool takes_null() const override { return IsOptional<M>::value; }
  bool is_written() const override { return true; }
  void read(const Value&, Place&, Reading, void*) const override {}
  void write(Writer& writer, const void* owner) const override {
    write_member<M>(codec_, writer, compute_(*static_cast<const T*>(owner)));
  }
  Object schema(const Limits& limits, Use, const void*) const override {
    return codec_.schema(limits);
  }

 private:
  M (*compute_)(const T&);
  Codec<typename Plain<M>::Type> codec_;
};

/// Fields of a part, reached from the whole.
template <class T, class Part>
class PartMember : public Member {
 public:
  PartMember(Part T::*part, std::shared_ptr<const Member> inner)
      : part_(part), inner_(std::move(inner)) {}

  bool takes_null() const override { return inner_->takes_null(); }
  bool is_written() const override { return inner_->is_written(); }
  bool applies(const void* owner) const override { return inner_->applies(of(owner)); }
  void read(const Value& value, Place& place, Reading how, void* owner) const override {
    inner_->read(value, place, how, &(static_cast<T*>(owner)->*part_));
  }
  void write(Writer& writer, const void* owner) const override { inner_->write(writer, of(owner)); }
  Object schema(const Limits& limits, Use use, const void* start) const override {
    return inner_->schema(limits, use, start ? of(start) : nullptr);
  }

 private:
  const void* of(const void* owner) const { return &(static_cast<const T*>(owner)->*part_); }

  Part T::*part_;
  std::shared_ptr<const Member> inner_;
};

/// An object whose fields are reached from the same owner.
class GroupMember : public Member {
 public:
  GroupMember(FieldList fields, std::function<bool(const void*)> applies)
      : fields_(std::move(fields)), applies_(std::move(applies)) {}

  bool takes_null() const override { return static_cast<bool>(applies_); }
  bool is_written() const override { return true; }
  bool applies(const void* owner) const override { return !applies_ || applies_(owner); }
  void read(const Value& value, Place& place, Reading how, void* owner) const override;
  void write(Writer& writer, const void* owner) const override;
  Object schema(const Limits& limits, Use use, const void* start) const override;

 private:
  FieldList fields_;
  std::function<bool(const void*)> applies_;
};

}  // namespace detail

template <class T>
class Fields;

/// One field of T: of a member, or of several that are an object in JSON.
template <class T>
struct Field {
  /// `Owner` is T or a base of it.
  template <class Owner, class M>
  Field(std::string_view name, M Owner::*member, const Rule<M>& rule = {})
      : info{name,
             rule.given,
             rule.required,
             {rule.text, rule.integer, rule.items, rule.choices, rule.pattern},
             rule.help,
             rule.example,
             {},
             std::make_shared<detail::TypedMember<T, M>>(static_cast<M T::*>(member), rule)} {}

  /// Of a member of a part: {"currency", &Payout::amount, &Money::currency}.
  template <class Owner, class Part, class M>
  Field(std::string_view name, Part Owner::*part, M Part::*member, const Rule<M>& rule = {})
      : info(Field<Part>(name, member, rule).info) {
    info.member = std::make_shared<detail::PartMember<T, Part>>(static_cast<Part T::*>(part),
                                                                std::move(info.member));
  }

  /// Of what `compute` makes of the members, for answers alone.
  template <class M>
  Field(std::string_view name, M (*compute)(const T&), Rule<M> rule = {})
      : info{name,      Given::never,
             false,     {.choices = rule.choices},
             rule.help, rule.example,
             {},        std::make_shared<detail::ComputedMember<T, M>>(compute, rule)} {}

  Field(std::string_view name, const Fields<T>& group, GroupRule<T> rule = {});

  FieldInfo info;
};

template <class T>
class Fields {
 public:
  explicit Fields(std::initializer_list<Field<T>> fields) { append(fields); }

  /// Those of a part of T.
  template <class Owner, class Part>
  static Fields of(Part Owner::*part, const Fields<Part>& fields) {
    Fields made({});
    for (FieldInfo info : fields.list()) {
      info.member = std::make_shared<detail::PartMember<T, Part>>(static_cast<Part T::*>(part),
                                                                  std::move(info.member));
      made.list_.push_back(std::move(info));
    }
    return made;
  }
  Fields and_also(std::initializer_list<Field<T>> fields) && {
    append(fields);
    return std::move(*this);
  }

  const FieldList& list() const { return list_; }

 private:
  void append(std::initializer_list<Field<T>> fields) {
    for (const Field<T>& field : fields) list_.push_back(field.info);
  }

  FieldList list_;
};

template <class T>
Field<T>::Field(std::string_view name, const Fields<T>& group, GroupRule<T> rule) {
  std::function<bool(const void*)> applies;
  if (rule.applies) {
    applies = [test = rule.applies](const void* owner) {
      return test(*static_cast<const T*>(owner));
    };
  }
  info.name = name;
  info.help = rule.help;
  info.otherwise = rule.otherwise;
  info.member = std::make_shared<detail::GroupMember>(group.list(), std::move(applies));
}

/// For values that are objects of their own, such as the entries of a list. `fields()` describes
/// them; `start()` is what they are where nothing is given:
///
///   json::Codec<Fee> codec_for(json::Of<Fee>) {
///     return json::object_codec<fee_fields, usual_fee>(
///         [](const json::Limits&) { return json::schema_reference("Fee"); });
///   }
template <auto fields, auto start>
auto object_codec(Object (*schema)(const Limits&)) {
  using T = decltype(start());
  return Codec<T>{[](const Value& value, Place& place) -> std::optional<T> {
                    // It replaces the one before as a whole, in a change too.
                    const bool is_stored = place.reading == Reading::stored;
                    const std::size_t known_problems = place.problems().size();
                    T read = start();
                    detail::read_members(fields().list(), value, place.pointer(),
                                         is_stored ? Reading::stored : Reading::creation, &read,
                                         place.problems());
                    if (place.problems().size() != known_problems) return std::nullopt;
                    return read;
                  },
                  [](Writer& writer, const T& value) {
                    writer.begin_object();
                    detail::write_members(fields().list(), writer, &value);
                    writer.end_object();
                  },
                  schema};
}

/// The problems of what was read as a whole: of fields that need each other.
template <class T>
using Between = std::vector<FieldError> (*)(const T&);

/// What a body makes of `start`, whose values are the defaults. Null counts as absent. Every bad
/// field is reported at once. No body is an empty object.
/// Errors: malformed_json; validation_failed with the rules of ObjectReader, those of the fields'
/// checks, unknown_value, and read_only or not_allowed for what cannot be given here.
template <class T>
Result<T> read_new(const Fields<T>& fields, std::string_view body, T start = {},
                   Between<T> between = nullptr) {
  std::vector<FieldError> problems;
  if (auto read = detail::read_document(fields.list(), body, Reading::creation, &start, problems);
      !read)
    return read.error();
  auto more = between ? between(start) : std::vector<FieldError>();
  if (auto done = detail::finish(std::move(problems), std::move(more)); !done) return done.error();
  return start;
}

/// The same of an item of a list, which stands at `pointer`; its problems are added to `problems`.
template <class T>
T read_new_item(const Fields<T>& fields, const Value& item, const std::string& pointer,
                std::vector<FieldError>& problems, T start = {}, Between<T> between = nullptr) {
  detail::read_members(fields.list(), item, pointer, Reading::creation, &start, problems);
  if (!between) return start;
  for (FieldError& problem : between(start)) {
    problem.pointer.insert(0, pointer);
    problems.push_back(std::move(problem));
  }
  return start;
}

/// `before` as the body changes it: what is absent stays, and null takes away what can be absent.
/// `between` checks the result. Errors: those of read_new(); fixed.
template <class T>
Result<T> read_change(const Fields<T>& fields, std::string_view body, T before,
                      Between<T> between = nullptr) {
  std::vector<FieldError> problems;
  if (auto read = detail::read_document(fields.list(), body, Reading::change, &before, problems);
      !read)
    return read.error();
  auto more = between ? between(before) : std::vector<FieldError>();
  if (auto done = detail::finish(std::move(problems), std::move(more)); !done) return done.error();
  return before;
}

/// What write() wrote, with the values of `start` where it names none; what is not of these fields
/// is left out. Nothing when it is damaged.
template <class T>
std::optional<T> read_stored(const Fields<T>& fields, std::string_view text, T start = {}) {
  std::vector<FieldError> problems;
  const auto read = detail::read_document(fields.list(), text, Reading::stored, &start, problems);
  if (!read || !problems.empty()) return std::nullopt;
  return start;
}

/// The members alone, for an object that has others beside them.
template <class T>
void write_members(const Fields<T>& fields, Writer& writer, const T& value) {
  detail::write_members(fields.list(), writer, &value);
}

/// One object; secrets are not in it.
template <class T>
std::string write(const Fields<T>& fields, const T& value) {
  std::string out;
  Writer writer(out);
  writer.begin_object();
  write_members(fields, writer, value);
  writer.end_object();
  return out;
}

/// The JSON Schema (2020-12) of what write() writes, or read_new() or read_change() reads. `start`
/// is what read_new() starts from.
template <class T>
Object schema(const Fields<T>& fields, Use use, const T& start = {}) {
  return detail::schema_of(fields.list(), use, &start);
}
/// Adds a property that is written by hand beside the fields.
void add_property(Object& schema, std::string_view name, Value property, bool is_required);

}  // namespace florin::json
