#include "app/docs_routes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "app/route_answers_fixture.h"

namespace florin::app {
namespace {

/// A file of web/docs as it stands in the source.
std::string source_of(const std::string& name) {
  std::ifstream in(std::string(FLORIN_SOURCE_DIR) + "/web/docs/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class DocsRoutes : public testing::Test {
 protected:
  http::Response get(std::string_view pattern, const std::string& asset = "") const {
    return answer_of(docs_routes(document), pattern, {{"asset", asset}});
  }

  const std::shared_ptr<std::string> document = std::make_shared<std::string>();
};

TEST_F(DocsRoutes, ArePublic) {
  for (const http::Route& route : docs_routes(document)) {
    EXPECT_EQ(route.method, "GET") << route.pattern;
    EXPECT_EQ(route.permission, "") << route.pattern;
  }
}

TEST_F(DocsRoutes, AnswerTheDocumentThatWasWrittenAfterTheyWereMade) {
  const http::Routes routes = docs_routes(document);
  *document = R"({"openapi":"3.1.0"})";
  const http::Response answer = answer_of(routes, "/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, *document);
}

TEST_F(DocsRoutes, ThePageIsTheOneOfTheSource) {
  const http::Response page = get("/docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.body, source_of("index.html"));
}

TEST_F(DocsRoutes, ItsScriptsTravelInTheBinary) {
  for (const char* name : {"redoc.js", "start.js", "account.js"}) {
    const http::Response asset = get("/docs/{asset}", name);
    EXPECT_EQ(asset.status, 200) << name;
    EXPECT_EQ(asset.content_type, "text/javascript; charset=utf-8") << name;
    EXPECT_FALSE(asset.body.empty()) << name;
  }
  EXPECT_EQ(get("/docs/{asset}", "start.js").body, source_of("start.js"));
  EXPECT_EQ(get("/docs/{asset}", "account.js").body, source_of("account.js"));
}

TEST_F(DocsRoutes, EveryScriptThatThePageNamesIsThere) {
  const std::string page = get("/docs").body;
  const std::string_view begin = "src=\"/docs/";
  int named = 0;
  for (std::size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at + 1)) {
    const std::size_t from = at + begin.size();
    const std::string name = page.substr(from, page.find('"', from) - from);
    EXPECT_EQ(get("/docs/{asset}", name).status, 200) << name;
    ++named;
  }
  EXPECT_GT(named, 0);
}

TEST_F(DocsRoutes, ThePageMayUseThisServerAlone) {
  for (const http::Response& answer : {get("/docs"), get("/docs/{asset}", "start.js")}) {
    const std::string policy = header_of(answer, "Content-Security-Policy");
    for (const char* rule : {"default-src 'none'", "script-src 'self'", "connect-src 'self'",
                             "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"}) {
      EXPECT_NE(policy.find(rule), std::string::npos) << rule;
    }
    EXPECT_EQ(header_of(answer, "Cache-Control"), "public, max-age=300");
  }
}

TEST_F(DocsRoutes, OtherFilesAreNotFound) {
  for (const char* name : {"", "index.html", "REDOC.JS", "redoc.js/", "../index.html", "build.mjs"})
    EXPECT_EQ(get("/docs/{asset}", name).status, 404) << name;
}

}  // namespace
}  // namespace florin::app
