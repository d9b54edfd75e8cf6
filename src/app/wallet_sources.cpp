#include "app/wallet_sources.h"

#include <optional>
#include <utility>

#include "base/try.h"
#include "hub/operator/operator_client.h"
#include "reconciliation/paged_source.h"

namespace florin::app {
namespace {

using hub::WalletTransaction;
using hub::operators::ListedTransaction;
using reconciliation::Entry;
using reconciliation::EntryStatus;
using reconciliation::EntryVisitor;
using reconciliation::Period;

/// The resolver's own rollbacks have this in front of the debit's id, and no row of ours: that the
/// debit was undone is what its own rows say on both sides.
constexpr std::string_view resolver_prefix = "rb-wtx_";

EntryStatus status_of(hub::State state) {
  switch (state) {
    case hub::State::pending:
      return EntryStatus::pending;
    case hub::State::success:
      return EntryStatus::success;
    case hub::State::failed:
      return EntryStatus::failed;
    case hub::State::rolled_back:
      break;
  }
  return EntryStatus::rolled_back;
}

/// Nothing of what never went to the Operator.
std::optional<Entry> entry_of(const WalletTransaction& row) {
  const bool was_sent = row.operator_attempts > 0 || row.state == hub::State::pending;
  if (!was_sent || !row.currency) return std::nullopt;
  return Entry{row.id.str(),
               row.target ? row.target.str() : row.ref,
               row.player,
               {row.amount_minor, *row.currency},
               std::string(to_word(row.kind)),
               status_of(row.state),
               row.created_at};
}

/// A status that we do not know moved money for all we know.
EntryStatus status_of(std::string_view word) {
  if (word == "ROLLED_BACK") return EntryStatus::rolled_back;
  return word == "TOMBSTONE" ? EntryStatus::failed : EntryStatus::success;
}

/// Nothing of what names no currency: a tombstone of a debit that never came.
std::optional<Entry> entry_of(const ListedTransaction& row) {
  const auto currency = Currency::parse(row.currency);
  if (!currency || row.transaction_id.starts_with(resolver_prefix)) return std::nullopt;
  return Entry{
      row.transaction_id,    row.ref_id,      row.player, {row.amount_minor, *currency}, row.type,
      status_of(row.status), row.processed_at};
}

class HubSource final : public reconciliation::Source {
 public:
  HubSource(hub::Hub& hub, hub::PartnerId partner) : hub_(hub), partner_(partner) {}
  Result<void> read(const Period& period, const EntryVisitor& visit) override {
    return hub_.visit_period(partner_, period.from, period.to,
                             [&](const WalletTransaction& row) -> Result<void> {
                               const auto entry = entry_of(row);
                               return entry ? visit(*entry) : Result<void>();
                             });
  }

 private:
  hub::Hub& hub_;
  const hub::PartnerId partner_;
};

class OperatorPages final : public reconciliation::PagedSource {
 public:
  OperatorPages(hub::Hub& hub, hub::PartnerPtr partner) : hub_(hub), partner_(std::move(partner)) {}
  Result<reconciliation::Page> fetch(const Period& period, const std::string& cursor) override {
    const auto listed = TRY(hub_.operator_client().list_page(hub::operators::Target::of(*partner_),
                                                             period.from, period.to, cursor));
    reconciliation::Page page;
    for (const ListedTransaction& row : listed.rows) {
      if (auto entry = entry_of(row)) page.entries.push_back(*std::move(entry));
    }
    if (!listed.next_cursor.empty()) page.next_cursor = listed.next_cursor;
    return page;
  }

 private:
  hub::Hub& hub_;
  const hub::PartnerPtr partner_;
};

}  // namespace

reconciliation::SourcePair wallet_sources(hub::Hub& hub, const hub::PartnerPtr& partner,
                                          std::string spool) {
  reconciliation::SourcePair sides;
  sides.ours = std::make_unique<HubSource>(hub, partner->partner.id);
  sides.theirs = reconciliation::read_in_pages(std::make_unique<OperatorPages>(hub, partner),
                                               std::move(spool));
  return sides;
}

}  // namespace florin::app
