#include "ledger/requests.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/try.h"
#include "ledger/errors.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

namespace florin::ledger::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_code_bytes = 200;
constexpr std::size_t max_reference_bytes = 255;
constexpr std::size_t max_description_bytes = 1'000;
constexpr std::size_t max_metadata_bytes = 16 * 1024;
constexpr std::int64_t max_hold_seconds = 366 * 24 * 3600;

/// A body that is missing reads as an empty object: every route tells by its required fields.
Result<json::Value> parse_body(const http::Request& request) {
  if (request.body.empty()) return json::Value(json::Object{});
  return json::parse(request.body);
}

bool is_code_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":._@/+-").find(c) != std::string_view::npos;
}

std::optional<Currency> read_currency(ObjectReader& body, std::string_view name = "currency") {
  const auto code = body.required_text(name, {1, 16});
  if (!code) return std::nullopt;
  const auto currency = Currency::parse(*code);
  if (!currency)
    body.problem(name, "unknown_currency", "must be a currency code of ISO 4217, such as KZT");
  return currency;
}

/// A JSON object as text; "{}" when absent.
std::string read_metadata(ObjectReader& body) {
  const json::Object* members = body.optional_object("metadata");
  if (!members) return "{}";
  std::string text = json::serialize(json::Value(*members));
  if (text.size() > max_metadata_bytes)
    body.problem("metadata", "too_long", "must not be longer than 16384 bytes");
  return text;
}

Narrative read_narrative(ObjectReader& body) {
  Narrative narrative;
  narrative.reference = body.optional_text("reference", {1, max_reference_bytes});
  narrative.description = body.optional_text("description", {1, max_description_bytes});
  narrative.metadata = read_metadata(body);
  return narrative;
}

std::optional<Timestamp> read_time(ObjectReader& body, std::string_view name) {
  const auto text = body.optional_text(name, {1, 64});
  if (!text) return std::nullopt;
  const auto at = Timestamp::parse(*text);
  if (!at)
    body.problem(name, "must_be_timestamp",
                 "must be a time of RFC 3339, such as 2026-11-21T10:00:00Z");
  return at;
}

std::optional<PostingRequest> read_posting(const json::Value& value, const std::string& pointer,
                                           Problems& problems) {
  ObjectReader body(value, pointer, problems);
  const auto debit = body.required_text("debit", {1, max_code_bytes});
  const auto credit = body.required_text("credit", {1, max_code_bytes});
  const auto amount = body.required_integer("amount");
  if (amount && *amount <= 0)
    body.problem("amount", "must_be_positive", "must be greater than zero");
  const auto currency = read_currency(body);
  body.reject_unknown();
  if (!debit || !credit || !amount || !currency) return std::nullopt;
  return PostingRequest{
      AccountRef::parse(*debit), AccountRef::parse(*credit), {*amount, *currency}};
}

std::vector<PostingRequest> read_postings(ObjectReader& body, Problems& problems) {
  std::vector<PostingRequest> postings;
  const json::Array* items = body.required_array("postings", 1, max_postings);
  if (!items) return postings;
  postings.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto posting =
        read_posting((*items)[i], body.pointer_to("postings") + "/" + std::to_string(i), problems);
    if (posting) postings.push_back(*std::move(posting));
  }
  return postings;
}

PostTransfer read_transfer(ObjectReader& body, Problems& problems) {
  PostTransfer transfer;
  transfer.postings = read_postings(body, problems);
  transfer.narrative = read_narrative(body);
  transfer.effective_at = read_time(body, "effective_at");
  return transfer;
}

Command command_of(const http::Request& request, std::string_view route) {
  Command command;
  command.origin = origin_of(request);
  command.key = idempotency::key_of(request, route, idempotency::Lifetime::forever);
  return command;
}

/// Reads the body with `read(body, problems, command)` and gives the command, or every problem.
template <class Read>
Result<Command> read_command(const http::Request& request, std::string_view route,
                             const Read& read) {
  const json::Value document = TRY(parse_body(request));
  Command command = command_of(request, route);
  Problems problems;
  ObjectReader body(document, "", problems);
  read(body, problems, command);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return command;
}

/// A bound that may be absent (keep), null (none) or a number.
std::optional<std::optional<std::int64_t>> read_bound(ObjectReader& body, std::string_view name) {
  if (!body.has(name)) return std::nullopt;
  return body.optional_integer(name);
}

// ---------------------------------------------------------------- query parameters

Error query_error(std::string_view name, std::string_view rule, std::string detail) {
  return json::validation_error({{"#/query/" + std::string(name), rule, std::move(detail)}});
}

