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
#include "reconciliation/time_zone.h"

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
  Result<std::vector<Entry>> entries(const std::string& text,
                                     const std::vector<std::string>& settings = {}) {
    const auto format = parse_file_format(settings);
    if (!format) return format.error();
    auto source = open_csv_source(write(text), *format);
    if (!source) return source.error();
    std::vector<Entry> all;
    auto read = (*source)->read(Period::everything(), [&](const Entry& entry) -> Result<void> {
      all.push_back(entry);
      return {};
    });
    if (!read) return read.error();
    description = (*source)->description();
    return all;
  }
  /// The detail of the refusal, after the file's name.
  std::string refusal(const std::string& text, const std::vector<std::string>& settings = {}) {
    const auto read = entries(text, settings);
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
  std::string description;  ///< Of what entries() read last.
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
            at + "processedAt " + std::string(Timestamp::rule));
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

const std::string european =
    "transactionId;refId;type;playerId;currency;amount;status;processedAt\r\n"
    "t1;r1;debit;p;KZT;1.234,50;success;20.11.2026 12:00\r\n"
    "t2;r2;debit;p;KZT;0,75;failed;2026-11-20 12:00:01.5\r\n"
    "Summe;;;;;1.235,25;;\r\n";

/// ASCII as UTF-16 with its mark.
std::string utf_16(std::string_view text, bool is_little) {
  std::string bytes = is_little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : text) {
    if (is_little) bytes += c;
    bytes += '\0';
    if (!is_little) bytes += c;
  }
  return bytes;
}

TEST_F(CsvFiles, WithSemicolonsDecimalCommasLocalTimesAndATotal) {
  const auto read = entries(european, {"time_zone=Africa/Nairobi"});
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].amount.minor, 123'450);
  EXPECT_EQ((*read)[0].at, *Timestamp::parse("2026-11-20T09:00:00Z"));
  EXPECT_EQ((*read)[1].at, *Timestamp::parse("2026-11-20T09:00:01.5Z"));
  EXPECT_EQ(description,
            "semicolons, UTF-8, decimal comma, local times of Africa/Nairobi, total checked");
  EXPECT_EQ(refusal(european),
            ", line 2: processedAt has no offset: name the zone of the file, such as "
            "time_zone=Africa/Nairobi");
}

TEST_F(CsvFiles, InUtf16AreReadAsTheSame) {
  const auto plain = entries(european, {"time_zone=Africa/Nairobi"});
  ASSERT_TRUE(plain);
  for (const bool is_little : {true, false}) {
    const std::string bytes = utf_16(european, is_little);
    for (const std::size_t mark : {std::size_t{0}, std::size_t{2}}) {
      const auto read = entries(bytes.substr(mark), {"time_zone=Africa/Nairobi"});
      ASSERT_TRUE(read) << read.error().detail;
      EXPECT_EQ(*read, *plain);
    }
    EXPECT_EQ(description.find("semicolons, UTF-16"), 0u) << description;
    EXPECT_EQ(refusal(bytes + "x", {"time_zone=Africa/Nairobi"}),
              ": the text ends within a character");
  }
  const std::string lone = std::string("\xFF\xFE", 2) + std::string("\x00\xDC", 2);
  EXPECT_EQ(refusal(lone), ": the text is no UTF-16");
}

TEST_F(CsvFiles, MayHaveTabsQuotedThousandsAndOtherHeaders) {
  const auto read = entries(
      "Ref\ttype\tcurrency\tBetrag\tstatus\tprocessedAt\n"
      "t1\tdebit\tKZT\t1,234\tsuccess\t2026-11-20T10:00:00Z\n"
      "t2\tdebit\tKZT\t\"1,234,567.50\"\tsuccess\t2026-11-20T10:00:00Z\n\t\t\t\t\t\n",
      {"transactionId=Ref", "amount=Betrag"});
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].amount.minor, 123'400) << "told by the row after it";
  EXPECT_EQ((*read)[1].amount.minor, 123'456'750);
  EXPECT_EQ(description, "tabs, UTF-8, decimal point");
}

