#include "app/docs/api_document.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "access/access.h"
#include "app/docs/parameters.h"
#include "app/docs/refusals.h"
#include "platform/http/status.h"

namespace florin::app {
namespace {

using http::Route;
using json::Array;
using json::Object;
using json::Value;

Value reference(std::string_view kind, std::string_view name) {
  return Object{{"$ref", std::string("#/components/").append(kind).append("/").append(name)}};
}

/// What a list of `name` answers; the form of http::list_response().
Object page_schema(std::string_view name) {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"required", Array{"data", "has_more", "next_cursor"}},
          {"properties",
           Object{{"data", Object{{"type", "array"}, {"items", reference("schemas", name)}}},
                  {"has_more", Object{{"type", "boolean"}}},
                  {"next_cursor", Object{{"type", Array{"string", "null"}}}}}}};
}

std::string name_of(const Route& route) { return route.method + " " + route.pattern; }

class Assembler {
 public:
  Assembler(const Value& prose, Object schemas);

  ApiDocument assemble(const http::Routes& routes, std::string_view version);

 private:
  Object paths(const http::Routes& routes);
  Object operation(const Route& route, const Value& said);
  Object request_body(const Route& route, const Value& said);
  Object responses(const Route& route, const Value& said);
  Value answer(const Value& said);
  void add_refusals(const Route& route, const Value& said, Object& responses);
  Value schema(std::string_view name);
  Value page_of(const std::string& name);
  bool may_be_empty(std::string_view schema) const;
  void problem(std::string what) { problems_.push_back(where_ + ": " + std::move(what)); }

  const Value& prose_;
  Object schemas_;
  ParameterProse parameters_;
  std::string where_;  ///< The operation in hand.
  std::vector<std::string> problems_;
};

Assembler::Assembler(const Value& prose, Object schemas) : prose_(prose), parameters_(prose) {
  schemas_ = members(prose.find("components"), "schemas");
  std::move(schemas.begin(), schemas.end(), std::back_inserter(schemas_));
}

ApiDocument Assembler::assemble(const http::Routes& routes, std::string_view version) {
  Object document;
  Object made_paths = paths(routes);
  for (const auto& [name, value] : *prose_.as_object()) {
    if (name == "paths") {
      document.emplace_back(name, std::exchange(made_paths, {}));
    } else if (name == "components") {
      Object components = *value.as_object();
      for (auto& [kind, all] : components) {
        if (kind == "schemas") all = schemas_;
      }
      document.emplace_back(name, std::move(components));
    } else if (name == "info") {
      Object info = *value.as_object();
      info.emplace_back("version", version);
      document.emplace_back(name, std::move(info));
    } else if (!is_for_assembly(name)) {
      document.emplace_back(name, value);
    }
  }
  where_ = "docs/api";
  for (const std::string& unused : parameters_.unused()) problem(unused);
  std::set<std::string_view> names;
  for (const auto& [name, unused] : schemas_) {
    if (!names.insert(name).second) problem("the schema " + name + " is there twice");
  }
  return {std::move(document), std::move(problems_)};
}

/// In the order of the prose.
Object Assembler::paths(const http::Routes& routes) {
  std::map<std::string, const Route*> left;
  for (const Route& route : routes) {
    where_ = name_of(route);
    if (!left.emplace(where_, &route).second) problem("is served twice");
  }
  Object made;
  for (const auto& [pattern, methods] : members(&prose_, "paths")) {
    Object item;
    for (const auto& [method, said] : *methods.as_object()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      where_ = upper.append(" ").append(pattern);
      const auto found = left.find(where_);
      if (found == left.end()) {
        problem("is described in docs/api and not served");
        continue;
      }
      item.emplace_back(method, operation(*found->second, said));
      left.erase(found);
    }
    made.emplace_back(pattern, std::move(item));
  }
  for (const auto& [name, unused] : left) {
    where_ = name;
    problem("is served and not described in docs/api");
  }
  return made;
}

std::string description_of(const Route& route, const Value& said) {
  std::string text;
  if (!route.permission.empty() && route.permission != access::any_key)
    text = "Permission: `" + route.permission + "`.";
  const std::string own = text_of(said, "description");
  if (!text.empty() && !own.empty()) text += "\n\n";
  return text + own;
}

/// The members that an operation of docs/api may have.
constexpr std::array<std::string_view, 11> known_members{
    "operationId", "tags",          "summary",          "description", "parameters", "request",
    "example",     "request_types", "request_required", "answers",     "refusals"};

Object Assembler::operation(const Route& route, const Value& said) {
  for (const auto& [name, unused] : *said.as_object()) {
    if (std::find(known_members.begin(), known_members.end(), name) == known_members.end())
      problem("docs/api/README.md knows no " + name);
  }
  Object made;
  for (const std::string_view name : {"operationId", "tags", "summary"}) {
    const Value* value = said.find(name);
    if (value) made.emplace_back(name, *value);
    if (!value) problem("has no " + std::string(name));
  }
  if (std::string text = description_of(route, said); !text.empty())
    made.emplace_back("description", std::move(text));
  if (!route.scheme.empty()) {
    made.emplace_back("security", Array{Object{{route.scheme, Array()}}});
  } else if (route.permission.empty()) {
    made.emplace_back("security", Array());
  }
  Parameters parameters = parameters_.of(route, said);
  for (std::string& each : parameters.problems) problem(std::move(each));
  if (!parameters.made.empty()) made.emplace_back("parameters", std::move(parameters.made));
  if (Object body = request_body(route, said); !body.empty())
    made.emplace_back("requestBody", std::move(body));
  made.emplace_back("responses", responses(route, said));
  return made;
}

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kib = 1'024;
  const bool is_whole = bytes % kib == 0;
  return "At most " + std::to_string(is_whole ? bytes / kib : bytes) +
         (is_whole ? " KiB." : " bytes.");
}

