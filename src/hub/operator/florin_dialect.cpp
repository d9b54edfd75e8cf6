#include "hub/operator/florin_dialect.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/operator/amount_text.h"
#include "hub/operator/answer_parts.h"
#include "hub/operator/florin_answers.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/random.h"
#include "platform/http_client/http_client.h"
#include "platform/json/writer.h"

namespace florin::hub::operators {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::size_t request_id_bytes = 16;
constexpr std::size_t max_list_bytes = 8 << 20;

/// The path of an absolute URL without query: "/wallet/debit".
std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find('/', host), url.size());
  return url.substr(path, url.find('?', path) - path);
}

/// As a value of a query (RFC 3986).
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

/// What kind of win a credit is: "type" of the call's meta when it is a word of the contract.
std::string credit_type(std::string_view meta) {
  constexpr std::array<std::string_view, 4> types{"WIN", "JACKPOT", "PROMO", "REFUND"};
  const auto document = json::parse(meta);
  if (!document) return "WIN";
  const std::string_view type = text_member(*document, "type");
  return std::find(types.begin(), types.end(), type) == types.end() ? "WIN" : std::string(type);
}

void write_money(json::Writer& writer, const Call& call) {
  if (call.amount) {
    writer.member("currency", call.amount->currency.code());
    writer.member("amount", amount_text(*call.amount));
  } else if (call.currency) {
    writer.member("currency", call.currency->code());
  }
}

std::string body_of(const Call& call, std::string_view request_id) {
  const bool moves_money = call.operation != Operation::balance;
  std::string body;
  json::Writer writer(body);
  writer.begin_object().member("requestId", request_id);
  if (moves_money) writer.member("transactionId", call.transaction_id);
  if (moves_money) writer.member("refId", call.ref_id);
  writer.member("playerId", call.player);
  write_money(writer, call);
  if (call.operation == Operation::credit) writer.member("type", credit_type(call.meta));
  if (moves_money && call.meta != "{}") writer.member_raw("meta", call.meta);
  writer.end_object();
  return body;
}

void sign(http_client::Request& request, const Target& target, std::string request_id,
          Timestamp now) {
  const std::string timestamp = std::to_string(now.us / us_per_second);
  const std::string signature = florin_signature(target.secret, {.timestamp = timestamp,
                                                                 .method = request.method,
                                                                 .path = path_of(request.url),
                                                                 .body = request.body});
  request.headers = {{"Content-Type", "application/json"},
                     {"X-Operator-Id", target.settings.operator_id},
                     {"X-Timestamp", timestamp},
                     {"X-Signature", signature},
                     {"X-Request-Id", std::move(request_id)}};
}

http_client::Request build_get(const Target& target, std::string_view query, Timestamp now) {
  http_client::Request request;
  request.method = "GET";
  request.url = join_url(target.settings.base_url, "/wallet/transactions?").append(query);
  request.max_response_bytes = max_list_bytes;
  sign(request, target, crypto::random_hex(request_id_bytes), now);
  return request;
}

}  // namespace

std::string florin_signature(const Secret& secret, const SignedCall& call) {
  std::string text(call.timestamp);
  text.append(".").append(call.method).append(".").append(call.path).append(".");
  text.append(crypto::to_hex(crypto::bytes_of(crypto::sha256(call.body))));
  return crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(secret.reveal(), text)));
}

http_client::Request FlorinDialect::build(const Target& target, const Call& call,
                                          Timestamp now) const {
  if (call.operation == Operation::query)
    return build_get(target, "transactionId=" + percent_encoded(call.transaction_id), now);
  std::string request_id = crypto::random_hex(request_id_bytes);
  http_client::Request request;
  request.url =
      join_url(target.settings.base_url, "/wallet/" + std::string(to_string(call.operation)));
  request.body = body_of(call, request_id);
  sign(request, target, std::move(request_id), now);
  return request;
}

Answer FlorinDialect::read(const Call& call, const http_client::Response& response) const {
  const auto document = read_object(response);
  if (!document) return unknown_answer(document.error().detail);
  if (call.operation != Operation::query) return read_movement(call, response.status, *document);
  // A query that is refused says nothing about the transaction it asks for.
  if (response.status != 200)
    return unknown_answer("the query was answered HTTP " + std::to_string(response.status));
  return read_query(call, *document);
}

bool FlorinDialect::is_fault(const http_client::Response& response) const {
  return response.status >= 500;
}

http_client::Request FlorinDialect::build_list(const Target& target, const ListRequest& question,
                                               Timestamp now) const {
  std::string query = "from=" + percent_encoded(question.from.rfc3339());
  query.append("&to=").append(percent_encoded(question.to.rfc3339()));
  if (!question.cursor.empty()) query.append("&cursor=").append(percent_encoded(question.cursor));
  return build_get(target, query, now);
}

Result<ListedPage> FlorinDialect::read_list(const http_client::Response& response) const {
  if (response.status != 200)
    return Error{errors::operator_refused,
                 "the Operator answered HTTP " + std::to_string(response.status)};
  const json::Value document = TRY(read_object(response));
  return read_rows(document);
}

}  // namespace florin::hub::operators
