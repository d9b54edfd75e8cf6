#include "platform/json/fields.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "base/money.h"

namespace florin::json {

namespace {

struct ThingTag {
  static constexpr std::string_view prefix = "thg";
};

enum class Colour : std::uint8_t { red, green, blue };
constexpr auto words_of(Colour) {
  return std::to_array<Word<Colour>>(
      {{Colour::red, "RED"}, {Colour::green, "green"}, {Colour::blue, "blue"}});
}

struct Engine {
  std::string name = "v8";
  std::int64_t power = 100;
};

struct Thing {
  Id<ThingTag> id;
  std::string code;
  std::string note;
  Colour colour = Colour::red;
  bool is_on = true;
  int small = 7;
  std::optional<std::int64_t> most;
  std::vector<Currency> currencies;
  std::vector<std::int64_t> delays;
  std::optional<Timestamp> starts_at;
  Id<AccountTag> account;
  bool has_engine = false;
  Engine engine;
  Timestamp created_at;
};

struct ThingDraft : Thing {
  std::optional<Secret> secret;
  std::optional<Secret> engine_secret;
};

std::optional<BrokenRule> broken_code(const std::string& code) {
  if (code.find('!') == std::string::npos) return std::nullopt;
  return BrokenRule{"bad_characters", "must not hold !"};
}

const Fields<Engine>& engine_fields() {
  static const Fields<Engine> fields({
      {"name", &Engine::name, {.choices = {"v8", "v12"}}},
      {"power", &Engine::power, {.integer = {1, 900}, .example = 90}},
  });
  return fields;
}

const Fields<ThingDraft>& thing_fields() {
  static const Fields<ThingDraft> fields({
      {"id", &Thing::id, {.given = Given::never}},
      {"code",
       &Thing::code,
       {.given = Given::at_creation,
        .required = true,
        .text = {2, 8},
        .check = broken_code,
        .example = "abc"}},
      {"note", &Thing::note, {.text = {0, 10}, .help = "For people."}},
      {"colour", &Thing::colour},
      {"is_on", &Thing::is_on, {.given = Given::in_changes}},
      {"small", &Thing::small, {.integer = {.min = 1}}},
      {"most", &Thing::most, {.integer = {1, 50}, .example = 5}},
      {"currencies", &Thing::currencies, {.items = {1, 3}}},
      {"delays", &Thing::delays, {.integer = {1, 9}}},
      {"starts_at", &Thing::starts_at},
      {"account", &Thing::account, {.example = "acc_01h2xcejqtf2n"}},
      {"secret", &ThingDraft::secret, {.text = {4, 10}, .example = "hidden"}},
      {"engine",
       Fields<ThingDraft>::of(&Thing::engine, engine_fields())
           .and_also({{"secret", &ThingDraft::engine_secret}}),
       {.applies = [](const ThingDraft& thing) { return thing.has_engine; },
        .otherwise = "goes with an engine alone"}},
      {"created_at", &Thing::created_at, {.given = Given::never}},
  });
  return fields;
}

ThingDraft usual() {
  ThingDraft thing;
  thing.currencies = {*Currency::parse("EUR")};
  return thing;
}

Result<ThingDraft> read(std::string_view body, ThingDraft start = usual()) {
  return read_new(thing_fields(), body, std::move(start));
}

template <class T>
std::map<std::string, std::string> problems_of(const Result<T>& result) {
  std::map<std::string, std::string> found;
  if (result) return found;
  for (const FieldError& field : result.error().fields)
    found[field.pointer] = std::string(field.rule) + ": " + field.detail;
  return found;
}

using Problems = std::map<std::string, std::string>;

TEST(Fields, ReadNoBodyAsAnEmptyObject) {
  EXPECT_EQ(problems_of(read("")), problems_of(read("{}")));
  EXPECT_TRUE(read_change(thing_fields(), "", usual()));
}

TEST(Fields, ReadEveryKindOfMember) {
  ThingDraft start = usual();
  start.has_engine = true;
  const auto thing = read(R"({"code": "abc", "note": "", "colour": "blue", "small": -0, "most": 50,
      "currencies": ["USD", "JPY"], "delays": [1, 9], "starts_at": "2026-11-21T10:00:00Z",
      "account": "acc_01h2xcejqtf2n", "secret": "hidden",
      "engine": {"name": "v12", "power": 900, "secret": "deeper"}})",
                          start);
  EXPECT_EQ(problems_of(thing), (Problems{{"/small", "too_small: must be at least 1"}}));

