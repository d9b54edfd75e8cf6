#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/currency.h"
#include "base/id.h"
#include "base/id_generator.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "base/token_bucket.h"
#include "base/try.h"

namespace florin {
namespace {

constexpr std::int64_t max_minor = std::numeric_limits<std::int64_t>::max();

Money kzt(std::int64_t minor) { return {minor, *Currency::parse("KZT")}; }
Money usd(std::int64_t minor) { return {minor, *Currency::parse("USD")}; }

// ---------------------------------------------------------------- ids

TEST(Id, TextReadsBackInEitherCase) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    const AccountId id{static_cast<std::int64_t>(random() >> 1) | 1};
    EXPECT_EQ(AccountId::parse(id.str()), id);
    std::string upper = id.str();
    std::transform(upper.begin() + 4, upper.end(), upper.begin() + 4,
                   [](char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_EQ(AccountId::parse(upper), id);
  }
  EXPECT_EQ(AccountId{max_minor}.str(), "acc_7zzzzzzzzzzzz");
}

TEST(Id, TextOfAnotherKindOrFormIsNoId) {
  const std::string good = AccountId{12345}.str();
  EXPECT_TRUE(AccountId::parse(good));
  for (const std::string& bad :
       {std::string(), TransferId{12345}.str(), good + "0", good.substr(0, good.size() - 1),
        "acc-" + good.substr(4), std::string("acc_000000000000u"), std::string("acc_0000000000000"),
        std::string("acc_8000000000000")}) {
    EXPECT_FALSE(AccountId::parse(bad)) << bad;
  }
}

TEST(Id, TextSortsAsTheNumbersDo) { EXPECT_LT(AccountId{31}.str(), AccountId{32}.str()); }

TEST(IdGenerator, GrowsThoughTheClockStepsBack) {
  FakeClock clock;
  IdGenerator ids(clock, 3);
  std::int64_t last = ids.next();
  for (int i = 0; i < 10'000; ++i) {
    if (i % 100 == 0) clock.advance_seconds(i % 200 == 0 ? -5 : 1);
    const std::int64_t id = ids.next();
    ASSERT_GT(id, last);
    last = id;
  }
}

TEST(IdGenerator, ARunLiesWithinOneMillisecondAndIsNotHandedOutAgain) {
  FakeClock clock;
  IdGenerator ids(clock, 1023);
  for (const int count : {1, 4'000, 200, IdGenerator::max_run, 1}) {
    const std::int64_t first = ids.next_run(count);
    EXPECT_EQ(first >> IdGenerator::sequence_bits,
              (first + count - 1) >> IdGenerator::sequence_bits);
    EXPECT_GT(ids.next(), first + count - 1);
  }
}

TEST(IdGenerator, ReservedIdsLieTogetherAndNobodyElseGetsThem) {
  FakeClock clock;
  IdGenerator ids(clock, 3);
  const std::int64_t before = ids.next();
  IdGenerator own = ids.reserve(20'000);
  const std::int64_t after = ids.next();
  std::int64_t last = before;
  for (int run = 0; run < 20; ++run) {
    const std::int64_t first = own.next_run(1'000);
    EXPECT_GT(first, last);
    EXPECT_EQ(IdGenerator::node_of(first), 3);
    last = first + 999;
    EXPECT_EQ(IdGenerator::latest_moment_of(last), IdGenerator::latest_moment_of(first));
  }
  EXPECT_LT(last, after);
}

TEST(IdGenerator, ThreadsNeverGetTheSame) {
  const SystemClock clock;
  IdGenerator ids(clock, 0);
  std::vector<std::vector<std::int64_t>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&ids, &mine] {
      for (int i = 0; i < 5'000; ++i) mine.push_back(ids.next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::int64_t> all;
  for (const auto& mine : got) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(IdGenerator, NodesThatTakeTurnsKeepOneOrder) {
  FakeClock clock;
  IdGenerator low(clock, 1), high(clock, 2);
  std::int64_t last = 0;
  for (int turn = 0; turn < 100; ++turn) {
    IdGenerator& writer = turn % 2 == 0 ? high : low;
    writer.start_after(last);
    const std::int64_t id = writer.next();
    ASSERT_GT(id, last) << "turn " << turn;
    last = id;
  }
}

TEST(IdGenerator, GoesOnAfterTheGreatestStored) {
  FakeClock clock;
  IdGenerator earlier(clock, 7);
  clock.advance_seconds(3'600);
  const std::int64_t stored = earlier.next_run(50) + 49;
  clock.advance_seconds(-3'600);
  IdGenerator later(clock, 7);
  later.start_after(stored);
  EXPECT_GT(later.next(), stored);
}

TEST(IdGenerator, FirstAtBoundsTheIdsOfAMoment) {
  FakeClock clock;
  IdGenerator ids(clock, 5);
  EXPECT_GE(ids.next(), IdGenerator::first_at(clock.now()));
  EXPECT_LT(ids.next(), IdGenerator::first_at(clock.now().plus_seconds(1)));
  EXPECT_EQ(IdGenerator::first_at({0}), 0);
}

TEST(IdGenerator, FirstAtGrowsToTheEndOfIdsAndStaysThere) {
  std::int64_t last = 0;
  for (int year = 2020; year <= 2262; ++year) {
    const std::int64_t first =
        IdGenerator::first_at(*Timestamp::parse(std::to_string(year) + "-02-01T00:00:00Z"));
    ASSERT_GE(first, last) << year;
    last = first;
  }
  EXPECT_EQ(last, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(IdGenerator::first_at({std::numeric_limits<std::int64_t>::max()}), last);
}

// ---------------------------------------------------------------- money

TEST(Money, SumsAreCheckedForCurrencyAndRange) {
  EXPECT_EQ(*kzt(5).plus(kzt(-7)), kzt(-2));
  EXPECT_EQ(kzt(1).plus(usd(1)).error().code, errors::currency_mismatch);
  EXPECT_EQ(kzt(max_minor).plus(kzt(1)).error().code, errors::amount_overflow);
  EXPECT_EQ(kzt(-max_minor).minus(kzt(2)).error().code, errors::amount_overflow);
}

TEST(Money, SharesAddUpAndDifferByOneAtMost) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2'000; ++i) {
    const Money whole = kzt(static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000);
    const int parts = 1 + static_cast<int>(random() % 50);
    const auto shares = whole.split(parts);
    ASSERT_EQ(shares.size(), static_cast<std::size_t>(parts));
    std::int64_t sum = 0;
    for (const Money& share : shares) sum += share.minor;
    EXPECT_EQ(sum, whole.minor);
    const auto [least, greatest] =
        std::minmax_element(shares.begin(), shares.end(),
                            [](const Money& a, const Money& b) { return a.minor < b.minor; });
    EXPECT_LE(greatest->minor - least->minor, 1);
  }
}

TEST(Currency, KnowsTheDecimalsOfIso4217) {
  for (const auto& [code, digits] :
       {std::pair{"KZT", 2}, {"JPY", 0}, {"KWD", 3}, {"CLF", 4}, {"USD", 2}, {"UGX", 0}}) {
    ASSERT_TRUE(Currency::parse(code)) << code;
    EXPECT_EQ(Currency::parse(code)->digits(), digits) << code;
    EXPECT_EQ(Currency::parse(code)->code(), code);
  }
  for (const char* code : {"", "kzt", "KZ", "KZTX", "XTS", "XAU", "ZZZ", "K T"})
    EXPECT_FALSE(Currency::parse(code)) << code;
}

TEST(Currency, EveryCodeAndNumberStandsOnce) {
  std::set<std::string_view> codes;
  std::set<int> numbers;
  for (const CurrencyInfo& info : Currency::all()) {
    EXPECT_TRUE(codes.insert(info.code).second) << info.code;
    EXPECT_TRUE(numbers.insert(info.numeric).second) << info.code;
    EXPECT_EQ(Currency::parse(info.code)->code(), info.code);
    EXPECT_FALSE(info.name.empty());
  }
  EXPECT_GT(codes.size(), 150u);
}

// ---------------------------------------------------------------- time

TEST(Timestamp, ReadsOffsetsAndDecimals) {
  const Timestamp at{1'700'000'000'123'456};
  EXPECT_EQ(at.rfc3339(), "2023-11-14T22:13:20.123456Z");
  for (const char* text : {"2023-11-14T22:13:20.123456Z", "2023-11-14t22:13:20.123456z",
                           "2023-11-15T03:13:20.123456+05:00", "2023-11-14T16:43:20.123456-05:30",
                           "2023-11-14T22:13:20.123456999Z"}) {
    EXPECT_EQ(Timestamp::parse(text), at) << text;
  }
  EXPECT_EQ(Timestamp::parse("1970-01-01T00:00:00Z"), Timestamp{0});
  EXPECT_EQ(Timestamp::parse("2024-02-29T00:00:00.5Z")->rfc3339(), "2024-02-29T00:00:00.500000Z");
}

TEST(Timestamp, RefusesWhatIsNoMoment) {
  for (const char* text :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z", "2023-02-29T00:00:00Z",
        "1900-01-01T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z",
        "2023-01-32T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:60Z", "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00.1234567890Z",
        "2023-01-01T00:00:00+24:00", "2023-01-01T00:00:00Zx", "1970-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(Timestamp::parse(text)) << text;
  }
}

TEST(Timestamp, TextReadsBack) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5'000; ++i) {
    const Timestamp at{static_cast<std::int64_t>(random() % 9'000'000'000'000'000)};
    ASSERT_EQ(Timestamp::parse(at.rfc3339()), at) << at.us;
  }
}

// ---------------------------------------------------------------- results and secrets

Result<int> half(int number) {
  if (number % 2 != 0) return Error{errors::validation_failed, "odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number));
  return TRY(half(once));
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().detail, "odd");
  EXPECT_FALSE(quarter(3));
}

TEST(Result, ATryMayStandInALambdaWithinATry) {
  const auto nested = []() -> Result<int> {
    return TRY([]() -> Result<int> { return TRY(half(4)); }());
  };
  EXPECT_EQ(*nested(), 2);
}

// ---------------------------------------------------------------- token bucket

constexpr std::int64_t second_us = 1'000'000;

TEST(TokenBucket, FillsWithTimeUpToAPeriodsWorth) {
  FakeClock clock;
  TokenBucket bucket(10, second_us, clock.now());
  for (int left = 9; left >= 0; --left) {
    EXPECT_EQ(bucket.take(clock.now()), 0);
    EXPECT_EQ(bucket.remaining(), left);
  }
  EXPECT_EQ(bucket.take(clock.now()), 100'000);
  clock.set(clock.now().plus_us(100'000));
  EXPECT_EQ(bucket.take(clock.now()), 0);
  EXPECT_GT(bucket.take(clock.now()), 0);
  clock.advance_seconds(3'600);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(clock.now()), 0);
  EXPECT_GT(bucket.take(clock.now()), 0);
  clock.advance_seconds(-10);
  EXPECT_GT(bucket.take(clock.now()), 0);
}

TEST(TokenBucket, PaysOffADebtBeforeItGivesAgain) {
  FakeClock clock;
  TokenBucket bucket(10, second_us, clock.now());
  bucket.set_level(-20 * second_us, clock.now());
  EXPECT_EQ(bucket.take(clock.now()), 2'100'000);
  EXPECT_EQ(bucket.remaining(), 0);
  clock.set(clock.now().plus_us(2'100'000));
  EXPECT_EQ(bucket.take(clock.now()), 0);
  EXPECT_GT(bucket.take(clock.now()), 0);
}

TEST(TokenBucket, OwesAndHoldsNoMoreThanItsBounds) {
  FakeClock clock;
  TokenBucket bucket(10, second_us, clock.now());
  bucket.set_level(-1'000 * second_us, clock.now());
  EXPECT_EQ(bucket.take(clock.now()), TokenBucket::max_debt * second_us + 100'000);
  bucket.set_level(1'000 * second_us, clock.now());
  EXPECT_EQ(bucket.take(clock.now()), 0);
  EXPECT_EQ(bucket.remaining(), 9);
}

TEST(Secret, ShowsItselfOnlyWhenAsked) {
  const Secret secret("geheim");
  EXPECT_EQ(secret.reveal(), "geheim");
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, IsGuessableWhereItHasFewBytesOrRepeatsItself) {
  for (const char* weak :
       {"", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababab", "aabbccddeeaabbccddee",
        "12345678901234567890", "0123456789abcdef0123456789abcdef", "changemechangemechan"})
    EXPECT_EQ(guessable_secret(Secret(weak)).value().rule, "guessable") << weak;
  for (const char* good :
       {"sixteen bytes...", "sandbox-hub-secret", "0123456789abcdef", "f3a91c00"})
    EXPECT_FALSE(guessable_secret(Secret(good))) << good;
}

}  // namespace
}  // namespace florin
