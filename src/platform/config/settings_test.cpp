#include "platform/config/settings.h"

#include <gtest/gtest.h>

#include "platform/config/errors.h"

namespace florin::config {
namespace {

enum class Colour : std::uint8_t { red, blue };
struct Inner {
  std::int64_t bytes = 4'096;
};
struct Paint {
  int layers = 2;
  std::string name = "gloss";
  std::string link;
  bool is_dry = false;
  Colour colour = Colour::red;
  Secret recipe;
  std::vector<std::string> hosts;
  Inner inner;
};

Section paint() {
  return section<Paint>(
      "paint",
      {number("layers", &Paint::layers, {1, 9}, "How many layers"),
       text("name", &Paint::name, "What it is called", {.env = "PAINT"}),
       flag("is_dry", &Paint::is_dry, "Whether it is dry"),
       word("colour", &Paint::colour, {{"red", Colour::red}, {"blue", Colour::blue}},
            "What it looks like", {.help = "Red is the default."}),
       secret("recipe", &Paint::recipe, at_least(4), "How it is made"),
       list("hosts", &Paint::hosts, broken_host_rule, "Where it is sold"),
       url(
           "link", &Paint::link, [](std::string_view) { return std::optional<std::string>(); },
           "Its page"),
       number("bytes", path(&Paint::inner, &Inner::bytes), {1, 1'000'000}, "Its size")},
      [](const Paint& paint) -> Result<void> {
        if (paint.is_dry && paint.layers > 5) return invalid("paint.is_dry needs few layers");
        return {};
      });
}

/// A struct that the section fills.
class PaintSettings : public testing::Test {
 protected:
  const Setting& find(std::string_view key) const {
    for (const Setting& each : made.settings) {
      if (each.key == key) return each;
    }
    throw std::out_of_range(std::string(key));
  }
  /// The rule that the text breaks; empty when it is taken.
  std::string refusal(std::string_view key, std::string_view text) {
    const auto done = find(key).set(made.address(kept), text);
    if (done) return {};
    EXPECT_EQ(done.error().code, errors::invalid_configuration);
    return done.error().detail;
  }
  std::string shown(std::string_view key) { return find(key).get(made.read_address(kept)); }
  const Paint& values() { return std::any_cast<const Paint&>(kept); }

  const Section made = paint();
  std::any kept = made.make();
};

TEST_F(PaintSettings, HaveNamesVariablesAndBoundsOfOneEntry) {
  EXPECT_EQ(find("paint.layers").env, "FLORIN_PAINT_LAYERS");
  EXPECT_EQ(find("paint.name").env, "PAINT");
  EXPECT_EQ(find("paint.layers").help, "How many layers, 1 to 9.");
  EXPECT_EQ(find("paint.is_dry").help, "Whether it is dry: true or false.");
  EXPECT_EQ(find("paint.colour").help, "What it looks like: red or blue. Red is the default.");
}

TEST_F(PaintSettings, FillTheStructAndAreShownAgain) {
  EXPECT_EQ(refusal("paint.layers", "9"), "");
  EXPECT_EQ(refusal("paint.bytes", "77"), "");
  EXPECT_EQ(refusal("paint.colour", "blue"), "");
  EXPECT_EQ(refusal("paint.hosts", " a:1 ,, b "), "");
  EXPECT_EQ(refusal("paint.recipe", "oil and lead"), "");
  EXPECT_EQ(values().layers, 9);
  EXPECT_EQ(values().inner.bytes, 77);
  EXPECT_EQ(values().colour, Colour::blue);
  EXPECT_EQ(shown("paint.hosts"), "a:1,b");
  EXPECT_EQ(shown("paint.colour"), "blue");
  EXPECT_EQ(shown("paint.recipe"), hidden);
  EXPECT_EQ(shown("paint.bytes"), "77");
}

TEST_F(PaintSettings, OfEachKindRefuseWhatBreaksTheirRule) {
  for (const char* text : {"0", "10", "", "two", "1.5", "1 "})
    EXPECT_EQ(refusal("paint.layers", text), "must be a whole number from 1 to 9") << text;
  EXPECT_EQ(refusal("paint.name", ""), "must not be empty");
  EXPECT_EQ(refusal("paint.is_dry", "yes"), "must be true or false");
  EXPECT_EQ(refusal("paint.colour", "green"), "must be one of red, blue");
  EXPECT_EQ(refusal("paint.recipe", "oil"), "must have at least 4 bytes");
  EXPECT_EQ(refusal("paint.link", "ftp://a"), "must be an http or https URL");
  EXPECT_NE(refusal("paint.hosts", "a,b:0").find("has the entry \"b:0\""), std::string::npos);
  EXPECT_EQ(values().layers, 2) << "a refused text changes nothing";
}

TEST_F(PaintSettings, AreCheckedTogether) {
  EXPECT_TRUE(made.check(made.read_address(kept)));
  EXPECT_EQ(refusal("paint.layers", "9"), "");
  EXPECT_EQ(refusal("paint.is_dry", "true"), "");
  EXPECT_EQ(made.check(made.read_address(kept)).error().detail, "paint.is_dry needs few layers");
}

TEST_F(PaintSettings, ShowNoPasswordOfAUrl) {
  EXPECT_EQ(refusal("paint.link", "https://me:geheim@host/page"), "");
  EXPECT_EQ(shown("paint.link"), "https://me:***@host/page");
}

}  // namespace
}  // namespace florin::config
