#include "webhooks/endpoints/endpoint_store.h"

#include "webhooks/delivery/signature.h"
#include "webhooks/store_fixture.h"

namespace florin::webhooks {
namespace {

class EndpointRows : public StoreFixture {
 protected:
  std::optional<Endpoint> load(EndpointId id) {
    return read([&](sql::Tx& tx) { return store.load(tx, id); });
  }
  std::vector<EndpointId> list(std::int64_t before = 0, int limit = 50, TenantId of = tenant) {
    std::vector<EndpointId> found;
    for (const Endpoint& one : read([&](sql::Tx& tx) { return store.list(tx, of, before, limit); }))
      found.push_back(one.id);
    return found;
  }
  void update(const Endpoint& endpoint) {
    write([&](sql::Tx& tx) { return store.update(tx, endpoint); });
  }
  void mark_deleted(EndpointId id) {
    write([&](sql::Tx& tx) { return store.mark_deleted(tx, id, clock.now()); });
  }
  void succeed(EndpointId id, Timestamp at) {
    write([&](sql::Tx& tx) { return store.update_health(tx, id, {{}, at}); });
  }
  void fail(EndpointId id, Timestamp at) {
    write([&](sql::Tx& tx) { return store.update_health(tx, id, {at, {}}); });
  }
  std::size_t failing_for(std::int64_t seconds) {
    return read([&](sql::Tx& tx) { return store.failing_for(tx, seconds * 1'000'000); }).size();
  }

  EndpointSecret add_secret(EndpointId endpoint, SecretKind kind = SecretKind::hmac,
                            std::optional<Timestamp> expires_at = {}) {
    EndpointSecret secret;
    secret.id = {ids.next()};
    secret.kind = kind;
    secret.text = kind == SecretKind::hmac ? new_hmac_secret() : new_ed25519_secret();
    secret.created_at = clock.now();
    secret.expires_at = expires_at;
    write([&](sql::Tx& tx) { return store.insert_secret(tx, endpoint, secret); });
    return secret;
  }
  std::vector<EndpointSecret> secrets(EndpointId endpoint) {
    return read([&](sql::Tx& tx) { return store.secrets(tx, endpoint, clock.now()); });
  }
  std::int64_t count(EndpointId endpoint, SecretKind kind) {
    return read([&](sql::Tx& tx) { return store.count_secrets(tx, endpoint, kind, clock.now()); });
  }
  std::vector<std::string> unreadable(const EndpointStore& by) {
    return read([&](sql::Tx& tx) { return by.unreadable(tx, clock.now()); });
  }
};

TEST_F(EndpointRows, AnEndpointIsReadAsItWasWritten) {
  Endpoint endpoint;
  endpoint.id = {ids.next()};
  endpoint.tenant = tenant;
  endpoint.name = "rgs";
  endpoint.url = "https://example.com/hooks";
  endpoint.description = "of the tests";
  endpoint.is_trusted = true;
  endpoint.selection = {{"account.*", "wallet.debit.completed"},
                        {{"data.currency", {"KZT", "USD"}}, {"data.amount", {5}}}};
  endpoint.policy = {{1'000, 2'000}, 5'000, 7, 3, "data.account_id"};
  endpoint.tls = {"a certificate", "an authority"};
  endpoint.start_after = {42};
  endpoint.created_at = clock.now();
  endpoint.updated_at = clock.now().plus_seconds(1);
  write([&](sql::Tx& tx) { return store.insert(tx, endpoint); });
  const Endpoint found = *load(endpoint.id);
  EXPECT_EQ(found.tenant, tenant);
  EXPECT_EQ(found.name, "rgs");
  EXPECT_EQ(found.url, endpoint.url);
  EXPECT_EQ(found.description, endpoint.description);
  EXPECT_TRUE(found.is_trusted);
  EXPECT_EQ(found.status, EndpointStatus::enabled);
  EXPECT_FALSE(found.disabled_reason);
  EXPECT_EQ(found.selection, endpoint.selection);
  EXPECT_EQ(found.policy, endpoint.policy);
  EXPECT_EQ(found.tls, endpoint.tls);
  EXPECT_EQ(found.start_after, EventId{42});
  EXPECT_EQ(found.created_at, endpoint.created_at);
  EXPECT_EQ(found.updated_at, endpoint.updated_at);
}

TEST_F(EndpointRows, AChangeWritesEverythingButWhatIsFixed) {
  Endpoint endpoint = insert_endpoint();
  endpoint.name = "another";
  endpoint.is_trusted = true;
  endpoint.url = "https://other.example/";
  endpoint.status = EndpointStatus::disabled;
  endpoint.disabled_reason = DisabledReason::failing;
  endpoint.policy.order_by = "subject";
  endpoint.tls.trusted_ca_pem = "an authority";
  endpoint.failing_since = clock.now();
  update(endpoint);
  const Endpoint found = *load(endpoint.id);
  EXPECT_FALSE(found.name);
  EXPECT_FALSE(found.is_trusted);
  EXPECT_EQ(found.url, "https://other.example/");
  EXPECT_EQ(found.disabled_reason, DisabledReason::failing);
  EXPECT_EQ(found.policy, endpoint.policy);
  EXPECT_EQ(found.tls, endpoint.tls);
  EXPECT_EQ(found.failing_since, clock.now());
  endpoint.tenant = other_tenant;
  endpoint.url = "https://theirs.example/";
  update(endpoint);
  EXPECT_EQ(load(endpoint.id)->url, "https://other.example/");
}

TEST_F(EndpointRows, AreFoundByTheirTenantAlone) {
  const Endpoint endpoint = insert_endpoint();
  EXPECT_TRUE(read([&](sql::Tx& tx) { return store.find(tx, tenant, endpoint.id); }));
  EXPECT_FALSE(read([&](sql::Tx& tx) { return store.find(tx, other_tenant, endpoint.id); }));
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.count(tx, tenant); }), 1);
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.count(tx, other_tenant); }), 0);
  EXPECT_TRUE(list(0, 50, other_tenant).empty());
}

