#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "platform/json/value.h"

namespace florin::json {
namespace {

Value parsed(std::string_view text, ParseLimits limits = {}) {
  auto result = parse(text, limits);
  EXPECT_TRUE(result) << text << ": " << (result ? "" : result.error().detail);
  return result ? *result : Value();
}

/// The detail of the refusal; empty when the text was accepted.
std::string refusal(std::string_view text, ParseLimits limits = {}) {
  const auto result = parse(text, limits);
  if (result) return "";
  EXPECT_EQ(result.error().code, errors::malformed_json);
  return result.error().detail;
}

testing::AssertionResult refused_for(std::string_view text, std::string_view reason,
                                     ParseLimits limits = {}) {
  const std::string detail = refusal(text, limits);
  if (detail == "the text is not one JSON document: " + std::string(reason)) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << text << " gave: " << detail;
}

std::string nested(std::size_t levels, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

std::string in_quotes(std::string_view inside) { return '"' + std::string(inside) + '"'; }

TEST(JsonParse, ReadsEveryKindOfValue) {
  const Value value = parsed(
      R"( {"n":null,"t":true,"f":false,"i":-12,"d":1.50,"s":"x","a":[1,[],"y"],"o":{"k":{}}} )");
  const Value expected = Object{{"n", nullptr},
                                {"t", true},
                                {"f", false},
                                {"i", -12},
                                {"d", Decimal{"1.50"}},
                                {"s", "x"},
                                {"a", Array{1, Array{}, "y"}},
                                {"o", Object{{"k", Object{}}}}};
  EXPECT_EQ(value, expected);
}

TEST(JsonParse, ReadsATransferBody) {
  const Value body =
      parsed(R"({"postings":[{"debit":"acc_01h2xcejqtf2n","credit":"wallet:ana:kzt","amount":1050,)"
             R"("currency":"KZT"}],"reference":"order-1","metadata":{"k":"v"}})");
  const Value& posting = body.find("postings")->as_array()->front();
  EXPECT_EQ(*posting.find("amount")->as_integer(), 1050);
  EXPECT_EQ(*posting.find("debit")->as_string(), "acc_01h2xcejqtf2n");
  EXPECT_EQ(*body.find("metadata")->find("k")->as_string(), "v");
}

TEST(JsonParse, ReadsAScalarAsADocument) {
  EXPECT_EQ(parsed("7"), Value(7));
  EXPECT_EQ(parsed(" null\n"), Value());
  EXPECT_EQ(parsed("\t\"\"\r"), Value(""));
}

TEST(JsonParse, KeepsMembersInTheirOrder) {
  const Value value = parsed(R"({"z":1,"a":2,"m":3})");
  std::string names;
  for (const auto& [name, member] : *value.as_object()) names += name;
  EXPECT_EQ(names, "zam");
}

TEST(JsonParse, KeepsEverySixtyFourBitIntegerExactly) {
  EXPECT_EQ(parsed("9223372036854775807"), Value(std::int64_t{9223372036854775807}));
  EXPECT_EQ(parsed("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(parsed("9007199254740993"), Value(std::int64_t{9007199254740993}));  // Not a double.
  EXPECT_EQ(parsed("0"), Value(0));
  EXPECT_EQ(parsed("-0"), Value(0));
  EXPECT_EQ(parsed("[1234567890123456,1234567890123456789,-1234567890123456]"),
            Value(Array{std::int64_t{1234567890123456}, std::int64_t{1234567890123456789},
                        std::int64_t{-1234567890123456}}));
}

TEST(JsonParse, KeepsEveryOtherNumberAsItWasWritten) {
  for (const std::string_view text :
       {"1.0", "1e2", "1E+2", "10e-1", "-0.0", "0.1", "9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "1234567890123456.5", "1e400", "-1e-400",
        "0e0", "123456789012345678901234567890123456789012345678901234567890", "1e2147483647"}) {
    EXPECT_EQ(parsed(text), Value(Decimal{std::string(text)}));
    // Boost.JSON reads a number that has 33 bytes before it on another path.
    const std::string padded = "[" + std::string(text) + "," + std::string(40, ' ') + "0]";
    EXPECT_EQ(parsed(padded), Value(Array{Decimal{std::string(text)}, 0}));
  }
}

TEST(JsonParse, RefusesWhatIsNoNumber) {
  for (const std::string text : {"01", "-01", "+1", "-", "--1", ".5", "1.", "-.5", "1e", "1e+",
                                 "0x10", "NaN", "Infinity", "-Infinity", "1_000", "1.e1"}) {
    EXPECT_NE(refusal(text), "") << text;
    EXPECT_NE(refusal("[" + text + "," + std::string(40, ' ') + "0]"), "") << text;
  }
  EXPECT_TRUE(refused_for("1e2147483648", "the exponent of a number is too large at byte 11"));
}

TEST(JsonParse, RefusesWhatIsNoJson) {
  for (const std::string_view text : {"nul",
                                      "True",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1,}",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "]",
                                      "}",
                                      "[}",
                                      "{]",
                                      "[1",
                                      "{\"a\":1",
                                      "\"",
                                      "\"\\",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "// c\n1",
                                      "/* c */ 1",
                                      "1 // c",
                                      "[1]]",
                                      "undefined",
                                      "\x0b"
                                      "1",
                                      "\xC2\xA0"
                                      "1",
                                      "\"a\"b"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
}

TEST(JsonParse, NamesTheRuleAndThePosition) {
  EXPECT_TRUE(refused_for("", "the document breaks off at byte 0"));
  EXPECT_TRUE(refused_for("  ", "the document breaks off at byte 2"));
  EXPECT_TRUE(refused_for(R"({"a":[1,2)", "the document breaks off at byte 9"));
  EXPECT_TRUE(refused_for("{\"a\":1,}", "an unexpected character stands at byte 7"));
  EXPECT_TRUE(refused_for("{} {}", "something follows the document at byte 3"));
  EXPECT_TRUE(refused_for("\"a\nb\"", "a control character that is not escaped stands at byte 2"));
  EXPECT_TRUE(refused_for("\"a\xFF\"",
                          "bytes that are no UTF-8, or outside a string, stand at "
                          "byte 2"));
  EXPECT_TRUE(refused_for("\"\\ud800\" , padding", "an unexpected character stands at byte 7"));
  EXPECT_TRUE(refused_for("\"\\udc00\" , padding",
                          "an escape that is no Unicode character stands at byte 2"));
}

TEST(JsonParse, NeverQuotesTheDocument) {
  for (const std::string_view text :
       {R"({"hunter2":hunter2})", R"({"hunter2":1,"hunter2":2})", R"("hunter2)", R"({} hunter2)",
        R"("hunter2\u0000hunter2")", "\"hunter2\xFFhunter2\""}) {
    const std::string detail = refusal(text);
    EXPECT_NE(detail, "");
    EXPECT_EQ(detail.find("hunter2"), std::string::npos) << detail;
  }
}

TEST(JsonParse, RefusesAByteOrderMark) {
  EXPECT_TRUE(refused_for("\xEF\xBB\xBF{}", "a byte order mark stands at byte 0"));
}

TEST(JsonParse, RefusesTheSameKeyTwiceInOneObject) {
  const auto reason = [](int position) {
    return "an object that has the same key twice ends at byte " + std::to_string(position);
  };
  EXPECT_TRUE(refused_for(R"({"a":1,"a":1})", reason(12)));
  EXPECT_TRUE(refused_for(R"({"a":1,"\u0061":1})", reason(17)));  // The same once unescaped.
  EXPECT_TRUE(refused_for(R"({"":1,"":1})", reason(10)));
  EXPECT_TRUE(refused_for(R"([{"o":{"x":1,"y":2,"x":3}}])", reason(24)));
}

TEST(JsonParse, AcceptsTheSameKeyInDifferentObjects) {
  EXPECT_EQ(refusal(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1})"), "");
}

TEST(JsonParse, FindsADuplicateKeyInAnObjectOfAnySize) {
  for (int members = 2; members <= 40; ++members) {
    std::string text = "{";
    for (int i = 0; i < members; ++i) text += "\"key" + std::to_string(i) + "\":0,";
    EXPECT_EQ(refusal(text + "\"other\":0}"), "");
    EXPECT_NE(refusal(text + "\"key0\":0}"), "");
    EXPECT_NE(refusal(text + "\"key" + std::to_string(members - 1) + "\":0}"), "");
  }
}

TEST(JsonParse, RefusesNestingBeyondTheLimit) {
  EXPECT_EQ(refusal(nested(32, "[", "]")), "");
  EXPECT_EQ(refusal(nested(31, "{\"a\":", "}"), {}),
            "the text is not one JSON document: an unexpected character stands at byte 155");
  EXPECT_TRUE(refused_for(nested(33, "[", "]"), "the nesting goes deeper than allowed at byte 32"));
  EXPECT_TRUE(
      refused_for("[[]]", "the nesting goes deeper than allowed at byte 1", {.max_depth = 1}));
  EXPECT_TRUE(refused_for(R"({"a":{}})", "the nesting goes deeper than allowed at byte 5",
                          {.max_depth = 1}));
  EXPECT_EQ(refusal("1", {.max_depth = 0}), "");
  EXPECT_NE(refusal("[]", {.max_depth = 0}), "");
}

TEST(JsonParse, CountsDepthNotContainers) {
  EXPECT_EQ(refusal("[[],[],{},[{}]]", {.max_depth = 3}), "");
}

TEST(JsonParse, SurvivesNestingBombsWhateverTheLimit) {
  const ParseLimits none{.max_depth = static_cast<std::size_t>(-1)};
  EXPECT_EQ(refusal(nested(deepest_nesting, "[", "]"), none), "");
  EXPECT_TRUE(refused_for(nested(deepest_nesting + 1, "[", "]"),
                          "the nesting goes deeper than allowed at byte 512", none));
  EXPECT_NE(refusal(std::string(5 << 20, '['), none), "");
  EXPECT_NE(refusal(nested(1 << 20, "{\"a\":", "}"), none), "");
  EXPECT_NE(refusal(nested(1 << 20, "[{\"a\":", "}]"), none), "");
}

TEST(JsonParse, RefusesTheCharacterNulAnywhere) {
  EXPECT_TRUE(refused_for(R"("a\u0000b")", "text with the character U+0000 ends at byte 9"));
  EXPECT_TRUE(refused_for(R"({"a\u0000":1})", "text with the character U+0000 ends at byte 9"));
  EXPECT_NE(refusal(std::string_view("\"a\0b\"", 5)), "");
  EXPECT_NE(refusal(std::string_view("{}\0", 3)), "");
  const std::string late =
      in_quotes(std::string(100'000, 'x') + "\\u0000" + std::string(9'000, 'y'));
  EXPECT_NE(refusal(late), "");
}

TEST(JsonParse, UnescapesStrings) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00 end of it")"),
            Value("\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001F600 end of it"));
  EXPECT_EQ(parsed(R"("\u0001\u001f\u007f\uffff\uFFFE padding")"),
            Value("\x01\x1f\x7f\uffff\ufffe padding"));
}

TEST(JsonParse, RefusesLoneSurrogatesInEscapes) {
  for (const std::string_view pair :
       {R"(\ud800)", R"(\udbff)", R"(\udc00)", R"(\udfff)", R"(\ud800\ud800)", R"(\ud800\u0041)",
        R"(\udc00\ud800)", R"(\ud800x)", R"(\ud800\n)"}) {
    for (const std::string_view after : {"", " ", "long enough for the other path of the parser"}) {
      EXPECT_NE(refusal(in_quotes(std::string(pair) + std::string(after))), "") << pair << after;
    }
  }
}

/// RFC 3629 section 4, written down on its own: the length of the sequence at the start, 0 if none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) {
    return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u;
  };
  const auto in = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto tail = [&](std::size_t i) { return in(i, 0x80, 0xBF); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = in(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = in(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    const std::size_t length = utf8_length(s);
    if (length == 0) return false;
    s.remove_prefix(length);
  }
  return true;
}

TEST(JsonParse, AcceptsExactlyTheByteSequencesOfUtf8) {
  // Every pair of bytes, and the interesting third and fourth ones: with an escape before (the
  // parser's slow path) and without, in a value and in a key.
  std::vector<std::string> sequences;
  for (unsigned a = 0x7F; a <= 0xFF; ++a) {
    for (unsigned b = 0x7F; b <= 0xFF; ++b) {
      const std::string pair{static_cast<char>(a), static_cast<char>(b)};
      sequences.push_back(pair);
      if (a < 0xE0) continue;
      for (const char c : {'\x7F', '\x80', '\x9F', '\xA0', '\xBF', '\xC0', '\xFF'}) {
        sequences.push_back(pair + c);
        if (a < 0xF0) continue;
        for (const char d : {'\x7F', '\x80', '\xBF', '\xC0'}) sequences.push_back(pair + c + d);
      }
    }
  }
  for (const std::string& bytes : sequences) {
    const bool valid = is_utf8(bytes);
    ASSERT_EQ(parse(in_quotes(bytes)).has_value(), valid);
    ASSERT_EQ(parse(in_quotes("\\n" + bytes)).has_value(), valid);
    ASSERT_EQ(parse("{" + in_quotes(bytes) + ":0}").has_value(), valid);
    ASSERT_EQ(parse("[" + in_quotes(bytes + " and what follows in the buffer") + "]").has_value(),
              valid);
  }
}

TEST(JsonParse, KeepsMultiByteCharactersAtEveryOffsetOfALongString) {
  // Escapes send the text through a buffer of a few kilobytes; no character may break at its edge.
  for (std::size_t offset = 4'060; offset < 4'110; ++offset) {
    const std::string ascii(offset, 'x');
    const std::string expected = "\n" + ascii + "\u20ac\U0001F600\u00e9" + ascii;
    ASSERT_EQ(parsed("[\"\\n" + ascii + "\u20ac\U0001F600\u00e9" + ascii + "\"]"),
              Value(Array{expected}));
    ASSERT_EQ(parsed("[\"\\n" + ascii + R"(\u20ac\ud83d\ude00\u00e9)" + ascii + "\"]"),
              Value(Array{expected}));
  }
}

TEST(JsonParse, RefusesControlCharactersThatAreNotEscaped) {
  for (char c = 0; c < 0x20; ++c) {
    EXPECT_NE(refusal(in_quotes(std::string(1, c))), "");
    EXPECT_NE(refusal(in_quotes("\\n" + std::string(1, c))), "");
  }
  EXPECT_EQ(parsed("\"\x7f\""), Value("\x7f"));
}

TEST(JsonParse, ReadsADocumentOfFiveMebibytes) {
  const std::string item = R"({"id":12345,"name":"a name of some length","tags":["a","b"]})";
  std::string text = "[" + item;
  std::size_t items = 1;
  for (; text.size() < (5u << 20); ++items) text += "," + item;
  const Value value = parsed(text + "]");
  ASSERT_EQ(value.as_array()->size(), items);
  EXPECT_EQ(value.as_array()->back(), parsed(item));
}

TEST(JsonParse, ReadsOneStringOfFiveMebibytes) {
  const std::string text(5 << 20, 'x');
  EXPECT_EQ(*parsed(in_quotes(text)).as_string(), text);
  EXPECT_EQ(*parsed(in_quotes("\\n" + text)).as_string(), "\n" + text);
}

TEST(JsonParse, ReadsAWideObjectWithoutQuadraticWork) {
  std::string text = "{";
  for (int i = 0; i < 90'000; ++i)
    text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_EQ(parsed(text + "\"last\":0}").as_object()->size(), 90'001u);
  EXPECT_NE(refusal(text + "\"k77777\":0}"), "");
}

std::string list_of(std::string_view item, int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text.append(i == 0 ? "" : ",").append(item);
  return text + "]";
}

TEST(JsonParse, RefusesMoreMembersThanAllowedWhileReading) {
  const ParseLimits few{.max_open_values = 5};  // The array itself is one.
  EXPECT_TRUE(parse(list_of("0", 4), few));
  for (const std::string& text :
       {list_of("0", 5) + "never read", std::string(R"({"a":1,"b":2,"c":3,"d":4,"e":5})"),
        std::string("[1,[2,[3,4")}) {
    const auto refused = parse(text, few);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().detail.find("more members than allowed"), std::string::npos);
  }
  EXPECT_TRUE(parse(list_of("[0,0]", 2), few));  // What is complete counts as one.
}

TEST(JsonParse, RefusesMoreValuesThanAllowedInAll) {
  EXPECT_TRUE(parse(list_of("[0,0]", 3), {.max_values = 10}));
  const auto refused = parse(list_of("[0,0]", 3), {.max_values = 9});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::malformed_json);
  EXPECT_NE(refused.error().detail.find("more values than allowed"), std::string::npos);
}

TEST(JsonParse, TheDefaultsHoldALongListOfZeros) {
  EXPECT_FALSE(parse(list_of("0", 100'000)));
  EXPECT_TRUE(parse(list_of("0", 99'999)));
}

TEST(JsonParse, StartsAfreshAfterARefusal) {
  for (const std::string_view broken : {R"({"a":)", R"(["half a str)", R"({"a":{"a":[{"b")", "[[[",
                                        R"({"k":"part\n)", R"({"a":1,"a":2})", "{\"key\xFF"}) {
    EXPECT_NE(refusal(broken), "");
    EXPECT_EQ(parsed(R"(["x",{"y":1}])"), Value(Array{"x", Object{{"y", 1}}}));
  }
}

TEST(JsonParse, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::vector<int> failures(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &failures] {
      const Value expected = Object{{"n", Array{t, "\n"}}};
      const std::string text = serialize(expected);
      for (int i = 0; i < 2'000; ++i) {
        const auto value = parse(text);
        if (!value || *value != expected) ++failures[t];
        if (parse("{\"n\":[")) ++failures[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace florin::json
