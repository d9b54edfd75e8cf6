#include "ledger/requests/query_requests.h"

#include <charconv>
#include <utility>

#include "base/try.h"
#include "platform/json/object_reader.h"

namespace florin::ledger::requests {
namespace {

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
  const auto type = parse_word<AccountType>(*text);
  if (!type) return query_error("type", "unknown_value", must_be_one_of(all_words<AccountType>()));
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
    filter.status = parse_word<HoldStatus>(*text);
    if (!filter.status)
      return query_error("status", "unknown_value", must_be_one_of(all_words<HoldStatus>()));
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
