#include "platform/sql/table.h"

#include <gtest/gtest.h>

#include "base/id_generator.h"
#include "platform/sql/engine_fixture.h"
#include "platform/sql/list.h"

namespace florin::sql {
namespace {

struct ParcelTag {
  static constexpr std::string_view prefix = "par";
};
using ParcelId = Id<ParcelTag>;

enum class Size : std::uint8_t { small, large };
constexpr auto words_of(Size) {
  return std::to_array<Word<Size>>({{Size::small, "small"}, {Size::large, "large"}});
}

struct Address {
  std::string city;
  std::optional<std::string> street;

  friend bool operator==(const Address&, const Address&) = default;
};

using Mark = std::array<std::uint8_t, 4>;

struct Parcel {
  ParcelId id;
  TenantId tenant;
  std::string code;
  Size size = Size::small;
  std::optional<Size> was;
  std::optional<Currency> currency;
  std::optional<std::int64_t> value_minor;
  int weight_g = 0;
  bool is_fragile = false;
  Address address;
  std::vector<int> stops;
  Mark mark{};
  ParcelId replaces;
  std::string note;
  std::optional<Timestamp> sent_at;
  Timestamp created_at;

  friend bool operator==(const Parcel&, const Parcel&) = default;
};

std::string stops_text(const std::vector<int>& stops) {
  std::string text;
  for (const int stop : stops) text += static_cast<char>('0' + stop);
  return text;
}

std::optional<std::vector<int>> parse_stops(std::string_view text) {
  std::vector<int> stops;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    stops.push_back(c - '0');
  }
  return stops;
}

const Table<Parcel> parcels("parcels",
                            {
                                {"id", &Parcel::id, {.role = Role::key}},
                                {"tenant_id", &Parcel::tenant, {.role = Role::key}},
                                {"code", &Parcel::code, {.role = Role::fixed}},
                                {"size", &Parcel::size},
                                {"was", &Parcel::was},
                                {"currency", &Parcel::currency},
                                {"value", &Parcel::value_minor},
                                {"weight_g", &Parcel::weight_g},
                                {"fragile", &Parcel::is_fragile},
                                {"city", within(&Parcel::address, &Address::city)},
                                {"street", within(&Parcel::address, &Address::street)},
                                {"stops", &Parcel::stops, {stops_text, parse_stops}},
                                {"mark", &Parcel::mark, {.role = Role::fixed}},
                                {"replaces_id", &Parcel::replaces, {.empty_is_null = true}},
                                {"note", &Parcel::note, {.empty_is_null = true}},
                                {"sent_at_us", &Parcel::sent_at},
                                {"created_at_us", &Parcel::created_at, {.role = Role::fixed}},
                            });
const auto parcel_by_id = parcels.select("parcels.by_id", "WHERE tenant_id = $1 AND id = $2");
const auto all_parcels = parcels.select("parcels.all", "ORDER BY id");
const auto small_or_large = parcels.select(
    "parcels.small_or_large", "{SELECT} WHERE size = 'small' UNION ALL {SELECT} WHERE size = $1");
const auto add_if_new = parcels.insertion("parcels.add_if_new", "ON CONFLICT (id) DO NOTHING");
const List<Parcel> parcel_list(parcels, "parcels.list", {"code"});

constexpr TenantId ours{1}, theirs{2};

Parcel full_parcel(std::int64_t id) {
  Parcel parcel;
  parcel.id = {id};
  parcel.tenant = ours;
  parcel.code = "A-" + std::to_string(id);
  parcel.size = Size::large;
  parcel.was = Size::small;
  parcel.currency = Currency::parse("KES");
  parcel.value_minor = -5;
  parcel.weight_g = 700;
  parcel.is_fragile = true;
  parcel.address = {"Nakuru", "Moi Road"};
  parcel.stops = {1, 2};
  parcel.mark = {1, 0, 255, 4};
  parcel.replaces = {99};
  parcel.note = "this way up";
  parcel.sent_at = Timestamp{7};
  parcel.created_at = Timestamp{5};
  return parcel;
}

Parcel bare_parcel(std::int64_t id) {
  Parcel parcel;
  parcel.id = {id};
  parcel.tenant = ours;
  return parcel;
}

class TableTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    const bool is_sqlite = database_->dialect() == Dialect::sqlite;
    const std::string bytes = is_sqlite ? "BLOB" : "BYTEA";
    run("CREATE TABLE parcels (id BIGINT NOT NULL PRIMARY KEY, tenant_id BIGINT NOT NULL,"
        " code TEXT NOT NULL, size TEXT NOT NULL, was TEXT, currency TEXT, value BIGINT,"
        " weight_g BIGINT NOT NULL, fragile BIGINT NOT NULL, city TEXT NOT NULL, street TEXT,"
        " stops TEXT NOT NULL, mark " +
        bytes +
        " NOT NULL, replaces_id BIGINT, note TEXT, sent_at_us BIGINT,"
        " created_at_us BIGINT NOT NULL);"
        "CREATE INDEX parcels_of_tenant ON parcels (tenant_id, id);"
        "CREATE INDEX parcels_by_code ON parcels (code, id);");
  }
  void run(const std::string& script) {
    const auto ran = database_->write([&](Tx& tx) { return tx.exec_script(script); });
    ASSERT_TRUE(ran) << ran.error().detail;
  }
  void insert(const std::vector<Parcel>& rows) {
    const auto written =
        database_->write([&](Tx& tx) { return parcels.send(tx, std::span<const Parcel>(rows)); });
    ASSERT_TRUE(written) << written.error().detail;
  }
  std::vector<Parcel> stored() {
    const auto all = database_->read([](Tx& tx) { return all_parcels.all(tx); });
    EXPECT_TRUE(all) << all.error().detail;
    return all ? *all : std::vector<Parcel>();
  }
  std::string ids_of_page(TenantId tenant, const PageRequest& request, const Filters& filters,
                          std::int64_t* next = nullptr) {
    const auto page =
        database_->read([&](Tx& tx) { return parcel_list.page(tx, tenant, request, filters); });
    EXPECT_TRUE(page) << page.error().detail;
    std::string ids;
    for (const Parcel& parcel : page->rows) ids += std::to_string(parcel.id.value) + " ";
    if (next) *next = page->next;
    return ids;
  }
};

