// What verify says of books that were written while their key was lost, and of seals that name
// another key.
#include "ledger/key_losses.h"

#include <array>

#include "base/try.h"
#include "idempotency/key_store.h"
#include "ledger/anchor.h"
#include "ledger/ledger_fixture.h"
#include "ledger/verify.h"
#include "platform/sql/sealer.h"

namespace florin::ledger {
namespace {

constexpr std::array sealed{
    idempotency::sealed_keys,
    sql::SealedTable{"accounts", "iitttiiiiti",
                     "id, tenant_id, code, type, currency, min_balance, max_balance, frozen, "
                     "closed, metadata, created_at_us"},
};

class LostKey : public LedgerTest {
 protected:
  LostKey() {
    use(the_key);
    books.open("eve");
    move_with_key(1);
  }

  void use(const crypto::SealKey& key) {
    books.database->seal_with(std::make_shared<sql::Sealer>(key, sealed));
  }
  void lose() {
    books.database->seal_with(std::make_shared<sql::Sealer>(
        sealed, [this](sql::Tx& tx) { return record_key_loss(tx, the_key.name(), clock.now()); }));
  }
  /// A transfer with a key of idempotency.
  void move_with_key(std::uint8_t n) {
    books.post(command(transfer_of({posting("ana", "shop", 5)}), key(n)));
  }
  void write_without_key() {
    lose();
    move_with_key(2);
    books.open("zoe");
    EXPECT_EQ(books.change("eve", [](Account& account) { account.frozen = true; }), "");
    use(the_key);
  }
  void accept(const crypto::SealKey& key) {
    const auto in_work = [&](auto step) {
      EXPECT_TRUE(books.database->write([&](sql::Tx& tx) -> Result<void> { return step(tx); }));
    };
    in_work([&](sql::Tx& tx) { return accept_chains(tx, key, clock.now()); });
    for (const sql::SealedTable& table : sealed)
      EXPECT_TRUE(sql::seal_again(*books.database, *books.database->sealer(), table));
    in_work([&](sql::Tx& tx) { return end_key_losses(tx, clock.now()); });
  }
  Verification proof() { return *verify(*books.database, {}); }
  /// The last of that name: accounts are checked against their events, too.
  Check check(const std::string& name) {
    Check found;
    for (const Check& one : proof().checks) {
      if (one.name == name) found = one;
    }
    EXPECT_EQ(found.name, name);
    return found;
  }
  bool is_in_order() {
    const Verification found = proof();
    return found.clean() && found.unkeyed() == 0 && found.other_key() == 0;
  }
  bool is_recorded() {
    return *books.database->read([](sql::Tx& tx) { return is_key_loss_recorded(tx); });
  }
  /// Of the engine at hand.
  std::string bytes(const std::string& hex) {
    return books.database->dialect() == sql::Dialect::postgres ? "'\\x" + hex + "'::bytea"
                                                               : "x'" + hex + "'";
  }
  std::string with_name(const std::string& column, const std::string& name) {
    const std::string rest = "substr(" + column + ", 5)";
    if (books.database->dialect() == sql::Dialect::postgres) return bytes(name) + " || " + rest;
    return "CAST(" + bytes(name) + " || " + rest + " AS BLOB)";
  }

