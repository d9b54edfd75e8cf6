#include <algorithm>
#include <numeric>

#include "call.h"

// Balancing postings and splits, as docs/transfers.md describes them.
namespace florin::simulation {
namespace {

/// What a side has to give or may take; nothing: no bound.
std::optional<Wide> room(const Account& account, bool debit) {
  if (account.is_debit_normal() != debit)
    return std::max<Wide>(0, account.available() - account.min.value_or(0));
  if (!account.max) return std::nullopt;
  return std::max<Wide>(0, *account.max - account.balance() - account.incoming());
}

/// What a source has to give.
std::optional<Wide> room(const Account& account, const WantedSource& source) {
  std::optional<Wide> has;
  if (account.is_debit_normal()) {
    has = room(account, true);
  } else if (!source.overdraft || account.min) {
    has = room(account, true);
    if (source.keep) has = std::clamp<Wide>(account.available() - *source.keep, 0, *has);
  } else if (source.keep) {
    has = std::max<Wide>(0, account.available() - *source.keep);
  }
  if (source.max) has = std::min<Wide>(has.value_or(*source.max), *source.max);
  return has;
}

void move(Trial& trial, const Posting& posting, bool held) {
  held ? trial.hold(posting) : trial.post(posting);
}

/// Rounds down and gives what that leaves over to the largest remainders, the first among equals.
/// The shares are over one denominator and come to a whole number together.
std::vector<Wide> rounded(const std::vector<Wide>& numerators, Wide denominator) {
  std::vector<Wide> shares;
  Wide sum = 0;
  Wide left = 0;
  for (const Wide numerator : numerators) {
    shares.push_back(numerator / denominator);
    sum += numerator;
    left -= shares.back();
  }
  left += sum / denominator;
  std::vector<std::size_t> order(numerators.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return numerators[a] % denominator > numerators[b] % denominator;
  });
  for (std::size_t i = 0; left > 0; ++i, --left) ++shares[order[i]];
  return shares;
}

}  // namespace

std::optional<std::vector<Wide>> shares_of(const std::vector<WantedShare>& wanted, Wide whole) {
  using Kind = WantedShare::Kind;
  Wide denominator = 1;
  for (const WantedShare& share : wanted) {
    if (share.kind == Kind::portion)
      denominator = denominator /
                    std::gcd(static_cast<std::int64_t>(denominator), share.denominator) *
                    share.denominator;
  }
  std::vector<Wide> numerators;
  Wide rest = whole * denominator;
  std::optional<std::size_t> rest_at;
  for (const WantedShare& share : wanted) {
    Wide numerator = 0;
    if (share.kind == Kind::amount) numerator = share.amount * denominator;
    if (share.kind == Kind::portion)
      numerator = whole * share.numerator * (denominator / share.denominator);
    if (share.kind == Kind::up_to || share.kind == Kind::remaining)
      rest_at = rest_at.value_or(numerators.size());
    numerators.push_back(numerator);
    rest -= numerator;
  }
  if (rest < 0 || (rest > 0 && !rest_at)) return std::nullopt;
  if (rest_at) numerators[*rest_at] = rest;
  std::vector<Wide> shares = rounded(numerators, denominator);

  Wide left = whole;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool is_rest = wanted[i].kind == Kind::up_to || wanted[i].kind == Kind::remaining;
    if (is_rest) shares[i] = 0;
    if (wanted[i].kind == Kind::portion && wanted[i].max)
      shares[i] = std::min<Wide>(shares[i], *wanted[i].max);
    left -= shares[i];
  }
  for (const Kind kind : {Kind::up_to, Kind::remaining}) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].kind != kind) continue;
      shares[i] = kind == Kind::up_to ? std::min<Wide>(left, *wanted[i].max) : left;
      left -= shares[i];
    }
  }
  if (left != 0) return std::nullopt;
  return shares;
}

Call::Code Call::limit(const WantedMoves& wanted, Trial& trial, bool held,
                       std::vector<Posting>& postings) {
  std::vector<Posting> left;
  for (std::size_t i = 0; i < postings.size(); ++i) {
    Posting& p = postings[i];
    const WantedPosting& w = wanted.postings[i];
    std::optional<Wide> moved;
    const auto at_most = [&](const std::optional<Wide>& bound) {
      if (bound) moved = std::min(moved.value_or(*bound), *bound);
    };
    if (w.amount) at_most(Wide{*w.amount});
    if (w.by_debit) at_most(room(trial.of(p.debit), true));
    if (w.by_credit) at_most(room(trial.of(p.credit), false));
    if (!moved) return "unbounded_amount";
    if (*moved == 0) continue;
    p.amount = static_cast<std::int64_t>(std::min(*moved, most));
    move(trial, p, held);
    left.push_back(p);
  }
  postings = left;
  return postings.empty() ? Code("nothing_to_move") : std::nullopt;
}

Call::Code Call::divide(const WantedSplit& split, Trial& trial, bool held,
                        std::vector<Posting>& postings) {
  // What each source gives, in its turn.
  std::vector<Wide> given;
  Wide whole = 0;
  for (const WantedSource& source : split.sources) {
    const int account = *find_account(source.account);
    auto gives = room(trial.of(account), source);
    if (split.amount) {
      const Wide wanted = *split.amount - whole;
      gives = std::min(gives.value_or(wanted), wanted);
    }
    if (!gives) return "unbounded_amount";
    given.push_back(*gives);
    whole += *gives;
    if (whole > most) return "amount_overflow";
    // What an earlier turn took is not there any more.
    Account& after = trial.of(account);
    (held ? after.debits_pending : after.debits_posted) += *gives;
  }
  if (split.is_exact && whole < *split.amount) return "insufficient_funds";
  if (whole == 0) return "nothing_to_move";
  auto shares = shares_of(split.destinations, whole);
  if (!shares) return "split_mismatch";

  std::size_t source = 0;
  for (std::size_t i = 0; i < shares->size(); ++i) {
    while ((*shares)[i] > 0) {
      if (given[source] == 0) {
        ++source;
        continue;
      }
      const Wide stretch = std::min(given[source], (*shares)[i]);
      given[source] -= stretch;
      (*shares)[i] -= stretch;
      if (split.destinations[i].account.empty()) continue;  // Kept.
      postings.push_back({*find_account(split.sources[source].account),
                          *find_account(split.destinations[i].account),
                          static_cast<std::int64_t>(stretch), split.currency});
    }
  }
  return postings.empty() ? Code("nothing_to_move") : std::nullopt;
}

Call::Code Call::check_split(const WantedSplit& split, Trial& trial) const {
  std::set<int> sources;
  for (const WantedSource& source : split.sources) {
    const int account = *find_account(source.account);
    if (auto code = check_side(trial.of(account), split.currency)) return code;
    sources.insert(account);
  }
  for (const WantedShare& share : split.destinations) {
    if (share.account.empty()) continue;
    const int account = *find_account(share.account);
    if (sources.contains(account)) return "same_account";
    if (auto code = check_side(trial.of(account), split.currency)) return code;
  }
  return std::nullopt;
}

}  // namespace florin::simulation
