#include "platform/http_client/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace florin::http_client {
namespace {

constexpr int max_wait_ms = 1'000;  // A wake-up ends it; this only bounds a lost one.

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

/// One request under way; libcurl points into it, so it does not move.
struct Exchange {
  Request request;
  HttpClient::Done done;
  const AddressGuard* guard = nullptr;
  std::string host;
  int port = 0;
  std::unique_ptr<curl_slist, FreeList> headers;
  Easy easy;
  Response response;
  bool was_refused = false;
};

void append_header(Exchange& exchange, const std::string& line) {
  curl_slist* longer = curl_slist_append(exchange.headers.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  (void)exchange.headers.release();  // Part of the longer one.
  exchange.headers.reset(longer);
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& response = static_cast<Exchange*>(context)->response;
  const std::string_view line(bytes, count);
  // A new status line starts over: what came before was an interim answer.
  if (line.starts_with("HTTP/")) response.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    response.headers.push_back({std::string(trimmed(line.substr(0, colon))),
                                std::string(trimmed(line.substr(colon + 1)))});
  return count;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  Response& response = exchange.response;
  const std::size_t room = exchange.request.max_response_bytes - response.body.size();
  response.body.append(bytes, std::min(count, room));
  if (count <= room) return count;
  response.is_cut_off = true;
  return 0;  // Ends the exchange: an endless body must not keep the connection.
}

std::string text_of(const curl_sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* ip = nullptr;
  if (address.family == AF_INET)
    ip = &reinterpret_cast<const sockaddr_in*>(&address.addr)->sin_addr;
  if (address.family == AF_INET6)
    ip = &reinterpret_cast<const sockaddr_in6*>(&address.addr)->sin6_addr;
  if (ip) ::inet_ntop(address.family, ip, text.data(), text.size());
  return text.data();
}

/// The very address that is about to be connected to, after the name was looked up.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (exchange.request.addresses == AddressRule::public_only &&
      !exchange.guard->allows_connection(exchange.host, exchange.port, text_of(*address))) {
    exchange.was_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Nothing when the URL has no host.
bool read_host(Exchange& exchange) {
  CURLU* url = curl_url();
  char* host = nullptr;
  char* port = nullptr;
  const bool valid =
      curl_url_set(url, CURLUPART_URL, exchange.request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
  if (valid) {
    exchange.host = host;
    if (exchange.host.starts_with('['))
      exchange.host = exchange.host.substr(1, exchange.host.size() - 2);
    exchange.port = std::atoi(port);
  }
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(url);
  return valid;
}

curl_blob blob_of(std::string_view bytes) {
  // libcurl copies at once (CURL_BLOB_COPY) and never writes through the pointer.
  return {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
}

void set_certificates(CURL* easy, const Request& request) {
  if (!request.trusted_ca_pem.empty()) {
    curl_blob ca = blob_of(request.trusted_ca_pem);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
  }
  if (!request.certificate) return;
  curl_blob certificate = blob_of(request.certificate->certificate_pem);
  curl_blob key = blob_of(request.certificate->private_key_pem.reveal());
  curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
  curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
}

void set_up(Exchange& exchange, const std::string& user_agent) {
  CURL* easy = exchange.easy.get();
  const Request& request = exchange.request;
  for (const Header& header : request.headers)
    append_header(exchange, header.name + ": " + header.value);
  append_header(exchange, "Expect:");  // No waiting for "100 Continue".
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "GET") {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange.headers.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // The guard must see the real address.
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &exchange);
  set_certificates(easy, request);
}

/// How the certificate of the server failed. Source: OpenSSL, verify(1), "Diagnostics".
Error certificate_error(CURL* easy) {
  constexpr long unspecified = 1, not_yet_valid = 9, has_expired = 10, other_name = 62,
                 other_address = 64;
  long verdict = 0;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  if (verdict == has_expired) return {errors::tls_expired, "the server's certificate has expired"};
  if (verdict == not_yet_valid)
    return {errors::tls_expired, "the server's certificate is not valid yet"};
  // libcurl checks the name itself, after the handshake, and leaves the verify result as it was.
  const bool is_chain_well = verdict == 0 || verdict == unspecified;
  if (is_chain_well || verdict == other_name || verdict == other_address)
    return {errors::tls_name_mismatch, "the server's certificate is for another name"};
  return {errors::tls_unknown_authority,
          "the server's certificate comes from an authority that is not trusted"};
}

/// Why no connection came about: nothing was sent.
Error connect_error(CURL* easy, CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {errors::dns_failed, "the name of the host cannot be resolved"};
    case CURLE_COULDNT_CONNECT:
      return {errors::connection_refused, "nobody accepts connections at the address"};
    case CURLE_OPERATION_TIMEDOUT:
      return {errors::connect_timed_out, "no connection came about in time"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_error(easy);
    case CURLE_SSL_CONNECT_ERROR:
      return {errors::tls_failed, "TLS could not be agreed on with the server"};
    default:
      return {errors::not_connected, curl_easy_strerror(code)};
  }
}

/// What a fault of libcurl means: was anything sent?
Error error_of(Exchange& exchange, CURLcode code) {
  CURL* const easy = exchange.easy.get();
  if (exchange.was_refused)
    return {errors::address_refused,
            "the address leads to a private, loopback, link-local or reserved network"};
  curl_off_t ready_us = 0;  // Since when the request could be sent; 0: never.
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
  if (ready_us == 0) return connect_error(easy, code);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 0 && exchange.request.on_broken_answer)
    exchange.request.on_broken_answer(static_cast<int>(status));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {errors::answer_timed_out, "the answer did not come in time"};
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {errors::closed_early, "the connection ended before the whole answer"};
    default:
      return {errors::no_answer, curl_easy_strerror(code)};
  }
}

Result<Response> outcome_of(Exchange& exchange, CURLcode code) {
  CURL* easy = exchange.easy.get();
  Response& response = exchange.response;
  if (code != CURLE_OK && !response.is_cut_off) return error_of(exchange, code);
  long status = 0;
  curl_off_t total_us = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total_us);
  response.status = static_cast<int>(status);
  response.duration_us = total_us;
  return std::move(response);
}

