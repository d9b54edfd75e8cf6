#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/route.h"
#include "platform/json/value.h"

/// Parameters of the API document's operations: what a route declares, with the words of docs/api.
namespace florin::app {

/// The members of the object that `holder` has by that name; none when it has none.
json::Object members(const json::Value* holder, std::string_view name);
const json::Value* find_member(const json::Object& object, std::string_view name);
/// The text that `object` has by that name; empty when there is none.
std::string text_of(const json::Value& object, std::string_view name);
/// Top-level members of docs/api that the assembly reads and the document does not have.
bool is_for_assembly(std::string_view name);

struct Parameters {
  json::Array made;
  std::vector<std::string> problems = {};
};

/// What docs/api says of parameters: `query_parameters` by name, `path_parameters` by the pattern
/// up to the parameter ("/v1/accounts/{id}"), and each operation's own `parameters`.
class ParameterProse {
 public:
  /// `prose` must outlive it.
  explicit ParameterProse(const json::Value& prose) : prose_(prose) {}

  /// Those of the path, the headers, then the query, in the order of the route.
  Parameters of(const http::Route& route, const json::Value& operation);
  /// Problems: what is described for all and used by no route so far.
  std::vector<std::string> unused() const;

 private:
  void add_path(const http::Route& route, Parameters& out);
  void add_query(const http::QueryParam& param, const json::Object& own, Parameters& out);
  json::Object shared(std::string_view kind, const std::string& name);

  const json::Value& prose_;
  std::set<std::string> used_;
};

}  // namespace florin::app