TEST_F(EndpointRows, AreListedNewestFirstWithOneMoreThanAsked) {
  std::vector<EndpointId> all;
  for (int i = 0; i < 4; ++i) all.insert(all.begin(), insert_endpoint().id);
  EXPECT_EQ(list(), all);
  EXPECT_EQ(list(0, 2), (std::vector{all[0], all[1], all[2]}));
  EXPECT_EQ(list(all[1].value), (std::vector{all[2], all[3]}));
}

TEST_F(EndpointRows, ADeletedOneIsGoneForAllButItsDeliveries) {
  const Endpoint endpoint = insert_endpoint();
  add_secret(endpoint.id);
  write([&](sql::Tx& tx) { return store.set_private_key(tx, endpoint.id, Secret("a key")); });
  mark_deleted(endpoint.id);
  EXPECT_FALSE(load(endpoint.id));
  EXPECT_TRUE(list().empty());
  EXPECT_TRUE(secrets(endpoint.id).empty());
  EXPECT_FALSE(read([&](sql::Tx& tx) { return store.private_key(tx, endpoint.id); }));
  EXPECT_TRUE(read([&](sql::Tx& tx) { return store.all_ids(tx); }).empty());
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.count(tx, tenant); }), 0);
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.deleted(tx); }), std::vector{endpoint.id});
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.greatest_id(tx); }), endpoint.id.value);
  write([&](sql::Tx& tx) { return store.remove(tx, endpoint.id); });
  EXPECT_TRUE(read([&](sql::Tx& tx) { return store.deleted(tx); }).empty());
  EXPECT_EQ(read([&](sql::Tx& tx) { return store.greatest_id(tx); }), 0);
}

TEST_F(EndpointRows, TheNameOfADeletedOneCanBeUsedAgain) {
  Endpoint endpoint;
  endpoint.tenant = tenant;
  endpoint.name = "rgs";
  const auto insert = [&] {
    endpoint.id = {ids.next()};
    return database->write([&](sql::Tx& tx) { return store.insert(tx, endpoint); });
  };
  ASSERT_TRUE(insert());
  const EndpointId first = endpoint.id;
  EXPECT_FALSE(insert()) << "one of a name";
  mark_deleted(first);
  EXPECT_TRUE(insert());
  const auto found = read([&](sql::Tx& tx) { return store.find_by_name(tx, tenant, "rgs"); });
  EXPECT_EQ(found->id, endpoint.id);
}

