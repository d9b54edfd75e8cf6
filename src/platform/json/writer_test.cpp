#include "platform/json/writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "platform/json/value.h"

namespace florin::json {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(JsonWriter, SetsTheCommasOfNestedValues) {
  std::string out;
  Writer writer(out);
  writer.begin_object()
      .member("id", "tr_1")
      .key("tags")
      .begin_array()
      .value("a")
      .value(std::string("b"))
      .begin_array()
      .end_array()
      .begin_object()
      .end_object()
      .value(2)
      .end_array()
      .member("open", true)
      .member("closed", false)
      .key("gone")
      .null()
      .member_raw("metadata", R"({"k":"v"})")
      .key("rows")
      .begin_array()
      .raw("{}")
      .raw("[]")
      .null()
      .null()
      .end_array()
      .member("last", std::int64_t{-7})
      .end_object();
  EXPECT_EQ(out, R"({"id":"tr_1","tags":["a","b",[],{},2],"open":true,"closed":false,"gone":null,)"
                 R"("metadata":{"k":"v"},"rows":[{},[],null,null],"last":-7})");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "data: ";
  Writer(out).begin_array().end_array();
  EXPECT_EQ(out, "data: []");
}

TEST(JsonWriter, WritesTheGreatestAndTheLeastInteger) {
  std::string out;
  Writer(out)
      .begin_array()
      .value(std::numeric_limits<std::int64_t>::max())
      .value(std::numeric_limits<std::int64_t>::min())
      .value(0)
      .end_array();
  EXPECT_EQ(out, "[9223372036854775807,-9223372036854775808,0]");
}

TEST(JsonAppendString, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(as_json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(as_json("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(as_json(std::string_view("\0\x01\x1f", 3)), R"("\u0000\u0001\u001f")");
  EXPECT_EQ(as_json("\"\""), R"("\"\"")");
}

TEST(JsonAppendString, LeavesEverythingElseAsItIs) {
  EXPECT_EQ(as_json(""), R"("")");
  EXPECT_EQ(as_json("/<>&' \x7f"), "\"/<>&' \x7f\"");
  EXPECT_EQ(as_json("\u00e9\u20ac\U0001F600\u2028"), "\"\u00e9\u20ac\U0001F600\u2028\"");
}

TEST(JsonAppendString, GivesTextThatParsesBack) {
  std::string text;
  for (int c = 1; c < 0x80; ++c) text += static_cast<char>(c);
  text += "\u00e9\u20ac\U0001F600";
  const auto back = parse(as_json(text));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, Value(text));
}

TEST(JsonSerialize, WritesCompactTextInOrder) {
  const Value value = Object{{"z", Array{nullptr, true, false, -1}},
                             {"a \"b\"", Object{}},
                             {"empty", Array{}},
                             {"text", "line\n"}};
  EXPECT_EQ(serialize(value),
            R"({"z":[null,true,false,-1],"a \"b\"":{},"empty":[],"text":"line\n"})");
}

TEST(JsonSerialize, WritesADecimalAsItWasWritten) {
  for (const std::string_view text : {"1.50", "1e2", "-0.0", "9223372036854775808"}) {
    EXPECT_EQ(serialize(Value(Decimal{std::string(text)})), text);
  }
}

TEST(JsonValue, FindsMembersOfObjectsOnly) {
  const Value object = Object{{"a", 1}, {"b", nullptr}};
  EXPECT_EQ(*object.find("a"), Value(1));
  EXPECT_TRUE(object.find("b")->is_null());
  EXPECT_EQ(object.find("c"), nullptr);
  EXPECT_EQ(Value(Array{"a"}).find("a"), nullptr);
  EXPECT_EQ(Value("a").find("a"), nullptr);
}

TEST(JsonValue, NamesItsType) {
  EXPECT_EQ(Value().type_name(), "null");
  EXPECT_EQ(Value(true).type_name(), "boolean");
  EXPECT_EQ(Value(1).type_name(), "integer");
  EXPECT_EQ(Value(Decimal{"1.5"}).type_name(), "number");
  EXPECT_EQ(Value("x").type_name(), "string");
  EXPECT_EQ(Value(Array{}).type_name(), "array");
  EXPECT_EQ(Value(Object{}).type_name(), "object");
}

}  // namespace
}  // namespace florin::json
