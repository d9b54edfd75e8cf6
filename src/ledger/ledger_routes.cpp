#include "ledger/ledger_routes.h"

#include <memory>
#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "ledger/account_fields.h"
#include "ledger/answers.h"
#include "ledger/ledger_json.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "ledger/requests/account_requests.h"
#include "ledger/requests/command_requests.h"
#include "ledger/requests/query_requests.h"
#include "platform/json/writer.h"

namespace florin::ledger {
namespace {

using http::Request;
using http::Response;
using json::Writer;

constexpr std::size_t bulk_body_bytes = 16 << 20;  // 10,000 transfers with references and metadata.

using ParseCommand = Result<Command> (*)(const Request&);

/// A command on its way from the request to the answer: its key is taken until it is answered.
struct PendingCommand {
  Command command;
  Outcome outcome;
  idempotency::InFlight::Ticket ticket;
};

template <class T, class Render>
Response list(const Request& request, const Paged<T>& page, const Render& render) {
  std::vector<std::string> rows;
  rows.reserve(page.rows.size());
  for (const T& row : page.rows) rows.push_back(render(row));
  return http::list_response(request, rows, page.next);
}

std::string transfer_json(const TransferView& view) {
  std::string body;
  append_json(body, view.transfer, view.reversed_by, view.balances);
  return body;
}

void write_optional(Writer& writer, std::string_view name, const std::optional<std::string>& text) {
  writer.key(name);
  if (text) {
    writer.value(*text);
  } else {
    writer.null();
  }
}

std::string entry_json(const StatementEntry& entry) {
  std::string body;
  Writer writer(body);
  writer.begin_object()
      .member("transfer_id", entry.transfer.str())
      .member("kind", to_word(entry.kind));
  writer.member("direction", entry.is_debit ? "debit" : "credit")
      .member("amount", entry.amount_minor);
  writer.member("balance", entry.balance_minor).member("counterparty", entry.counterparty.str());
  write_optional(writer, "reference", entry.reference);
  write_optional(writer, "description", entry.description);
  writer.member("effective_at", entry.effective_at.rfc3339())
      .member("created_at", entry.created_at.rfc3339());
  writer.end_object();
  return body;
}

void write_time(Writer& writer, std::string_view name, const std::optional<Timestamp>& time) {
  write_optional(writer, name, time ? std::optional(time->rfc3339()) : std::nullopt);
}

/// A statement is a list that also says whose it is and how the period begins and ends.
Response statement_response(const Request& request, const Statement& statement,
                            const Period& period) {
  Response response;
  Writer writer(response.body);
  writer.begin_object().member("account_id", statement.account.id.str());
  writer.member("currency", statement.account.currency.code());
  writer.member("time", to_string(period.time));
  write_time(writer, "from", period.from);
  write_time(writer, "to", period.to);
  writer.member("opening_balance", statement.opening_minor);
  writer.member("closing_balance", statement.closing_minor);
  writer.key("data").begin_array();
  for (const StatementEntry& entry : statement.entries.rows) writer.raw(entry_json(entry));
  writer.end_array();
  http::write_next(writer, request, statement.entries.next);
  writer.end_object();
  return response;
}

Response balance_now(const Account& account, Timestamp now) {
  std::string body;
  Writer(body)
      .begin_object()
      .member("account_id", account.id.str())
      .member("currency", account.currency.code())
      .member("at", now.rfc3339())
      .member("balance", balance_of(account.type, account.sums))
      .member("available", available_of(account.type, account.sums))
      .member("incoming", incoming_of(account.type, account.sums))
      .end_object();
  return Response::ok(std::move(body));
}

Response balance_then(const BalanceAt& balance, Timestamp at) {
  std::string body;
  Writer(body)
      .begin_object()
      .member("account_id", balance.account.id.str())
      .member("currency", balance.account.currency.code())
      .member("at", at.rfc3339())
      .member("balance", balance.balance_minor)
      .end_object();
  return Response::ok(std::move(body));
}

void write_trial_row(Writer& writer, const GroupRow& row) {
  writer.begin_object();
  if (row.account) {
    writer.member("account_id", row.account->id.str()).member("code", row.account->code);
    writer.member("type", to_word(row.account->type));
  } else {
    writer.member("type", row.group).member("accounts", row.count);
  }
  writer.member("debits", row.debits)
      .member("credits", row.credits)
      .member("balance", row.balance)
      .end_object();
}

/// Each currency with its totals and the proof that both sides agree.
Response trial_balance_response(const TrialBalance& balance, Timestamp at, TimeKind time,
                                const http::Request& request) {
  std::string body;
  Writer writer(body);
  writer.begin_object().member("at", at.rfc3339()).member("time", to_string(time));
  writer.key("currencies").begin_array();
  for (const TrialBalanceSection& section : balance.sections) {
    writer.begin_object().member("currency", section.currency.code());
    writer.member("debits", section.debits)
        .member("credits", section.credits)
        .member("balanced", section.debits == section.credits);
    writer.key("rows").begin_array();
    for (const GroupRow& row : section.rows) write_trial_row(writer, row);
    writer.end_array().end_object();
  }
  writer.end_array();
  http::write_next(writer, request, balance.next);
  writer.end_object();
  return Response::ok(std::move(body));
}

Response aggregates_response(const std::vector<GroupRow>& rows, const Request& request,
                             const GroupFilter& filter) {
  const bool is_window = filter.from || filter.to;
  std::string body;
  Writer writer(body);
  writer.begin_object().member("by", request.query_param("by").value_or(""));
  writer.member("time", to_string(filter.time));
  write_time(writer, "at",
             is_window ? std::nullopt : std::optional(filter.at.value_or(request.received_at)));
  write_time(writer, "from", filter.from);
  write_time(writer, "to", filter.to);
  writer.key("data").begin_array();
  for (const GroupRow& row : rows) {
    writer.begin_object().member("group", row.group).member("currency", row.currency.code());
    writer.member("count", row.count).member("debits", row.debits).member("credits", row.credits);
    writer.member("balance", row.balance).end_object();
  }
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

Response currencies_response() {
  std::string body;
  Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const CurrencyInfo& info : Currency::all()) {
    writer.begin_object().member("code", info.code).member("numeric", info.numeric);
    writer.member("digits", info.digits).member("name", info.name).end_object();
  }
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

std::string opened_json(const std::vector<Account>& accounts) {
  std::string body;
  Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const Account& account : accounts) writer.raw(to_json(account));
  writer.end_array().end_object();
  return body;
}

/// Everything the handlers share.
struct Handlers {
  LedgerService& service;
  LedgerQueries& queries;
  idempotency::Idempotency& idempotency;