Result<std::optional<Timestamp>> query_time(const http::Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<Timestamp>();
  const auto at = Timestamp::parse(*text);
  if (!at) {
    return query_error(name, "must_be_timestamp",
                       "must be a time of RFC 3339, such as 2026-11-21T10:00:00Z");
  }
  return at;
}

Result<std::optional<Currency>> query_currency(const http::Request& request) {
  const auto code = request.query_param("currency");
  if (!code) return std::optional<Currency>();
  const auto currency = Currency::parse(*code);
  if (!currency)
    return query_error("currency", "unknown_currency", "must be a currency code of ISO 4217");
  return currency;
}

std::optional<std::string> query_text(const http::Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Error unknown_grouping(std::string_view choices) {
  return query_error("by", "unknown_value", "must be one of " + std::string(choices));
}

std::optional<int> parse_segments(std::string_view text) {
  int segments = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), segments);
  const bool whole = fault == std::errc() && end == text.data() + text.size();
  return whole && segments >= 1 && segments <= 20 ? std::optional(segments) : std::nullopt;
}

}  // namespace

Origin origin_of(const http::Request& request) {
  return {request.caller.tenant, request.caller.actor, request.request_id};
}

// ---------------------------------------------------------------- accounts

Result<NewAccount> new_account(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  const auto code = body.required_text("code", {1, max_code_bytes});
  if (code && !std::all_of(code->begin(), code->end(), is_code_char)) {
    body.problem("code", "bad_characters", "may hold letters, digits and : . _ @ / + - only");
  }
  if (code && AccountId::parse(*code))
    body.problem("code", "looks_like_id", "must not look like an account id");
  const auto type_text = body.required_text("type", {1, 16});
  const auto type = type_text ? parse_account_type(*type_text) : std::nullopt;
  if (type_text && !type) {
    body.problem("type", "unknown_value",
                 "must be one of asset, liability, equity, income, expense");
  }
  const auto currency = read_currency(body);
  const auto min_balance = body.optional_integer("min_balance");
  const auto max_balance = body.optional_integer("max_balance");
  if (min_balance && max_balance && *min_balance > *max_balance) {
    body.problem("min_balance", "above_max_balance", "must not be above max_balance");
  }
  std::string metadata = read_metadata(body);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return NewAccount{request.caller.tenant, *code, *type, *currency, min_balance, max_balance,
                    std::move(metadata)};
}

Result<AccountChange> account_change(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  AccountChange change;
  change.min_balance = read_bound(body, "min_balance");
  change.max_balance = read_bound(body, "max_balance");
  change.frozen = body.optional_bool("frozen");
  if (body.has("metadata")) change.metadata = read_metadata(body);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return change;
}

// ---------------------------------------------------------------- commands

