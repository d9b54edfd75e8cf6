// Files as sides, and the report's files.
#include "reconciliation/csv.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "platform/sql/temporary_folder.h"
#include "reconciliation/errors.h"
#include "reconciliation/report.h"

namespace florin::reconciliation {
namespace {

const Currency kzt = *Currency::parse("KZT");

class CsvFiles : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    std::string path = folder.path() + "/file.csv";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  Result<std::vector<Entry>> entries(const std::string& text) {
    auto source = open_csv_source(write(text));
    if (!source) return source.error();
    std::vector<Entry> all;
    auto read = (*source)->read(Period::everything(), [&](const Entry& entry) -> Result<void> {
      all.push_back(entry);
      return {};
    });
    if (!read) return read.error();
    return all;
  }
  /// The detail of the refusal, after the file's name.
  std::string refusal(const std::string& text) {
    const auto read = entries(text);
    if (read) return "accepted";
    EXPECT_EQ(read.error().code, errors::reconciliation_file_malformed);
    return read.error().detail.substr(folder.path().size() + 9);
  }
  static std::string content(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
};

const std::string head = "transactionId,refId,type,playerId,currency,amount,status,processedAt\n";

TEST_F(CsvFiles, AreReadInAnyOrderOfColumns) {
  const auto read = entries(
      "\xEF\xBB\xBFstatus,amount,ignored,currency,type,transaction_id,processed_at\r\n"
      "SUCCESS,12.5,x,KZT,DEBIT,t1,2026-11-20T10:00:00+05:00\r\n\r\n"
      "rolled_back,-3,\"a, \"\"b\"\"\nc\",KZT,credit,\"t,2\",2026-11-20T10:00:00Z");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0], (Entry{"t1",
                               "",
                               "",
                               {1'250, kzt},
                               "debit",
                               EntryStatus::success,
                               *Timestamp::parse("2026-11-20T05:00:00Z")}));
  EXPECT_EQ((*read)[1].key, "t,2");
  EXPECT_EQ((*read)[1].amount.minor, -300);
  EXPECT_EQ((*read)[1].status, EntryStatus::rolled_back);
}

TEST_F(CsvFiles, MayHoldMinorUnits) {
  const auto read = entries(
      "transactionId,type,currency,amount_minor,status,processedAt\n"
      "t1,debit,KZT,1250,success,2026-11-20T10:00:00Z\n");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->front().amount.minor, 1'250);
}

TEST_F(CsvFiles, RowsMayCrossTheReadersBuffer) {
  std::string text = head;
  for (int i = 0; i < 40'000; ++i)
    text += "t" + std::to_string(i) + ",r,debit,\"p\",KZT,1.00,success,2026-11-20T10:00:00Z\n";
  const auto read = entries(text);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 40'000u);
  for (int i = 0; i < 40'000; ++i) ASSERT_EQ((*read)[i].key, "t" + std::to_string(i));
}

TEST_F(CsvFiles, NameTheLineAndTheColumnThatIsWrong) {
  EXPECT_EQ(refusal(""), ", line 1: the file is empty; its first row names columns");
  EXPECT_EQ(refusal("type\n"), ", line 1: the column transactionId is missing");
  EXPECT_EQ(refusal("type,Type\n"), ", line 1: the column type stands there twice");
  EXPECT_EQ(refusal("transactionId,type,currency,status,processedAt\n"),
            ", line 1: there must be one of the columns amount and amount_minor");
  const auto row = [&](const std::string& text) { return refusal(head + text); };
  const std::string at = ", line 2: ";
  EXPECT_EQ(row("t,r,debit,p,XXZ,1,success,2026-11-20T10:00:00Z\n"),
            at + "currency must be a code of ISO 4217, such as KZT");
  EXPECT_EQ(row("t,r,debit,p,KZT,1.234,success,2026-11-20T10:00:00Z\n"),
            at + "amount must be a number with the decimals of its currency");
  EXPECT_EQ(row("t,r,debit,p,KZT,1,done,2026-11-20T10:00:00Z\n"),
            at + "status must be one of pending, success, failed, rolled_back");
  EXPECT_EQ(row("t,r,debit,p,KZT,1,success,yesterday\n"),
            at + "processedAt must be a time of RFC 3339, such as 2026-11-21T10:00:00Z");
  EXPECT_EQ(row("t,r,,p,KZT,1,success,2026-11-20T10:00:00Z\n"), at + "type must not be empty");
  EXPECT_EQ(row(",,debit,p,KZT,1,success,2026-11-20T10:00:00Z\n"),
            at + "transactionId and refId must not both be empty");
  EXPECT_EQ(row("\"t\"x,r,debit\n"), at + "text follows a closing quote");
  EXPECT_EQ(row("\"t,r,debit\n"), at + "a quote is not closed");
  EXPECT_EQ(row("\"" + std::string(3 << 20, 'x')),
            at + "a row is longer than 1 MiB; is a quote open?");
}

TEST_F(CsvFiles, HaveRowsAsLongAsTheirHead) {
  // An amount with an unquoted comma, as the last column: read by its place it would be cut off.
  const std::string amount_last =
      "transactionId,refId,type,playerId,currency,status,processedAt,amount\n";
  EXPECT_EQ(refusal(amount_last + "t,r,debit,p,KZT,success,2026-11-20T10:00:00Z,1,234.50\n"),
            ": line 2 has 9 fields, the header 8");
  const std::string good = "t,r,debit,p,KZT,1,success,2026-11-20T10:00:00Z\n";
  EXPECT_EQ(refusal(head + good + "t,r\n"), ": line 3 has 2 fields, the header 8");
  EXPECT_EQ(refusal(head + "t\n"), ": line 2 has 1 field, the header 8");
  EXPECT_EQ(refusal(head + "t,r,debit,p,KZT,1,success,2026-11-20T10:00:00Z,\n"),
            ": line 2 has 9 fields, the header 8");
  // Too short even when what is missing could be empty.
  EXPECT_EQ(refusal("transactionId,type,currency,amount,status,processedAt,refId\n"
                    "t,debit,KZT,1,success,2026-11-20T10:00:00Z\n"),
            ": line 2 has 6 fields, the header 7");
}

TEST_F(CsvFiles, OfAnyBytesAreReadOrRefused) {
  constexpr std::string_view pieces[] = {
      "\"",    ",",    "\n",   "\r\n", "t1", "KZT", "-1.00", "success", "2026-11-20T10:00:00Z",
      "debit", "\"\"", "\xFF", "r",    "p"};
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string text = head;
    for (auto left = random() % 60; left > 0; --left) text += pieces[random() % std::size(pieces)];
    const auto read = entries(text);
    if (!read) {
      EXPECT_EQ(read.error().code, errors::reconciliation_file_malformed) << text;
    }
  }
}

TEST_F(CsvFiles, ThatAreNotThereAreUnusable) {
  EXPECT_EQ(open_csv_source(folder.path() + "/none.csv").error().code,
            errors::reconciliation_files_unusable);
}

TEST(Decimals, AreExact) {
  const Currency jpy = *Currency::parse("JPY");
  const Currency kwd = *Currency::parse("KWD");
  EXPECT_EQ(parse_decimal("12.50", kzt), 1'250);
  EXPECT_EQ(parse_decimal("12.5000", kzt), 1'250);
  EXPECT_EQ(parse_decimal("-0.01", kzt), -1);
  EXPECT_EQ(parse_decimal("7", jpy), 7);
  EXPECT_EQ(parse_decimal("7.001", kwd), 7'001);
  EXPECT_EQ(parse_decimal("92233720368547758.07", kzt), INT64_MAX);
  for (const char* bad : {"", "-", ".5", "5.", "1e3", "+1", "1,5", "12.501", "0x1", "--1",
                          "92233720368547758.08", " 1", "1-2"}) {
    EXPECT_FALSE(parse_decimal(bad, kzt)) << bad;
  }
  for (const std::int64_t minor : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(parse_decimal(to_decimal({minor, kzt}), kzt), minor);
  EXPECT_EQ(to_decimal({7, jpy}), "7");
}

TEST_F(CsvFiles, AReportIsThereWhenItIsComplete) {
  const Timestamp now = *Timestamp::parse("2026-11-21T10:11:12.000345Z");
  const std::string reports = folder.path() + "/a/b";
  const Entry ours{"=t1", "r,1", "ana", {100, kzt}, "debit", EntryStatus::success, now};
  Entry theirs = ours;
  theirs.amount.minor = 90;
  Counts counts;
  counts.mismatches[static_cast<std::size_t>(MismatchKind::amount_mismatch)] = 1;
  {
    auto abandoned = ReportWriter::create(reports, {"acme", Period::everything(), {}, {}, now});
    ASSERT_TRUE(abandoned);
  }
  EXPECT_TRUE(std::filesystem::is_empty(reports));
  auto writer = ReportWriter::create(reports, {"acme", Period::everything(), {}, {}, now});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add({MismatchKind::amount_mismatch, ours, theirs}));
  const auto files = writer->finish(counts, now);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->mismatches, reports + "/reconciliation-2026-11-21T10-11-12-000345Z.csv");
  EXPECT_EQ(content(files->mismatches),
            "kind,transaction_id,ref_id,type,player_id,hub_currency,hub_amount,hub_status,hub_at,"
            "operator_currency,operator_amount,operator_status,operator_at,difference\n"
            "AMOUNT_MISMATCH,'=t1,\"r,1\",debit,ana,KZT,1.00,success,2026-11-21T10:11:12.000345Z,"
            "KZT,0.90,success,2026-11-21T10:11:12.000345Z,0.10\n");
  const std::string summary = content(files->summary);
  EXPECT_NE(summary.find("AMOUNT_MISMATCH                 1\n"), std::string::npos) << summary;
  EXPECT_NE(summary.find("\n1 MISMATCHES\n"), std::string::npos) << summary;
}

TEST_F(CsvFiles, AReportThatCannotBeWrittenSaysSo) {
  write("");
  EXPECT_EQ(ReportWriter::create(folder.path() + "/file.csv", {}).error().code,
            errors::reconciliation_files_unusable);
}

}  // namespace
}  // namespace florin::reconciliation
