#include "app/cli/command_line.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

/// What a command printed and how it ended.
struct Ran {
  int code = 0;
  std::string out, err;
};

/// Commands in this process, over a data folder of their own.
class CommandLineTest : public testing::Test {
 protected:
  Ran florin(std::vector<std::string> words, const std::string& data = "data") {
    words.insert(words.begin(), "florin");
    words.insert(words.end(), {"--data", in_folder(data)});
    return run_words(std::move(words));
  }
  static Ran run_words(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran ran;
    ran.code = run(static_cast<int>(arguments.size()), arguments.data());
    std::fflush(stdout);
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    return ran;
  }
  std::string in_folder(const std::string& name) const { return folder.path() + "/" + name; }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
};

TEST_F(CommandLineTest, MakesAndListsTenants) {
  const Ran made = florin({"tenants", "create", "acme"});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("ten_")) << made.out;
  const Ran again = florin({"tenants", "create", "acme"});
  EXPECT_EQ(again.code, 2);
  EXPECT_TRUE(has(again.err, "(tenant_exists)")) << again.err;
  EXPECT_TRUE(has(florin({"tenants", "list"}).out, "acme"));
}

TEST_F(CommandLineTest, MakesListsAndRevokesKeys) {
  const Ran made = florin({"keys", "create", "--name", "shop", "--permissions", "ledger:read"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("fl_live_")) << made.out;
  const std::size_t at = made.out.find("key_");
  const std::string id = made.out.substr(at, made.out.find(';', at) - at);
  EXPECT_TRUE(has(florin({"keys", "list"}).out, "active"));
  EXPECT_EQ(florin({"keys", "revoke", id}).code, 0);
  EXPECT_TRUE(has(florin({"keys", "list"}).out, "revoked"));
}

TEST_F(CommandLineTest, RefusesKeysThatCannotBe) {
  const Ran unknown = florin({"keys", "create", "--permissions", "moon:read"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(has(unknown.err, "moon:read")) << unknown.err;
  const Ran nobody = florin({"keys", "create", "--tenant", "nobody"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_TRUE(has(nobody.err, "florin tenants create nobody")) << nobody.err;
  EXPECT_EQ(florin({"keys", "create", "--expires-at", "tomorrow"}).code, 2);
  EXPECT_EQ(florin({"keys", "revoke", "no-id"}).code, 2);
}

TEST_F(CommandLineTest, MakesPartnersAndRotatesTheirSecrets) {
  const Ran made = florin({"partners", "create", "acme", "--currencies", "USD,EUR"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(has(florin({"partners", "list"}).out, "acme  [USD EUR]"));
  const Ran rotated = florin({"partners", "rotate-secret", "acme", "--overlap", "0"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  EXPECT_NE(rotated.out, made.out) << "the secret is a new one";
  EXPECT_EQ(florin({"partners", "create", "beta", "--currencies", "XXZ"}).code, 2);
  EXPECT_EQ(florin({"partners", "rotate-secret", "nobody"}).code, 2);
}

TEST_F(CommandLineTest, MigratesOnceAndSaysWhatWaits) {
  EXPECT_EQ(florin({"migrate", "--check"}).code, 2) << "there is no database";
  EXPECT_EQ(florin({"migrate"}).code, 0);
  const Ran checked = florin({"migrate", "--check"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_FALSE(has(checked.out, "waiting")) << checked.out;
}

TEST_F(CommandLineTest, PrintsSettingsAndTheirReference) {
  const Ran printed = florin({"config"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_TRUE(has(printed.out, "dir = \"" + in_folder("data") + "\"  # flag")) << printed.out;
  EXPECT_TRUE(has(florin({"config", "--reference"}).out, "| `webhooks.timeout_ms` |"));
}

TEST_F(CommandLineTest, ProvesTheBooksAndExaminesTheServer) {
  ASSERT_EQ(florin({"tenants", "create", "acme"}).code, 0);
  const Ran verified = florin({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_TRUE(has(verified.out, "The books are in order.")) << verified.out;
  EXPECT_EQ(florin({"anchor"}).code, 0);
  const Ran doctor = florin({"doctor", "--json"});
  EXPECT_EQ(doctor.out.front(), '{') << doctor.out;
}

TEST_F(CommandLineTest, CarriesTheBooksIntoAnotherDatabase) {
  ASSERT_EQ(florin({"tenants", "create", "acme"}).code, 0);
  const std::string file = in_folder("books.jsonl");
  ASSERT_EQ(florin({"export", "--out", file}).code, 0);
  std::filesystem::create_directory(in_folder("other"));
  std::filesystem::copy_file(in_folder("data/secret.key"), in_folder("other/secret.key"));
  const Ran imported = florin({"import", "--in", file}, "other");
  EXPECT_EQ(imported.code, 0) << imported.out << imported.err;
  EXPECT_TRUE(has(florin({"tenants", "list"}, "other").out, "acme"));
}

TEST_F(CommandLineTest, BacksUpAndRestores) {
  ASSERT_EQ(florin({"tenants", "create", "acme"}).code, 0);
  const std::string backup = in_folder("backup");
  const Ran made = florin({"backup", "--out", backup, "--with-secret-key", "--verify"});
  ASSERT_EQ(made.code, 0) << made.err;
  const Ran restored = florin({"restore", "--in", backup}, "restored");
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_TRUE(has(florin({"tenants", "list"}, "restored").out, "acme"));
}

TEST_F(CommandLineTest, SaysWhatItCannotRead) {
  EXPECT_EQ(run_words({"florin"}).code, 2);
  EXPECT_EQ(run_words({"florin", "dance"}).code, 2);
  EXPECT_TRUE(has(run_words({"florin", "--version"}).out, "florin "));
  EXPECT_EQ(florin({"import", "--in", in_folder("missing")}).code, 2);
  EXPECT_EQ(florin({"tenants", "list"}).code, 2) << "there is no database to read";
}

}  // namespace
}  // namespace florin::app
