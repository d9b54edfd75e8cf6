#include <memory>

#include "base/try.h"
#include "events/errors.h"
#include "events/events.h"
#include "events/module.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::events {
namespace {

using http::Request;
using http::Response;

Result<std::optional<Timestamp>> query_time(const Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  if (!text) return std::optional<Timestamp>();
  const auto at = Timestamp::parse(*text);
  if (!at) {
    return json::validation_error({{"#/query/" + std::string(name), "must_be_timestamp",
                                    "must be a time of RFC 3339, such as 2026-11-21T10:00:00Z"}});
  }
  return at;
}

Result<Filter> parse_filter(const Request& request) {
  TRY(http::reject_unknown_query(request,
                                 {"limit", "cursor", "type", "subject", "since", "until"}));
  Filter filter;
  if (const auto type = request.query_param("type")) filter.type = std::string(*type);
  if (const auto subject = request.query_param("subject")) filter.subject = std::string(*subject);
  filter.since = TRY(query_time(request, "since"));
  filter.until = TRY(query_time(request, "until"));
  return filter;
}

Result<Response> list_events(EventLog& log, const Request& request) {
  const Filter filter = TRY(parse_filter(request));
  const http::Page page = TRY(http::parse_page(request));
  const EventPage found = TRY(log.list(request.caller.tenant, filter, {page.before}, page.limit));
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const Event& event : found.events) writer.raw(event.payload);
  writer.end_array().member("has_more", found.has_more).key("next_cursor");
  if (found.has_more) {
    writer.value(http::cursor_of(found.next_before.value));
  } else {
    writer.null();
  }
  writer.end_object();
  return Response::ok(std::move(body));
}

Result<Response> get_event(EventLog& log, const Request& request) {
  const auto id = EventId::parse(request.path_param("id"));
  auto event = id ? TRY(log.find(request.caller.tenant, *id)) : std::nullopt;
  if (!event) return Error{errors::event_not_found, "there is no event of this id"};
  return Response::ok(std::move(event->payload));
}

}  // namespace

http::Routes routes(EventLog& log) {
  return {
      {"GET", "/v1/events", "events:read",
       http::SyncHandler([&log](const Request& request) { return list_events(log, request); })},
      {"GET", "/v1/events/{id}", "events:read",
       http::SyncHandler([&log](const Request& request) { return get_event(log, request); })},
  };
}

}  // namespace florin::events