  const auto good = read(R"({"code": "abc", "colour": "blue", "small": 3, "most": 50,
      "currencies": ["USD", "JPY"], "delays": [1, 9], "starts_at": "2026-11-21T10:00:00Z",
      "account": "acc_01h2xcejqtf2n", "secret": "hidden",
      "engine": {"name": "v12", "power": 900, "secret": "deeper"}})",
                         start);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->code, "abc");
  EXPECT_EQ(good->colour, Colour::blue);
  EXPECT_EQ(good->small, 3);
  EXPECT_EQ(good->most, 50);
  EXPECT_EQ(good->currencies.size(), 2U);
  EXPECT_EQ(good->delays, (std::vector<std::int64_t>{1, 9}));
  EXPECT_EQ(good->starts_at, Timestamp::parse("2026-11-21T10:00:00Z"));
  EXPECT_EQ(good->account.str(), "acc_01h2xcejqtf2n");
  EXPECT_EQ(good->secret->reveal(), "hidden");
  EXPECT_EQ(good->engine.name, "v12");
  EXPECT_EQ(good->engine.power, 900);
  EXPECT_EQ(good->engine_secret->reveal(), "deeper");
}

TEST(Fields, WhatIsAbsentOrNullKeepsItsDefaultInANewOne) {
  const auto thing = read(R"({"code": "abc", "note": null, "colour": null, "most": null,
      "currencies": null, "secret": null, "engine": null})");
  ASSERT_TRUE(thing);
  EXPECT_EQ(thing->colour, Colour::red);
  EXPECT_EQ(thing->small, 7);
  EXPECT_FALSE(thing->most);
  EXPECT_EQ(thing->currencies, usual().currencies);
  EXPECT_FALSE(thing->secret);
}

TEST(Fields, EveryBadFieldIsReportedAtOnceInTheirOrder) {
  ThingDraft start = usual();
  start.has_engine = true;
  const auto thing = read(R"({"id": "thg_01h2xcejqtf2n", "code": "a!b", "note": 5, "colour": "grey",
      "is_on": false, "small": 3000000000, "most": 1.5, "currencies": ["EUR", 5, "XX"],
      "delays": [1, 10, "a"], "starts_at": "soon", "account": "x", "secret": "abc",
      "engine": {"name": "v6", "power": 0, "secret": 1, "wheels": 4}, "created_at": null,
      "nope": 1})",
                          start);
  EXPECT_EQ(
      problems_of(thing),
      (Problems{
          {"/id", "read_only: is set by the server"},
          {"/code", "bad_characters: must not hold !"},
          {"/note", "wrong_type: must be a string, not an integer"},
          {"/colour", "unknown_value: must be RED, green or blue"},
          {"/is_on", "not_allowed: can be given in a change alone"},
          {"/small", "too_large: must be at most 2147483647"},
          {"/most",
           "must_be_integer: must be a whole number of 64 bits, written without fraction or "
           "exponent"},
          {"/currencies/1", "unknown_currency: must be a currency code of ISO 4217, such as EUR"},
          {"/currencies/2", "unknown_currency: must be a currency code of ISO 4217, such as EUR"},
          {"/delays/1", "too_large: must be at most 9"},
          {"/delays/2", "wrong_type: must be an integer, not a string"},
          {"/starts_at", "must_be_timestamp: " + std::string(Timestamp::rule)},
          {"/account", "malformed: must be an id such as acc_…"},
          {"/secret", "too_short: must have at least 4 bytes"},
          {"/engine/name", "unknown_value: must be v8 or v12"},
          {"/engine/power", "too_small: must be at least 1"},
          {"/engine/secret", "wrong_type: must be a string, not an integer"},
          {"/engine/wheels", "unknown_field: is not a field of this object"},
          {"/nope", "unknown_field: is not a field of this object"}}));
  ASSERT_FALSE(thing);
  EXPECT_EQ(thing.error().detail.substr(0, 27), "/id is set by the server; 1");
}

