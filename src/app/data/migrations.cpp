#include "app/data/migrations.h"

#include "access/module.h"
#include "cluster/module.h"
#include "events/module.h"
#include "hub/module.h"
#include "idempotency/module.h"
#include "ledger/module.h"
#include "reconciliation/module.h"
#include "relay/module.h"
#include "webhooks/module.h"

namespace florin::app {

std::vector<sql::Migration> all_migrations() {
  std::vector<sql::Migration> all;
  for (const auto module : {cluster::migrations(), idempotency::migrations(), access::migrations(),
                            events::migrations(), ledger::migrations(), webhooks::migrations(),
                            hub::migrations(), reconciliation::migrations(), relay::migrations()}) {
    all.insert(all.end(), module.begin(), module.end());
  }
  return all;
}

}  // namespace florin::app
