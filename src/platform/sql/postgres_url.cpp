#include "platform/sql/postgres_url.h"

#include <fmt/core.h>

#include <charconv>
#include <string>

#include "base/try.h"

namespace florin::sql {
namespace {

struct Parameter {
  std::string_view name;
  int PostgresOptions::*field;
  int least, most;
};

constexpr int an_hour_ms = 3'600'000;
constexpr Parameter ours[] = {
    {"pool_size", &PostgresOptions::readers, 1, 500},
    {"pool_timeout_ms", &PostgresOptions::pool_timeout_ms, 1, an_hour_ms},
    {"statement_timeout", &PostgresOptions::statement_timeout_ms, 0, an_hour_ms},
    {"lock_timeout", &PostgresOptions::lock_timeout_ms, 0, an_hour_ms},
};

const Parameter* find_parameter(std::string_view name) {
  for (const Parameter& parameter : ours) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

Result<int> parse_number(const Parameter& parameter, std::string_view text) {
  int number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc{} && end == text.data() + text.size() && number >= parameter.least &&
      number <= parameter.most)
    return number;
  return Error{florin::errors::validation_failed,
               fmt::format("{} in the database URL must be a whole number from {} to {}",
                           parameter.name, parameter.least, parameter.most)};
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

Result<PostgresOptions> parse_postgres_url(std::string_view url) {
  PostgresOptions options;
  const std::size_t question = url.find('?');
  options.url = url.substr(0, question);
  if (question == std::string_view::npos) return options;

  std::string_view rest = url.substr(question + 1);
  char separator = '?';
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), piece.size() + 1));
    const std::size_t equals = std::min(piece.find('='), piece.size());
    if (const Parameter* parameter = find_parameter(piece.substr(0, equals))) {
      const std::string_view text = piece.substr(std::min(equals + 1, piece.size()));
      options.*(parameter->field) = TRY(parse_number(*parameter, text));
      continue;
    }
    options.url += separator;
    options.url += piece;
    separator = '&';
  }
  return options;
}

}  // namespace florin::sql
