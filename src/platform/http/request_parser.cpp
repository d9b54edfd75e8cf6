#include "platform/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>

#include "base/try.h"
#include "platform/http/errors.h"
#include "platform/http/text.h"

namespace florin::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::http::field;
using BeastView = beast::string_view;

/// What of the head decides where the request ends and for whom it is.
struct Framing {
  int hosts = 0;
  int content_lengths = 0;
  int transfer_encodings = 0;
  bool length_is_plain = true;      ///< Digits alone; Beast also takes lists.
  bool encoding_is_chunked = true;  ///< "chunked" alone: no other coding is offered.
  bool expects_continue = false;
};

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Beast's grammar, writing straight into our request.
class GrammarParser final : public beast::http::basic_parser<true> {
 public:
  explicit GrammarParser(Request& request) : request_(request) {}

  std::string target;
  bool http_1_0 = false;
  Framing framing;

 private:
  void on_request_impl(beast::http::verb, BeastView method, BeastView request_target, int version,
                       error_code&) override {
    http_1_0 = version == 10;
    request_.method.assign(method.data(), method.size());
    target.assign(request_target.data(), request_target.size());
  }
  void on_response_impl(int, BeastView, int, error_code&) override {}

  void on_field_impl(field name, BeastView name_text, BeastView value, error_code&) override {
    // Trailers come after the head has been judged: taking one as a header would smuggle it in.
    if (is_header_done()) return;
    note(name, {value.data(), value.size()});
    request_.headers.push_back(
        {std::string(name_text.data(), name_text.size()), std::string(value.data(), value.size())});
  }

  void note(field name, std::string_view value) {
    if (name == field::host) ++framing.hosts;
    if (name == field::content_length) {
      ++framing.content_lengths;
      framing.length_is_plain = is_digits(value);
    }
    if (name == field::transfer_encoding) {
      ++framing.transfer_encodings;
      framing.encoding_is_chunked = same_ignoring_case(value, "chunked");
    }
    if (name == field::expect) framing.expects_continue = same_ignoring_case(value, "100-continue");
  }

  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView bytes, error_code&) override { return take(bytes); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, error_code&) override {
    return take(bytes);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t take(BeastView bytes) {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  Request& request_;
};

/// Empty, but with the memory it had, for a connection asks again and again.
void empty(Request& request) {
  request.method.clear();
  request.path.clear();
  request.query.clear();
  request.headers.clear();
  request.body.clear();
  request.path_params.clear();
  request.query_params.clear();
  request.request_id.clear();
  request.traceparent.clear();
  request.caller = {};
  request.route = {};
  request.known_query = nullptr;
}

Error malformed(std::string detail) { return {errors::malformed_request, std::move(detail)}; }

Error error_of(const error_code& code) {
  if (code == beast::http::error::header_limit) {
    return {errors::headers_too_large, "the request line and headers are longer than allowed"};
  }
  if (code == beast::http::error::body_limit) {
    return {errors::body_too_large, "the body is longer than this route takes"};
  }
  return malformed("not an HTTP/1.1 request: " + code.message());
}

/// Source: RFC 9112, sections 3.2 and 6.3. Stricter: a length that is repeated, even with the same
/// value, is refused as well.
Result<void> check(const Framing& framing, bool http_1_0) {
  if (framing.content_lengths > 1 || !framing.length_is_plain) {
    return malformed("Content-Length must stand once and be a number");
  }
  if (framing.transfer_encodings > 0 && framing.content_lengths > 0) {
    return malformed("Content-Length and Transfer-Encoding exclude each other");
  }
  if (framing.transfer_encodings > 1 || !framing.encoding_is_chunked) {
    return malformed("the only transfer coding is chunked");
  }
  if (framing.transfer_encodings > 0 && http_1_0) {
    return malformed("HTTP/1.0 has no Transfer-Encoding");
  }
  if (framing.hosts > 1 || (framing.hosts == 0 && !http_1_0)) {
    return malformed("Host must stand once");
  }
  return {};
}

}  // namespace

struct RequestParser::Impl {
  std::uint32_t max_header_bytes;
  std::optional<GrammarParser> grammar;  // One for each request: Beast's parsers are used once.
};

RequestParser::RequestParser(std::size_t max_header_bytes)
    : impl_(new Impl{static_cast<std::uint32_t>(max_header_bytes), std::nullopt}) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin(Request& request) {
  empty(request);
  GrammarParser& grammar = impl_->grammar.emplace(request);
  grammar.header_limit(impl_->max_header_bytes);
  grammar.body_limit(boost::none);  // Known with the route: see limit_body().
}

Result<RequestParser::Step> RequestParser::parse(std::string_view bytes) {
  GrammarParser& grammar = *impl_->grammar;
  const bool in_head = !grammar.is_header_done();
  error_code code;
  const std::size_t consumed = grammar.put({bytes.data(), bytes.size()}, code);
  if (code && code != beast::http::error::need_more) return error_of(code);
  if (in_head && grammar.is_header_done()) {
    TRY(check(grammar.framing, is_http_1_0()));
    grammar.eager(true);
    return Step{grammar.is_done() ? Progress::complete : Progress::head, consumed};
  }
  return Step{grammar.is_done() ? Progress::complete : Progress::need_more, consumed};
}

const std::string& RequestParser::target() const { return impl_->grammar->target; }
bool RequestParser::keeps_alive() const { return impl_->grammar->keep_alive(); }
bool RequestParser::is_http_1_0() const { return impl_->grammar->http_1_0; }
bool RequestParser::expects_continue() const {
  return impl_->grammar->framing.expects_continue && !is_http_1_0();
}

std::optional<std::uint64_t> RequestParser::announced_body() const {
  const auto length = impl_->grammar->content_length();
  if (!length) return std::nullopt;
  return *length;
}

Result<void> RequestParser::limit_body(std::size_t max_bytes) {
  const auto announced = announced_body();
  if (announced && *announced > max_bytes) {
    return error_of(beast::http::error::body_limit);
  }
  impl_->grammar->body_limit(max_bytes);
  return {};
}

}  // namespace florin::http
