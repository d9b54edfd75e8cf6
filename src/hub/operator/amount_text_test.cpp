#include "hub/operator/amount_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace florin::hub::operators {
namespace {

Currency currency(std::string_view code) { return *Currency::parse(code); }

TEST(AmountText, WritesAllDecimalsOfTheCurrency) {
  EXPECT_EQ(amount_text({15'000, currency("KZT")}), "150.00");
  EXPECT_EQ(amount_text({7, currency("KZT")}), "0.07");
  EXPECT_EQ(amount_text({0, currency("KZT")}), "0.00");
  EXPECT_EQ(amount_text({-7, currency("KZT")}), "-0.07");
  EXPECT_EQ(amount_text({700, currency("JPY")}), "700");
  EXPECT_EQ(amount_text({1'500, currency("KWD")}), "1.500");
}

TEST(AmountText, ReadsWhatItWrites) {
  for (const char* code : {"KZT", "JPY", "KWD"}) {
    for (const std::int64_t minor :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{-999}, std::int64_t{123'456'789},
          std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
      const Money amount{minor, currency(code)};
      EXPECT_EQ(parse_amount_text(amount_text(amount), amount.currency), minor) << code;
    }
  }
}

TEST(AmountText, ReadsFewerDecimals) {
  EXPECT_EQ(parse_amount_text("150", currency("KZT")), 15'000);
  EXPECT_EQ(parse_amount_text("150.5", currency("KZT")), 15'050);
}

TEST(AmountText, ReadsNothingElse) {
  for (const char* text : {"", "-", ".", "1.", ".5", "1.001", "1,00", "+1", " 1", "1 ", "1e2",
                           "0x1", "--1", "1.0.0", "1.-5", "NaN", "92233720368547758.08"}) {
    EXPECT_FALSE(parse_amount_text(text, currency("KZT"))) << text;
  }
  EXPECT_FALSE(parse_amount_text("1.0", currency("JPY")));
}

}  // namespace
}  // namespace florin::hub::operators
