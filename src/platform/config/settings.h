#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

/// Settings, described beside the struct that they fill: name, type, bounds and meaning of each are
/// written once. The settings file, the environment, `florin config` and docs/configuration.md are
/// made from the descriptions. docs/adr/0033-a-module-is-one-value.md.
namespace florin::config {

/// How a secret that is set is shown.
inline constexpr const char* hidden = "(set)";

/// invalid_configuration; who sets the setting puts its name before the detail.
Error invalid(std::string detail);

/// A password in a URL is not shown, neither before the host nor among the parameters.
std::string without_password(std::string url);

/// Errors: invalid_configuration when the text is no whole number within the bounds.
Result<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max);

/// How a setting reaches its place in T, which may be a member of a member.
template <class T, class M>
struct Place {
  std::function<M&(T&)> of;
  std::function<const M&(const T&)> in;
};
template <class T, class M>
Place<T, M> place(M T::*member) {
  return {[member](T& settings) -> M& { return settings.*member; },
          [member](const T& settings) -> const M& { return settings.*member; }};
}
template <class T, class M>
Place<T, M> place(Place<T, M> given) {
  return given;
}
/// path(&Settings::policy, &DeliveryPolicy::timeout_ms)
template <class T, class Outer, class Inner>
auto path(Outer T::*outer, Inner inner) {
  auto rest = place(inner);
  using M = std::remove_reference_t<decltype(rest.of(std::declval<Outer&>()))>;
  return Place<T, M>{
      [outer, rest](T& settings) -> M& { return rest.of(settings.*outer); },
      [outer, rest](const T& settings) -> const M& { return rest.in(settings.*outer); }};
}

/// What few settings need.
struct More {
  std::string_view env = {};   ///< The variable, when it is not the section's prefix and the name.
  std::string_view help = {};  ///< Sentences behind the bounds or words.
};

/// One setting of T.
template <class T>
struct Entry {
  std::string name, env, help;  ///< An empty `env` is made from the name.
  std::function<Result<void>(T&, std::string_view text)> set;
  std::function<std::string(const T&)> get;  ///< As it may be shown: no secret.
};

