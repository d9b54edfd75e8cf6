#include "platform/sql/postgres_url.h"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <charconv>
#include <memory>
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

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using LibpqOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

/// The library's message may quote the URL with its password: it is not repeated.
Result<LibpqOptions> read_by_libpq(const std::string& url) {
  char* ignored = nullptr;
  LibpqOptions options(PQconninfoParse(url.c_str(), &ignored));
  PQfreemem(ignored);
  if (options) return options;
  return Error{florin::errors::validation_failed,
               "database.url is no URL that libpq reads: see its percent-encoding and parameters"};
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

Result<std::map<std::string, std::string>> postgres_environment(std::string_view url) {
  const PostgresOptions ours_taken_out = TRY(parse_postgres_url(url));
  const LibpqOptions options = TRY(read_by_libpq(ours_taken_out.url));
  std::map<std::string, std::string> environment;
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    if (option->envvar) {
      environment[option->envvar] = option->val;
    } else if (std::string_view(option->keyword) == "sslpassword") {
      return Error{florin::errors::validation_failed,
                   "sslpassword in database.url cannot be handed on: name a key without a "
                   "password in sslkey"};
    }
  }
  // The policies of row-level security show a session that serves everybody all rows.
  std::string& session = environment["PGOPTIONS"];
  session += session.empty() ? "-c florin.tenant=*" : " -c florin.tenant=*";
  return environment;
}

}  // namespace florin::sql
