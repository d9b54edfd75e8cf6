#include "ledger/requests.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/try.h"
#include "idempotency/idempotency.h"
#include "ledger/bulk/weight.h"
#include "ledger/errors.h"
#include "ledger/split_request.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

namespace florin::ledger::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_reference_bytes = 255;
constexpr std::size_t max_status_changes = 100;
constexpr std::size_t max_new_accounts = 1'000;
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

/// A JSON object as text; "{}" when absent.
std::string read_metadata(ObjectReader& body) {
  const json::Object* members = body.optional_object("metadata");
  if (!members) return "{}";
  std::string text = json::serialize(json::Value(*members));
  if (text.size() > max_metadata_bytes)
    body.problem("metadata", "too_long", "must not be longer than 16384 bytes");
  return text;
}

TransferDetails read_details(ObjectReader& body) {
  TransferDetails details;
  details.reference = body.optional_text("reference", {1, max_reference_bytes});
  details.description = body.optional_text("description", {1, max_description_bytes});
  details.metadata = read_metadata(body);
  return details;
}

Balancing read_balancing(ObjectReader& body) {
  body.member("amount");
  const auto text = body.optional_text("balancing", {1, 16});
  if (!text) return Balancing::none;
  const auto balancing = parse_balancing(*text);
  if (balancing && *balancing != Balancing::none) return *balancing;
  body.problem("balancing", "unknown_value", "must be one of debit, credit, both");
  return Balancing::both;  // So that no amount is asked for besides.
}

std::optional<PostingRequest> read_posting(const json::Value& value, const std::string& pointer,
                                           Problems& problems) {
  ObjectReader body(value, pointer, problems);
  const auto debit = body.required_text("debit", {1, max_code_bytes});
  const auto credit = body.required_text("credit", {1, max_code_bytes});
  const auto balancing = read_balancing(body);
  // Without an amount the accounts alone bound what moves.
  const bool has_amount = balancing == Balancing::none || body.has("amount");
  const auto amount = has_amount ? body.required_integer("amount")
                                 : std::optional(std::numeric_limits<std::int64_t>::max());
  if (amount && *amount <= 0)
    body.problem("amount", "must_be_positive", "must be greater than zero");
  const auto currency = body.required_currency();
  body.reject_unknown();
  if (!debit || !credit || !amount || !currency) return std::nullopt;
  return PostingRequest{AccountRef::parse(*debit),
                        AccountRef::parse(*credit),
                        {*amount, *currency},
                        balancing,
                        has_amount};
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

/// Either `postings` or a `split`.
template <class Body>
void read_movement(ObjectReader& body, Problems& problems, Body& wanted) {
  const json::Value* split = body.member("split");
  if (!split || split->is_null()) {
    wanted.postings = read_postings(body, problems);
    return;
  }
  wanted.split = read_split(body, problems);
  const json::Value* postings = body.member("postings");
  if (postings && !postings->is_null())
    body.problem("postings", "not_applicable", "must not stand beside split");
}

std::vector<AccountRef> read_accounts(ObjectReader& body, std::string_view name,
                                      Problems& problems) {
  std::vector<AccountRef> accounts;
  const json::Value* value = body.member(name);
  if (!value || value->is_null()) return accounts;
  const json::Array* items = body.required_array(name, 1, max_status_changes);
  if (!items) return accounts;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string* text = (*items)[i].as_string();
    if (text && !text->empty() && text->size() <= max_code_bytes) {
      accounts.push_back(AccountRef::parse(*text));
    } else {
      problems.push_back({body.pointer_to(name) + "/" + std::to_string(i), "wrong_type",
                          "must be the id or code of an account"});
    }
  }
  return accounts;
}

/// Who names accounts to close and moves nothing wants another route.
void hint_at_closing_alone(const std::string& pointer, Problems& problems) {
  for (FieldError& problem : problems) {
    if (problem.pointer == pointer && problem.rule == "required")
      problem.detail +=
          "; to close an account without moving money, call POST /v1/accounts/{id}/close";
  }
}