TEST(Fields, WhatIsRequiredMustBeThere) {
  EXPECT_EQ(problems_of(read("{}")), (Problems{{"/code", "required: is required"}}));
  EXPECT_EQ(problems_of(read(R"({"code": null})")), (Problems{{"/code", "required: is required"}}));
  EXPECT_EQ(problems_of(read("[]")),
            (Problems{{"", "wrong_type: must be an object, not an array"}}));
  EXPECT_EQ(read("{").error().code, errors::malformed_json);
}

TEST(Fields, ListsHaveTheirSize) {
  EXPECT_EQ(problems_of(read(R"({"code": "abc", "currencies": []})")),
            (Problems{{"/currencies", "too_few: must have at least 1 item"}}));
  EXPECT_EQ(problems_of(read(R"({"code": "abc", "currencies": ["EUR", "EUR", "EUR", "EUR"]})")),
            (Problems{{"/currencies", "too_many: must have at most 3 items"}}));
  EXPECT_EQ(problems_of(read(R"({"code": "abc", "currencies": "EUR"})")),
            (Problems{{"/currencies", "wrong_type: must be an array, not a string"}}));
}

TEST(Fields, AnObjectThatDoesNotApplyMustNotBeGiven) {
  EXPECT_EQ(problems_of(read(R"({"code": "abc", "engine": {"power": 0}})")),
            (Problems{{"/engine", "not_applicable: goes with an engine alone"}}));
}

TEST(Fields, AChangeKeepsWhatItDoesNotName) {
  ThingDraft before = usual();
  before.code = "abc";
  before.note = "old";
  before.most = 5;
  before.has_engine = true;
  before.engine.power = 200;
  const auto after = read_change(
      thing_fields(), R"({"is_on": false, "most": null, "engine": {"name": "v12"}})", before);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->code, "abc");
  EXPECT_EQ(after->note, "old");
  EXPECT_FALSE(after->is_on);
  EXPECT_FALSE(after->most) << "null takes it away";
  EXPECT_EQ(after->engine.name, "v12");
  EXPECT_EQ(after->engine.power, 200);
  EXPECT_FALSE(after->secret);
}

TEST(Fields, AChangeRefusesWhatIsFixedAndNullWhereThereMustBeAValue) {
  const auto after = read_change(
      thing_fields(),
      R"({"id": "x", "code": "xyz", "colour": null, "currencies": null, "secret": null})", usual());
  EXPECT_EQ(problems_of(after), (Problems{{"/id", "read_only: is set by the server"},
                                          {"/code", "fixed: cannot be changed"},
                                          {"/colour", "wrong_type: must be a string, not null"},
                                          {"/currencies", "wrong_type: must be an array, not null"},
                                          {"/secret", "wrong_type: must be a string, not null"}}));
}

TEST(Fields, ProblemsBetweenFieldsComeLastAndNotBesideOthers) {
  const Between<ThingDraft> between = [](const ThingDraft&) {
    return std::vector<FieldError>{{"/note", "required", "is required with a code"},
                                   {"/code", "required", "is required"}};
  };
  const auto thing = read_new(thing_fields(), R"({"code": "!!"})", usual(), between);
  EXPECT_EQ(problems_of(thing), (Problems{{"/code", "bad_characters: must not hold !"},
                                          {"/note", "required: is required with a code"}}));
}

