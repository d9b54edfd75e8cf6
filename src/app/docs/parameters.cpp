#include "app/docs/parameters.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/page.h"

namespace florin::app {
namespace {

using http::QueryParam;
using http::Route;
using json::Array;
using json::Object;
using json::Value;

Value header(std::string_view name) {
  return Object{{"$ref", std::string("#/components/parameters/").append(name)}};
}

/// Headers that come with a credential, by names in components/parameters.
std::vector<std::string_view> headers_of(const Route& route) {
  if (route.scheme == "partner_signature") return {"PartnerId", "CallTimestamp", "CallSignature"};
  const bool by_session = !route.permission.empty() && route.scheme != "api_key";
  if (by_session && route.method != "GET") return {"CsrfToken"};
  return {};
}

void add_headers(const Route& route, Array& made) {
  for (const std::string_view name : headers_of(route)) made.push_back(header(name));
  const http::TakesKey key = http::takes_key(route);
  if (key == http::TakesKey::may) made.push_back(header("IdempotencyKey"));
  if (key == http::TakesKey::must) made.push_back(header("RequiredIdempotencyKey"));
}

/// A description alone stands for an object with it.
Object described(const Value& said) {
  if (said.as_string()) return {{"description", said}};
  return said.as_object() ? *said.as_object() : Object();
}

void put(Object& object, std::string_view name, Value value) {
  for (auto& [key, old] : object) {
    if (key != name) continue;
    old = std::move(value);
    return;
  }
  object.emplace_back(name, std::move(value));
}

/// parse_page() alone reads it.
Object limit_schema() {
  const PageRequest by_default;
  return {{"type", "integer"},
          {"minimum", 1},
          {"maximum", PageRequest::max_limit},
          {"default", by_default.limit}};
}

Object schema_of_kind(const QueryParam& param) {
  switch (param.kind) {
    case QueryParam::Kind::integer:
      return {{"type", "integer"}, {"format", "int64"}};
    case QueryParam::Kind::time:
      return {{"type", "string"}, {"format", "date-time"}};
    case QueryParam::Kind::text:
      break;
  }
  return {{"type", "string"}};
}

Object schema_of(const QueryParam& param) {
  if (param.name == "limit") return limit_schema();
  Object schema = schema_of_kind(param);
  if (!param.words.empty())
    schema.emplace_back("enum", Array(param.words.begin(), param.words.end()));
  if (!param.by_default.empty()) schema.emplace_back("default", param.by_default);
  return schema;
}

/// A parameter of its place, with the rest of what is said of it.
Object parameter(std::string_view name, std::string_view place, Object schema, const Object& said) {
  Object made{{"name", name}, {"in", place}};
  if (place == "path") made.emplace_back("required", true);
  for (const auto& [key, value] : said) {
    if (key != "schema") made.emplace_back(key, value);
  }
  if (const Value* own = find_member(said, "schema")) {
    for (const auto& [key, value] : *own->as_object()) put(schema, key, value);
  }
  made.emplace_back("schema", std::move(schema));
  return made;
}

}  // namespace

Object members(const Value* holder, std::string_view name) {
  const Value* found = holder ? holder->find(name) : nullptr;
  return found && found->as_object() ? *found->as_object() : Object();
}

const Value* find_member(const Object& object, std::string_view name) {
  const auto found = std::find_if(object.begin(), object.end(),
                                  [name](const auto& member) { return member.first == name; });
  return found == object.end() ? nullptr : &found->second;
}

std::string text_of(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  return value && value->as_string() ? *value->as_string() : "";
}

bool is_for_assembly(std::string_view name) {
  return name == "query_parameters" || name == "path_parameters" || name == "statuses";
}

Object ParameterProse::shared(std::string_view kind, const std::string& name) {
  const Value* all = prose_.find(kind);
  const Value* found = all ? all->find(name) : nullptr;
  if (!found) return {};
  used_.insert(std::string(kind).append(" ").append(name));
  return described(*found);
}

Parameters ParameterProse::of(const Route& route, const Value& operation) {
  Parameters out;
  add_path(route, out);
  add_headers(route, out.made);
  const Object own = members(&operation, "parameters");
  for (const QueryParam& param : route.query) {
    if (param.name != "*") add_query(param, own, out);
  }
  for (const auto& [name, said] : own) {
    const bool is_declared =
        std::any_of(route.query.begin(), route.query.end(), [&name = name](const auto& param) {
          return param.name == name || param.name == name + "[]";
        });
    if (!is_declared)
      out.problems.push_back("docs/api describes the parameter " + name +
                             ", which the route does not declare");
  }
  return out;
}

void ParameterProse::add_path(const Route& route, Parameters& out) {
  constexpr std::int64_t max_length = 255;
  for (std::size_t begin = route.pattern.find('{'); begin != std::string::npos;
       begin = route.pattern.find('{', begin + 1)) {
    const std::size_t end = route.pattern.find('}', begin);
    const std::string name = route.pattern.substr(begin + 1, end - begin - 1);
    const Object said = shared("path_parameters", route.pattern.substr(0, end + 1));
    if (!find_member(said, "description"))
      out.problems.push_back("docs/api does not describe " + route.pattern.substr(0, end + 1) +
                             " in path_parameters");
    out.made.push_back(
        parameter(name, "path", {{"type", "string"}, {"maxLength", max_length}}, said));
  }
}

void ParameterProse::add_query(const QueryParam& param, const Object& own, Parameters& out) {
  const bool is_deep = param.name.ends_with("[]");
  const std::string name = is_deep ? param.name.substr(0, param.name.size() - 2) : param.name;
  const Value* said_here = find_member(own, name);
  const Object said = said_here ? described(*said_here) : shared("query_parameters", name);
  if (!find_member(said, "description"))
    out.problems.push_back("docs/api does not describe the parameter " + name);
  Object schema = schema_of(param);
  if (is_deep) schema = {{"type", "object"}, {"additionalProperties", Object{{"type", "string"}}}};
  Object made = parameter(name, "query", std::move(schema), said);
  if (is_deep) {
    put(made, "style", "deepObject");
    put(made, "explode", true);
  }
  out.made.push_back(std::move(made));
}

std::vector<std::string> ParameterProse::unused() const {
  std::vector<std::string> problems;
  for (const std::string_view kind : {"query_parameters", "path_parameters"}) {
    for (const auto& [name, said] : members(&prose_, kind)) {
      std::string key = std::string(kind).append(" ").append(name);
      if (used_.count(key) == 0) problems.push_back(std::move(key) + " is used by no route");
    }
  }
  return problems;
}

}  // namespace florin::app
