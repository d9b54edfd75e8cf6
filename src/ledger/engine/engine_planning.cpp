// The postings that a command comes to, with the balances as they are.
#include <algorithm>
#include <array>

#include "base/try.h"
#include "ledger/engine/engine.h"
#include "ledger/engine/limits.h"
#include "ledger/engine/refusals.h"
#include "ledger/engine/sum_changes.h"
#include "ledger/errors.h"

namespace florin::ledger::engine {
namespace {

/// Pairs what the sources give with what the destinations get, each in its order.
std::vector<Posting> pair_up(const Split& split, std::vector<std::int64_t> given,
                             std::vector<std::int64_t> shares) {
  std::vector<Posting> postings;
  std::size_t source = 0;
  std::size_t destination = 0;
  while (source < given.size() && destination < shares.size()) {
    const std::int64_t amount = std::min(given[source], shares[destination]);
    const auto& account = split.destinations[destination].account;
    if (amount > 0 && account) {
      postings.push_back({split.sources[source].account.id, account->id, {amount, split.currency}});
    }
    given[source] -= amount;
    shares[destination] -= amount;
    if (given[source] == 0) {
      ++source;
    } else {
      ++destination;
    }
  }
  return postings;
}

}  // namespace

Result<std::vector<Posting>> Engine::resolve(TenantId tenant,
                                             const std::vector<PostingRequest>& requests) {
  std::vector<Posting> postings;
  postings.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const PostingRequest& request = requests[i];
    if (!find_account(tenant, request.debit.id))
      return account_missing(pointer_to("postings", i, "debit"));
    if (!find_account(tenant, request.credit.id))
      return account_missing(pointer_to("postings", i, "credit"));
    postings.push_back({request.debit.id, request.credit.id, request.amount});
  }
  return postings;
}

Result<std::vector<Posting>> Engine::plan(TenantId tenant,
                                          const std::vector<PostingRequest>& requests,
                                          const std::optional<Split>& split, bool is_hold) {
  if (split) return plan_split(tenant, *split);
  std::vector<Posting> postings = TRY(resolve(tenant, requests));
  const bool is_limited = std::any_of(requests.begin(), requests.end(), [](const auto& request) {
    return request.balancing != Balancing::none;
  });
  if (is_limited) TRY(limit(requests, postings, is_hold));
  return postings;
}

/// Cuts balancing postings down to what their accounts leave after the postings before them, and
/// leaves out those that come to nothing.
Result<void> Engine::limit(const std::vector<PostingRequest>& requests,
                           std::vector<Posting>& postings, bool is_hold) {
  TRY(check_postings(postings));
  std::unordered_map<AccountId, Sums> moved;
  const auto room = [&](AccountId id, Side side) -> std::optional<std::int64_t> {
    const AccountState& account = state_.accounts.at(id);
    // Sums that do not fit are refused further on; whether there is a bound does not depend on
    // them.
    return room_of(account, after(account.sums, moved[id]).value_or(account.sums), side);
  };
  bool overflow = false;
  for (std::size_t i = 0; i < postings.size(); ++i) {
    Posting& posting = postings[i];
    const Balancing balancing = requests[i].balancing;
    std::int64_t& amount = posting.amount.minor;
    bool is_bounded = requests[i].has_amount;
    const auto at_most = [&](std::optional<std::int64_t> bound) {
      is_bounded = is_bounded || bound;
      amount = std::min(amount, bound.value_or(amount));
    };
    if (balancing == Balancing::debit || balancing == Balancing::both)
      at_most(room(posting.debit, Side::debit));
    if (balancing == Balancing::credit || balancing == Balancing::both)
      at_most(room(posting.credit, Side::credit));
    if (!is_bounded) {
      return at_posting(errors::unbounded_amount, i, "amount",
                        "no account bounds this posting; give the most that may move");
    }
    Sums& debit = moved[posting.debit];
    Sums& credit = moved[posting.credit];
    add(is_hold ? debit.debits_pending : debit.debits_posted, amount, overflow);
    add(is_hold ? credit.credits_pending : credit.credits_posted, amount, overflow);
  }
  std::erase_if(postings, [](const Posting& posting) { return posting.amount.minor == 0; });
  if (postings.empty()) return nothing_to_move();
  return {};
}