PostTransfer read_transfer(ObjectReader& body, Problems& problems) {
  PostTransfer transfer;
  read_movement(body, problems, transfer);
  transfer.reopen = read_accounts(body, "reopen", problems);
  transfer.close = read_accounts(body, "close", problems);
  if (!transfer.close.empty()) hint_at_closing_alone(body.pointer_to("postings"), problems);
  transfer.details = read_details(body);
  transfer.effective_at = body.optional_time("effective_at");
  return transfer;
}

PlaceHold read_hold(ObjectReader& body, Problems& problems) {
  PlaceHold hold;
  read_movement(body, problems, hold);
  hold.details = read_details(body);
  hold.expires_in_s = body.optional_integer("expires_in", {1, max_hold_seconds});
  return hold;
}

CaptureHold read_capture(ObjectReader& body, HoldId id) {
  const auto amount = body.optional_integer("amount", {1});
  return {id, amount, body.optional_bool("keep_rest").value_or(false)};
}

ReverseTransfer read_reversal(ObjectReader& body, TransferId id) {
  ReverseTransfer reversal{id, read_details(body)};
  reversal.effective_at = body.optional_time("effective_at");
  return reversal;
}

/// Reads the steps of a bulk, of which later ones may refer to holds of earlier ones.
class StepReader {
 public:
  explicit StepReader(Problems& problems) : problems_(problems) {}

  void read(const json::Value& value, std::string pointer) {
    ObjectReader item(value, std::move(pointer), problems_);
    for (const std::string_view kind : {"hold", "capture", "release", "reverse"}) {
      const json::Value* body = item.member(kind);
      if (!body || body->is_null()) continue;
      ObjectReader members(*body, item.pointer_to(kind), problems_);
      steps_.push_back(read_kind(kind, members));
      members.reject_unknown();
      item.reject_unknown();
      return;
    }
    steps_.push_back({read_transfer(item, problems_)});
    item.reject_unknown();
  }

  /// A bulk of plain transfers where it is no more than that.
  Command::Body finish(bool atomic) && {
    const bool is_plain = std::all_of(steps_.begin(), steps_.end(), [](const Step& step) {
      const auto* transfer = std::get_if<PostTransfer>(&step.body);
      return transfer && transfer->is_plain();
    });
    if (!is_plain) return RunSteps{std::move(steps_), atomic};
    PostBulk bulk;
    bulk.atomic = atomic;
    bulk.transfers.reserve(steps_.size());
    for (Step& step : steps_)
      bulk.transfers.push_back(std::get<PostTransfer>(std::move(step.body)));
    return bulk;
  }

 private:
  Step read_kind(std::string_view kind, ObjectReader& body) {
    if (kind == "reverse") {
      const auto text = body.required_text("transfer_id", {1, 64});
      const auto id = text ? TransferId::parse(*text) : std::nullopt;
      if (text && !id) body.problem("transfer_id", "malformed", "must be the id of a transfer");
      return {read_reversal(body, id.value_or(TransferId{}))};
    }
    if (kind == "hold") {
      if (auto ref = body.optional_text("ref", {1, max_reference_bytes})) {
        if (!holds_.emplace(*ref, steps_.size()).second)
          body.problem("ref", "duplicate", "names another hold of this bulk");
      }
      return {read_hold(body, problems_)};
    }
    std::optional<std::size_t> hold_of;
    const HoldId id = read_hold_id(body, hold_of);
    if (kind == "capture") return {read_capture(body, id), hold_of};
    return {ReleaseHold{id}, hold_of};
  }

