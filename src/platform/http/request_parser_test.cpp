#include "platform/http/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace florin::http {
namespace {

using Progress = RequestParser::Progress;

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> requests{
      "GET /v1/accounts?limit=2 HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n",
      "POST /v1/transfers HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nIdempotency-Key: k\r\n\r\n"
      "[1,2,3]",
      "POST /v1/transfers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=b\r\n[1,\r\n04\r\n2,3]\r\n0\r\nTrailer: t\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  return requests;
}

/// All that a request came to, or the code it was refused with, and how many bytes it took.
std::string outcome(const std::vector<std::string_view>& pieces) {
  RequestParser parser(400);
  Request request;
  parser.begin(request);
  std::string pending;
  std::size_t taken = 0;
  for (const std::string_view piece : pieces) {
    pending += piece;
    while (!pending.empty()) {
      const auto step = parser.parse(pending);
      if (!step) return std::string(step.error().code.name);
      pending.erase(0, step->consumed);
      taken += step->consumed;
      if (step->progress == Progress::complete) {
        std::string text = request.method + " " + parser.target() + " " + request.body + " ";
        for (const Header& header : request.headers) text += header.name + "=" + header.value + ";";
        return text + (parser.keeps_alive() ? "stay " : "leave ") + std::to_string(taken);
      }
      if (step->progress == Progress::head) {
        if (const auto fits = parser.limit_body(50); !fits)
          return std::string(fits.error().code.name);
      } else if (step->consumed == 0) {
        break;
      }
    }
  }
  return "incomplete";
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

/// Neither refused nor waiting: with single bytes a refusal may come later, never another request.
bool is_accepted(std::string_view outcome) { return outcome.find(' ') != std::string_view::npos; }

TEST(RequestParser, ReadsHeadersAndBody) {
  EXPECT_EQ(outcome({corpus()[1]}),
            "POST /v1/transfers [1,2,3] Host=a;Content-Length=7;Idempotency-Key=k;stay " +
                std::to_string(corpus()[1].size()));
  EXPECT_EQ(outcome({corpus()[2]}),
            "POST /v1/transfers [1,2,3] Host=a;Transfer-Encoding=chunked;stay " +
                std::to_string(corpus()[2].size()));
}

TEST(RequestParser, WhereTheBytesAreSplitMakesNoDifference) {
  for (const std::string& request : corpus()) {
    const std::string whole = outcome({request});
    EXPECT_NE(whole, "incomplete");
    EXPECT_EQ(outcome(bytes_of(request)), whole);
    for (std::size_t at = 1; at < request.size(); ++at) {
      const std::string_view text = request;
      ASSERT_EQ(outcome({text.substr(0, at), text.substr(at)}), whole) << at;
    }
  }
}

TEST(RequestParser, TakesNothingOfTheNextRequest) {
  for (const std::string& request : corpus()) {
    EXPECT_EQ(outcome({request + corpus()[0]}), outcome({request}));
  }
}

TEST(RequestParser, ADamagedRequestIsTakenAsTheSameInOnePieceAndInMany) {
  std::mt19937 random(20'261'121);  // NOLINT: a seed, so that a failure repeats.
  const std::string_view alphabet("\0\t\r\n :;,=0159afAF%-+_{}\"\x7F\xC3\xFF", 27);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string request = corpus()[below(corpus().size())];
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
      const std::size_t at = below(request.size());
      const char c = alphabet[below(alphabet.size())];
      switch (below(4)) {
        case 0:
          request[at] = c;
          break;
        case 1:
          request.insert(at, 1, c);
          break;
        case 2:
          request.erase(at, 1 + below(4));
          break;
        default:
          request.insert(at, request.substr(below(request.size()), below(20)));
          break;
      }
    }
    const std::string whole = outcome({request});
    if (whole == "malformed_request") ++refused;
    const std::string split = outcome(bytes_of(request));
    if (is_accepted(whole) || is_accepted(split)) {
      ASSERT_EQ(split, whole) << testing::PrintToString(request);
    }
  }
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace florin::http