struct Bounds {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

namespace detail {
std::string sentence(std::string_view help, std::string_view rest, const More& more);
std::string bounds_text(const Bounds& bounds);
std::string words_text(const std::vector<std::string>& words);
std::string must_be_word(const std::vector<std::string>& words);
std::optional<std::string> broken_url(std::string_view value);
/// Texts with commas between; spaces around them do not count.
Result<std::vector<std::string>> list_of(
    std::string_view value,
    const std::function<std::optional<std::string>(std::string_view)>& rule);
std::string joined(const std::vector<std::string>& items);

template <class P>
struct PlaceTypes;
template <class T, class M>
struct PlaceTypes<Place<T, M>> {
  using Owner = T;
  using Value = M;
};
template <class Member>
using Owner = typename PlaceTypes<decltype(place(std::declval<Member>()))>::Owner;
template <class Member>
using Value = typename PlaceTypes<decltype(place(std::declval<Member>()))>::Value;
}  // namespace detail

// The kinds of settings. `help` is a sentence without its end; bounds and words are put behind it.

/// A whole number within bounds.
template <class Member>
Entry<detail::Owner<Member>> number(std::string_view name, Member member, Bounds bounds,
                                    std::string_view help, const More& more = {}) {
  using T = detail::Owner<Member>;
  using M = detail::Value<Member>;
  const auto where = place(member);
  return {std::string(name), std::string(more.env),
          detail::sentence(help, ", " + detail::bounds_text(bounds), more),
          [where, bounds](T& settings, std::string_view text) -> Result<void> {
            const auto value = whole_number(text, bounds.min, bounds.max);
            if (!value) return value.error();
            where.of(settings) = static_cast<M>(*value);
            return {};
          },
          [where](const T& settings) { return std::to_string(where.in(settings)); }};
}

/// A text; `rule` gives the rule that it breaks, to stand behind its name.
template <class Member>
Entry<detail::Owner<Member>> text_with_rule(
    std::string_view name, Member member,
    std::function<std::optional<std::string>(std::string_view)> rule, std::string_view help,
    const More& more = {}) {
  using T = detail::Owner<Member>;
  const auto where = place(member);
  return {std::string(name), std::string(more.env), detail::sentence(help, "", more),
          [where, rule = std::move(rule)](T& settings, std::string_view text) -> Result<void> {
            if (const auto broken = rule(text)) return invalid(*broken);
            where.of(settings) = std::string(text);
            return {};
          },
          [where](const T& settings) { return where.in(settings); }};
}
/// Not empty.
template <class Member>
Entry<detail::Owner<Member>> text(std::string_view name, Member member, std::string_view help,
                                  const More& more = {}) {
  return text_with_rule(
      name, member,
      [](std::string_view value) {
        return value.empty() ? std::optional<std::string>("must not be empty") : std::nullopt;
      },
      help, more);
}
/// A text that may be empty.
template <class Member>
Entry<detail::Owner<Member>> optional_text(std::string_view name, Member member,
                                           std::string_view help, const More& more = {}) {
  return text_with_rule(
      name, member, [](std::string_view) { return std::optional<std::string>(); }, help, more);
}

/// true or false.
template <class Member>
Entry<detail::Owner<Member>> flag(std::string_view name, Member member, std::string_view help,
                                  const More& more = {}) {
  using T = detail::Owner<Member>;
  const auto where = place(member);
  return {std::string(name), std::string(more.env), detail::sentence(help, ": true or false", more),
          [where](T& settings, std::string_view text) -> Result<void> {
            if (text != "true" && text != "false") return invalid("must be true or false");
            where.of(settings) = text == "true";
            return {};
          },
          [where](const T& settings) { return where.in(settings) ? "true" : "false"; }};
}

SecretRule at_least(std::size_t bytes);

/// A setting whose value is never shown. Empty: there is none.
template <class Member>
Entry<detail::Owner<Member>> secret(std::string_view name, Member member, SecretRule rule,
                                    std::string_view help, const More& more = {}) {
  using T = detail::Owner<Member>;
  const auto where = place(member);
  return {
      std::string(name), std::string(more.env), detail::sentence(help, "", more),
      [where, rule = std::move(rule)](T& settings, std::string_view text) -> Result<void> {
        Secret wanted{std::string(text)};
        if (const auto broken = wanted.empty() ? std::nullopt : rule(wanted))
          return invalid(broken->detail);
        where.of(settings) = std::move(wanted);
        return {};
      },
      [where](const T& settings) { return std::string(where.in(settings).empty() ? "" : hidden); }};
}

/// "HOST" or "HOST:PORT", without scheme, path or pattern.
std::optional<std::string> broken_host_rule(std::string_view item);
/// An address or a network, such as 10.0.0.0/8.
std::optional<std::string> broken_network_rule(std::string_view item);

/// Texts with commas between; `rule` gives the rule that one breaks.
template <class Member>
Entry<detail::Owner<Member>> list(std::string_view name, Member member,
                                  std::function<std::optional<std::string>(std::string_view)> rule,
                                  std::string_view help, const More& more = {}) {
  using T = detail::Owner<Member>;
  const auto where = place(member);
  return {std::string(name), std::string(more.env), detail::sentence(help, "", more),
          [where, rule = std::move(rule)](T& settings, std::string_view text) -> Result<void> {
            auto items = detail::list_of(text, rule);
            if (!items) return items.error();
            where.of(settings) = *std::move(items);
            return {};
          },
          [where](const T& settings) { return detail::joined(where.in(settings)); }};
}

/// An http or https URL that keeps the rule, or nothing.
template <class Member>
Entry<detail::Owner<Member>> url(std::string_view name, Member member,
                                 std::function<std::optional<std::string>(std::string_view)> rule,
                                 std::string_view help, const More& more = {}) {
  using T = detail::Owner<Member>;
  auto entry = text_with_rule(
      name, member,
      [rule = std::move(rule)](std::string_view value) {
        auto broken = detail::broken_url(value);
        return broken || value.empty() ? broken : rule(value);
      },
      help, more);
  entry.get = [where = place(member)](const T& settings) {
    return without_password(where.in(settings));
  };
  return entry;
}

/// One of a few words, which stand for values.
template <class Member>
Entry<detail::Owner<Member>> word(std::string_view name, Member member,
                                  std::vector<std::pair<std::string, detail::Value<Member>>> values,
                                  std::string_view help, const More& more = {}) {
  using T = detail::Owner<Member>;
  const auto where = place(member);
  std::vector<std::string> words;
  for (const auto& [each, value] : values) words.push_back(each);
  return {std::string(name), std::string(more.env),
          detail::sentence(help, ": " + detail::words_text(words), more),
          [where, values, words](T& settings, std::string_view text) -> Result<void> {
            for (const auto& [each, value] : values) {
              if (each != text) continue;
              where.of(settings) = value;
              return {};
            }
            return invalid(detail::must_be_word(words));
          },
          [where, values](const T& settings) {
            for (const auto& [each, value] : values) {
              if (value == where.in(settings)) return each;
            }
            return std::string();
          }};
}
/// The same for a text that is one of these words itself.
template <class Member>
Entry<detail::Owner<Member>> choice(std::string_view name, Member member,
                                    const std::vector<std::string>& words, std::string_view help,
                                    const More& more = {}) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const std::string& each : words) values.emplace_back(each, each);
  return word(name, member, std::move(values), help, more);
}

