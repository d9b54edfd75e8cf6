#include "platform/sql/migration_text.h"

#include <gtest/gtest.h>

namespace florin::sql {
namespace {

std::string lite(std::string_view written) {
  auto text = migration_text(written, Dialect::sqlite);
  return text ? *std::move(text) : "error: " + text.error().detail;
}
std::string postgres(std::string_view written) {
  auto text = migration_text(written, Dialect::postgres);
  return text ? *std::move(text) : "error: " + text.error().detail;
}

TEST(MigrationText, TypesAreThoseOfTheEngine) {
  const std::string_view written = "CREATE TABLE a (id {ID} NOT NULL PRIMARY KEY, hash {BYTES});";
  EXPECT_EQ(lite(written), "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, hash BLOB);");
  EXPECT_EQ(postgres(written), "CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, hash BYTEA);");
}

TEST(MigrationText, WordsForOneEngineAreNotThereForTheOther) {
  const std::string_view written =
      "CREATE TABLE a (id {ID}) {SQLITE: WITHOUT ROWID}{POSTGRES: WITH (fillfactor = 50)};";
  EXPECT_EQ(lite(written), "CREATE TABLE a (id INTEGER) WITHOUT ROWID;");
  EXPECT_EQ(postgres(written), "CREATE TABLE a (id BIGINT) WITH (fillfactor = 50);");
}

TEST(MigrationText, ATablesRowsBelongToTenants) {
  EXPECT_EQ(postgres("{TENANT notes BY tenant_id}"),
            "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"
            "ALTER TABLE notes FORCE ROW LEVEL SECURITY;\n"
            "CREATE POLICY notes_of_tenant ON notes\n"
            "  USING (current_setting('florin.tenant', true) = '*' OR "
            "tenant_id::text = current_setting('florin.tenant', true));");
  EXPECT_EQ(lite("{TENANT notes BY tenant_id}\n"), "\n");
}

TEST(MigrationText, RowsWithoutATenantAreEverybodysWhereTheMarkSaysSo) {
  EXPECT_NE(postgres("{TENANT notes BY tenant_id OR NULL}")
                .find("= '*' OR tenant_id IS NULL OR "
                      "tenant_id::text = current_setting('florin.tenant', true));"),
            std::string::npos);
}

TEST(MigrationText, RowsBelongToTheTenantOfTheirParent) {
  EXPECT_NE(postgres("{TENANT lines BY note_id OF notes}")
                .find("= '*' OR (SELECT true FROM notes WHERE notes.id = lines.note_id));"),
            std::string::npos);
  EXPECT_EQ(lite("{TENANT lines BY note_id OF notes}"), "");
}

TEST(MigrationText, CommentsAndQuotedTextHoldNoMarks) {
  const std::string_view written =
      "-- {ID}, and a quote that is not closed: '\n"
      "CREATE TABLE a (id {ID}, b TEXT DEFAULT '{\"it''s\": \"{ID}\"}', c BIGINT CHECK (c - 1 > "
      "0));\n"
      "-- the end";
  EXPECT_EQ(
      postgres(written),
      "-- {ID}, and a quote that is not closed: '\n"
      "CREATE TABLE a (id BIGINT, b TEXT DEFAULT '{\"it''s\": \"{ID}\"}', c BIGINT CHECK (c - 1 "
      "> 0));\n"
      "-- the end");
}

TEST(MigrationText, AMarkThatIsNoneIsRefusedForBothEngines) {
  for (const std::string mark :
       {"{}", "{id}", "{ID }", "{INT}", "{ID", "{", "}", "{MYSQL: x}", "{SQLITE}", "{TENANT}",
        "{TENANT a}", "{TENANT a BY}", "{TENANT a BY b c}", "{TENANT a OF b}",
        "{TENANT a BY b OR c}", "{TENANT a BY b OF NULL}", "{TENANT a BY b OR NULL NULL}",
        "{TENANT a; BY b}", "{TENANT a  BY b}"}) {
    EXPECT_EQ(lite("CREATE TABLE a (id " + mark), "error: there is no mark " + mark);
    EXPECT_EQ(postgres("CREATE TABLE a (id " + mark), "error: there is no mark " + mark);
  }
}

TEST(MigrationText, WhatIsNotClosedIsKeptAsItIs) {
  EXPECT_EQ(lite("SELECT 'open {ID}"), "SELECT 'open {ID}");
  EXPECT_EQ(lite("-"), "-");
  EXPECT_EQ(lite(""), "");
}

}  // namespace
}  // namespace florin::sql
