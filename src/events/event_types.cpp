#include "events/event_types.h"

#include <algorithm>
#include <iterator>

namespace florin::events {
namespace {

constexpr std::string_view types[] = {
    "account.closed",
    "account.created",
    "account.reopened",
    "account.updated",
    "hold.captured",
    "hold.created",
    "hold.expired",
    "hold.released",
    "partner.created",
    "partner.secret_rotated",
    "partner.updated",
    "reconciliation.completed",
    "reconciliation.failed",
    "reconciliation.item.explained",
    "reconciliation.item.proposed",
    "reconciliation.item.rejected",
    "reconciliation.item.resolved",
    "sme.kyc.verified",
    "sme.payment.received",
    "transaction.executed",
    "wallet.credit.completed",
    "wallet.credit.failed",
    "wallet.credit.stuck",
    "wallet.debit.completed",
    "wallet.debit.failed",
    "wallet.debit.rolled_back",
    "wallet.debit.stuck",
    "wallet.rollback.completed",
    "wallet.rollback.failed",
    "wallet.rollback.stuck",
    "webhook.endpoint.created",
    "webhook.endpoint.deleted",
    "webhook.endpoint.disabled",
    "webhook.endpoint.secret_rotated",
    "webhook.endpoint.updated",
    "webhook.test",
};

}  // namespace

bool is_type(std::string_view text) {
  return std::find(std::begin(types), std::end(types), text) != std::end(types);
}

bool is_type_or_family(std::string_view text) {
  if (!text.ends_with(".*")) return is_type(text);
  text.remove_suffix(1);  // The dot stays: "acc.*" is no family of "account.created".
  return std::any_of(std::begin(types), std::end(types),
                     [&](std::string_view type) { return type.starts_with(text); });
}

std::string known_families() {
  std::string all;
  std::string_view last;
  for (const std::string_view type : types) {
    const std::string_view family = type.substr(0, type.find('.'));
    if (family == last) continue;
    if (!all.empty()) all += ", ";
    all.append(family).append(".*");
    last = family;
  }
  return all;
}

}  // namespace florin::events
