#include "ledger/books_import.h"

#include <istream>
#include <optional>
#include <utility>
#include <variant>

#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "ledger/requests/account_requests.h"
#include "ledger/requests/command_requests.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

constexpr std::size_t commands_at_once = 500;
constexpr std::int64_t lines_per_report = 10'000;

/// A balance that the other system had at its end.
struct StatedBalance {
  AccountRef account;
  std::string name;
  std::int64_t minor = 0;
};

struct OverHold {};

using Line = std::variant<Account, Command, StatedBalance, OverHold>;

Error at_line(std::int64_t number, const Error& error) {
  std::string detail = "line " + std::to_string(number) + ": " + error.detail;
  if (error.code != florin::errors::validation_failed)
    detail += " (" + std::string(error.code.name) + ")";
  return Error{errors::import_line_refused, std::move(detail)};
}

Error malformed(std::string detail) {
  return Error{florin::errors::validation_failed, std::move(detail)};
}

/// Takes a member out of an object.
std::optional<json::Value> take(json::Object& members, std::string_view name) {
  for (auto member = members.begin(); member != members.end(); ++member) {
    if (member->first != name) continue;
    json::Value value = std::move(member->second);
    members.erase(member);
    return value;
  }
  return std::nullopt;
}

http::Request request_of(TenantId tenant, json::Object members) {
  http::Request request;
  request.caller = {tenant, "import"};
  request.body = json::serialize(json::Value(std::move(members)));
  return request;
}

/// What is imported can be found by the other system's name for it.
Result<void> keep_external_id(json::Object& members, const std::string& external_id) {
  std::optional<json::Value> found = take(members, "metadata");
  json::Object metadata;
  if (found && !found->is_null()) {
    if (!found->as_object()) return malformed("/metadata must be an object");
    metadata = *found->as_object();
  }
  take(metadata, "external_id");
  metadata.emplace_back("external_id", external_id);
  members.emplace_back("metadata", std::move(metadata));
  return {};
}

/// Reads one line; pure but for the time that holds are measured against.
class LineReader {
 public:
  LineReader(TenantId tenant, Timestamp now) : tenant_(tenant), now_(now) {}

  Result<Line> read(const std::string& text) const {
    const json::Value document = TRY(json::parse(text));
    const json::Object* line = document.as_object();
    if (!line || line->size() != 1 || !line->front().second.as_object())
      return malformed("must be one object in account, transfer, hold or balance");
    const std::string& kind = line->front().first;
    json::Object members = *line->front().second.as_object();
    if (kind == "account") return read_account(std::move(members));
    if (kind == "balance") return read_balance(line->front().second);
    if (kind == "transfer" || kind == "hold")
      return read_command(kind == "hold", text, std::move(members));
    return malformed("must be one object in account, transfer, hold or balance");
  }

 private:
  Result<Line> read_account(json::Object members) const {
    Account account = TRY(requests::new_account(request_of(tenant_, std::move(members))));
    return Line(std::move(account));
  }

  static Result<Line> read_balance(const json::Value& value) {
    std::vector<FieldError> problems;
    json::ObjectReader body(value, "", problems);
    const auto account = body.required_text("account");
    const auto minor = body.required_integer("balance");
    body.reject_unknown();
    if (!problems.empty()) return json::validation_error(std::move(problems));
    return Line(StatedBalance{AccountRef::parse(*account), *account, *minor});
  }

  Result<Line> read_command(bool is_hold, const std::string& text, json::Object members) const {
    const auto external_id = take(members, "external_id");
    const std::string* id = external_id ? external_id->as_string() : nullptr;
    if (!id || id->empty() || id->size() > 255)
      return malformed("/external_id must be a string of 1 to 255 bytes");
    TRY(keep_external_id(members, *id));
    if (is_hold && !TRY(set_expiry(members))) return Line(OverHold{});
    const http::Request request = request_of(tenant_, std::move(members));
    Command command =
        TRY(is_hold ? requests::place_hold(request) : requests::post_transfer(request));
    if (command.dry_run) return malformed("/dry_run is not a field of this object");
    command.key = idempotency::Key{
        idempotency::digest_of({std::to_string(tenant_.value), "import-books", *id}),
        idempotency::digest_of({text}), idempotency::Lifetime::forever};
    return Line(std::move(command));
  }

  /// Turns expires_at into expires_in_seconds. False: its time is over.
  Result<bool> set_expiry(json::Object& members) const {
    const auto value = take(members, "expires_at");
    if (!value || value->is_null()) return true;
    const std::string* text = value->as_string();
    const auto at = text ? Timestamp::parse(*text) : std::nullopt;
    if (!at) return malformed("/expires_at " + std::string(Timestamp::rule));
    const std::int64_t seconds = (at->us - now_.us) / 1'000'000;
    if (seconds <= 0) return false;
    members.emplace_back("expires_in_seconds", seconds);
    return true;
  }

  TenantId tenant_;
  Timestamp now_;
};

/// Writes lines, and transfers and holds many at once.
class Applier {
 public:
  Applier(sql::Database& database, LedgerService& service, LedgerQueries& queries, TenantId tenant)
      : database_(database), service_(service), queries_(queries), tenant_(tenant) {}

