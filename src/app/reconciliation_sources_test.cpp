#include "app/reconciliation_sources.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "access/access.h"
#include "app/core.h"
#include "app/modules.h"
#include "hub/wallet_hub.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"
#include "reconciliation/errors.h"
#include "sandbox/sandbox.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;
using reconciliation::Entry;
using reconciliation::Period;
using reconciliation::Source;
using reconciliation::SourcePair;

constexpr const char* head = "transactionId,type,currency,amount,status,processedAt\n";

/// The sources as the server has them, over a real hub.
class ReconciliationSources : public testing::Test {
 protected:
  ReconciliationSources() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    core = std::make_unique<Core>(*database, clock, config, secret_key);
    EXPECT_TRUE(core->recover());
    tenant = core->get<access::Access>().create_tenant("acme")->id;
  }
  Result<SourcePair> open(const std::string& partner) {
    return core->get<const reconciliation::SourceFactory>()(tenant, partner);
  }
  std::string inbox(const std::string& partner) const {
    return folder.path() + "/reconciliation-inbox/" + tenant.str() + "/" + partner;
  }
  void put(const std::string& partner, const std::string& name, const std::string& text) const {
    fs::create_directories(inbox(partner));
    std::ofstream(inbox(partner) + "/" + name) << text;
  }
  /// Files of both sides with one debit each.
  void put_both(const std::string& partner) const {
    put(partner, "hub.csv",
        std::string(head) + "tx-1,debit,USD,12.50,success,2026-11-21T10:00:00Z\n");
    put(partner, "operator.csv",
        std::string(head) + "tx-1,debit,USD,12.75,failed,2026-11-21T10:00:01Z\n");
  }
  void refuses(const std::string& partner) {
    const auto refused = open(partner);
    ASSERT_FALSE(refused) << partner;
    EXPECT_EQ(refused.error().code, reconciliation::errors::reconciliation_partner_not_found)
        << partner;
  }
  static Result<std::vector<Entry>> read(Source& source) {
    std::vector<Entry> all;
    const auto outcome = source.read(Period::everything(), [&](const Entry& entry) {
      all.push_back(entry);
      return Result<void>();
    });
    if (!outcome) return outcome.error();
    return all;
  }
  /// A partner of the hub whose players' money an Operator holds, at this address.
  void add_operator_partner(TenantId of, const std::string& code, const std::string& url) {
    hub::PartnerDraft wanted;
    wanted.code = code;
    wanted.mode = hub::WalletMode::operator_wallet;
    wanted.currencies = {*Currency::parse("USD")};
    wanted.operator_settings.base_url = url;
    wanted.operator_settings.is_trusted = true;
    wanted.operator_settings.max_attempts = 1;
    wanted.secret = Secret("a secret of the partner, made for tests");
    wanted.operator_secret = Secret("sandbox-operator-secret");
    const auto made = partners().ensure(of, wanted);
    ASSERT_TRUE(made) << made.error().detail;
    ASSERT_TRUE(partners().refresh());
  }
  hub::Partners& partners() { return core->get<hub::Hub>().partners(); }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  const Secret secret_key{"a key of the tests"};
  Config config;
  std::unique_ptr<Core> core;
  TenantId tenant;
};

