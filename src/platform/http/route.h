#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "platform/http/message.h"

namespace florin::http {

/// Takes the answer to one request, once, from any thread. Dropping the last copy unanswered sends
/// internal_error, so that no client waits for ever.
class Responder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void answer(std::function<Result<Response>()> render) = 0;
  };
  explicit Responder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

  void send(Result<Response> response) const;
  /// `render` runs later on the connection's I/O thread: keeps rendering off the database's writer.
  void send_rendered(std::function<Result<Response>()> render) const {
    sink_->answer(std::move(render));
  }

 private:
  std::shared_ptr<Sink> sink_;
};

/// Runs on the worker pool and may block on the database or a provider.
using SyncHandler = std::function<Result<Response>(const Request&)>;
/// Runs on an I/O thread: must not block. It hands work on and answers from the completion.
using HotHandler = std::function<void(const Request&, Responder)>;

struct Route {
  std::string method;      ///< "GET", "POST", "PATCH", "DELETE"
  std::string pattern;     ///< "/v1/accounts/{id}"; a literal segment wins over a parameter.
  std::string permission;  ///< "ledger:write"; empty: public.
  std::variant<SyncHandler, HotHandler> handler;
  std::size_t max_body_bytes = 1 << 20;
};

using Routes = std::vector<Route>;

/// Lists page from the query: `limit` (1-200, default 50) and `cursor`.
struct Page {
  int limit = 50;
  std::int64_t before = 0;  ///< Rows with ids below this; 0: from the newest.
};
/// Errors: validation_failed, naming `limit` or `cursor`.
Result<Page> parse_page(const Request& request);
/// An opaque cursor that parse_page reads back.
std::string cursor_of(std::int64_t id);
/// The answer of a list: {"data", "has_more", "next_cursor"}. `rows` are finished JSON values;
/// `next` is where the following page starts, 0: there is none.
Response list_response(const std::vector<std::string>& rows, std::int64_t next);
/// validation_failed when the query has a parameter that is not in `known` (each named with
/// `unknown_parameter`): a misspelt filter must not silently give everything.
Result<void> reject_unknown_query(const Request& request,
                                  std::initializer_list<std::string_view> known);

}  // namespace florin::http
