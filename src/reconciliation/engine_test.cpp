// The engine over entries in memory: every kind of mismatch, the rules, and random sides whose
// injected mismatches are found exactly, whatever the memory.
#include "reconciliation/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/try.h"
#include "platform/sql/temporary_folder.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

const Timestamp day_start = *Timestamp::parse("2026-11-20T00:00:00Z");
const Period day{day_start, day_start.plus_seconds(86'400)};
const Currency kzt = *Currency::parse("KZT");
const Currency usd = *Currency::parse("USD");

/// A side that gives what it holds.
struct Listed final : Source {
  explicit Listed(std::vector<Entry> all) : entries(std::move(all)) {}
  Result<void> read(const Period&, const EntryVisitor& visit) override {
    for (const Entry& entry : entries) TRY(visit(entry));
    return {};
  }
  std::vector<Entry> entries;
};

Entry entry(std::string key, std::int64_t minor = 1'000, std::int64_t second = 3'600) {
  return {std::move(key),
          "",
          "ana",
          {minor, kzt},
          "debit",
          EntryStatus::success,
          day_start.plus_seconds(second)};
}

Entry with_ref(Entry of, std::string ref) {
  of.ref = std::move(ref);
  return of;
}

Entry with_status(Entry of, EntryStatus status) {
  of.status = status;
  return of;
}

/// "KIND key" of every mismatch, in order.
using Found = std::vector<std::string>;

struct Outcome {
  Counts counts;
  Found found;
};

class Engine : public testing::Test {
 protected:
  Outcome compare_all(std::vector<Entry> our_entries, std::vector<Entry> their_entries) {
    Listed ours(std::move(our_entries)), theirs(std::move(their_entries));
    Outcome outcome;
    const auto counts =
        compare(ours, theirs, day, rules, {folder.path(), memory_bytes},
                [&](const Mismatch& mismatch) -> Result<void> {
                  outcome.found.push_back(word_of(mismatch.kind, {}) + " " + mismatch.entry().key);
                  return {};
                });
    EXPECT_TRUE(counts) << (counts ? "" : counts.error().detail);
    if (counts) outcome.counts = *counts;
    return outcome;
  }
  Found found(std::vector<Entry> ours, std::vector<Entry> theirs) {
    return compare_all(std::move(ours), std::move(theirs)).found;
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Rules rules;
  std::size_t memory_bytes = 1 << 20;
};

TEST_F(Engine, EqualSidesAreClean) {
  const Outcome outcome = compare_all({entry("a"), entry("b")}, {entry("b"), entry("a")});
  EXPECT_EQ(outcome.found, Found{});
  EXPECT_EQ(outcome.counts.matched, 2);
}

TEST_F(Engine, NamesWhatOneSideLacks) {
  EXPECT_EQ(found({entry("a")}, {}), Found{"MISSING_IN_OPERATOR a"});
  EXPECT_EQ(found({}, {entry("a")}), Found{"MISSING_IN_HUB a"});
}

TEST_F(Engine, WhatHadNoEffectMayBeMissing) {
  for (const EntryStatus status : {EntryStatus::failed, EntryStatus::rolled_back}) {
    EXPECT_EQ(found({with_status(entry("a"), status)}, {}), Found{});
    EXPECT_EQ(found({}, {with_status(entry("a"), status)}), Found{});
  }
}

TEST_F(Engine, APendingEntryIsACaseOnlyAtTheirs) {
  const Entry pending = with_status(entry("a"), EntryStatus::pending);
  const Outcome outcome = compare_all({pending}, {});
  EXPECT_EQ(outcome.found, Found{});
  EXPECT_EQ(outcome.counts.pending, 1);
  EXPECT_EQ(found({}, {pending}), Found{"MISSING_IN_HUB a"});
}

TEST_F(Engine, ComparesAmountCurrencyStatusAndPlayer) {
  EXPECT_EQ(found({entry("a", 100)}, {entry("a", 101)}), Found{"AMOUNT_MISMATCH a"});
  Entry other = entry("a");
  other.amount.currency = usd;
  EXPECT_EQ(found({entry("a")}, {other}), Found{"CURRENCY_MISMATCH a"});
  EXPECT_EQ(found({entry("a")}, {with_status(entry("a"), EntryStatus::failed)}),
            Found{"STATUS_MISMATCH a"});
  other = entry("a");
  other.player = "bolat";
  EXPECT_EQ(found({entry("a")}, {other}), Found{"PLAYER_MISMATCH a"});
  other.player = "";
  EXPECT_EQ(found({entry("a")}, {other}), Found{});
}

TEST_F(Engine, ADebitIsNoCredit) {
  Entry credit = entry("a");
  credit.kind = "credit";
  EXPECT_EQ(found({entry("a")}, {credit}), Found{"AMOUNT_MISMATCH a"});
}

TEST_F(Engine, OneEntryMayDifferInTwoWays) {
  EXPECT_EQ(found({entry("a", 100)}, {with_status(entry("a", 90), EntryStatus::failed)}),
            (Found{"AMOUNT_MISMATCH a", "STATUS_MISMATCH a"}));
}

TEST_F(Engine, WhatIsPendingBecauseItDiffersIsOneCase) {
  EXPECT_EQ(found({with_status(entry("a", 100), EntryStatus::pending)}, {entry("a", 101)}),
            Found{"AMOUNT_MISMATCH a"});
  EXPECT_EQ(found({with_status(entry("a"), EntryStatus::pending)}, {entry("a")}),
            Found{"STATUS_MISMATCH a"});
}

TEST_F(Engine, FailedAndRolledBackAreOneOutcome) {
  EXPECT_EQ(found({with_status(entry("a"), EntryStatus::rolled_back)},
                  {with_status(entry("a"), EntryStatus::failed)}),
            Found{});
}

TEST_F(Engine, AmountsMayDifferByTheTolerance) {
  rules.tolerance_minor = 5;
  EXPECT_EQ(found({entry("a", 100)}, {entry("a", 105)}), Found{});
  EXPECT_EQ(found({entry("a", 106)}, {entry("a", 100)}), Found{"AMOUNT_MISMATCH a"});
  EXPECT_EQ(found({entry("a", INT64_MAX)}, {entry("a", INT64_MIN)}), Found{"AMOUNT_MISMATCH a"});
}

TEST_F(Engine, AKeyTwiceIsOneDuplicateOnItsSide) {
  EXPECT_EQ(found({entry("a")}, {entry("a"), entry("a"), entry("a")}),
            Found{"DUPLICATE_IN_OPERATOR a"});
  EXPECT_EQ(found({entry("a"), entry("a")}, {entry("a")}), Found{"DUPLICATE_IN_HUB a"});
}

TEST_F(Engine, AFailedTryBesideASuccessHasNoEffect) {
  const Entry failed = with_status(entry("a", 1'000, 3'540), EntryStatus::failed);
  const Outcome outcome = compare_all({failed, entry("a")}, {entry("a")});
  EXPECT_EQ(outcome.found, Found{});
  EXPECT_EQ(outcome.counts.matched, 1);
  EXPECT_EQ(outcome.counts.without_effect, 1);
  EXPECT_EQ(found({entry("a")}, {failed, entry("a")}), Found{});
  EXPECT_EQ(found({failed, entry("a")}, {failed, entry("a")}), Found{});
  // After the success as well: a repeated request that was refused.
  EXPECT_EQ(
      found({entry("a"), with_status(entry("a", 1'000, 3'700), EntryStatus::failed)}, {entry("a")}),
      Found{});
  // The pending word of a transaction that has ended since is old news.
  EXPECT_EQ(found({with_status(entry("a", 1'000, 3'540), EntryStatus::pending), entry("a")},
                  {entry("a")}),
            Found{});
  // A try of another amount says nothing about the success.
  EXPECT_EQ(
      found({with_status(entry("a", 5, 3'540), EntryStatus::failed), entry("a")}, {entry("a")}),
      Found{});
}

TEST_F(Engine, OnlyTriesUnderAKeyAreOneOutcome) {
  const Entry failed = with_status(entry("a", 1'000, 3'540), EntryStatus::failed);
  const Entry again = with_status(entry("a"), EntryStatus::failed);
  EXPECT_EQ(found({failed, again}, {}), Found{});
  EXPECT_EQ(found({failed, again}, {entry("a")}), Found{"STATUS_MISMATCH a"});
  EXPECT_EQ(found({failed, entry("a")}, {}), Found{"MISSING_IN_OPERATOR a"});
}

TEST_F(Engine, ARolledBackEntryTakesTheSuccessBeforeItBack) {
  const Entry back = with_status(entry("a", 1'000, 3'700), EntryStatus::rolled_back);
  EXPECT_EQ(found({entry("a"), back}, {}), Found{});
  EXPECT_EQ(found({entry("a"), back}, {entry("a")}), Found{"STATUS_MISMATCH a"});
  EXPECT_EQ(found({entry("a"), entry("a", 1'000, 3'650), back}, {entry("a")}), Found{});
  EXPECT_EQ(found({back, entry("a", 1'000, 3'800)}, {entry("a")}), Found{});
}

TEST_F(Engine, ADuplicateIsTheOddOne) {
  std::vector<std::int64_t> named;
  Listed ours({entry("a", 100)}), theirs({entry("a", 90, 3'590), entry("a", 100)});
  const auto counts = compare(ours, theirs, day, rules, {folder.path()},
                              [&](const Mismatch& mismatch) -> Result<void> {
                                EXPECT_EQ(mismatch.kind, MismatchKind::duplicate_in_theirs);
                                named.push_back(mismatch.entry().amount.minor);
                                return {};
                              });
  ASSERT_TRUE(counts);
  EXPECT_EQ(named, std::vector<std::int64_t>{90});
}

TEST_F(Engine, AKeyBookedEndlesslyIsOneDuplicate) {
  const std::vector<Entry> many(5'000, entry("a"));
  EXPECT_EQ(found({entry("a")}, many), Found{"DUPLICATE_IN_OPERATOR a"});
}

TEST_F(Engine, ATryOfTheSameReferenceIsNoPartnerOfASuccess) {
  const Entry failed = with_status(with_ref(entry("a", 1'000, 3'540), "r"), EntryStatus::failed);
  const Entry booked = with_ref(entry("b"), "r");
  EXPECT_EQ(found({failed, booked}, {with_ref(entry("x"), "r")}), Found{});
  EXPECT_EQ(found({with_ref(entry("x"), "r")}, {failed, booked}), Found{});
  // Nor when the amounts tempt: the success differs, the try has no effect.
  EXPECT_EQ(found({failed, with_ref(entry("b", 900), "r")}, {with_ref(entry("x"), "r")}),
            Found{"AMOUNT_MISMATCH b"});
  EXPECT_EQ(found({failed}, {with_ref(entry("x"), "r")}), Found{"STATUS_MISMATCH a"});
}

TEST_F(Engine, MatchesByReferenceAndKindWhatHasNoCommonKey) {
  const Outcome outcome = compare_all({with_ref(entry("a"), "r1")}, {with_ref(entry("x"), "r1")});
  EXPECT_EQ(outcome.found, Found{});
  EXPECT_EQ(outcome.counts.matched_by_ref, 1);
  Entry credit = with_ref(entry("x"), "r1");
  credit.kind = "credit";
  EXPECT_EQ(found({with_ref(entry("a"), "r1")}, {credit}),
            (Found{"MISSING_IN_OPERATOR a", "MISSING_IN_HUB x"}));
  EXPECT_EQ(found({with_ref(entry("a", 100), "r1")}, {with_ref(entry("x", 90), "r1")}),
            Found{"AMOUNT_MISMATCH a"});
}

TEST_F(Engine, OfOneReferenceEqualAmountsFindEachOtherFirst) {
  EXPECT_EQ(found({with_ref(entry("a", 100, 10), "r"), with_ref(entry("b", 200, 20), "r")},
                  {with_ref(entry("x", 200, 10), "r"), with_ref(entry("y", 100, 20), "r")}),
            Found{});
}

TEST_F(Engine, EntriesWithoutAKeyMatchByReferenceAndAreNoDuplicates) {
  EXPECT_EQ(found({with_ref(entry(""), "r1"), with_ref(entry(""), "r2")},
                  {with_ref(entry(""), "r2"), with_ref(entry(""), "r1")}),
            Found{});
}

TEST_F(Engine, ReferencesCanBeLeftOut) {
  rules.match_by_ref = false;
  EXPECT_EQ(found({with_ref(entry("a"), "r1")}, {with_ref(entry("x"), "r1")}),
            (Found{"MISSING_IN_OPERATOR a", "MISSING_IN_HUB x"}));
}

TEST_F(Engine, APartnerMayLieJustBeyondMidnight) {
  const Entry before = entry("a", 1'000, 86'399);
  const Entry after = entry("a", 1'000, 86'401);
  EXPECT_EQ(found({before}, {after}), Found{});
  EXPECT_EQ(found({after}, {before}), Found{});
  rules.window_s = 1;
  EXPECT_EQ(found({before}, {after}), Found{"MISSING_IN_OPERATOR a"});
}

TEST_F(Engine, WhatLiesOutsideOfThePeriodIsOfAnother) {
  const Outcome outcome = compare_all({entry("a", 1'000, -10)}, {entry("b", 1'000, 86'400)});
  EXPECT_EQ(outcome.found, Found{});
  EXPECT_EQ(outcome.counts.ours_outside, 1);
  EXPECT_EQ(outcome.counts.theirs_outside, 1);
}

TEST_F(Engine, StopsWhenItIsTold) {
  Listed ours(std::vector<Entry>(10'000, entry("a"))), theirs({});
  const auto counts = compare(
      ours, theirs, day, rules, {folder.path()}, [](const Mismatch&) { return Result<void>(); },
      [](const Progress&) { return false; });
  EXPECT_EQ(counts.error().code, errors::reconciliation_interrupted);
}

TEST_F(Engine, SaysWhenItCannotSpill) {
  Listed ours({entry("a"), entry("b")}), theirs({});
  const auto counts = compare(ours, theirs, day, rules, {"/nowhere/at/all", 4},
                              [](const Mismatch&) { return Result<void>(); });
  EXPECT_EQ(counts.error().code, errors::reconciliation_files_unusable);
}

/// Two sides that agree but for what was injected.
struct Injected {
  std::vector<Entry> ours, theirs;
  Found expected;
};

Injected inject(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Injected made;
  const auto put = [&](std::vector<Entry>& side, Entry one, int spread) {
    one.at = one.at.plus_seconds(static_cast<std::int64_t>(random() % 5) - spread);
    side.push_back(std::move(one));
  };
  for (int i = 0; i < 3'000; ++i) {
    Entry ours = entry("t" + std::to_string(i), static_cast<std::int64_t>(random() % 100'000),
                       static_cast<std::int64_t>(random() % 86'000) + 200);
    ours.ref = "r" + std::to_string(i);
    ours.kind = random() % 2 ? "debit" : "credit";
    Entry theirs = ours;
    const auto expect = [&](std::string_view kind) {
      made.expected.push_back(std::string(kind) + " " + ours.key);
    };
    switch (random() % 60) {
      case 0:
        expect("MISSING_IN_OPERATOR");
        put(made.ours, ours, 2);
        continue;
      case 1:
        expect("MISSING_IN_HUB");
        put(made.theirs, theirs, 2);
        continue;
      case 2:
        expect("AMOUNT_MISMATCH");
        theirs.amount.minor += 1;
        break;
      case 3:
        expect("CURRENCY_MISMATCH");
        theirs.amount.currency = usd;
        break;
      case 4:
        expect("STATUS_MISMATCH");
        theirs.status = EntryStatus::failed;
        break;
      case 5:
        expect("DUPLICATE_IN_OPERATOR");
        put(made.theirs, theirs, 2);
        break;
      case 6:
        expect("PLAYER_MISMATCH");
        theirs.player = "bolat";
        break;
      case 7:
        theirs.key = "";  // Found by its reference.
        break;
      case 8:
        put(made.ours, with_status(ours, EntryStatus::rolled_back), 2);
        continue;
      default:
        break;
    }
    put(made.ours, ours, 2);
    put(made.theirs, theirs, 2);
  }
  std::shuffle(made.ours.begin(), made.ours.end(), random);
  std::shuffle(made.theirs.begin(), made.theirs.end(), random);
  return made;
}

TEST_F(Engine, FindsExactlyWhatWasInjectedHoweverLittleMemoryThereIs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Injected made = inject(seed);
    memory_bytes = 16 << 10;  // Hundreds of spilled runs.
    Outcome small = compare_all(made.ours, made.theirs);
    memory_bytes = 64 << 20;
    const Outcome large = compare_all(made.ours, made.theirs);
    EXPECT_EQ(small.found, large.found) << "seed " << seed;
    EXPECT_EQ(small.counts, large.counts) << "seed " << seed;
    std::sort(small.found.begin(), small.found.end());
    std::sort(made.expected.begin(), made.expected.end());
    EXPECT_EQ(small.found, made.expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace florin::reconciliation
