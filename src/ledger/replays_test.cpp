// The same key with the same request gives the first answer again, byte for byte, also after the
// database was closed and opened; with another request it gives idempotency_mismatch.
#include <functional>

#include "idempotency/errors.h"
#include "ledger/answers.h"
#include "ledger/ledger_fixture.h"
#include "platform/sql/temporary_folder.h"

namespace florin::ledger {
namespace {

/// Builds the command that is sent twice, after what it needs has been made.
using Build = std::function<Command(Books&, FakeClock&)>;

struct Case {
  std::string name;
  Build build;
};

PostTransfer told(PostTransfer body, Timestamp effective_at) {
  body.narrative = {"INV-7", "Coffee \"to go\" \xE2\x98\x95\n",
                    R"({"b":[1,2.50,null],"a":{"k":"ü"}})"};
  body.effective_at = effective_at;
  return body;
}

HoldId placed(Books& books) { return books.place(hold_of({posting("ana", "shop", 50)}, 3'600)).id; }

PostBulk bulk_of(std::int64_t second_amount, bool atomic) {
  PostBulk bulk;
  bulk.transfers = {transfer_of({posting("ana", "shop", 5)}),
                    transfer_of({posting("ana", "shop", second_amount)})};
  bulk.atomic = atomic;
  return bulk;
}

std::vector<Case> cases() {
  return {
      {"transfer", [](Books&, FakeClock&) { return transfer("ana", "shop", 5); }},
      {"transfer_with_all_members",
       [](Books&, FakeClock& clock) {
         const PostTransfer body =
             transfer_of({posting("ana", "shop", 5), posting("shop", "bank", 2)});
         return command(told(body, clock.now().plus_us(-1'234'567)));
       }},
      {"refused_transfer", [](Books&, FakeClock&) { return transfer("ana", "shop", 1'001); }},
      {"atomic_bulk", [](Books&, FakeClock&) { return command(bulk_of(6, true)); }},
      {"refused_atomic_bulk", [](Books&, FakeClock&) { return command(bulk_of(996, true)); }},
      {"independent_bulk", [](Books&, FakeClock&) { return command(bulk_of(996, false)); }},
      {"hold",
       [](Books&, FakeClock&) { return command(hold_of({posting("ana", "shop", 5)}, 60)); }},
      {"capture",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 20, true});
       }},
      {"refused_capture",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 51, false});
       }},
      {"release", [](Books& books, FakeClock&) { return command(ReleaseHold{placed(books)}); }},
      {"reversal",
       [](Books& books, FakeClock&) {
         const Transfer sale = books.post(transfer("ana", "shop", 5));
         return command(ReverseTransfer{sale.id, {"R-1", std::nullopt, "{}"}});
       }},
  };
}

class Replays : public testing::TestWithParam<Case> {
 protected:
  void open() { books_ = std::make_unique<Books>(clock_, folder_.path() + "/books.db"); }
  void reopen() {
    books_.reset();
    open();
  }
  Replays() {
    open();
    books_->open("bank", AccountType::asset, std::nullopt);
    books_->open("ana");
    books_->open("shop");
    EXPECT_EQ(books_->move("bank", "ana", 1'000), "");
  }

  void expect_replay(const Command& command, const http::Response& first) {
    const auto before = books_->footprint();
    const Outcome outcome = books_->service.execute(command);
    ASSERT_TRUE(std::holds_alternative<Replay>(outcome));
    const http::Response again = answer(command, outcome);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.status, first.status);
    ASSERT_EQ(again.headers.size(), 1u);
    EXPECT_EQ(again.headers[0].name, "Idempotent-Replayed");
    EXPECT_EQ(books_->footprint(), before);
  }

  const sql::TemporaryFolder folder_ = *sql::TemporaryFolder::make();
  FakeClock clock_;
  std::unique_ptr<Books> books_;
};

TEST_P(Replays, GiveTheFirstAnswerByteForByte) {
  Command command = GetParam().build(*books_, clock_);
  command.key = key(1);
  const http::Response first = answer(command, books_->service.execute(command));
  clock_.advance_seconds(5);
  expect_replay(command, first);
  // Neither what happened since nor a new process changes what was answered.
  ASSERT_EQ(books_->move("bank", "shop", 100), "");
  reopen();
  clock_.advance_seconds(86'400);
  expect_replay(command, first);
  Command retried = command;
  retried.origin.request_id = "req_2";
  expect_replay(retried, first);
}

TEST_P(Replays, RefuseAnotherRequestUnderTheKey) {
  Command command = GetParam().build(*books_, clock_);
  command.key = key(1);
  books_->service.execute(command);
  Command other = command;
  other.key = key(1, 2);
  const auto before = books_->footprint();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of(books_->service.execute(other)),
              idempotency::errors::idempotency_mismatch.name);
    reopen();
  }
  EXPECT_EQ(books_->footprint(), before);
  EXPECT_EQ(books_->count_keys(), 1);
}

INSTANTIATE_TEST_SUITE_P(Commands, Replays, testing::ValuesIn(cases()),
                         [](const auto& given) { return given.param.name; });

TEST_F(LedgerTest, ADryRunNeitherReplaysNorUsesTheKeyUp) {
  Command sale = transfer("ana", "shop", 5);
  sale.key = key(1);
  Command trial = sale;
  trial.dry_run = true;
  const auto before = books.footprint();
  EXPECT_NE(books.answer_to(trial).find("\"dry_run\""), std::string::npos);
  EXPECT_EQ(books.footprint(), before);
  ASSERT_TRUE(std::holds_alternative<Transfer>(books.service.execute(sale)));
  EXPECT_NE(books.answer_to(trial).find("\"dry_run\""), std::string::npos);
}

}  // namespace
}  // namespace florin::ledger