TEST(Fields, ProblemsBetweenFieldsAreLookedForInWhatAChangeMakes) {
  const Between<ThingDraft> between = [](const ThingDraft& thing) {
    std::vector<FieldError> problems;
    if (thing.note.empty()) problems.push_back({"/note", "required", "is required with a code"});
    return problems;
  };
  ThingDraft before = usual();
  before.note = "old";
  EXPECT_TRUE(read_change(thing_fields(), "{}", before, between)) << "it has one already";
  EXPECT_EQ(problems_of(read_change(thing_fields(), R"({"note": ""})", before, between)),
            (Problems{{"/note", "required: is required with a code"}}));
}

TEST(Codec, ATextIsReadAsItWasWritten) {
  const std::vector<std::string> texts{"account.*", "a\"b", ""};
  const std::vector<std::int64_t> numbers{0, -1, INT64_MAX};
  EXPECT_EQ(to_text(texts), R"(["account.*","a\"b",""])");
  EXPECT_EQ(from_text<std::vector<std::string>>(to_text(texts)), texts);
  EXPECT_EQ(from_text<std::vector<std::string>>("[]"), std::vector<std::string>());
  EXPECT_EQ(from_text<std::vector<std::int64_t>>(to_text(numbers)), numbers);
  for (const auto* text : {"", "x", "{}", "null", "[1]", "[\"a\", 1]"})
    EXPECT_FALSE(from_text<std::vector<std::string>>(text)) << text;
  for (const auto* text : {"", "x", "{}", "[\"1\"]", "[1.5]", "[99999999999999999999]"})
    EXPECT_FALSE(from_text<std::vector<std::int64_t>>(text)) << text;
}

TEST(Fields, WhatWasStoredReadsByTypeAlone) {
  const auto engine = read_stored(engine_fields(), R"({"name": "v8", "power": 5000, "wheels": 4})");
  ASSERT_TRUE(engine);
  EXPECT_EQ(engine->power, 5000);
  EXPECT_EQ(read_stored(engine_fields(), "{}")->power, 100);
  EXPECT_FALSE(read_stored(engine_fields(), R"({"power": "much"})"));
  EXPECT_FALSE(read_stored(engine_fields(), "{"));
}

TEST(Fields, AreWrittenInTheirOrderWithoutSecrets) {
  ThingDraft thing = usual();
  thing.id = {1};
  thing.code = "abc";
  thing.delays = {1};
  thing.account = {2};
  thing.secret = thing.engine_secret = Secret("hidden");
  const std::string start =
      R"({"id":")" + thing.id.str() +
      R"(","code":"abc","note":"","colour":"RED","is_on":true,"small":7,"most":null,)"
      R"("currencies":["EUR"],"delays":[1],"starts_at":null,"account":")" +
      thing.account.str() + R"(","engine":)";
  const std::string end = R"(,"created_at":"1970-01-01T00:00:00.000000Z"})";
  EXPECT_EQ(write(thing_fields(), thing), start + "null" + end);
  thing.has_engine = true;
  EXPECT_EQ(write(thing_fields(), thing), start + R"({"name":"v8","power":100})" + end);
}

