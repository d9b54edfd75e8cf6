#include "ledger/list_filters.h"

#include <algorithm>

#include "ledger/metadata.h"

namespace florin::ledger {
namespace {

bool has_all(const std::string& metadata, const MetadataFilter& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& member) {
    return metadata_text(metadata, member.first) == member.second;
  });
}

}  // namespace

bool matches(const Account& account, const AccountFilter& filter) {
  return (!filter.type || account.type == *filter.type) &&
         (!filter.currency || account.currency == *filter.currency) &&
         (!filter.code_prefix || account.code.starts_with(*filter.code_prefix)) &&
         filter.created.has(account.created_at) &&
         filter.balance.has(balance_of(account.type, account.sums)) &&
         has_all(account.metadata, filter.metadata);
}

bool matches(const Transfer& transfer, const TransferFilter& filter) {
  return (!filter.reference || transfer.details.reference == filter.reference) &&
         filter.created.has(transfer.created_at) && filter.effective.has(transfer.effective_at) &&
         has_all(transfer.details.metadata, filter.metadata);
}

bool moves(const Transfer& transfer, const TransferFilter& filter, AccountId account) {
  return std::any_of(transfer.postings.begin(), transfer.postings.end(),
                     [&](const Posting& posting) {
                       return (!account || posting.debit == account || posting.credit == account) &&
                              (!filter.currency || posting.amount.currency == *filter.currency) &&
                              filter.amount.has(posting.amount.minor);
                     });
}

bool matches(const store::HoldHead& hold, const HoldFilter& filter) {
  return (!filter.status || hold.status == *filter.status) &&
         (!filter.reference || hold.reference == filter.reference) &&
         filter.created.has(hold.created_at) && has_all(hold.metadata, filter.metadata);
}

bool is_plain(const TransferFilter& filter) {
  return !filter.reference && !filter.currency && filter.amount.is_open() &&
         filter.metadata.empty() && filter.effective.is_open();
}

}  // namespace florin::ledger
