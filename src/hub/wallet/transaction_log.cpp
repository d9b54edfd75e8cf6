#include "hub/wallet/transaction_log.h"

#include <string>

#include "base/try.h"
#include "events/events.h"
#include "hub/wallet/json.h"
#include "hub/wallet/store.h"

namespace florin::hub {
namespace {

/// Nothing while it is on its way.
std::string event_type(const WalletTransaction& transaction) {
  const std::string family = "wallet." + std::string(to_word(transaction.kind));
  switch (transaction.state) {
    case State::pending:
      return transaction.is_stuck ? family + ".stuck" : "";
    case State::success:
      return family + ".completed";
    case State::failed:
      return family + ".failed";
    case State::rolled_back:
      break;
  }
  return family + ".rolled_back";
}

}  // namespace

Result<void> TransactionLog::add(sql::Tx& tx, const Partner& partner,
                                 const WalletTransaction& transaction, const Actor& actor) {
  TRY(store::insert(tx, transaction));
  return append_event(tx, partner, transaction, actor);
}

Result<void> TransactionLog::change(sql::Tx& tx, const Partner& partner,
                                    const WalletTransaction& transaction, const Actor& actor) {
  TRY(store::update(tx, transaction));
  return append_event(tx, partner, transaction, actor);
}

Result<void> TransactionLog::append_event(sql::Tx& tx, const Partner& partner,
                                          const WalletTransaction& transaction,
                                          const Actor& actor) {
  const std::string type = event_type(transaction);
  if (type.empty()) return {};
  std::string data;
  data.reserve(512);
  append_json(data, transaction, partner.code);
  const std::string subject = transaction.id.str();
  TRY(events_.append(tx, {partner.tenant, type, subject, data, actor.name, actor.request_id,
                          transaction.updated_at}));
  return {};
}

}  // namespace florin::hub
