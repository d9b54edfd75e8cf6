#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/page.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "platform/http/message.h"

namespace florin::json {
class Writer;
}

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
/// Makes handlers of the const methods of what the handlers of a module share.
template <class Handlers>
auto sync_of(std::shared_ptr<const Handlers> handlers) {
  return [handlers](Result<Response> (Handlers::*handle)(const Request&) const) {
    return SyncHandler(
        [handlers, handle](const Request& request) { return (*handlers.*handle)(request); });
  };
}
/// Runs on an I/O thread: must not block. It hands work on and answers from the completion.
using HotHandler = std::function<void(const Request&, Responder)>;

/// The query parameters that a route takes; any other is refused with unknown_parameter.
/// "metadata[]" stands for every metadata[KEY].
using Query = std::vector<QueryParam>;
/// For what is not ours to judge: probes, pages, interfaces of others.
inline const Query any_query{"*"};

/// Whether a request may bring a body. An empty one and {} pass everywhere.
enum class Body : std::uint8_t {
  by_method,  ///< POST, PUT and PATCH do.
  none,
  any  ///< Not checked, whatever the method.
};

/// Whether a route takes an Idempotency-Key: the API document says so.
enum class TakesKey : std::uint8_t {
  by_method,  ///< POST and PATCH with a permission may bring one.
  no,
  may,
  must
};

struct Route {
  std::string method;      ///< "GET", "POST", "PATCH", "DELETE"
  std::string pattern;     ///< "/v1/accounts/{id}"; a literal segment wins over a parameter.
  std::string permission;  ///< "ledger:write"; empty: public.
  std::variant<SyncHandler, HotHandler> handler;
  Query query = {};
  Body body = Body::by_method;
  std::size_t max_body_bytes = 1 << 20;
  TakesKey takes_key = TakesKey::by_method;
  /// The security scheme of the API document that alone lets a request in; empty: any key or
  /// session with the permission, or everybody where there is none.
  std::string scheme = {};
};

/// `route` with another rule for its Idempotency-Key.
Route with_key(Route route, TakesKey takes_key);
/// `route` behind one security scheme.
Route behind(std::string scheme, Route route);
/// Whether a request may bring a body, and whether it may or must bring an Idempotency-Key.
bool takes_body(const Route& route);
TakesKey takes_key(const Route& route);

/// The checks of a request against what its route declares. Errors: validation_failed.
Result<void> check_query(const Request& request, const Query& known);
Result<void> check_body(const Request& request, Body body);

using Routes = std::vector<Route>;

/// The page that a list's query asks for: `limit` (1-200, default 50), `cursor`, `created_after`
/// and `created_before`. Errors: validation_failed, naming the parameter; a cursor is good for the
/// path of the list that gave it and parameters that ask for the same rows in the same order, with
/// any limit.
Result<PageRequest> parse_page(const Request& request);
/// A time in the query; nothing when it is not given. Errors: validation_failed.
Result<std::optional<Timestamp>> parse_time(const Request& request, std::string_view name);
/// The times from `from` until before `to`, either of which may be absent.
struct Window {
  std::optional<Timestamp> from, to;
};
/// A window in the query, under these names. Errors: validation_failed, also when it ends before it
/// has begun.
Result<Window> parse_window(const Request& request, std::string_view from = "from",
                            std::string_view to = "to");
/// The times of creation that a list asks for: `created_after` (at or after) and `created_before`.
/// Errors: as parse_window().
Result<Window> parse_created(const Request& request);
namespace detail {
Error wrong_word(std::string_view name, const std::vector<std::string_view>& words);
}
/// A word of an enumeration in the query; nothing when it is not given. Errors: validation_failed.
template <HasWords E>
Result<std::optional<E>> query_word(const Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  const auto word = text ? parse_word<E>(*text) : std::nullopt;
  if (text && !word) return detail::wrong_word(name, all_words<E>());
  return word;
}
/// The declaration of what query_word() reads.
template <HasWords E>
QueryParam word_param(const char* name) {
  return {name, all_words<E>()};
}
/// "true" or "false" in the query; nothing when it is not given. Errors: validation_failed.
Result<std::optional<bool>> query_flag(const Request& request, std::string_view name);
/// The declaration of what query_flag() reads.
QueryParam flag_param(const char* name);
/// An opaque cursor that parse_page reads back.
std::string cursor_of(const Request& request, std::int64_t id);
/// The end of a list's answer: "has_more" and "next_cursor". `next` is where the following page
/// starts, 0: there is none.
void write_next(json::Writer& writer, const Request& request, std::int64_t next);
/// The answer of a list: {"data", "has_more", "next_cursor"}. `rows` are finished JSON values.
Response list_response(const Request& request, const std::vector<std::string>& rows,
                       std::int64_t next);

}  // namespace florin::http
