#pragma once
#include "base/try.h"
#include "ledger/ledger.h"

namespace florin::ledger {

template <class Use>
Result<void> for_each_account(std::vector<PostingRequest>& postings, std::optional<Split>& split,
                              const Use& use) {
  for (PostingRequest& posting : postings) {
    TRY(use(posting.debit));
    TRY(use(posting.credit));
  }
  if (!split) return {};
  for (SplitSource& source : split->sources) TRY(use(source.account));
  for (SplitDestination& destination : split->destinations) {
    if (destination.account) TRY(use(*destination.account));
  }
  return {};
}

/// Uses every account that a request names, so that its id can be found.
template <class Use>
Result<void> for_each_account(PostTransfer& transfer, const Use& use) {
  TRY(for_each_account(transfer.postings, transfer.split, use));
  for (AccountRef& account : transfer.reopen) TRY(use(account));
  for (AccountRef& account : transfer.close) TRY(use(account));
  return {};
}

template <class Use>
Result<void> for_each_account(PlaceHold& hold, const Use& use) {
  return for_each_account(hold.postings, hold.split, use);
}

}  // namespace florin::ledger