  /// `hold_id`, or `hold_ref` of a hold that an earlier step places.
  HoldId read_hold_id(ObjectReader& body, std::optional<std::size_t>& hold_of) {
    const auto text = body.optional_text("hold_id", {1, 64});
    const auto ref = body.optional_text("hold_ref", {1, max_reference_bytes});
    if (text.has_value() == ref.has_value()) {
      body.problem("hold_id", "one_of", "or hold_ref must be given, and not both");
      return {};
    }
    if (ref) {
      const auto found = holds_.find(*ref);
      if (found != holds_.end()) {
        hold_of = found->second;
      } else {
        body.problem("hold_ref", "unknown_ref", "names no hold that stands earlier in this bulk");
      }
      return {};
    }
    const auto id = HoldId::parse(*text);
    if (!id) body.problem("hold_id", "malformed", "must be the id of a hold");
    return id.value_or(HoldId{});
  }

  Problems& problems_;
  std::vector<Step> steps_;
  std::unordered_map<std::string, std::size_t> holds_;
};

Command command_of(const http::Request& request) {
  Command command;
  command.actor = request.actor();
  command.key = idempotency::key_of(request, idempotency::Lifetime::forever);
  return command;
}

/// Reads the body with `read(body, problems, command)` and gives the command, or every problem.
template <class Read>
Result<Command> read_command(const http::Request& request, const Read& read) {
  const json::Value document = TRY(parse_body(request));
  Command command = command_of(request);
  Problems problems;
  ObjectReader body(document, "", problems);
  read(body, problems, command);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return command;
}

