// The same key with the same request gives the first answer again, byte for byte, also after the
// database was closed and opened; with another request it gives idempotency_mismatch.
#include <functional>

#include "base/try.h"
#include "idempotency/errors.h"
#include "ledger/answers.h"
#include "ledger/ledger_fixture.h"
#include "platform/sql/temporary_folder.h"

namespace florin::ledger {
namespace {

/// Builds the command that is sent twice, after what it needs has been made.
using Build = std::function<Command(Books&, FakeClock&)>;

/// What happens between the first request and its replay.
using Since = std::function<void(Books&, const Outcome& first)>;

struct Case {
  std::string name;
  Build build;
  Since since = [](Books&, const Outcome&) {};
};

PostTransfer told(PostTransfer body, Timestamp effective_at) {
  body.details = {"INV-7", "Coffee \"to go\" \xE2\x98\x95\n",
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

void capture_the_rest(Books& books, const Outcome& first) {
  books.post(command(CaptureHold{std::get<Capture>(first).hold.id, std::nullopt, false}));
}

/// A hold of an earlier step, one of before, a transfer and a reversal.
RunSteps steps_of_all_kinds(Books& books) {
  const Transfer sale = books.post(transfer("ana", "shop", 5));
  RunSteps steps;
  steps.steps = {{hold_of({posting("ana", "shop", 20)}, 60)},
                 {CaptureHold{{}, 4, true}, 0},
                 {transfer_of({posting("ana", "shop", 3), posting("ana", "shop", 2)})},
                 {ReleaseHold{placed(books)}},
                 {CaptureHold{placed(books), std::nullopt, false}},
                 {ReverseTransfer{sale.id, {}}}};
  return steps;
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
      {"bulk_of_all_kinds",
       [](Books& books, FakeClock&) { return command(steps_of_all_kinds(books)); }},
      {"hold_that_expires",
       [](Books&, FakeClock&) { return command(hold_of({posting("ana", "shop", 5)}, 60)); }},
      {"hold_captured_in_part_since",
       [](Books&, FakeClock&) { return command(hold_of({posting("ana", "shop", 5)})); },
       [](Books& books, const Outcome& first) {
         books.post(command(CaptureHold{std::get<Hold>(first).id, 2, true}));
       }},
      {"hold_released_since",
       [](Books&, FakeClock&) {
         return command(hold_of({posting("ana", "shop", 5), posting("ana", "bank", 7)}));
       },
       [](Books& books, const Outcome& first) {
         books.service.execute(command(ReleaseHold{std::get<Hold>(first).id}));
       }},
      {"capture_in_part",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 20, true});
       },
       capture_the_rest},
      {"second_capture_in_part",
       [](Books& books, FakeClock&) {
         const HoldId hold = placed(books);
         books.post(command(CaptureHold{hold, 20, true}));
         return command(CaptureHold{hold, 10, true});
       },
       capture_the_rest},
      {"capture_in_part_that_gives_back_the_rest",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 20, false});
       }},
      {"capture_of_all_that_would_keep_a_rest",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 50, true});
       }},
      {"capture_of_several_postings",
       [](Books& books, FakeClock&) {
         const Hold hold =
             books.place(hold_of({posting("ana", "shop", 5), posting("ana", "bank", 7)}));
         return command(CaptureHold{hold.id, std::nullopt, false});
       }},
      {"refused_capture",
       [](Books& books, FakeClock&) {
         return command(CaptureHold{placed(books), 51, false});
       }},
      {"release", [](Books& books, FakeClock&) { return command(ReleaseHold{placed(books)}); }},
      {"release_after_a_capture",
       [](Books& books, FakeClock&) {
         const HoldId hold = placed(books);
         books.post(command(CaptureHold{hold, 20, true}));
         return command(ReleaseHold{hold});
       }},
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
  const Outcome outcome = books_->service.execute(command);
  const http::Response first = answer(command, outcome);
  clock_.advance_seconds(5);
  expect_replay(command, first);
  GetParam().since(*books_, outcome);
  expect_replay(command, first);
  // Neither what happened since nor a new process changes what was answered.
  ASSERT_EQ(books_->move("bank", "shop", 100), "");
  reopen();
  clock_.advance_seconds(86'400);
  expect_replay(command, first);
  Command retried = command;
  retried.actor.request_id = "req_2";
  expect_replay(retried, first);
}

TEST_P(Replays, GiveTheFirstAnswerWithinOneBatch) {
  Command command = GetParam().build(*books_, clock_);
  command.key = key(1);
  std::vector<Posted> both;
  ASSERT_TRUE(books_->database->write_work([&](sql::Tx& tx) -> Result<void> {
    both = TRY(books_->service.post_all(tx, {command, command}));
    return {};
  }));
  ASSERT_TRUE(std::holds_alternative<Replay>(both[1].outcome));
  EXPECT_EQ(answer(command, both[1].outcome).body, answer(command, both[0].outcome).body);
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

TEST_F(LedgerTest, AKeyStoresNoCopyOfWhatWasMade) {
  constexpr sql::Query longest{"test.longest", "SELECT max(length(body)) FROM idempotency_keys"};
  PostBulk bulk;
  bulk.transfers.assign(100, transfer_of({posting("ana", "shop", 1)}));
  Command hold = command(hold_of({posting("ana", "shop", 5)}), key(1));
  Command sales = command(bulk, key(2));
  ASSERT_EQ(code_of(books.service.execute(hold)), "");
  ASSERT_EQ(code_of(books.service.execute(sales)), "");
  std::int64_t bytes = 0;
  ASSERT_TRUE(books.database->read_work([&](sql::Tx& tx) {
    return tx.query(longest, {}, [&](const sql::Row& row) {
      bytes = row.integer(0);
      return true;
    });
  }));
  EXPECT_LT(bytes, 300) << "some two bytes for each transfer of the bulk";
}

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