TEST_F(CsvFiles, WhoseAmountsCouldBeEitherAreRefused) {
  const std::string row = head + "t,r,debit,p,KZT,\"1,234\",success,2026-11-20T10:00:00Z\n";
  EXPECT_EQ(refusal(row),
            ", line 2: amount 1,234 may have decimals or thousands: say decimal=point or "
            "decimal=comma");
  EXPECT_EQ(entries(row, {"decimal=point"})->front().amount.minor, 123'400);
  EXPECT_EQ(refusal(row, {"decimal=comma"}),
            ", line 2: amount must be a number with the decimals of its currency");
}

TEST_F(CsvFiles, ATotalThatIsWrongIsNamed) {
  const std::string row = "t,r,debit,p,KZT,10.00,success,2026-11-20T10:00:00Z\n";
  const std::string failed = "u,r,debit,p,KZT,5.00,failed,2026-11-20T10:00:00Z\n";
  EXPECT_TRUE(entries(head + row + failed + "TOTAL,,,,KZT,15.00,,\n"));
  EXPECT_TRUE(entries(head + row + failed + ",,,,,10.00,,\n"));
  EXPECT_EQ(
      refusal(head + row + failed + "TOTAL,,,,KZT,14.00,,\n"),
      ", line 4: the total says 14.00, the rows add up to 15.00, those with success to 10.00");
  EXPECT_EQ(refusal(head + row + "TOTAL,,,,USD,10.00,,\n"),
            ", line 3: the total is of a currency without rows");
  EXPECT_EQ(refusal(head + row + "TOTAL,,,,,10.00,,\n" + row),
            ", line 4: a transaction follows the total");
}

TEST(FileFormats, NameWhatThereIs) {
  const auto refused = [](const std::string& setting) {
    const auto format = parse_file_format({setting});
    return format ? "accepted" : format.error().detail;
  };
  EXPECT_EQ(refused("delimiter=tab"), "accepted");
  EXPECT_EQ(refused("decimal=dot"), "the file format decimal=dot must have one of point, comma");
  EXPECT_EQ(refused("colour=red"),
            "the file format colour=red must name delimiter, decimal, encoding, time_zone or a "
            "column");
  EXPECT_EQ(refused("decimal"), "the file format decimal must be KEY=VALUE, such as decimal=comma");
}

TEST(Amounts, AreReadWithEitherSign) {
  const auto point = [](std::string_view text) {
    return parse_amount(text, DecimalSign::point, kzt);
  };
  const auto comma = [](std::string_view text) {
    return parse_amount(text, DecimalSign::comma, kzt);
  };
  EXPECT_EQ(point("1,234,567.89"), 123'456'789);
  EXPECT_EQ(point("-1 234.5"), -123'450);
  EXPECT_EQ(point("1'234.50"), 123'450);
  EXPECT_EQ(comma("1.234.567,89"), 123'456'789);
  EXPECT_EQ(comma("1\xC2\xA0"
                  "234,5"),
            123'450);
  for (const char* bad :
       {"1,23.50", ",234.50", "1,,234", "1234,567.00", "1.2.3", "1.234,50", "", "-"})
    EXPECT_FALSE(point(bad)) << bad;
  EXPECT_FALSE(comma("1,234.50"));
}

TEST(TimeZones, ReadLocalTimes) {
  const auto berlin = TimeZone::load("Europe/Berlin");
  ASSERT_TRUE(berlin) << berlin.error().detail;
  const auto at = [&](std::string_view text) {
    return berlin->from_local(*parse_local_time(text))
        .value_or(Timestamp{})
        .rfc3339()
        .substr(0, 19);
  };
  EXPECT_EQ(at("2026-01-15 12:00"), "2026-01-15T11:00:00");
  EXPECT_EQ(at("2026-07-15 12:00"), "2026-07-15T10:00:00");
  EXPECT_EQ(at("2026-10-25 02:30"), "2026-10-25T00:30:00") << "twice: the first time";
  EXPECT_EQ(at("2026-10-25 03:00"), "2026-10-25T02:00:00");
  EXPECT_EQ(at("2026-03-29 02:30"), "2026-03-29T01:30:00")
      << "skipped: as if clocks were not put on";
  EXPECT_EQ(at("2026-03-29 03:30"), "2026-03-29T01:30:00");
  for (const char* name : {"Nowhere/City", "../../etc/passwd", "/etc/localtime", ""})
    EXPECT_FALSE(TimeZone::load(name)) << name;
  EXPECT_FALSE(TimeZone::parse("TZif2"));
  for (const char* bad : {"", "2026-11-20", "20/11/2026 12:00", "32.11.2026 12:00"})
    EXPECT_FALSE(parse_local_time(bad)) << bad;
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