TEST(Fields, TheSchemaSaysWhatIsReadAndWritten) {
  const Value made(schema(thing_fields(), Use::creation, usual()));
  const Value* properties = made.find("properties");
  EXPECT_EQ(serialize(*made.find("required")), R"(["code"])");
  EXPECT_FALSE(properties->find("id"));
  EXPECT_FALSE(properties->find("is_on"));
  const auto property = [&](std::string_view name) { return serialize(*properties->find(name)); };
  EXPECT_EQ(property("code"), R"({"type":"string","minLength":2,"maxLength":8,"example":"abc"})");
  EXPECT_EQ(property("note"), R"({"type":"string","maxLength":10,"description":"For people."})");
  EXPECT_EQ(property("colour"),
            R"({"type":"string","enum":["RED","green","blue"],"default":"RED"})");
  EXPECT_EQ(property("most"),
            R"({"type":["integer","null"],"minimum":1,"maximum":50,"example":5})");
  EXPECT_EQ(property("currencies"),
            R"({"type":"array","items":{"$ref":"#/components/schemas/CurrencyCode"},)"
            R"("minItems":1,"maxItems":3,"default":["EUR"]})");
  EXPECT_EQ(property("starts_at"),
            R"({"anyOf":[{"$ref":"#/components/schemas/Time"},{"type":"null"}]})");
  EXPECT_EQ(
      property("secret"),
      R"({"type":"string","minLength":4,"maxLength":10,"writeOnly":true,"example":"hidden"})");
  EXPECT_EQ(property("engine"),
            R"({"anyOf":[{"type":"object","additionalProperties":false,"properties":{)"
            R"("name":{"type":"string","enum":["v8","v12"],"default":"v8"},)"
            R"("power":{"type":"integer","minimum":1,"maximum":900,"example":90,"default":100},)"
            R"("secret":{"type":"string","minLength":1,"maxLength":255,"writeOnly":true}}},)"
            R"({"type":"null"}]})");

  const Value change(schema(thing_fields(), Use::change));
  EXPECT_FALSE(change.find("required"));
  EXPECT_FALSE(change.find("properties")->find("code"));
  EXPECT_TRUE(change.find("properties")->find("is_on"));

  Object answer = schema(thing_fields(), Use::answer);
  add_property(answer, "public_key", Object{{"type", "string"}}, true);
  const Value shown(answer);
  EXPECT_FALSE(shown.find("properties")->find("secret"));
  EXPECT_EQ(serialize(*shown.find("properties")->find("code")),
            R"({"type":"string","example":"abc"})");
  EXPECT_EQ(serialize(*shown.find("properties")->find("delays")),
            R"({"type":"array","items":{"type":"integer"}})");
  EXPECT_EQ(serialize(*shown.find("required")),
            R"(["id","code","note","colour","is_on","small","most","currencies","delays",)"
            R"("starts_at","account","engine","created_at","public_key"])");
}

/// A document of the examples, defaults and words that a schema names.
Value example_of(const Value& schema) {
  if (const Value* given = schema.find("example")) return *given;
  if (const Value* usual = schema.find("default")) return *usual;
  if (const Value* words = schema.find("enum")) return words->as_array()->front();
  if (const Value* any = schema.find("anyOf")) return example_of(any->as_array()->front());
  if (const Value* properties = schema.find("properties")) {
    Object made;
    for (const auto& [name, property] : *properties->as_object())
      made.emplace_back(name, example_of(property));
    return made;
  }
  if (const Value* reference = schema.find("$ref"))
    return *reference == Value("#/components/schemas/Time") ? "2026-11-21T10:00:00Z" : "EUR";
  if (schema.find("items")) return Array{example_of(*schema.find("items"))};
  if (*schema.find("type") == Value("boolean")) return true;
  return *schema.find("type") == Value("string") ? Value("text") : *schema.find("minimum");
}

TEST(Fields, WhatTheSchemaShowsReads) {
  ThingDraft start = usual();
  start.has_engine = true;
  const Value fresh = example_of(schema(thing_fields(), Use::creation, start));
  EXPECT_EQ(problems_of(read(serialize(fresh), start)), Problems()) << serialize(fresh);
  const std::string change = serialize(example_of(schema(thing_fields(), Use::change)));
  EXPECT_EQ(problems_of(read_change(thing_fields(), change, start)), Problems()) << change;
}

// ---------------------------------------------------------------- objects in objects

struct Fee {
  std::string name;
  Money amount;
};

const Fields<Fee>& fee_fields() {
  static const Fields<Fee> fields({
      {"name", &Fee::name, {.required = true, .text = {1, 5}}},
      {"amount", &Fee::amount, &Money::minor, {.required = true, .integer = {.min = 1}}},
      {"currency", &Fee::amount, &Money::currency, {.required = true}},
      {"is_large", +[](const Fee& fee) { return fee.amount.minor > 100; }, {.help = "Over 1.00."}},
  });
  return fields;
}

Fee no_fee() { return {"", {0, *Currency::parse("EUR")}}; }

Codec<Fee> codec_for(Of<Fee>) {
  return object_codec<fee_fields, no_fee>([](const Limits&) { return schema_reference("Fee"); });
}

struct Bill {
  std::vector<Fee> fees;
  std::optional<Fee> discount;
};

const Fields<Bill>& bill_fields() {
  static const Fields<Bill> fields({
      {"fees", &Bill::fees, {.items = {1, 2}}},
      {"discount", &Bill::discount},
  });
  return fields;
}

TEST(Fields, ObjectsAreReadAndWrittenInListsAndAlone) {
  const std::string_view body = R"({"fees":[{"name":"a","amount":5,"currency":"EUR"},)"
                                R"({"name":"b","amount":101,"currency":"USD"}],"discount":null})";
  const auto bill = read_new<Bill>(bill_fields(), body);
  ASSERT_TRUE(bill);
  ASSERT_EQ(bill->fees.size(), 2U);
  EXPECT_EQ(bill->fees[1].amount, (Money{101, *Currency::parse("USD")}));
  EXPECT_EQ(write(bill_fields(), *bill),
            R"({"fees":[{"name":"a","amount":5,"currency":"EUR","is_large":false},)"
            R"({"name":"b","amount":101,"currency":"USD","is_large":true}],"discount":null})");
  EXPECT_EQ(serialize(schema(bill_fields(), Use::answer)),
            R"({"type":"object","additionalProperties":false,"required":["fees","discount"],)"
            R"("properties":{"fees":{"type":"array","items":{"$ref":"#/components/schemas/Fee"}},)"
            R"("discount":{"anyOf":[{"$ref":"#/components/schemas/Fee"},{"type":"null"}]}}})");
  EXPECT_EQ(serialize(schema(fee_fields(), Use::creation, no_fee())),
            R"({"type":"object","additionalProperties":false,)"
            R"("required":["name","amount","currency"],"properties":{)"
            R"("name":{"type":"string","minLength":1,"maxLength":5},)"
            R"("amount":{"type":"integer","minimum":1},)"
            R"("currency":{"$ref":"#/components/schemas/CurrencyCode"}}})");
}

TEST(Fields, EveryBadFieldOfAnObjectInAListIsReported) {
  const Problems expected{
      {"/fees/0/name", "too_long: must have at most 5 bytes"},
      {"/fees/0/is_large", "read_only: is set by the server"},
      {"/fees/1/amount", "required: is required"},
      {"/fees/1/currency", "unknown_currency: must be a currency code of ISO 4217, such as EUR"},
      {"/discount", "wrong_type: must be an object, not an integer"}};
  const std::string_view body =
      R"({"fees":[{"name":"longer","amount":5,"currency":"EUR","is_large":true},)"
      R"({"name":"b","currency":"?"}],"discount":5})";
  EXPECT_EQ(problems_of(read_new<Bill>(bill_fields(), body)), expected);
  EXPECT_EQ(problems_of(read_change(bill_fields(), body, Bill())), expected)
      << "an item is given as a whole";
}

TEST(Fields, AStoredObjectComesBackUnlessItIsDamaged) {
  const std::vector<Fee> fees{
      {"longer than new ones may be,\nand with a line's end", {0, *Currency::parse("EUR")}}};
  const auto back = from_text<std::vector<Fee>>(to_text(fees));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_text(*back), to_text(fees));
  for (const char* damaged : {"", "{", "5", "[5]", R"([{"name":"a","amount":5}])",
                              R"([{"name":"a","amount":"5","currency":"EUR"}])"})
    EXPECT_FALSE(from_text<std::vector<Fee>>(damaged)) << damaged;
}

TEST(Words, AreFoundBothWays) {
  EXPECT_EQ(to_word(Colour::green), "green");
  EXPECT_EQ(parse_word<Colour>("blue"), Colour::blue);
  EXPECT_FALSE(parse_word<Colour>("Blue"));
  EXPECT_FALSE(parse_word<Colour>(""));
  EXPECT_EQ(to_word(static_cast<Colour>(9)), "");
  EXPECT_EQ(must_be_one_of(all_words<Colour>()), "must be RED, green or blue");
  EXPECT_EQ(must_be_one_of({"one"}), "must be one");
}

}  // namespace
}  // namespace florin::json
