// Who is let in, before a body costs memory.
#include "platform/http/errors.h"
#include "platform/http/server_fixture.h"

namespace florin::http {
namespace {

Route private_echo(std::atomic<int>& handled) {
  return {"POST",
          "/echo",
          "echo:write",
          SyncHandler([&handled](const Request& request) {
            ++handled;
            return Response::ok(request.body);
          }),
          {},
          Body::by_method,
          16 << 20};
}

std::string head(std::string_view token, std::size_t length) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + std::string(token) +
         "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

class ServerAdmission : public testing::Test {
 protected:
  std::atomic<int> handled_{0};
  TestServer server_{{private_echo(handled_)}};
};

TEST_F(ServerAdmission, TheGateRefusesAtTheHeadAndReadsNoBody) {
  const std::pair<const char*, int> refusals[]{
      {"nobody", 401}, {"limited", 429}, {"slow_unknown", 401}, {"throws", 500}};
  for (const auto& [token, status] : refusals) {
    RawClient client = server_.connect();
    const Answer answer = client.ask(head(token, 16 << 20));
    EXPECT_EQ(answer.status, status) << token;
    EXPECT_EQ(answer.header("connection"), "close") << token;
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(ServerAdmission, TheRefusalReachesAClientThatIsStillSending) {
  RawClient client = server_.connect();
  client.send(head("nobody", 16 << 20)).send(filler(2 << 20));
  EXPECT_EQ(client.receive().status, 401);
}

TEST_F(ServerAdmission, ARefusedChunkedBodyIsNotReadEither) {
  const Answer answer = server_.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nobody\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(ServerAdmission, ARefusedBodyThatIsHereAlreadyDoesNotEndTheConnection) {
  for (const auto* token : {"nobody", "slow_unknown"}) {
    RawClient client = server_.connect();
    client.send(head(token, 3) + "[1]" + head("fast", 3) + "[2]");
    EXPECT_EQ(client.receive().status, 401) << token;
    EXPECT_EQ(client.receive().body, "[2]") << token;
  }
}

TEST_F(ServerAdmission, WhoeverExpectsContinueIsRefusedInsteadOfAskedForTheBody) {
  const std::string asks = "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const Answer refused =
      server_.ask("POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nobody\r\n" + asks);
  EXPECT_EQ(refused.status, 401);
  RawClient client = server_.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer slow\r\n" + asks);
  EXPECT_EQ(client.receive_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("[1]").body, "[1]");
}

TEST_F(ServerAdmission, AWorkerMayBeAskedBeforeALongBodyIsRead) {
  const std::string body = "\"" + filler(3 << 20) + "\"";
  EXPECT_EQ(server_.ask(head("slow", body.size()) + body).body, body);
  EXPECT_EQ(server_.authenticator.authenticated_on_worker, 1);
}

}  // namespace
}  // namespace florin::http