  const crypto::SealKey the_key{Secret("the key of these books")};
};

TEST_F(LostKey, WhatIsWrittenWithoutItIsCountedAndIsNoFault) {
  EXPECT_FALSE(is_recorded());
  write_without_key();
  const Verification found = proof();
  EXPECT_TRUE(found.clean()) << books.faults().front();
  EXPECT_TRUE(is_recorded());
  EXPECT_EQ(check("hash chain").unkeyed, 1);
  EXPECT_EQ(check("events").unkeyed, 3);
  EXPECT_EQ(check("idempotency_keys").unkeyed, 1);
  EXPECT_EQ(check("accounts").unkeyed, 2) << "one new, and one that was changed";
  EXPECT_EQ(found.other_key(), 0);
  EXPECT_EQ(found.accepted(), 0);
}

TEST_F(LostKey, WorkThatSealsNothingNotesNoLoss) {
  lose();
  EXPECT_EQ(books.move("eve", "shop", 1), "insufficient_funds");
  EXPECT_TRUE(books.database->write_work([](sql::Tx&) -> Result<void> { return {}; }));
  EXPECT_FALSE(is_recorded());
}

TEST_F(LostKey, AcceptedTheBooksAreInOrderAgainAndGoOn) {
  write_without_key();
  move_with_key(3);
  EXPECT_FALSE(is_in_order()) << "nobody has accepted it";
  accept(the_key);
  EXPECT_TRUE(is_in_order());
  EXPECT_FALSE(is_recorded());
  EXPECT_EQ(check("hash chain").accepted, 1);
  EXPECT_EQ(check("events").accepted, 3);
  EXPECT_EQ(check("idempotency_keys").accepted, 0) << "rows have seals again";
  move_with_key(4);
  EXPECT_TRUE(is_in_order());
}

TEST_F(LostKey, LostOnceMoreItIsToBeAcceptedOnceMore) {
  write_without_key();
  accept(the_key);
  lose();
  move_with_key(5);
  use(the_key);
  EXPECT_TRUE(proof().clean());
  EXPECT_FALSE(is_in_order());
  EXPECT_EQ(check("events").unkeyed, 1);
  accept(the_key);
  EXPECT_TRUE(is_in_order());
}

/// A server that still runs without the key writes on after the books were accepted.
TEST_F(LostKey, WhatIsWrittenWithoutItAfterwardsIsAnotherLoss) {
  lose();
  move_with_key(2);
  use(the_key);
  ASSERT_TRUE(books.database->write(
      [&](sql::Tx& tx) -> Result<void> { return accept_chains(tx, the_key, clock.now()); }));
  lose();
  move_with_key(3);
  use(the_key);
  for (const sql::SealedTable& table : sealed)
    ASSERT_TRUE(sql::seal_again(*books.database, *books.database->sealer(), table));
  ASSERT_TRUE(books.database->write(
      [&](sql::Tx& tx) -> Result<void> { return end_key_losses(tx, clock.now()); }));
  EXPECT_TRUE(proof().clean());
  EXPECT_EQ(check("events").unkeyed, 1);
  EXPECT_EQ(check("events").accepted, 1);
}

TEST_F(LostKey, AcceptedIsWhatWasThereAndNothingElse) {
  write_without_key();
  accept(the_key);
  books.tamper("UPDATE events SET actor = 'nobody' WHERE id = (SELECT max(id) FROM events)");
  EXPECT_EQ(books.faults(), std::vector<std::string>{"events"});
}

/// A checksum is made by anybody.
TEST_F(LostKey, ASealThatWasTakenOffIsAFaultWhereNoLossIsNoted) {
  books.tamper("UPDATE accounts SET max_balance = NULL, min_balance = NULL WHERE code = 'eve'");
  ASSERT_TRUE(books.database->write([](sql::Tx& tx) -> Result<void> {
    const std::string select =
        "SELECT " + std::string(sealed[1].columns) + " FROM accounts WHERE code = 'eve'";
    std::string text;
    TRY(tx.query({"test.eve", select}, {}, [&](const sql::Row& row) {
      sql::Sealer::append_sealed(text, sealed[1], row);
      return false;
    }));
    const crypto::Seal seal = crypto::SealKey::nobodys().seal(text);
    TRY(tx.exec({"test.forge", "UPDATE accounts SET row_seal = $1 WHERE code = 'eve'"},
                {sql::Param::blob(crypto::bytes_of(seal))}));
    return {};
  }));
  EXPECT_FALSE(is_recorded());
  const Check accounts = check("accounts");
  ASSERT_EQ(accounts.faults, 1);
  EXPECT_NE(accounts.examples.front().find("no loss of the key is noted"), std::string::npos);
}

TEST_F(LostKey, NobodysKeySignsNoAcceptanceAndNoAnchor) {
  write_without_key();
  const auto forge = [&](const std::string& line) {
    ASSERT_TRUE(books.database->write([&](sql::Tx& tx) -> Result<void> {
      const sql::Query update{"test.accept",
                              "UPDATE key_losses SET acceptance = $1, accepted_at_us = 1"};
      TRY(tx.exec(update, {line}));
      return {};
    }));
    const auto faults = books.faults();
    EXPECT_NE(std::find(faults.begin(), faults.end(), "times without the key"), faults.end());
  };
  const Anchor now =
      *books.database->read([&](sql::Tx& tx) { return read_anchor(tx, clock.now()); });
  forge(to_acceptance(now, crypto::SealKey::nobodys()));
  // The server signs anchors each second, of whatever is there.
  forge(to_line(now, the_key));
  EXPECT_FALSE(parse_anchor(to_line(now, crypto::SealKey::nobodys()), the_key));
}

TEST_F(LostKey, TheBooksKnowWhoseKeyTheyWant) {
  const auto known = [&] {
    return *books.database->read([](sql::Tx& tx) { return find_books_key(tx); });
  };
  EXPECT_EQ(known(), std::nullopt);
  write_without_key();
  EXPECT_EQ(known(), the_key.name());
  const crypto::SealKey other{Secret("another key than before")};
  clock.advance_seconds(1);
  ASSERT_TRUE(books.database->write(
      [&](sql::Tx& tx) -> Result<void> { return take_key(tx, other, clock.now()); }));
  EXPECT_EQ(known(), other.name());
  EXPECT_TRUE(is_recorded()) << "a new key accepts nothing";
  clock.advance_seconds(1);
  accept(the_key);
  EXPECT_EQ(known(), the_key.name());
  EXPECT_TRUE(is_in_order());
}

TEST_F(LostKey, WithAnotherKeyNothingIsCalledAFault) {
  write_without_key();
  accept(the_key);
  use(crypto::SealKey(Secret("another key than before")));
  const Verification found = proof();
  EXPECT_TRUE(found.clean()) << books.faults().front();
  EXPECT_GT(found.other_key(), 0);
  EXPECT_GT(found.unkeyed(), 0) << "whether it was accepted cannot be told";
}

TEST_F(LostKey, ASealOfAKeyThatMadeNoLinkIsAFault) {
  books.tamper("UPDATE idempotency_keys SET row_seal = " + with_name("row_seal", "a1b2c3d4"));
  EXPECT_EQ(books.faults(), std::vector<std::string>{"idempotency_keys"});
  EXPECT_NE(check("idempotency_keys").examples.front().find("key a1b2c3d4"), std::string::npos);
}

TEST_F(LostKey, RowsOfAnEarlierKeyStayOpen) {
  use(crypto::SealKey(Secret("another key than before")));
  move_with_key(2);
  const Verification found = proof();
  EXPECT_TRUE(found.clean()) << books.faults().front();
  EXPECT_EQ(check("idempotency_keys").other_key, 1);
}

}  // namespace
}  // namespace florin::ledger