TEST_F(EndpointRows, OnlyEnabledOnesGetEvents) {
  const Endpoint enabled = insert_endpoint();
  Endpoint disabled = insert_endpoint(other_tenant);
  disabled.status = EndpointStatus::disabled;
  update(disabled);
  const auto found = read([&](sql::Tx& tx) { return store.enabled(tx); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, enabled.id);
}

TEST_F(EndpointRows, AVersionChangesWithTheEndpointAndWithItsSecrets) {
  Endpoint endpoint = insert_endpoint();
  const auto versions = [&] { return read([&](sql::Tx& tx) { return store.versions(tx); }); };
  const auto first = versions();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(versions(), first);
  add_secret(endpoint.id);
  const auto second = versions();
  EXPECT_NE(second, first);
  endpoint.updated_at = clock.now().plus_seconds(1);
  update(endpoint);
  EXPECT_NE(versions(), second);
  mark_deleted(endpoint.id);
  EXPECT_TRUE(versions().empty());
}

TEST_F(EndpointRows, FailingBeginsWithTheFirstFailureAndEndsWithASuccess) {
  const EndpointId id = insert_endpoint().id;
  const Timestamp start = clock.now();
  fail(id, start);
  fail(id, start.plus_seconds(10));
  EXPECT_EQ(load(id)->failing_since, start);
  EXPECT_EQ(load(id)->last_failure_at, start.plus_seconds(10));
  EXPECT_EQ(failing_for(10), 1u);
  EXPECT_EQ(failing_for(11), 0u);
  succeed(id, start.plus_seconds(20));
  EXPECT_FALSE(load(id)->failing_since);
  EXPECT_EQ(load(id)->last_success_at, start.plus_seconds(20));
  EXPECT_EQ(failing_for(0), 0u);
  fail(id, start.plus_seconds(30));
  EXPECT_EQ(load(id)->failing_since, start.plus_seconds(30));
}

TEST_F(EndpointRows, OfABatchTheLaterOfSuccessAndFailureCounts) {
  const EndpointId id = insert_endpoint().id;
  const Timestamp now = clock.now();
  write([&](sql::Tx& tx) { return store.update_health(tx, id, {now, now.plus_seconds(1)}); });
  EXPECT_FALSE(load(id)->failing_since) << "the success came after it";
  write([&](sql::Tx& tx) {
    return store.update_health(tx, id, {now.plus_seconds(3), now.plus_seconds(2)});
  });
  EXPECT_EQ(load(id)->failing_since, now.plus_seconds(3));
  EXPECT_EQ(load(id)->last_success_at, now.plus_seconds(2));
}

TEST_F(EndpointRows, ADisabledOneIsNotFailing) {
  Endpoint endpoint = insert_endpoint();
  fail(endpoint.id, clock.now());
  endpoint = *load(endpoint.id);
  EXPECT_EQ(failing_for(0), 1u);
  endpoint.status = EndpointStatus::disabled;
  update(endpoint);
  EXPECT_EQ(failing_for(0), 0u);
}

TEST_F(EndpointRows, SecretsAreSealedAndValidUntilTheyExpire) {
  const EndpointId id = insert_endpoint().id;
  const EndpointSecret old = add_secret(id);
  add_secret(id, SecretKind::ed25519);
  EXPECT_EQ(count(id, SecretKind::hmac), 1);
  write([&](sql::Tx& tx) {
    return store.expire_secrets(tx, id, SecretKind::hmac, clock.now().plus_seconds(60));
  });
  const EndpointSecret fresh = add_secret(id);
  auto valid = secrets(id);
  ASSERT_EQ(valid.size(), 3u);
  EXPECT_EQ(valid[0].text.reveal(), old.text.reveal());
  EXPECT_EQ(valid[0].expires_at, clock.now().plus_seconds(60));
  EXPECT_FALSE(valid[1].expires_at) << "of the other kind";
  EXPECT_EQ(valid[2].text.reveal(), fresh.text.reveal());
  // A later end does not prolong one that ends before.
  write([&](sql::Tx& tx) {
    return store.expire_secrets(tx, id, SecretKind::hmac, clock.now().plus_seconds(90));
  });
  clock.advance_seconds(60);
  valid = secrets(id);
  ASSERT_EQ(valid.size(), 2u);
  EXPECT_EQ(count(id, SecretKind::hmac), 1);
  clock.advance_seconds(30);
  EXPECT_EQ(count(id, SecretKind::hmac), 0);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store.remove_expired_secrets(tx, clock.now()); }), 2);
  EXPECT_EQ(secrets(id).size(), 1u);
}

TEST_F(EndpointRows, SecretsOfAnotherKeyAreNamedAndOnesThatOpenSignAlone) {
  const EndpointId id = insert_endpoint().id;
  add_secret(id);
  const crypto::Vault lost(Secret("another master key altogether"));
  const EndpointStore other(lost);
  EXPECT_TRUE(unreadable(store).empty());
  EXPECT_EQ(unreadable(other), std::vector{id.str()});
  const auto none = database->read([&](sql::Tx& tx) { return other.secrets(tx, id, clock.now()); });
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, crypto::errors::secret_unreadable);
  EndpointSecret fresh;
  fresh.id = {ids.next()};
  fresh.text = new_hmac_secret();
  write([&](sql::Tx& tx) { return other.insert_secret(tx, id, fresh); });
  const auto found = read([&](sql::Tx& tx) { return other.secrets(tx, id, clock.now()); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text.reveal(), fresh.text.reveal());
}

TEST_F(EndpointRows, APrivateKeyIsSealedForItsEndpoint) {
  const EndpointId id = insert_endpoint().id;
  const auto key = [&] { return read([&](sql::Tx& tx) { return store.private_key(tx, id); }); };
  EXPECT_FALSE(key());
  write([&](sql::Tx& tx) { return store.set_private_key(tx, id, Secret("a key")); });
  EXPECT_EQ(key()->reveal(), "a key");
  const crypto::Vault lost(Secret("another master key altogether"));
  EXPECT_EQ(unreadable(EndpointStore(lost)), std::vector{id.str()});
  write([&](sql::Tx& tx) { return store.clear_private_key(tx, id); });
  EXPECT_FALSE(key());
  EXPECT_TRUE(unreadable(EndpointStore(lost)).empty());
}

}  // namespace
}  // namespace florin::webhooks