Result<Command> post_transfer(const http::Request& request, std::string_view route) {
  return read_command(request, route, [](ObjectReader& body, Problems& problems, Command& command) {
    command.body = read_transfer(body, problems);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> post_bulk(const http::Request& request, std::string_view route) {
  return read_command(request, route, [](ObjectReader& body, Problems& problems, Command& command) {
    PostBulk bulk;
    bulk.atomic = body.optional_bool("atomic").value_or(true);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
    if (const json::Array* items = body.required_array("transfers", 1, max_bulk)) {
      bulk.transfers.reserve(items->size());
      for (std::size_t i = 0; i < items->size(); ++i) {
        ObjectReader item((*items)[i], "/transfers/" + std::to_string(i), problems);
        bulk.transfers.push_back(read_transfer(item, problems));
        item.reject_unknown();
      }
    }
    command.body = std::move(bulk);
  });
}

Result<Command> place_hold(const http::Request& request, std::string_view route) {
  return read_command(request, route, [](ObjectReader& body, Problems& problems, Command& command) {
    PlaceHold hold;
    hold.postings = read_postings(body, problems);
    hold.narrative = read_narrative(body);
    hold.expires_in_s = body.optional_integer("expires_in", {1, max_hold_seconds});
    command.dry_run = body.optional_bool("dry_run").value_or(false);
    command.body = std::move(hold);
  });
}

Result<Command> capture_hold(const http::Request& request, std::string_view route) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, route, [&](ObjectReader& body, Problems&, Command& command) {
    const auto amount = body.optional_integer("amount", {1});
    command.body = CaptureHold{id, amount, body.optional_bool("keep_rest").value_or(false)};
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> release_hold(const http::Request& request, std::string_view route) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, route, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = ReleaseHold{id};
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> reverse_transfer(const http::Request& request, std::string_view route) {
  const TransferId id = TRY(transfer_in_path(request));
  return read_command(request, route, [&](ObjectReader& body, Problems&, Command& command) {
    ReverseTransfer reversal{id, read_narrative(body)};
    reversal.effective_at = read_time(body, "effective_at");
    command.body = std::move(reversal);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

// ---------------------------------------------------------------- paths

AccountRef account_in_path(const http::Request& request) {
  return AccountRef::parse(request.path_param("id"));
}

Result<TransferId> transfer_in_path(const http::Request& request) {
  const auto id = TransferId::parse(request.path_param("id"));
  if (!id) return Error{errors::transfer_not_found, "there is no transfer of this id"};
  return *id;
}

Result<HoldId> hold_in_path(const http::Request& request) {
  const auto id = HoldId::parse(request.path_param("id"));
  if (!id) return Error{errors::hold_not_found, "there is no hold of this id"};
  return *id;
}

// ---------------------------------------------------------------- queries

Result<PageRequest> page(const http::Request& request) {
  const http::Page page = TRY(http::parse_page(request));
  return PageRequest{page.limit, page.before};
}

Result<AccountFilter> account_filter(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"limit", "cursor", "type", "currency", "code_prefix"}));
  AccountFilter filter;
  if (const auto type = request.query_param("type")) {
    filter.type = parse_account_type(*type);
    if (!filter.type) {
      return query_error("type", "unknown_value",
                         "must be one of asset, liability, equity, income, expense");
    }
  }
  filter.currency = TRY(query_currency(request));
  filter.code_prefix = query_text(request, "code_prefix");
  return filter;
}

Result<TransferFilter> transfer_filter(const http::Request& request) {
  TRY(http::reject_unknown_query(request,
                                 {"limit", "cursor", "reference", "account", "from", "to"}));
  TransferFilter filter;
  filter.reference = query_text(request, "reference");
  if (const auto account = request.query_param("account"))
    filter.account = AccountRef::parse(*account);
  filter.from = TRY(query_time(request, "from"));
  filter.to = TRY(query_time(request, "to"));
  return filter;
}

Result<std::optional<HoldStatus>> hold_filter(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"limit", "cursor", "status"}));
  const auto text = request.query_param("status");
  if (!text) return std::optional<HoldStatus>();
  const auto status = parse_hold_status(*text);
  if (!status)
    return query_error("status", "unknown_value",
                       "must be one of open, captured, released, expired");
  return status;
}

Result<Period> period(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"limit", "cursor", "from", "to"}));
  Period period;
  period.from = TRY(query_time(request, "from"));
  period.to = TRY(query_time(request, "to"));
  return period;
}

Result<std::optional<Timestamp>> moment(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"at"}));
  return query_time(request, "at");
}

Result<Grouping> trial_balance_grouping(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"at", "by", "currency"}));
  const std::string_view by = request.query_param("by").value_or("type");
  Grouping grouping;
  if (by == "type") return grouping;
  grouping.by = Grouping::By::account;
  if (by == "account") return grouping;
  return unknown_grouping("type, account");
}

Result<Grouping> aggregate_grouping(const http::Request& request) {
  TRY(http::reject_unknown_query(request, {"by", "at", "code_prefix", "currency", "from", "to"}));
  const std::string_view by = request.query_param("by").value_or("");
  const std::string_view kind = by.substr(0, by.find(':'));
  const std::string_view rest =
      kind.size() == by.size() ? std::string_view() : by.substr(kind.size() + 1);
  Grouping grouping;
  grouping.key = std::string(rest);
  if (by == "type") return grouping;
  grouping.by = Grouping::By::currency;
  if (by == "currency") return grouping;
  if (kind == "code") {
    const auto segments = parse_segments(rest);
    if (!segments)
      return query_error("by", "unknown_value", "code:N takes a number of segments from 1 to 20");
    grouping.by = Grouping::By::code_segments;
    grouping.segments = *segments;
    return grouping;
  }
  grouping.by =
      kind == "metadata" ? Grouping::By::account_metadata : Grouping::By::transfer_metadata;
  const bool by_metadata = (kind == "metadata" || kind == "transfer_metadata") && !rest.empty();
  if (!by_metadata)
    return unknown_grouping("type, currency, code:N, metadata:KEY, transfer_metadata:KEY");
  const bool takes_at = grouping.by == Grouping::By::account_metadata;
  if (!takes_at && request.query_param("at")) {
    return query_error("at", "not_applicable", "sums of transfers take from and to instead of at");
  }
  return grouping;
}

Result<GroupFilter> group_filter(const http::Request& request) {
  GroupFilter filter;
  filter.at = TRY(query_time(request, "at"));
  filter.from = TRY(query_time(request, "from"));
  filter.to = TRY(query_time(request, "to"));
  filter.currency = TRY(query_currency(request));
  filter.code_prefix = query_text(request, "code_prefix");
  return filter;
}

}  // namespace florin::ledger::requests