Object Assembler::request_body(const Route& route, const Value& said) {
  const std::string name = text_of(said, "request");
  if (name.empty() == http::takes_body(route))
    problem(name.empty() ? "takes a body that docs/api does not describe"
                         : "takes no body, and docs/api describes one");
  if (name.empty() || !http::takes_body(route)) return {};
  Object content{{"schema", schema(name)}};
  if (const Value* example = said.find("example")) content.emplace_back("example", *example);
  Object types{{"application/json", std::move(content)}};
  if (const Value* others = said.find("request_types")) {
    for (const Value& type : *others->as_array())
      types.emplace_back(*type.as_string(), Object{{"schema", schema(name)}});
  }
  return {{"description", size_text(route.max_body_bytes)},
          {"required", said.find("request_required") || !may_be_empty(name)},
          {"content", std::move(types)}};
}

/// Whether the schema takes an empty object, as which no body is read.
bool Assembler::may_be_empty(std::string_view schema) const {
  const Value* found = find_member(schemas_, schema);
  if (!found) return true;
  for (const std::string_view rule : {"required", "anyOf", "oneOf", "minProperties"}) {
    if (found->find(rule)) return false;
  }
  return true;
}

Value Assembler::schema(std::string_view name) {
  if (!find_member(schemas_, name)) problem("there is no schema " + std::string(name));
  return reference("schemas", name);
}

Value Assembler::page_of(const std::string& name) {
  schema(name);
  const std::string page = name + "List";
  if (!find_member(schemas_, page)) schemas_.emplace_back(page, page_schema(name));
  return reference("schemas", page);
}

/// {schema: NAME}, {page: NAME}, {type: text/csv}, or nothing of these: no body.
Value Assembler::answer(const Value& said) {
  Object made{{"description", text_of(said, "description")}};
  if (const Value* headers = said.find("headers")) made.emplace_back("headers", *headers);
  const std::string name = text_of(said, "schema");
  const std::string page = text_of(said, "page");
  std::string type = text_of(said, "type");
  std::optional<Value> content;
  if (!type.empty()) content = Object{{"type", "string"}};
  if (type.empty()) type = "application/json";
  if (!name.empty()) content = schema(name);
  if (!page.empty()) content = page_of(page);
  if (content) {
    made.emplace_back("content",
                      Object{{std::move(type), Object{{"schema", *std::move(content)}}}});
  }
  return made;
}

Object Assembler::responses(const Route& route, const Value& said) {
  Object made;
  for (const auto& [status, each] : members(&said, "answers"))
    made.emplace_back(status, answer(each));
  if (made.empty()) problem("has no answers");
  add_refusals(route, said, made);
  return made;
}

/// The problem documents of each status: the operation's own, then what the rules add.
void Assembler::add_refusals(const Route& route, const Value& said, Object& responses) {
  std::map<std::int64_t, Array> by_status;
  std::set<std::string_view> common;
  const std::vector<ErrorCode> by_rule = common_refusals(route);
  for (const ErrorCode& code : by_rule) common.insert(code.name);
  const Value* statuses = prose_.find("statuses");
  const Value* own = said.find("refusals");
  for (const Value& each : own ? *own->as_array() : Array()) {
    const std::string& code = *each.as_string();
    const Value* status = statuses ? statuses->find(code) : nullptr;
    if (!status) problem("docs/errors.md has no " + code + "; scripts/generate_docs writes it");
    if (common.count(code) > 0) problem(code + " is added by rule; leave it out of refusals");
    if (status) by_status[*status->as_integer()].push_back(each);
  }
  for (const ErrorCode& code : by_rule) by_status[http::status_of(code)].push_back(code.name);
  for (auto& [status, codes] : by_status) {
    std::string text(meaning_of_status(static_cast<int>(status)));
    text += " Codes: ";
    for (std::size_t i = 0; i < codes.size(); ++i)
      text.append(i > 0 ? ", " : "").append(*codes[i].as_string());
    if (find_member(responses, std::to_string(status)))
      problem("the status " + std::to_string(status) + " is an answer and a refusal");
    responses.emplace_back(
        std::to_string(status),
        Object{{"description", text + "."},
               {"x-codes", std::move(codes)},
               {"content", Object{{"application/problem+json",
                                   Object{{"schema", reference("schemas", "Problem")}}}}}});
  }
}

}  // namespace

ApiDocument make_api_document(const http::Routes& routes, const json::Value& prose,
                              json::Object schemas, std::string_view version) {
  return Assembler(prose, std::move(schemas)).assemble(routes, version);
}

}  // namespace florin::app