/// One setting, whatever its struct, which is reached by its address.
struct Setting {
  std::string key;   ///< In the settings file: "http.listen".
  std::string env;   ///< In the environment.
  std::string help;  ///< One or a few sentences, with bounds and unit.
  std::function<Result<void>(void* settings, std::string_view text)> set;
  std::function<std::string(const void* settings)> get;  ///< As it may be shown: no secret.
};

/// The settings that fill one struct. Who keeps the struct need not know its type.
struct Section {
  std::type_index type;
  std::vector<Setting> settings;
  std::function<std::any()> make;  ///< The struct, with its defaults.
  // Of the struct in what make() gave.
  std::function<void*(std::any&)> address;
  std::function<const void*(const std::any&)> read_address;
  /// What its values mean together. Errors: invalid_configuration.
  std::function<Result<void>(const void* settings)> check;
};

namespace detail {
std::string key_of(std::string_view section, std::string_view name);
std::string env_of(std::string_view prefix, std::string_view section, std::string_view name);
}  // namespace detail

/// `env_prefix` is put before the names of variables; by default it is FLORIN_ and the name of the
/// section.
template <class T>
Section section(std::string_view name, std::vector<Entry<T>> entries,
                Result<void> (*check)(const T&) = nullptr, std::string_view env_prefix = {}) {
  Section made{typeid(T),
               {},
               [] { return std::any(T()); },
               [](std::any& kept) -> void* { return std::any_cast<T>(&kept); },
               [](const std::any& kept) -> const void* { return std::any_cast<T>(&kept); },
               [check](const void* settings) -> Result<void> {
                 return check ? check(*static_cast<const T*>(settings)) : Result<void>();
               }};
  for (Entry<T>& entry : entries) {
    made.settings.push_back(
        {detail::key_of(name, entry.name),
         entry.env.empty() ? detail::env_of(env_prefix, name, entry.name) : entry.env, entry.help,
         [set = entry.set](void* settings, std::string_view text) {
           return set(*static_cast<T*>(settings), text);
         },
         [get = entry.get](const void* settings) {
           return get(*static_cast<const T*>(settings));
         }});
  }
  return made;
}

}  // namespace florin::config