TEST_P(TableTest, RowsComeBackAsTheyWereWritten) {
  insert({full_parcel(1)});
  insert({bare_parcel(2)});
  insert({full_parcel(3), bare_parcel(4)});  // One statement where the engine takes sets.
  EXPECT_EQ(stored(),
            (std::vector{full_parcel(1), bare_parcel(2), full_parcel(3), bare_parcel(4)}));
}

TEST_P(TableTest, NothingIsInsertedForNoRows) {
  insert({});
  EXPECT_TRUE(stored().empty());
}

TEST_P(TableTest, NullStandsForAbsentValuesAndWhereItIsAskedForEmptyOnes) {
  insert({bare_parcel(1)});
  static constexpr Query nulls{
      "nulls",
      "SELECT count(*) FROM parcels WHERE was IS NULL AND currency IS NULL"
      " AND value IS NULL AND street IS NULL AND replaces_id IS NULL AND"
      " note IS NULL AND sent_at_us IS NULL AND code = '' AND weight_g = 0"};
  std::int64_t count = 0;
  const auto read = database_->read([&](Tx& tx) {
    return tx.query(nulls, {}, [&](const Row& row) {
      count = row.integer(0);
      return true;
    });
  });
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(count, 1);
}

TEST_P(TableTest, ChangeWritesWhatChangesAndLeavesTheRest) {
  insert({full_parcel(1), full_parcel(2)});
  Parcel changed = bare_parcel(1);
  changed.mark = {9, 9, 9, 9};  // Fixed, as code and created_at are.
  const auto done = database_->write([&](Tx& tx) { return parcels.change(tx, changed); });
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_TRUE(*done);
  Parcel expected = bare_parcel(1);
  expected.code = full_parcel(1).code;
  expected.mark = full_parcel(1).mark;
  expected.created_at = full_parcel(1).created_at;
  EXPECT_EQ(stored(), (std::vector{expected, full_parcel(2)}));
}

TEST_P(TableTest, ChangeOfAnotherTenantsRowChangesNothing) {
  insert({full_parcel(1)});
  Parcel foreign = bare_parcel(1);
  foreign.tenant = theirs;
  const auto done = database_->write([&](Tx& tx) { return parcels.change(tx, foreign); });
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_FALSE(*done);
  EXPECT_EQ(stored(), std::vector{full_parcel(1)});
}

TEST_P(TableTest, SelectsGiveTheFirstRowOrAll) {
  insert({full_parcel(1), bare_parcel(2)});
  const auto read = database_->read([](Tx& tx) -> Result<void> {
    EXPECT_EQ(TRY(parcel_by_id.first(tx, {ours.value, 2})), bare_parcel(2));
    EXPECT_EQ(TRY(parcel_by_id.first(tx, {theirs.value, 2})), std::nullopt);
    EXPECT_EQ(TRY(small_or_large.all(tx, {"large"})),
              (std::vector{bare_parcel(2), full_parcel(1)}));
    int seen = 0;
    TRY(all_parcels.visit(tx, {}, [&](const Parcel&) { return ++seen < 1; }));
    EXPECT_EQ(seen, 1);
    return {};
  });
  EXPECT_TRUE(read) << read.error().detail;
}

TEST_P(TableTest, InsertionSaysWhetherTheRowIsNew) {
  const auto done = database_->write([](Tx& tx) -> Result<void> {
    EXPECT_TRUE(TRY(add_if_new.add(tx, full_parcel(1))));
    EXPECT_FALSE(TRY(add_if_new.add(tx, bare_parcel(1))));
    const std::vector rows{bare_parcel(1), bare_parcel(2)};
    return add_if_new.send(tx, rows);
  });
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(stored(), (std::vector{full_parcel(1), bare_parcel(2)}));
}