TEST_F(ReconciliationSources, ReadTheFilesOfAPartner) {
  put_both("acme-games");
  const auto sides = open("acme-games");
  ASSERT_TRUE(sides) << sides.error().detail;
  const auto ours = read(*sides->ours), theirs = read(*sides->theirs);
  ASSERT_TRUE(ours) << ours.error().detail;
  ASSERT_TRUE(theirs) << theirs.error().detail;
  ASSERT_EQ(ours->size(), 1U);
  ASSERT_EQ(theirs->size(), 1U);
  EXPECT_EQ(ours->front().key, "tx-1");
  EXPECT_EQ(ours->front().amount, (Money{1'250, *Currency::parse("USD")}));
  EXPECT_EQ(ours->front().status, reconciliation::EntryStatus::success);
  EXPECT_EQ(theirs->front().amount.minor, 1'275);
  EXPECT_EQ(theirs->front().status, reconciliation::EntryStatus::failed);
}

TEST_F(ReconciliationSources, ReadAFileAsTheOneBesideItSays) {
  put_both("acme-games");
  put("acme-games", "operator.csv",
      "transactionId;type;currency;amount;status;processedAt\n"
      "tx-1;debit;USD;12,50;success;2026-11-21T10:00:00Z\n");
  put("acme-games", "operator.format", "# theirs\r\n\r\ndelimiter=semicolon\r\ndecimal=comma\r\n");
  const auto sides = open("acme-games");
  ASSERT_TRUE(sides) << sides.error().detail;
  const auto theirs = read(*sides->theirs);
  ASSERT_TRUE(theirs) << theirs.error().detail;
  EXPECT_EQ(theirs->at(0).amount.minor, 1'250);
  put("acme-games", "operator.format", "colour=blue\n");
  EXPECT_FALSE(open("acme-games")) << "a setting that there is not";
}

TEST_F(ReconciliationSources, KnowNoPartnerWithoutAFolder) {
  refuses("acme-games");
  put_both("acme-games");
  refuses("acme-game");
  std::ofstream(inbox("a-file")) << "no folder";
  refuses("a-file");
}

TEST_F(ReconciliationSources, NeverLeaveTheInboxOfTheTenant) {
  put_both("acme-games");
  put_both("../10/acme-games");
  for (const char* name : {"", ".", "..", "../10/acme-games", "acme-games/", "./acme-games", "/etc",
                           ".hidden", "acme games"})
    refuses(name);
  const auto other = core->get<access::Access>().create_tenant("other")->id;
  EXPECT_FALSE(core->get<const reconciliation::SourceFactory>()(other, "acme-games"))
      << "the files are of another tenant";
}

TEST_F(ReconciliationSources, NeedBothFiles) {
  put("acme-games", "hub.csv", head);
  const auto one = open("acme-games");
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, reconciliation::errors::reconciliation_files_unusable);
  EXPECT_NE(one.error().detail.find("operator.csv"), std::string::npos) << one.error().detail;
}

TEST_F(ReconciliationSources, AskTheOperatorOfAPartnerThatHasOne) {
  sandbox::Options options;
  options.operator_port = options.rgs_port = 0;
  sandbox::Sandbox simulators(options, clock);
  ASSERT_TRUE(simulators.start());
  add_operator_partner(tenant, "playhouse",
                       "http://127.0.0.1:" + std::to_string(simulators.operator_port()));
  put_both("playhouse");
  const auto sides = open("playhouse");
  ASSERT_TRUE(sides) << sides.error().detail;
  const auto ours = read(*sides->ours), theirs = read(*sides->theirs);
  ASSERT_TRUE(ours) << ours.error().detail;
  ASSERT_TRUE(theirs) << theirs.error().detail;
  EXPECT_TRUE(ours->empty()) << "nothing was played; the files are not read";
  EXPECT_TRUE(theirs->empty());
}

TEST_F(ReconciliationSources, AnOperatorThatIsAwayIsNoEmptyList) {
  add_operator_partner(tenant, "playhouse", "http://127.0.0.1:1");
  const auto sides = open("playhouse");
  ASSERT_TRUE(sides) << "it is asked when it is read";
  EXPECT_TRUE(read(*sides->ours));
  const auto theirs = read(*sides->theirs);
  ASSERT_FALSE(theirs);
  EXPECT_EQ(theirs.error().code.kind, ErrorKind::unavailable) << theirs.error().detail;
}

TEST_F(ReconciliationSources, APartnerOfAnotherTenantIsNotAsked) {
  const auto other = core->get<access::Access>().create_tenant("other")->id;
  add_operator_partner(other, "playhouse", "http://127.0.0.1:1");
  refuses("playhouse");
}

TEST_F(ReconciliationSources, APartnerWithAnInternalWalletHasFiles) {
  hub::PartnerDraft wanted;
  wanted.code = "house";
  wanted.secret = Secret("a secret of the partner, made for tests");
  wanted.currencies = {*Currency::parse("USD")};
  ASSERT_TRUE(partners().ensure(tenant, wanted));
  ASSERT_TRUE(partners().refresh());
  refuses("house");
  put_both("house");
  EXPECT_TRUE(open("house"));
}

}  // namespace
}  // namespace florin::app