Result<void> Engine::check_split(TenantId tenant, const Split& split) {
  const auto accounts = [&](const auto& use) -> Result<void> {
    for (std::size_t i = 0; i < split.sources.size(); ++i)
      TRY(use(split.sources[i].account, pointer_to("split/sources", i, "account"), "debit"));
    for (std::size_t i = 0; i < split.destinations.size(); ++i) {
      const auto& account = split.destinations[i].account;
      if (account) TRY(use(*account, pointer_to("split/destinations", i, "account"), "credit"));
    }
    return {};
  };
  TRY(accounts([&](const AccountRef& ref, std::string pointer, std::string_view) -> Result<void> {
    if (!find_account(tenant, ref.id)) return account_missing(std::move(pointer));
    return {};
  }));
  return accounts([&](const AccountRef& ref, std::string pointer,
                      std::string_view side) -> Result<void> {
    const auto is_source = [&](const SplitSource& source) { return source.account.id == ref.id; };
    if (side == "credit" && std::any_of(split.sources.begin(), split.sources.end(), is_source)) {
      const std::string detail = "an account cannot be source and destination at once";
      return Error{errors::same_account, detail, {{pointer, "same_account", detail}}};
    }
    const Obstacle obstacle = obstacle_on(state_.accounts.at(ref.id), split.currency, side);
    if (!obstacle) return {};
    return Error{obstacle.code, obstacle.detail, {{pointer, obstacle.code.name, obstacle.detail}}};
  });
}

/// What each source gives, in their order.
Result<std::vector<std::int64_t>> Engine::draw(const Split& split) {
  const bool is_all = split.total == Split::Total::all;
  std::int64_t wanted = is_all ? INT64_MAX : split.minor;
  std::unordered_map<AccountId, std::int64_t> drawn;
  std::vector<std::int64_t> given;
  for (std::size_t i = 0; i < split.sources.size(); ++i) {
    const SplitSource& source = split.sources[i];
    const AccountState& account = state_.accounts.at(source.account.id);
    std::int64_t& from_account = drawn[account.id];
    const auto room = room_of(account, source, from_account);
    if (is_all && !room) {
      return at_split(errors::unbounded_amount, "amount",
                      "a source has no bound; give the most that may move");
    }
    if (is_all && *room > wanted) {
      return at_split(errors::amount_overflow, "amount",
                      "what the sources have does not fit into 64 bits of minor units");
    }
    given.push_back(std::min(room.value_or(wanted), wanted));
    from_account += given.back();
    wanted -= given.back();
  }
  if (split.total == Split::Total::exact && wanted > 0) {
    return at_split(errors::insufficient_funds, "amount",
                    "the sources cannot cover this: asked " + std::to_string(split.minor) +
                        ", available " + std::to_string(split.minor - wanted) +
                        " (minor units of " + std::string(split.currency.code()) + ")");
  }
  return given;
}

Result<std::vector<Posting>> Engine::plan_split(TenantId tenant, const Split& split) {
  TRY(check_split(tenant, split));
  std::vector<std::int64_t> given = TRY(draw(split));
  std::int64_t total = 0;
  for (const std::int64_t amount : given) total += amount;  // At most what was wanted.
  if (total == 0) return nothing_to_move();
  std::vector<std::int64_t> shares = TRY(shares_of(total, split.destinations));
  std::vector<Posting> postings = pair_up(split, std::move(given), std::move(shares));
  if (postings.empty()) return nothing_to_move();
  return postings;
}

Result<void> Engine::check_postings(const std::vector<Posting>& postings) {
  for (std::size_t i = 0; i < postings.size(); ++i) {
    const Posting& posting = postings[i];
    if (posting.amount.minor <= 0) {
      return at_posting(florin::errors::validation_failed, i, "amount",
                        "the amount must be positive");
    }
    if (posting.debit == posting.credit) {
      return at_posting(errors::same_account, i, "credit",
                        "debit and credit must be different accounts");
    }
    const std::array<std::pair<AccountId, std::string_view>, 2> sides{
        {{posting.debit, "debit"}, {posting.credit, "credit"}}};
    for (const auto& [id, side] : sides) {
      const AccountState& account = state_.accounts.at(id);
      const Obstacle obstacle = obstacle_on(account, posting.amount.currency, side);
      if (!obstacle) continue;
      const bool is_currency = obstacle.code == errors::currency_mismatch;
      return at_posting(obstacle.code, i, is_currency ? "currency" : side, obstacle.detail);
    }
  }
  return {};
}

}  // namespace florin::ledger::engine