TEST_P(TableTest, AnInsertKnowsThatTheRowBreaksAConstraint) {
  insert({bare_parcel(1)});
  std::string known;
  const auto done = database_->write([&](Tx& tx) -> Result<void> {
    auto refused = parcels.insert(tx, full_parcel(1));
    known = code_of(refused);
    return refused;
  });
  EXPECT_EQ(known, "constraint_violated");
  EXPECT_EQ(code_of(done), "constraint_violated");
  EXPECT_EQ(stored(), std::vector{bare_parcel(1)});
}

TEST_P(TableTest, CellsThatCannotBeReadAreCorrupt) {
  for (const auto& [column, value] : std::vector<std::pair<std::string, std::string>>{
           {"size", "huge"}, {"currency", "ZZZ"}, {"stops", "1,2"}, {"was", ""}}) {
    insert({full_parcel(1)});
    run("UPDATE parcels SET " + column + " = '" + value + "'");
    const auto read = database_->read([](Tx& tx) { return all_parcels.all(tx); });
    ASSERT_FALSE(read) << column;
    EXPECT_EQ(read.error().code.name, "store_corrupt");
    EXPECT_EQ(read.error().detail, "parcels." + column + " holds \"" + value +
                                       "\", which is not one of its values; run florin verify");
    run("DELETE FROM parcels");
  }
}

TEST_P(TableTest, ListsPageNewestFirst) {
  std::vector<Parcel> rows;
  for (int id = 1; id <= 5; ++id) rows.push_back(bare_parcel(id));
  rows[2].tenant = theirs;
  insert(rows);
  std::int64_t next = 0;
  EXPECT_EQ(ids_of_page(ours, {.limit = 2}, {}, &next), "5 4 ");
  EXPECT_EQ(ids_of_page(ours, {.limit = 2, .before = next}, {}, &next), "2 1 ");
  EXPECT_EQ(next, 0);
  EXPECT_EQ(ids_of_page(theirs, {}, {}, &next), "3 ");
}

TEST_P(TableTest, ListsFilterByIndexedAndOtherColumns) {
  insert({full_parcel(1), bare_parcel(2), full_parcel(3), full_parcel(4)});
  run("UPDATE parcels SET code = 'same' WHERE id <> 4; UPDATE parcels SET tenant_id = 2 WHERE id = "
      "3");
  const std::optional<std::string> same = "same", none;
  const auto large = std::optional(Size::large);
  EXPECT_EQ(ids_of_page(ours, {}, Filters().equals("code", same)), "2 1 ");
  EXPECT_EQ(ids_of_page(ours, {}, Filters().equals("size", large)), "4 1 ");
  EXPECT_EQ(ids_of_page(ours, {}, Filters().equals("size", large).equals("code", same)), "1 ");
  EXPECT_EQ(ids_of_page(ours, {}, Filters().equals("code", none)), "4 2 1 ");
  EXPECT_EQ(ids_of_page(ours, {}, Filters().equals("value", std::int64_t{-5})), "4 1 ");
  std::int64_t next = -1;
  EXPECT_EQ(ids_of_page(ours, {.limit = 1}, Filters().equals("code", same), &next), "2 ");
  EXPECT_EQ(ids_of_page(ours, {.limit = 1, .before = next}, Filters().equals("code", same), &next),
            "1 ");
  EXPECT_EQ(next, 0);
}

TEST_P(TableTest, ListsHoldRowsMadeWithinAWindow) {
  const Timestamp start = *Timestamp::parse("2026-05-01T00:00:00Z");
  std::vector<Parcel> rows;
  std::string all;
  for (int hour = 0; hour < 4; ++hour) {
    const Timestamp at = start.plus_seconds(3'600 * hour);
    rows.push_back(bare_parcel(IdGenerator::first_at(at)));
    rows.back().created_at = at;
  }
  insert(rows);
  const auto page = [&](std::optional<Timestamp> after, std::optional<Timestamp> before) {
    const PageRequest request{.created_after = after, .created_before = before};
    const auto found =
        database_->read([&](Tx& tx) { return parcel_list.page(tx, ours, request, {}); });
    std::string hours;
    for (const Parcel& parcel : found->rows)
      hours += std::to_string((parcel.created_at.us - start.us) / 3'600'000'000);
    return hours;
  };
  EXPECT_EQ(page(std::nullopt, std::nullopt), "3210");
  EXPECT_EQ(page(start.plus_seconds(3'600), std::nullopt), "321");
  EXPECT_EQ(page(std::nullopt, start.plus_seconds(3'600)), "0");
  EXPECT_EQ(page(start.plus_seconds(3'601), start.plus_seconds(7'201)), "2");
}

INSTANTIATE_TEST_SUITE_P(Engines, TableTest, testing::ValuesIn(all_engines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace florin::sql
