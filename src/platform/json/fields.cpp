#include "platform/json/fields.h"

#include <algorithm>

#include "base/try.h"
#include "platform/json/checks.h"

namespace florin::json {
namespace {

/// Nothing when the field can be given here.
std::optional<BrokenRule> refused(const FieldInfo& field, Reading how) {
  if (how == Reading::stored) return std::nullopt;
  if (field.given == Given::never) return BrokenRule{"read_only", "is set by the server"};
  if (field.given == Given::at_creation && how == Reading::change)
    return BrokenRule{"fixed", "cannot be changed"};
  if (field.given == Given::in_changes && how == Reading::creation)
    return BrokenRule{"not_allowed", "can be given in a change alone"};
  return std::nullopt;
}

bool is_in(const FieldInfo& field, Use use) {
  if (use == Use::answer) return field.member->is_written();
  return !refused(field, use == Use::change ? Reading::change : Reading::creation);
}

/// What is absent: nothing, and null where null means nothing.
bool is_absent(const FieldInfo& field, const Value* given, Reading how) {
  if (given == nullptr) return true;
  return given->is_null() && how == Reading::creation && !field.member->takes_null();
}

void read_member(const FieldInfo& field, const Value& given, std::string pointer, Reading how,
                 void* owner, std::vector<FieldError>& problems) {
  static const Limits unbounded = Limits::unbounded();
  Place place(std::move(pointer), how == Reading::stored ? unbounded : field.limits, how, problems);
  if (auto broken = refused(field, how)) return place.problem(*std::move(broken));
  if (how != Reading::stored && !given.is_null() && !field.member->applies(owner))
    return place.problem({"not_applicable", std::string(field.otherwise)});
  field.member->read(given, place, how, owner);
}

Value* find_member(Object& object, std::string_view name) {
  for (auto& [key, value] : object) {
    if (key == name) return &value;
  }
  return nullptr;
}

void allow_null(Object& schema) {
  Value* type = find_member(schema, "type");
  if (type == nullptr || type->as_string() == nullptr || *type->as_string() == "object") {
    schema = Object{{"anyOf", Array{std::move(schema), Object{{"type", "null"}}}}};
    return;
  }
  *type = Array{*type, "null"};
  if (Value* words = find_member(schema, "enum")) {
    Array more = *words->as_array();
    more.emplace_back(nullptr);
    *words = std::move(more);
  }
}

/// What the field is when nobody gives it; nothing where that is no value.
std::optional<Value> default_of(const FieldInfo& field, const void* start) {
  if (field.is_required || !field.member->is_written() || !field.member->applies(start))
    return std::nullopt;
  std::string text;
  Writer writer(text);
  field.member->write(writer, start);
  const auto value = parse(text);
  if (!value || value->is_null() || value->as_object() || *value == Value("")) return std::nullopt;
  return *value;
}

Object property_of(const FieldInfo& field, Use use, const void* start) {
  // Bounds are promised of what is read; older values may lie outside.
  const bool is_answer = use == Use::answer;
  const Limits limits = is_answer ? Limits::unbounded(field.limits.choices) : field.limits;
  Object property = field.member->schema(limits, use, start);
  if (field.member->takes_null()) allow_null(property);
  if (!field.help.empty()) property.emplace_back("description", field.help);
  if (field.example) property.emplace_back("example", *field.example);
  if (use != Use::creation) return property;
  if (auto value = default_of(field, start)) property.emplace_back("default", *std::move(value));
  return property;
}

bool is_required_in(const FieldInfo& field, Use use) {
  return use == Use::answer || (use == Use::creation && field.is_required);
}

}  // namespace

bool Member::applies(const void*) const { return true; }

void add_property(Object& schema, std::string_view name, Value property, bool is_required) {
  Object properties;
  if (const Value* known = find_member(schema, "properties")) properties = *known->as_object();
  properties.emplace_back(name, std::move(property));
  *find_member(schema, "properties") = std::move(properties);
  if (!is_required) return;
  Value* required = find_member(schema, "required");
  if (required == nullptr) {
    schema.emplace_back("required", Array{name});
    return;
  }
  Array names = *required->as_array();
  names.emplace_back(name);
  *required = std::move(names);
}

namespace detail {

void GroupMember::read(const Value& value, Place& place, Reading how, void* owner) const {
  if (!value.is_null()) read_members(fields_, value, place.pointer(), how, owner, place.problems());
}

void GroupMember::write(Writer& writer, const void* owner) const {
  if (!applies(owner)) {
    writer.null();
    return;
  }
  writer.begin_object();
  write_members(fields_, writer, owner);
  writer.end_object();
}

Object GroupMember::schema(const Limits&, Use use, const void* start) const {
  return schema_of(fields_, use, start);
}

void read_members(const FieldList& fields, const Value& body, const std::string& pointer,
                  Reading how, void* owner, std::vector<FieldError>& problems) {
  ObjectReader reader(body, pointer, problems);
  for (const FieldInfo& field : fields) {
    const Value* given = reader.member(field.name);
    if (!is_absent(field, given, how)) {
      read_member(field, *given, reader.pointer_to(field.name), how, owner, problems);
    } else if (field.is_required && how != Reading::change && body.as_object()) {
      reader.problem(field.name, "required", "is required");
    }
  }
  if (how != Reading::stored) reader.reject_unknown();
}

void write_members(const FieldList& fields, Writer& writer, const void* owner) {
  for (const FieldInfo& field : fields) {
    if (!field.member->is_written()) continue;
    writer.key(field.name);
    field.member->write(writer, owner);
  }
}

Object schema_of(const FieldList& fields, Use use, const void* start) {
  Object properties;
  Array required;
  for (const FieldInfo& field : fields) {
    if (!is_in(field, use)) continue;
    properties.emplace_back(field.name, property_of(field, use, start));
    if (is_required_in(field, use)) required.emplace_back(field.name);
  }
  Object schema{{"type", "object"}, {"additionalProperties", false}};
  if (!required.empty()) schema.emplace_back("required", std::move(required));
  schema.emplace_back("properties", std::move(properties));
  return schema;
}

Result<void> read_document(const FieldList& fields, std::string_view body, Reading how, void* owner,
                           std::vector<FieldError>& problems) {
  const bool is_absent = body.empty() && how != Reading::stored;
  const Value document = is_absent ? Value(Object()) : TRY(parse(body));
  read_members(fields, document, "", how, owner, problems);
  return {};
}

Result<void> finish(std::vector<FieldError> problems, std::vector<FieldError> between) {
  for (FieldError& problem : between) {
    const bool is_known = std::any_of(problems.begin(), problems.end(), [&](const auto& other) {
      return other.pointer == problem.pointer;
    });
    if (!is_known && problems.size() < max_problems) problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return validation_error(std::move(problems));
  return {};
}

}  // namespace detail
}  // namespace florin::json