/// Nothing when a member is bad.
std::optional<NewAccount> read_new_account(ObjectReader& body, TenantId tenant) {
  const auto code = body.required_text("code", {1, max_code_bytes});
  if (code && !std::all_of(code->begin(), code->end(), is_code_char)) {
    body.problem("code", "bad_characters", "may hold letters, digits and : . _ @ / + - only");
  }
  if (code && looks_like_account_id(*code))
    body.problem("code", "looks_like_id", "must not look like an account id");
  if (code && (*code == "." || *code == ".."))
    body.problem("code", "not_allowed", "must not be . or .., which clients take out of a path");
  const auto type_text = body.required_text("type", {1, 16});
  const auto type = type_text ? parse_account_type(*type_text) : std::nullopt;
  if (type_text && !type) {
    body.problem("type", "unknown_value",
                 "must be one of asset, liability, equity, income, expense");
  }
  const auto currency = body.required_currency();
  const auto min_balance = body.optional_integer("min_balance");
  const auto max_balance = body.optional_integer("max_balance");
  if (min_balance && max_balance && *min_balance > *max_balance) {
    body.problem("min_balance", "above_max_balance", "must not be above max_balance");
  }
  std::string metadata = read_metadata(body);
  body.reject_unknown();
  if (!code || !type || !currency) return std::nullopt;
  return NewAccount{tenant, *code, *type, *currency, min_balance, max_balance, std::move(metadata)};
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

Result<std::optional<Currency>> query_currency(const http::Request& request) {
  const auto code = request.query_param("currency");
  if (!code) return std::optional<Currency>();
  const auto currency = Currency::parse(*code);
  if (!currency)
    return query_error("currency", "unknown_currency", "must be a currency code of ISO 4217");
  return currency;
}

Result<std::optional<AccountType>> query_type(const http::Request& request) {
  const auto text = request.query_param("type");
  if (!text) return std::optional<AccountType>();
  const auto type = parse_account_type(*text);
  if (!type)
    return query_error("type", "unknown_value",
                       "must be one of asset, liability, equity, income, expense");
  return type;
}

/// Which of the two times `at`, `from` and `to` are about.
Result<TimeKind> query_time_kind(const http::Request& request, TimeKind by_default) {
  const auto text = request.query_param("time");
  if (!text) return by_default;
  if (*text == "created") return TimeKind::created;
  if (*text == "effective") return TimeKind::effective;
  return query_error("time", "unknown_value", "must be one of created, effective");
}

std::optional<std::string> query_text(const http::Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Result<std::optional<std::int64_t>> query_integer(const http::Request& request,
                                                  std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc() || end != text->data() + text->size())
    return query_error(name, "must_be_integer", "must be an integer of 64 bits, in minor units");
  return std::optional(number);
}

/// `NAME_min` and `NAME_max`.
Result<AmountRange> query_range(const http::Request& request, const std::string& name) {
  AmountRange range;
  range.min = TRY(query_integer(request, name + "_min"));
  range.max = TRY(query_integer(request, name + "_max"));
  return range;
}

/// Every metadata[KEY]=VALUE.
MetadataFilter query_metadata(const http::Request& request) {
  constexpr std::string_view head = "metadata[";
  MetadataFilter filter;
  for (const auto& [name, value] : request.query_params) {
    if (name.starts_with(head))
      filter.emplace_back(name.substr(head.size(), name.size() - head.size() - 1), value);
  }
  return filter;
}

Result<Period> created_period(const http::Request& request) {
  const http::Window window = TRY(http::parse_created(request));
  return Period{window.from, window.to};
}

Result<Order> query_order(const http::Request& request) {
  const auto text = request.query_param("order");
  if (!text || *text == "desc") return Order::newest_first;
  if (*text == "asc") return Order::oldest_first;
  return query_error("order", "unknown_value", "must be one of asc, desc");
}

Error not_applicable(std::string_view name, std::string why) {
  return query_error(name, "not_applicable", std::move(why));
}

Result<GroupFilter> group_filter(const http::Request& request) {
  GroupFilter filter;
  filter.time = TRY(query_time_kind(request, TimeKind::effective));
  filter.at = TRY(http::parse_time(request, "at"));
  filter.type = TRY(query_type(request));
  filter.currency = TRY(query_currency(request));
  filter.code_prefix = query_text(request, "code_prefix");
  return filter;
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

// ---------------------------------------------------------------- accounts

Result<NewAccount> new_account(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  auto wanted = read_new_account(body, request.caller.tenant);
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return *std::move(wanted);
}

Result<std::vector<NewAccount>> new_accounts(const http::Request& request) {
  const json::Value document = TRY(parse_body(request));
  Problems problems;
  ObjectReader body(document, "", problems);
  std::vector<NewAccount> wanted;
  if (const json::Array* items = body.required_array("accounts", 1, max_new_accounts)) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      ObjectReader item((*items)[i], "/accounts/" + std::to_string(i), problems);
      if (auto one = read_new_account(item, request.caller.tenant))
        wanted.push_back(*std::move(one));
    }
  }
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return wanted;
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

Result<Command> post_transfer(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    command.body = read_transfer(body, problems);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> post_bulk(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    const bool atomic = body.optional_bool("atomic").value_or(true);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
    StepReader steps(problems);
    if (const json::Array* items = body.required_array("transfers", 1, max_bulk)) {
      for (std::size_t i = 0; i < items->size(); ++i)
        steps.read((*items)[i], "/transfers/" + std::to_string(i));
    }
    command.body = std::move(steps).finish(atomic);
    const std::size_t weight = bulk::weight_of(command);
    if (std::holds_alternative<RunSteps>(command.body) && weight > bulk::max_postings_at_once) {
      const Error refusal = bulk::too_many_postings(weight);
      problems.insert(problems.end(), refusal.fields.begin(), refusal.fields.end());
    }
  });
}

