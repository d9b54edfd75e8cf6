#include "names.h"

#include <fmt/core.h>

namespace florin::simulation {
namespace {

/// Of a body; a replay shows the rest.
constexpr std::size_t longest_shown = 2'000;

std::string replaced(const std::string& text, const std::regex& what,
                     const std::function<std::string(const std::string&)>& with) {
  std::string out;
  auto at = text.begin();
  for (std::sregex_iterator i(text.begin(), text.end(), what), end; i != end; ++i) {
    out.append(at, text.begin() + i->position());
    out += with(i->str());
    at = text.begin() + i->position() + i->length();
  }
  return out.append(at, text.end());
}

}  // namespace

void Names::learn(const Step& step, const Answer& answer) {
  const auto document = json::parse(answer.body);
  if (!document) return;
  const std::string n = std::to_string(step.number);
  take(document->find("id"), "id:" + n);
  if (const Value* transfer = document->find("transfer"))
    take(transfer->find("id"), "transfer:" + n);
  take(document->find("next_cursor"), "cursor:" + n);
  const Value* results =
      document->find(step.request.path == "/v1/accounts/bulk" ? "data" : "results");
  if (!results || !results->as_array()) return;
  for (std::size_t i = 0; i < results->as_array()->size(); ++i)
    take((*results->as_array())[i].find("id"), fmt::format("result:{}:{}", n, i));
}

std::string Names::hide(const std::string& text) const {
  static const std::regex id("(acc|tr|hold)_[0-9a-hjkmnp-tv-z]{13}|cur_[0-9a-z]+");
  return replaced(text, id, [this](const std::string& found) {
    const auto name = placeholders_.find(found);
    return name == placeholders_.end() ? found : name->second;
  });
}

std::string Names::show(const std::string& text) const {
  static const std::regex placeholder("\\{\\{[a-z:0-9]+\\}\\}");
  return replaced(text, placeholder, [this](const std::string& found) {
    const auto real = reals_.find(found);
    if (real != reals_.end()) return real->second;
    const std::size_t kind = found.rfind(':') + 1;  // Of a step that was left out.
    return found.substr(kind, found.size() - kind - 2) + "_0000000000001";
  });
}

void Names::take(const Value* value, const std::string& name) {
  if (!value || !value->as_string()) return;
  const std::string& real = *value->as_string();
  const std::string placeholder = "{{" + name + ":" + real.substr(0, real.find('_')) + "}}";
  reals_[placeholder] = real;
  placeholders_.emplace(real, placeholder);
}

std::string shown(const Request& request) {
  std::string text = request.method + " " + request.path;
  for (std::size_t i = 0; i < request.params.size(); ++i)
    text += (i == 0 ? "?" : "&") + request.params[i].first + "=" + request.params[i].second;
  text += fmt::format(" (tenant {}", request.tenant);
  if (!request.key.empty()) text += ", key " + request.key;
  text += ")" + (request.body.empty() ? "" : " " + request.body.substr(0, longest_shown));
  if (request.body.size() > longest_shown) text += fmt::format("… ({} bytes)", request.body.size());
  return text;
}

}  // namespace florin::simulation