  Result<void> apply(Line line, std::int64_t number) {
    if (auto* command = std::get_if<Command>(&line)) {
      commands_.push_back(std::move(*command));
      numbers_.push_back(number);
      return commands_.size() == commands_at_once ? flush() : Result<void>();
    }
    TRY(flush());
    if (const auto* account = std::get_if<Account>(&line)) return open(*account, number);
    if (auto* balance = std::get_if<StatedBalance>(&line)) balances_.push_back(std::move(*balance));
    if (std::holds_alternative<OverHold>(line)) ++summary_.over;
    return {};
  }

  Result<ImportSummary> finish() && {
    TRY(flush());
    for (const StatedBalance& stated : balances_) TRY(compare(stated));
    return std::move(summary_);
  }

 private:
  Result<void> open(const Account& wanted, std::int64_t number) {
    const auto opened = database_.write([&](sql::Tx& tx) {
      return service_.open_account(tx, {tenant_, "import", ""}, wanted);
    });
    if (opened) {
      ++summary_.accounts;
      return {};
    }
    if (opened.error().code != errors::account_exists) return refused(number, opened.error());
    const Account there = TRY(queries_.account(tenant_, {{}, wanted.code}));
    if (there.type != wanted.type || there.currency != wanted.currency)
      return at_line(number,
                     Error{errors::account_exists,
                           "an account with this code exists with another type or currency"});
    ++summary_.repeated;
    return {};
  }

  Result<void> flush() {
    if (commands_.empty()) return {};
    // Counted when it is committed: PostgreSQL may run a unit of work again.
    ImportSummary made;
    TRY(database_.write_work([&](sql::Tx& tx) -> Result<void> {
      made = {};
      const auto posted = TRY(service_.post_all(tx, commands_));
      for (std::size_t i = 0; i < posted.size(); ++i) {
        const Outcome& outcome = posted[i].outcome;
        const auto* replay = std::get_if<Replay>(&outcome);
        if (const auto* error = std::get_if<Error>(&outcome)) return refused(numbers_[i], *error);
        if (replay && replay->record.status >= 400) {
          return refused(numbers_[i],
                         malformed("was refused before under this external_id; give it another"));
        }
        if (replay) ++made.repeated;
        if (std::holds_alternative<Transfer>(outcome)) ++made.transfers;
        if (std::holds_alternative<Hold>(outcome)) ++made.holds;
      }
      return {};
    }));
    summary_.repeated += made.repeated;
    summary_.transfers += made.transfers;
    summary_.holds += made.holds;
    commands_.clear();
    numbers_.clear();
    return {};
  }

  /// An unavailable database is not an error of the line.
  static Error refused(std::int64_t number, const Error& error) {
    const bool is_ours =
        error.code.kind == ErrorKind::unavailable || error.code.kind == ErrorKind::internal;
    return is_ours ? error : at_line(number, error);
  }

  Result<void> compare(const StatedBalance& stated) {
    const auto account = queries_.account(tenant_, stated.account);
    ++summary_.balances;
    if (!account && account.error().code != errors::account_not_found) return account.error();
    const std::string found =
        account ? std::to_string(balance_of(account->type, account->sums)) : "no account";
    if (account && balance_of(account->type, account->sums) == stated.minor) return {};
    summary_.differences.push_back("account " + stated.name + ": stated " +
                                   std::to_string(stated.minor) + ", found " + found);
    return {};
  }

  sql::Database& database_;
  LedgerService& service_;
  LedgerQueries& queries_;
  TenantId tenant_;
  std::vector<Command> commands_;
  std::vector<std::int64_t> numbers_;  ///< Of the lines of commands_.
  std::vector<StatedBalance> balances_;
  ImportSummary summary_;
};

/// Gives `use` every line that is not empty, with its number.
template <class Use>
Result<void> for_each_line(std::istream& lines, std::string_view step,
                           const BooksImport::Progress& progress, const Use& use) {
  std::string text;
  std::int64_t number = 0;
  while (std::getline(lines, text)) {
    ++number;
    if (number % lines_per_report == 0) progress(step, number);
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    TRY(use(text, number));
  }
  return {};
}

}  // namespace

Result<ImportSummary> BooksImport::run(std::istream& lines, TenantId tenant,
                                       const Progress& progress) {
  const LineReader reader(tenant, clock_.now());
  const auto read = [&](const std::string& text, std::int64_t number) -> Result<Line> {
    auto line = reader.read(text);
    if (!line) return at_line(number, line.error());
    return *std::move(line);
  };
  TRY(for_each_line(lines, "checking", progress,
                    [&](const std::string& text, std::int64_t number) -> Result<void> {
                      TRY(read(text, number));
                      return {};
                    }));
  lines.clear();
  lines.seekg(0);
  Applier applier(database_, service_, queries_, tenant);
  TRY(for_each_line(lines, "importing", progress,
                    [&](const std::string& text, std::int64_t number) -> Result<void> {
                      Line line = TRY(read(text, number));
                      return applier.apply(std::move(line), number);
                    }));
  return std::move(applier).finish();
}

}  // namespace florin::ledger
