#include "platform/json/object_reader.h"

#include <gtest/gtest.h>

namespace florin::json {
namespace {

using Problems = std::vector<FieldError>;

Value document(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

/// The problems as "pointer rule: detail", one a line.
std::string written(const Problems& problems) {
  std::string out;
  for (const FieldError& problem : problems) {
    out += problem.pointer + " " + std::string(problem.rule) + ": " + problem.detail + "\n";
  }
  return out;
}

TEST(JsonObjectReader, ReadsGoodMembers) {
  const Value value = document(
      R"({"t":"text","ot":"more","i":-5,"oi":6,"b":false,"a":[1,2],"o":{"k":1},"raw":[null]})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_EQ(body.required_text("t"), "text");
  EXPECT_EQ(body.optional_text("ot"), "more");
  EXPECT_EQ(body.required_integer("i"), -5);
  EXPECT_EQ(body.optional_integer("oi"), 6);
  EXPECT_EQ(body.optional_bool("b"), false);
  EXPECT_EQ(body.required_array("a", 1, 2)->size(), 2u);
  EXPECT_EQ(body.optional_object("o")->size(), 1u);
  EXPECT_EQ(*body.member("raw"), Value(Array{nullptr}));
  body.reject_unknown();
  EXPECT_EQ(written(problems), "");
}

TEST(JsonObjectReader, ReadsCurrenciesAndTimes) {
  const Value value = document(
      R"({"currency":"JPY","bad":"XXQ","at":"1970-01-01T00:00:01Z","then":"noon","none":null})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_EQ(body.required_currency(), Currency::parse("JPY"));
  EXPECT_EQ(body.optional_currency("none"), std::nullopt);
  EXPECT_EQ(body.optional_time("at"), Timestamp{1'000'000});
  EXPECT_EQ(body.optional_time("none"), std::nullopt);
  EXPECT_EQ(written(problems), "");
  EXPECT_EQ(body.required_currency("bad"), std::nullopt);
  EXPECT_EQ(body.required_currency("absent"), std::nullopt);
  EXPECT_EQ(body.optional_time("then"), std::nullopt);
  EXPECT_EQ(written(problems),
            "/bad unknown_currency: must be a currency code of ISO 4217, such as EUR\n"
            "/absent required: is required\n/then must_be_timestamp: " +
                std::string(Timestamp::rule) + "\n");
}

TEST(JsonObjectReader, NullIsAbsentForOptionalsAndMissingForRequireds) {
  const Value value =
      document(R"({"t":null,"i":null,"b":null,"o":null,"r":null,"ri":null,"ra":null})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_EQ(body.optional_text("t"), std::nullopt);
  EXPECT_EQ(body.optional_integer("i"), std::nullopt);
  EXPECT_EQ(body.optional_bool("b"), std::nullopt);
  EXPECT_EQ(body.optional_object("o"), nullptr);
  EXPECT_EQ(written(problems), "");
  EXPECT_EQ(body.required_text("r"), std::nullopt);
  EXPECT_EQ(body.required_integer("ri"), std::nullopt);
  EXPECT_EQ(body.required_array("ra", 0, 9), nullptr);
  EXPECT_EQ(written(problems),
            "/r required: is required\n/ri required: is required\n/ra required: is required\n");
}

TEST(JsonObjectReader, AbsentMembersAreMissingOnlyWhenRequired) {
  const Value value = document("{}");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_EQ(body.optional_text("t"), std::nullopt);
  EXPECT_EQ(body.optional_integer("i"), std::nullopt);
  EXPECT_EQ(body.optional_bool("b"), std::nullopt);
  EXPECT_EQ(body.optional_object("o"), nullptr);
  EXPECT_EQ(body.member("m"), nullptr);
  EXPECT_EQ(body.required_text("r"), std::nullopt);
  EXPECT_EQ(written(problems), "/r required: is required\n");
}

TEST(JsonObjectReader, NamesEveryBadFieldAtOnce) {
  const Value value = document(R"({"code":"","amount":1.5,"frozen":"yes","extra":1,"Code":"x"})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_FALSE(body.required_text("code"));
  EXPECT_FALSE(body.required_integer("amount"));
  EXPECT_FALSE(body.optional_bool("frozen"));
  EXPECT_FALSE(body.required_text("currency"));
  body.reject_unknown();
  EXPECT_EQ(
      written(problems),
      "/code too_short: must have at least 1 byte\n"
      "/amount must_be_integer: must be a whole number of 64 bits, written without fraction or "
      "exponent\n"
      "/frozen wrong_type: must be a boolean, not a string\n"
      "/currency required: is required\n"
      "/extra unknown_field: is not a field of this object\n"
      "/Code unknown_field: is not a field of this object\n");
}

TEST(JsonObjectReader, SaysWhatWasFoundInsteadOfTheTypeExpected) {
  const Value value = document(R"({"a":"10","b":7,"c":[],"d":{},"e":true,"f":1.5})");
  Problems problems;
  ObjectReader body(value, "", problems);
  body.required_integer("a");
  body.required_text("b");
  body.optional_object("c");
  body.required_array("d", 0, 1);
  body.optional_integer("e");
  body.optional_text("f");
  body.optional_bool("b");
  EXPECT_EQ(written(problems),
            "/a wrong_type: must be an integer, not a string\n"
            "/b wrong_type: must be a string, not an integer\n"
            "/c wrong_type: must be an object, not an array\n"
            "/d wrong_type: must be an array, not an object\n"
            "/e wrong_type: must be an integer, not a boolean\n"
            "/f wrong_type: must be a string, not a number\n"
            "/b wrong_type: must be a boolean, not an integer\n");
}

TEST(JsonObjectReader, AnythingButAnObjectIsOneProblem) {
  for (const std::string_view text : {"[]", "null", "\"x\"", "1"}) {
    const Value value = document(text);
    Problems problems;
    ObjectReader body(value, "/items/3", problems);
    EXPECT_FALSE(body.required_text("code"));
    EXPECT_EQ(body.required_array("a", 1, 2), nullptr);
    EXPECT_EQ(body.member("m"), nullptr);
    EXPECT_FALSE(body.has("code"));
    body.reject_unknown();
    ASSERT_EQ(problems.size(), 1u) << written(problems);
    EXPECT_EQ(problems[0].pointer, "/items/3");
    EXPECT_EQ(problems[0].rule, "wrong_type");
  }
  Problems problems;
  const Value null;
  ObjectReader body(null, "", problems);
  EXPECT_EQ(written(problems), " wrong_type: must be an object, not null\n");
}

TEST(JsonObjectReader, HoldsIntegersToTheirBounds) {
  const Value value = document(R"({"low":0,"high":11,"edge1":1,"edge10":10})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_FALSE(body.required_integer("low", {1, 10}));
  EXPECT_FALSE(body.optional_integer("high", {1, 10}));
  EXPECT_EQ(body.required_integer("edge1", {1, 10}), 1);
  EXPECT_EQ(body.required_integer("edge10", {1, 10}), 10);
  EXPECT_EQ(written(problems),
            "/low too_small: must be at least 1\n/high too_large: must be at most 10\n");
}

TEST(JsonObjectReader, TakesNoNumberThatIsNoSixtyFourBitInteger) {
  for (const std::string_view number : {"1.0", "1e2", "9223372036854775808", "-0.0", "1E0"}) {
    const Value value = document("{\"n\":" + std::string(number) + "}");
    Problems problems;
    ObjectReader body(value, "", problems);
    EXPECT_FALSE(body.required_integer("n"));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].rule, "must_be_integer");
  }
}

TEST(JsonObjectReader, HoldsTextsToTheirLengthInBytes) {
  const Value value =
      document(R"({"short":"ab","long":"abcdef","euro":"€€","exact":"abc","none":""})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_FALSE(body.required_text("short", {3, 5}));
  EXPECT_FALSE(body.optional_text("long", {3, 5}));
  EXPECT_FALSE(body.required_text("euro", {3, 5}));  // Two characters, six bytes.
  EXPECT_EQ(body.required_text("exact", {3, 3}), "abc");
  EXPECT_EQ(body.required_text("none", {0, 3}), "");
  EXPECT_EQ(written(problems),
            "/short too_short: must have at least 3 bytes\n"
            "/long too_long: must have at most 5 bytes\n"
            "/euro too_long: must have at most 5 bytes\n");
}

TEST(JsonObjectReader, RefusesControlCharactersInTexts) {
  for (const std::string_view text :
       {R"(a\nb)", R"(\t)", R"(\u0001)", R"(\u001f)", "a\x7f", R"(\r)"}) {
    const Value value = document("{\"t\":\"" + std::string(text) + "\"}");
    Problems problems;
    ObjectReader body(value, "", problems);
    EXPECT_FALSE(body.required_text("t"));
    EXPECT_EQ(written(problems), "/t control_characters: must not have control characters\n");
  }
  const Value value = document(R"({"t":" \u0080 ~ жир \u2028"})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_TRUE(body.required_text("t"));
}

TEST(JsonObjectReader, HoldsArraysToTheirSize) {
  const Value value = document(R"({"none":[],"three":[1,2,3]})");
  Problems problems;
  ObjectReader body(value, "", problems);
  EXPECT_EQ(body.required_array("none", 1, 2), nullptr);
  EXPECT_EQ(body.required_array("three", 1, 2), nullptr);
  EXPECT_EQ(body.required_array("three", 3, 3)->size(), 3u);
  EXPECT_EQ(
      written(problems),
      "/none too_few: must have at least 1 item\n/three too_many: must have at most 2 items\n");
}

TEST(JsonObjectReader, EscapesNamesInPointers) {
  const Value value = document(R"({"a/b":1,"m~n":2,"~1":3,"":4})");
  Problems problems;
  ObjectReader body(value, "/postings/0", problems);
  body.reject_unknown();
  std::string pointers;
  for (const FieldError& problem : problems) pointers += problem.pointer + " ";
  EXPECT_EQ(pointers, "/postings/0/a~1b /postings/0/m~0n /postings/0/~01 /postings/0/ ");
  EXPECT_EQ(body.pointer_to("a/b"), "/postings/0/a~1b");
}

TEST(JsonObjectReader, AMemberAskedForIsKnownEvenWhenBad) {
  const Value value = document(R"({"a":1,"b":2})");
  Problems problems;
  ObjectReader body(value, "", problems);
  body.required_text("a");
  EXPECT_TRUE(body.has("b"));
  EXPECT_FALSE(body.has("c"));
  body.reject_unknown();  // has() alone does not make a member known.
  EXPECT_EQ(written(problems),
            "/a wrong_type: must be a string, not an integer\n"
            "/b unknown_field: is not a field of this object\n");
}

TEST(JsonObjectReader, TakesProblemsOfItsCaller) {
  const Value value = document(R"({"currency":"XXZ"})");
  Problems problems;
  ObjectReader body(value, "/postings/2", problems);
  body.problem("currency", "unknown_currency", "is not in ISO 4217");
  EXPECT_EQ(written(problems), "/postings/2/currency unknown_currency: is not in ISO 4217\n");
}

TEST(JsonObjectReader, StopsCollectingAtAThousandProblems) {
  Object members;
  for (int i = 0; i < 3'000; ++i) members.emplace_back(std::to_string(i), 0);
  const Value value = members;
  Problems problems;
  ObjectReader body(value, "", problems);
  body.reject_unknown();
  EXPECT_EQ(problems.size(), 1'000u);
}

TEST(JsonValidationError, SaysTheFirstProblemAndHowManyMore) {
  const Error one = validation_error({{"/amount", "required", "is required"}});
  EXPECT_EQ(one.code, florin::errors::validation_failed);
  EXPECT_EQ(one.detail, "/amount is required");
  ASSERT_EQ(one.fields.size(), 1u);
  EXPECT_EQ(one.fields[0].pointer, "/amount");

  const Error two = validation_error({{"/a", "required", "is required"}, {"/b", "x", "y"}});
  EXPECT_EQ(two.detail, "/a is required; 1 more problem");
  const Error three = validation_error(
      {{"", "wrong_type", "must be an object, not null"}, {"/b", "x", "y"}, {"/c", "x", "y"}});
  EXPECT_EQ(three.detail, "the body must be an object, not null; 2 more problems");
  EXPECT_EQ(validation_error({}).detail, "the request is not valid");
}

}  // namespace
}  // namespace florin::json