/// A pool of connections and the thread that drives it.
class Engine {
 public:
  explicit Engine(const ClientOptions& options) : options_(options), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.max_connections_per_host));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options.max_idle_connections));
    thread_ = std::thread([this] { run(); });
  }

  ~Engine() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void add(std::unique_ptr<Exchange> exchange) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = waiting_.empty();
      waiting_.push_back(std::move(exchange));
    }
    if (was_empty) curl_multi_wakeup(multi_.get());
  }

 private:
  void run() {
    while (start_waiting()) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      finish_answered();
      curl_multi_poll(multi_.get(), nullptr, 0, max_wait_ms, nullptr);
    }
    for (const auto& exchange : running_) {
      curl_multi_remove_handle(multi_.get(), exchange->easy.get());
      exchange->done(Error{errors::no_answer, "the program is stopping"});
    }
    running_.clear();
    idle_.clear();
  }

  /// False when it is time to end.
  bool start_waiting() {
    std::vector<std::unique_ptr<Exchange>> fresh;
    bool is_stopping = false;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(waiting_);
      is_stopping = is_stopping_;
    }
    for (auto& exchange : fresh) {
      if (!read_host(*exchange)) {
        exchange->done(Error{errors::not_connected, "the URL cannot be read"});
        continue;
      }
      exchange->easy = take_easy();
      set_up(*exchange, options_.user_agent);
      curl_multi_add_handle(multi_.get(), exchange->easy.get());
      running_.insert(std::move(exchange));
    }
    return !is_stopping;
  }

  Easy take_easy() {
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  void finish_answered() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Exchange* exchange = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
      curl_multi_remove_handle(multi_.get(), exchange->easy.get());
      const auto own = take_out(exchange);
      own->done(outcome_of(*own, code));
      curl_easy_reset(own->easy.get());
      idle_.push_back(std::move(own->easy));
    }
  }

  std::unique_ptr<Exchange> take_out(Exchange* exchange) {
    const auto found = running_.find(exchange);
    return std::move(running_.extract(found).value());
  }

  struct ByAddress {
    using is_transparent = void;
    static const Exchange* address(const std::unique_ptr<Exchange>& e) { return e.get(); }
    static const Exchange* address(const Exchange* e) { return e; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return std::less<>()(address(a), address(b));
    }
  };

  const ClientOptions& options_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::set<std::unique_ptr<Exchange>, ByAddress> running_;  // Of the thread, as is the next.
  std::vector<Easy> idle_;
  std::mutex mutex_;  // Guards what follows.
  std::vector<std::unique_ptr<Exchange>> waiting_;
  bool is_stopping_ = false;
  std::thread thread_;
};

void start_library() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

}  // namespace

/// Two pools: a connection that configuration opened to a private address must never serve a
/// tenant's request for the same name.
struct HttpClient::Impl {
  explicit Impl(ClientOptions wanted) : options(std::move(wanted)) {}
  const ClientOptions options;
  Engine trusted{options};
  Engine guarded{options};
};

HttpClient::HttpClient(ClientOptions options) {
  start_library();
  impl_ = std::make_unique<Impl>(std::move(options));
}

HttpClient::~HttpClient() = default;

void HttpClient::send(Request request, Done done) {
  auto exchange = std::make_unique<Exchange>();
  exchange->request = std::move(request);
  exchange->done = std::move(done);
  exchange->guard = &impl_->options.guard;
  Engine& engine =
      exchange->request.addresses == AddressRule::any ? impl_->trusted : impl_->guarded;
  engine.add(std::move(exchange));
}

Result<Response> HttpClient::execute(Request request) {
  std::promise<Result<Response>> promise;
  auto answer = promise.get_future();
  send(std::move(request),
       [&promise](Result<Response> response) { promise.set_value(std::move(response)); });
  return answer.get();
}

bool is_surely_not_sent(const ErrorCode& code) {
  return code != errors::no_answer && code != errors::answer_timed_out &&
         code != errors::closed_early;
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> retry_after_s(const Response& response, std::int64_t now_s) {
  const auto text = response.header("Retry-After");
  if (!text) return std::nullopt;
  constexpr std::int64_t max_s = 10LL * 365 * 86'400;
  const char* const last = text->data() + text->size();
  std::int64_t seconds = -1;
  const auto [end, fault] = std::from_chars(text->data(), last, seconds);
  if (end == last && fault != std::errc::invalid_argument) {
    if (text->starts_with('-')) return std::nullopt;
    return fault == std::errc::result_out_of_range ? max_s : std::min(seconds, max_s);
  }
  const time_t at = curl_getdate(std::string(*text).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(at) - now_s, 0, max_s);
}

}  // namespace florin::http_client
