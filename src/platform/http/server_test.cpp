#include "platform/http/server.h"

#include "platform/http/errors.h"
#include "platform/http/server_fixture.h"

namespace florin::http {
namespace {

Result<Response> echo(const Request& request) { return Response::ok(request.body); }

Routes simple_routes() {
  return {
      {"GET", "/hello", "", SyncHandler([](const Request&) { return Response::ok(R"({"a":1})"); })},
      {"POST", "/echo", "", SyncHandler(echo)},
      {"GET", "/hot", "", HotHandler([](const Request&, Responder responder) {
         responder.send(Response::ok(R"({"hot":true})"));
       })},
  };
}

TEST(Server, AnswersSyncAndHotRoutes) {
  const TestServer server(simple_routes());
  RawClient client = server.connect();
  EXPECT_EQ(client.ask(get("/hello")).body, R"({"a":1})");
  EXPECT_EQ(client.ask(post("/echo", R"([1])")).body, "[1]");
  EXPECT_EQ(client.ask(get("/hot")).body, R"({"hot":true})");
}

}  // namespace
}  // namespace florin::http
