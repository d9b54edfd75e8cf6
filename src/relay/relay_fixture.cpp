#include "relay/relay_fixture.h"

#include <chrono>
#include <thread>

#include "access/module.h"
#include "events/module.h"
#include "idempotency/module.h"
#include "relay/module.h"
#include "relay/relay_store.h"

namespace florin::relay {
namespace {

constexpr std::chrono::seconds patience{20};

}  // namespace

RelayFixture::RelayFixture() : idempotency(*database, clock) {
  std::vector<sql::Migration> all;
  for (const auto module :
       {idempotency::migrations(), access::migrations(), events::migrations(), relay::migrations()})
    all.insert(all.end(), module.begin(), module.end());
  EXPECT_TRUE(sql::migrate(*database, all, clock.now()));
  tenant = access.create_tenant("default")->id;
}

void RelayFixture::make_topics(std::initializer_list<const char*> names) {
  for (const char* name : names) cluster.create_topic(prefix + "-" + name, partitions);
}

Settings RelayFixture::settings() const {
  Settings settings;
  settings.kafka.brokers = cluster.brokers();
  settings.kafka.statistics_ms = 50;
  settings.topic_prefix = prefix;
  settings.group = prefix;
  settings.session_timeout_ms = 5'000;
  return settings;
}

Settings RelayFixture::settings_out() const {
  Settings wanted = settings();
  wanted.reads_inbound = false;
  return wanted;
}

void RelayFixture::make_relay(const Settings& wanted, Fence fence) {
  relay.reset();
  relay = std::make_unique<Relay>(
      Relay::Parts{*database, clock, ids, access, events, metrics, std::move(fence)}, wanted);
}

EventId RelayFixture::emit(std::string_view type, std::string_view subject, std::string_view data) {
  return *database->write([&](sql::Tx& tx) {
    return events.append(tx, {tenant, type, subject, data, "system", "", clock.now()});
  });
}

bool RelayFixture::wait_until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

double RelayFixture::figure(const std::string& name_and_labels) const {
  std::string text(1, '\n');
  text += metrics.expose();
  std::string line(1, '\n');
  line.append(name_and_labels).push_back(' ');
  const std::size_t found = text.find(line);
  return found == std::string::npos ? 0 : std::stod(text.substr(found + line.size()));
}

bool RelayFixture::wait_for_relayed(int count) {
  return wait_until([&] { return figure("florin_relay_events_total") >= count; });
}

std::vector<kafka::Received> RelayFixture::read(const std::string& topic, std::size_t count) const {
  return cluster.read(prefix + "-" + topic, partitions, count);
}

std::vector<events::Event> RelayFixture::events_of(std::string_view type) {
  return events.list(tenant, {.type = std::string(type)}, {}, 200)->events;
}

EventId RelayFixture::saved_cursor() {
  return *database->read([](sql::Tx& tx) { return store::cursor(tx); });
}

}  // namespace florin::relay