  void submit(const Request& request, const http::Responder& responder, ParseCommand parse) const;

  Result<Response> open_account(const Request& request) const;
  Result<Response> change_account(const Request& request) const;
  Result<Response> open_accounts(const Request& request) const;
  Result<Response> reopen_account(const Request& request) const;
  Result<Response> close_account(const Request& request) const;
  Result<Response> list_accounts(const Request& request) const;
  Result<Response> get_account(const Request& request) const;
  Result<Response> get_statement(const Request& request) const;
  Result<Response> get_balance(const Request& request) const;
  Result<Response> list_transfers(const Request& request) const;
  Result<Response> get_transfer(const Request& request) const;
  Result<Response> list_holds(const Request& request) const;
  Result<Response> get_hold(const Request& request) const;
  Result<Response> get_trial_balance(const Request& request) const;
  Result<Response> get_aggregates(const Request& request) const;
};

void Handlers::submit(const Request& request, const http::Responder& responder,
                      ParseCommand parse) const {
  Result<Command> command = parse(request);
  if (!command) return responder.send(std::move(command).error());
  auto pending = std::make_shared<PendingCommand>();
  pending->command = *std::move(command);
  if (pending->command.key && !pending->command.dry_run) {
    auto ticket = idempotency.in_flight().enter(*pending->command.key);
    if (!ticket) return responder.send(std::move(ticket).error());
    pending->ticket = *std::move(ticket);
  }
  // The ledger gets a copy: rendering the answer needs the command, too.
  service.submit(pending->command, [pending, responder](Outcome outcome) {
    pending->outcome = std::move(outcome);
    pending->ticket.release();  // The key's row is committed: from now on it is a replay.
    responder.send_rendered(
        [pending]() -> Result<Response> { return answer(pending->command, pending->outcome); });
  });
}

Result<Response> Handlers::open_account(const Request& request) const {
  const Account wanted = TRY(requests::new_account(request));
  return idempotency.run(
      request, idempotency::Lifetime::forever, [&](sql::Tx& tx) -> Result<Response> {
        const Account account = TRY(service.open_account(tx, request.actor(), wanted));
        return Response::created(to_json(account));
      });
}

Result<Response> Handlers::open_accounts(const Request& request) const {
  const auto wanted = TRY(requests::new_accounts(request));
  return idempotency.run(
      request, idempotency::Lifetime::forever, [&](sql::Tx& tx) -> Result<Response> {
        const auto accounts = TRY(service.open_accounts(tx, request.actor(), wanted));
        return Response::created(opened_json(accounts));
      });
}

Result<Response> Handlers::reopen_account(const Request& request) const {
  return idempotency.run(
      request, idempotency::Lifetime::thirty_days, [&](sql::Tx& tx) -> Result<Response> {
        const Account account =
            TRY(service.reopen_account(tx, request.actor(), requests::account_in_path(request)));
        return Response::ok(to_json(account));
      });
}

Result<Response> Handlers::change_account(const Request& request) const {
  // What is malformed does not reach the database.
  TRY(requests::account_change(request, unread_account()));
  const auto change = [&](const Account& before) {
    return requests::account_change(request, before);
  };
  return idempotency.run(request, idempotency::Lifetime::thirty_days,
                         [&](sql::Tx& tx) -> Result<Response> {
                           const Account account = TRY(service.change_account(
                               tx, request.actor(), requests::account_in_path(request), change));
                           return Response::ok(to_json(account));
                         });
}

Result<Response> Handlers::close_account(const Request& request) const {
  return idempotency.run(
      request, idempotency::Lifetime::thirty_days, [&](sql::Tx& tx) -> Result<Response> {
        const Account account =
            TRY(service.close_account(tx, request.actor(), requests::account_in_path(request)));
        return Response::ok(to_json(account));
      });
}

Result<Response> Handlers::list_accounts(const Request& request) const {
  const AccountFilter filter = TRY(requests::account_filter(request));
  const PageRequest page = TRY(requests::page(request));
  const auto accounts = TRY(queries.accounts(request.caller.tenant, filter, page));
  return list(request, accounts, to_json<Account>);
}

Result<Response> Handlers::get_account(const Request& request) const {
  return Response::ok(
      to_json(TRY(queries.account(request.caller.tenant, requests::account_in_path(request)))));
}

Result<Response> Handlers::get_statement(const Request& request) const {
  const Period period = TRY(requests::period(request));
  const PageRequest page = TRY(requests::page(request));
  const Statement statement = TRY(
      queries.statement(request.caller.tenant, requests::account_in_path(request), period, page));
  return statement_response(request, statement, period);
}

Result<Response> Handlers::get_balance(const Request& request) const {
  const requests::Moment moment = TRY(requests::moment(request));
  const AccountRef ref = requests::account_in_path(request);
  if (!moment.at)
    return balance_now(TRY(queries.account(request.caller.tenant, ref)), request.received_at);
  return balance_then(TRY(queries.balance_at(request.caller.tenant, ref, *moment.at, moment.time)),
                      *moment.at);
}

Result<Response> Handlers::list_transfers(const Request& request) const {
  const TransferFilter filter = TRY(requests::transfer_filter(request));
  const PageRequest page = TRY(requests::page(request));
  const auto transfers = TRY(queries.transfers(request.caller.tenant, filter, page));
  return list(request, transfers, transfer_json);
}

Result<Response> Handlers::get_transfer(const Request& request) const {
  const TransferId id = TRY(requests::transfer_in_path(request));
  return Response::ok(transfer_json(TRY(queries.transfer(request.caller.tenant, id))));
}

Result<Response> Handlers::list_holds(const Request& request) const {
  const HoldFilter filter = TRY(requests::hold_filter(request));
  const PageRequest page = TRY(requests::page(request));
  const auto holds = TRY(queries.holds(request.caller.tenant, filter, page));
  return list(request, holds, to_json<Hold>);
}

Result<Response> Handlers::get_hold(const Request& request) const {
  const HoldId id = TRY(requests::hold_in_path(request));
  return Response::ok(to_json(TRY(queries.hold(request.caller.tenant, id))));
}

Result<Response> Handlers::get_trial_balance(const Request& request) const {
  const requests::TrialBalanceRequest wanted = TRY(requests::trial_balance(request));
  const TenantId tenant = request.caller.tenant;
  const TrialBalance balance =
      wanted.page ? TRY(queries.trial_balance_by_account(tenant, wanted.filter, *wanted.page))
                  : TRY(queries.trial_balance(tenant, wanted.filter));
  return trial_balance_response(balance, wanted.filter.at.value_or(request.received_at),
                                wanted.filter.time, request);
}

Result<Response> Handlers::get_aggregates(const Request& request) const {
  const Grouping grouping = TRY(requests::aggregate_grouping(request));
  const GroupFilter filter = TRY(requests::aggregate_filter(request, grouping));
  const auto rows = TRY(queries.sums(request.caller.tenant, grouping, filter));
  return aggregates_response(rows, request, filter);
}

}  // namespace

http::Routes ledger_routes(LedgerService& service, LedgerQueries& queries,
                           idempotency::Idempotency& idempotency) {
  const auto handlers = std::make_shared<const Handlers>(Handlers{service, queries, idempotency});
  const auto sync = http::sync_of(handlers);
  const auto command = [handlers](const char* pattern, ParseCommand parse,
                                  http::Body body = http::Body::by_method,
                                  std::size_t max_body = 1 << 20) {
    http::HotHandler handler = [handlers, parse](const Request& request,
                                                 const http::Responder& responder) {
      handlers->submit(request, responder, parse);
    };
    return http::Route{"POST", pattern, "ledger:write", std::move(handler), {}, body, max_body};
  };
  const http::QueryParam order("order", {"asc", "desc"}, "desc");
  const http::QueryParam by_entry("time", {"effective", "created"}, "created");
  const http::QueryParam by_effect("time", {"effective", "created"}, "effective");
  const auto type = http::word_param<AccountType>("type");
  const auto time = [](const char* name) {
    return http::QueryParam(name, http::QueryParam::Kind::time);
  };
  const auto integer = [](const char* name) {
    return http::QueryParam(name, http::QueryParam::Kind::integer);
  };
  const std::string read = "ledger:read";
  const std::string write = "ledger:write";
  return {
      {"POST", "/v1/accounts", write, sync(&Handlers::open_account)},
      {"GET",
       "/v1/accounts",
       read,
       sync(&Handlers::list_accounts),
       {"limit", "cursor", order, type, "currency", "code_prefix", integer("balance_min"),
        integer("balance_max"), time("created_after"), time("created_before"), "metadata[]"}},
      {"POST",
       "/v1/accounts/bulk",
       write,
       sync(&Handlers::open_accounts),
       {},
       http::Body::by_method,
       bulk_body_bytes},
      {"GET", "/v1/accounts/{id}", read, sync(&Handlers::get_account)},
      {"PATCH", "/v1/accounts/{id}", write, sync(&Handlers::change_account)},
      {"POST",
       "/v1/accounts/{id}/close",
       write,
       sync(&Handlers::close_account),
       {},
       http::Body::none},
      {"POST",
       "/v1/accounts/{id}/reopen",
       write,
       sync(&Handlers::reopen_account),
       {},
       http::Body::none},
      {"GET",
       "/v1/accounts/{id}/statement",
       read,
       sync(&Handlers::get_statement),
       {"limit", "cursor", order, time("from"), time("to"), by_entry}},
      {"GET",
       "/v1/accounts/{id}/balance",
       read,
       sync(&Handlers::get_balance),
       {time("at"), by_effect}},
      command("/v1/transfers", requests::post_transfer),
      {"GET",
       "/v1/transfers",
       read,
       sync(&Handlers::list_transfers),
       {"limit", "cursor", order, "reference", "account", "hold", "currency", integer("amount_min"),
        integer("amount_max"), time("created_after"), time("created_before"),
        time("effective_after"), time("effective_before"), "metadata[]"}},
      command("/v1/transfers/bulk", requests::post_bulk, http::Body::by_method, bulk_body_bytes),
      {"GET", "/v1/transfers/{id}", read, sync(&Handlers::get_transfer)},
      command("/v1/transfers/{id}/reverse", requests::reverse_transfer),
      command("/v1/holds", requests::place_hold),
      {"GET",
       "/v1/holds",
       read,
       sync(&Handlers::list_holds),
       {"limit", "cursor", order, http::word_param<HoldStatus>("status"), "account", "reference",
        time("created_after"), time("created_before"), "metadata[]"}},
      {"GET", "/v1/holds/{id}", read, sync(&Handlers::get_hold)},
      command("/v1/holds/{id}/capture", requests::capture_hold),
      command("/v1/holds/{id}/release", requests::release_hold),
      {"GET",
       "/v1/trial-balance",
       read,
       sync(&Handlers::get_trial_balance),
       {"limit",
        "cursor",
        time("at"),
        by_effect,
        {"by", {"type", "account"}, "type"},
        type,
        "currency",
        "code_prefix"}},
      {"GET",
       "/v1/aggregates",
       read,
       sync(&Handlers::get_aggregates),
       {"by", time("at"), time("from"), time("to"), by_effect, type, "currency", "code_prefix"}},
      {"GET", "/v1/currencies", read,
       [](const Request&) -> Result<Response> { return currencies_response(); }},
  };
}

}  // namespace florin::ledger