Result<Command> place_hold(const http::Request& request) {
  return read_command(request, [](ObjectReader& body, Problems& problems, Command& command) {
    command.body = read_hold(body, problems);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> capture_hold(const http::Request& request) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = read_capture(body, id);
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> release_hold(const http::Request& request) {
  const HoldId id = TRY(hold_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = ReleaseHold{id};
    command.dry_run = body.optional_bool("dry_run").value_or(false);
  });
}

Result<Command> reverse_transfer(const http::Request& request) {
  const TransferId id = TRY(transfer_in_path(request));
  return read_command(request, [&](ObjectReader& body, Problems&, Command& command) {
    command.body = read_reversal(body, id);
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
  const florin::PageRequest page = TRY(http::parse_page(request));
  return PageRequest{page.limit, page.before, TRY(query_order(request))};
}

Result<AccountFilter> account_filter(const http::Request& request) {
  AccountFilter filter;
  filter.type = TRY(query_type(request));
  filter.currency = TRY(query_currency(request));
  filter.code_prefix = query_text(request, "code_prefix");
  filter.metadata = query_metadata(request);
  filter.balance = TRY(query_range(request, "balance"));
  filter.created = TRY(created_period(request));
  return filter;
}

Result<TransferFilter> transfer_filter(const http::Request& request) {
  TransferFilter filter;
  filter.reference = query_text(request, "reference");
  if (const auto account = request.query_param("account"))
    filter.account = AccountRef::parse(*account);
  filter.created = TRY(created_period(request));
  const auto effective = TRY(http::parse_window(request, "effective_after", "effective_before"));
  filter.effective = {effective.from, effective.to, TimeKind::effective};
  filter.currency = TRY(query_currency(request));
  filter.amount = TRY(query_range(request, "amount"));
  filter.metadata = query_metadata(request);
  if (const auto text = request.query_param("hold")) {
    const auto hold = HoldId::parse(*text);
    if (!hold) return query_error("hold", "malformed", "must be the id of a hold");
    filter.hold = *hold;
  }
  return filter;
}

Result<HoldFilter> hold_filter(const http::Request& request) {
  HoldFilter filter;
  filter.reference = query_text(request, "reference");
  filter.metadata = query_metadata(request);
  filter.created = TRY(created_period(request));
  if (const auto account = request.query_param("account"))
    filter.account = AccountRef::parse(*account);
  if (const auto text = request.query_param("status")) {
    filter.status = parse_hold_status(*text);
    if (!filter.status)
      return query_error("status", "unknown_value",
                         "must be one of open, captured, released, expired");
  }
  return filter;
}

Result<Period> period(const http::Request& request) {
  const http::Window window = TRY(http::parse_window(request));
  return Period{window.from, window.to, TRY(query_time_kind(request, TimeKind::created))};
}

Result<Moment> moment(const http::Request& request) {
  Moment moment;
  moment.at = TRY(http::parse_time(request, "at"));
  moment.time = TRY(query_time_kind(request, TimeKind::effective));
  return moment;
}

Result<Grouping> aggregate_grouping(const http::Request& request) {
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
  return grouping;
}

Result<GroupFilter> aggregate_filter(const http::Request& request, const Grouping& grouping) {
  GroupFilter filter = TRY(group_filter(request));
  const http::Window window = TRY(http::parse_window(request));
  filter.from = window.from;
  filter.to = window.to;
  if (filter.at && (filter.from || filter.to)) {
    return not_applicable("at", "asks for a moment, from and to for a window: give one of them");
  }
  if (grouping.by != Grouping::By::transfer_metadata) return filter;
  for (const std::string_view name : {"at", "code_prefix", "type"}) {
    if (request.query_param(name))
      return not_applicable(name, "is about accounts, and these are sums of transfers");
  }
  return filter;
}

Result<TrialBalanceRequest> trial_balance(const http::Request& request) {
  TrialBalanceRequest wanted{TRY(group_filter(request)), std::nullopt};
  const std::string_view by = request.query_param("by").value_or("type");
  if (by == "account") {
    wanted.page = TRY(page(request));
    return wanted;
  }
  if (by != "type") return unknown_grouping("type, account");
  for (const std::string_view name : {"limit", "cursor"}) {
    if (request.query_param(name))
      return not_applicable(name, "is for by=account; the rows by type are one page");
  }
  return wanted;
}

}  // namespace florin::ledger::requests
