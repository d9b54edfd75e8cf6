// Random commands against a small model that shares no code with the engine: what is accepted, what
// every account holds afterwards, and what must always be true of the rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "base/id_generator.h"
#include "ledger/engine/engine.h"
#include "ledger/errors.h"

namespace florin::ledger::engine {
namespace {

constexpr int account_count = 6;
const TenantId tenant{1};

Currency kzt() { return *Currency::parse("KZT"); }

/// A model account: plain signed numbers, the way a textbook would do it.
struct ModelAccount {
  bool debit_normal = false;
  std::optional<std::int64_t> min, max;
  std::int64_t balance = 0, outgoing = 0, incoming = 0;
};

/// Amounts that leave (negative) or enter an account in its normal direction.
struct ModelEffect {
  std::int64_t balance = 0, outgoing = 0, incoming = 0;
};

struct ModelHold {
  int debit = 0, credit = 0;
  std::int64_t remaining = 0;
  bool open = true;
  std::int64_t seconds_left = 0;
  bool expired = false;
};

class Model {
 public:
  std::vector<ModelAccount> accounts;
  std::map<std::int64_t, ModelHold> holds;

  using Moves = std::vector<std::array<std::int64_t, 3>>;  // debit, credit, amount

  /// "" when the moves are accepted and done, else the code that refuses them.
  std::string move(const Moves& moves, bool hold) {
    std::map<std::int64_t, ModelEffect> effects;
    std::vector<std::int64_t> order;
    const auto touch = [&](std::int64_t account) -> ModelEffect& {
      if (!effects.contains(account)) order.push_back(account);
      return effects[account];
    };
    for (const auto& [debit, credit, amount] : moves) {
      if (debit == credit) return "same_account";
      apply(touch(debit), accounts[static_cast<std::size_t>(debit)].debit_normal, amount, hold);
      apply(touch(credit), !accounts[static_cast<std::size_t>(credit)].debit_normal, amount, hold);
    }
    for (const std::int64_t index : order) {
      const ModelAccount& now = accounts[static_cast<std::size_t>(index)];
      const ModelEffect& effect = effects[index];
      const std::int64_t available = now.balance - now.outgoing;
      const std::int64_t available_then = available + effect.balance - effect.outgoing;
      if (now.min && available_then < *now.min && available_then < available)
        return "insufficient_funds";
      const std::int64_t total = now.balance + now.incoming;
      const std::int64_t total_then = total + effect.balance + effect.incoming;
      if (now.max && total_then > *now.max && total_then > total) return "balance_limit_exceeded";
    }
    for (const auto& [index, effect] : effects) {
      ModelAccount& account = accounts[static_cast<std::size_t>(index)];
      account.balance += effect.balance;
      account.outgoing += effect.outgoing;
      account.incoming += effect.incoming;
    }
    return "";
  }

  /// The textbook's answer to how much a side has to give or to take.
  std::int64_t room(std::int64_t index, bool debit, std::int64_t moved) const {
    const ModelAccount& account = accounts[static_cast<std::size_t>(index)];
    const bool enters = debit == account.debit_normal;
    if (!enters) {
      const std::int64_t left =
          account.balance - account.outgoing + moved - account.min.value_or(0);
      return left > 0 ? left : 0;
    }
    if (!account.max) return INT64_MAX;
    const std::int64_t left = *account.max - account.balance - account.incoming - moved;
    return left > 0 ? left : 0;
  }

  /// Cuts the moves down as their `limits` say: 0 none, 1 debit, 2 credit, 3 both.
  Moves limited(const Moves& moves, const std::vector<std::int64_t>& limits) const {
    std::map<std::int64_t, std::int64_t> moved;
    Moves left;
    for (std::size_t i = 0; i < moves.size(); ++i) {
      auto [debit, credit, amount] = moves[i];
      if (limits[i] & 1) amount = std::min(amount, room(debit, true, moved[debit]));
      if (limits[i] & 2) amount = std::min(amount, room(credit, false, moved[credit]));
      if (amount == 0) continue;
      const auto sign = [&](std::int64_t index, bool is_debit) {
        return accounts[static_cast<std::size_t>(index)].debit_normal == is_debit ? 1 : -1;
      };
      moved[debit] += sign(debit, true) * amount;
      moved[credit] += sign(credit, false) * amount;
      left.push_back({debit, credit, amount});
    }
    return left;
  }

  void end_hold(ModelHold& hold, std::int64_t captured, bool keep_rest) {
    const std::int64_t given_back = keep_rest ? 0 : hold.remaining - captured;
    settle(hold.debit, true, captured, given_back);
    settle(hold.credit, false, captured, given_back);
    hold.remaining -= captured + given_back;
    hold.open = keep_rest && hold.remaining > 0;
  }

  /// A second goes by; holds whose time is over give back what they have.
  void pass_second() {
    for (auto& [id, hold] : holds) {
      if (!hold.open || --hold.seconds_left > 0) continue;
      end_hold(hold, 0, false);
      hold.expired = true;
    }
  }

 private:
  static void apply(ModelEffect& effect, bool enters, std::int64_t amount, bool hold) {
    if (hold) {
      (enters ? effect.incoming : effect.outgoing) += amount;
    } else {
      effect.balance += enters ? amount : -amount;
    }
  }
  void settle(int index, bool debit_side, std::int64_t captured, std::int64_t given_back) {
    ModelAccount& account = accounts[static_cast<std::size_t>(index)];
    const bool enters = debit_side == account.debit_normal;
    (enters ? account.incoming : account.outgoing) -= captured + given_back;
    account.balance += enters ? captured : -captured;
  }
};

class Harness {
 public:
  explicit Harness(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < account_count; ++i) {
      ModelAccount account;
      account.debit_normal = i < 2;
      if (i >= 2) account.min = pick(3) == 0 ? -500 : 0;
      if (i == account_count - 1) account.max = 2'000;
      model.accounts.push_back(account);
      state.accounts.emplace(
          id_of(i),
          AccountState{.id = id_of(i),
                       .tenant = tenant,
                       .type = account.debit_normal ? AccountType::asset : AccountType::liability,
                       .currency = kzt(),
                       .min_balance = account.min,
                       .max_balance = account.max,
                       .sums = {}});
    }
  }

  static AccountId id_of(int index) { return {1'000 + index}; }
  std::int64_t pick(std::int64_t below) {
    return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random_);
  }

  Model::Moves random_moves() {
    Model::Moves moves(static_cast<std::size_t>(1 + pick(3)));
    for (auto& move : moves) move = {pick(account_count), pick(account_count), 1 + pick(400)};
    return moves;
  }

  static std::vector<PostingRequest> postings(const Model::Moves& moves) {
    std::vector<PostingRequest> requests;
    for (const auto& [debit, credit, amount] : moves) {
      requests.push_back({{id_of(static_cast<int>(debit)), {}},
                          {id_of(static_cast<int>(credit)), {}},
                          {amount, kzt()}});
    }
    return requests;
  }

  /// Time passes for the model and the engine; the command that comes next ends what is due.
  void pass_second() {
    clock.advance_seconds(1);
    model.pass_second();
  }

  /// Runs one command through an engine of its own, over the state as it stands.
  Outcome run(Command command) {
    command.actor.tenant = tenant;
    for (auto& [id, account] : state.accounts) account.touched = false;
    const AnswerOf nothing_remembered = [](const Command&, const Outcome&) { return std::nullopt; };
    Engine engine(state, ids, clock.now(), nothing_remembered);
    state.due = due_holds();
    engine.expire_due_holds();
    Outcome outcome = engine.decide(command);
    keep(engine.changes());
    return outcome;
  }

  /// Ends what is due and does nothing else.
  void run_nothing() { run({.actor = {}, .key = {}, .body = ReleaseHold{}}); }

  void expect_same(const std::string& step) {
    __extension__ using Wide = __int128;
    Wide difference = 0;
    for (int i = 0; i < account_count; ++i) {
      const AccountState& account = state.accounts.at(id_of(i));
      const ModelAccount& wanted = model.accounts[static_cast<std::size_t>(i)];
      ASSERT_EQ(balance_of(account.type, account.sums), wanted.balance)
          << step << ", account " << i;
      ASSERT_EQ(available_of(account.type, account.sums), wanted.balance - wanted.outgoing)
          << step << ", account " << i;
      ASSERT_EQ(incoming_of(account.type, account.sums), wanted.incoming)
          << step << ", account " << i;
      difference += static_cast<Wide>(account.sums.debits_posted) - account.sums.credits_posted;
    }
    ASSERT_TRUE(difference == 0) << step;
  }

  Model model;
  PrefetchedState state;
  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::vector<PostingRow> rows;
  std::vector<TransferId> reversible;

 private:
  std::vector<DueHold> due_holds() {
    Actor system;
    system.tenant = tenant;
    std::vector<DueHold> due;
    for (const auto& [id, hold] : state.holds) {
      if (hold.status == HoldStatus::open && is_over(hold, clock.now()))
        due.push_back({id, system});
    }
    std::sort(due.begin(), due.end(),
              [](const DueHold& a, const DueHold& b) { return a.hold < b.hold; });
    return due;
  }
  void keep(const Changes& changes) {
    rows.insert(rows.end(), changes.postings.begin(), changes.postings.end());
    for (const PostedTransfer& posted : changes.transfers) {
      state.transfers.emplace(posted.transfer.id, PastTransfer{posted.transfer, {}});
      reversible.push_back(posted.transfer.id);
    }
  }

  std::mt19937_64 random_;
};

std::string code_of(const Outcome& outcome) {
  const auto* error = std::get_if<Error>(&outcome);
  return error ? std::string(error->code.name) : "";
}

void step_transfer(Harness& h, const std::string& step, bool dry_run) {
  const Model::Moves moves = h.random_moves();
  const Model before = h.model;
  Command command;
  command.dry_run = dry_run;
  command.body = PostTransfer{Harness::postings(moves), {}, std::nullopt};
  EXPECT_EQ(code_of(h.run(command)), h.model.move(moves, false)) << step;
  if (dry_run) h.model = before;
}

void step_limited(Harness& h, const std::string& step) {
  const Model::Moves moves = h.random_moves();
  std::vector<PostingRequest> requests = Harness::postings(moves);
  std::vector<std::int64_t> limits;
  for (PostingRequest& request : requests) {
    limits.push_back(h.pick(4));
    request.balancing = static_cast<Balancing>(limits.back());
  }
  const bool same =
      std::any_of(moves.begin(), moves.end(), [](const auto& move) { return move[0] == move[1]; });
  const Model::Moves left = h.model.limited(moves, limits);
  const bool is_limited =
      std::any_of(limits.begin(), limits.end(), [](std::int64_t limit) { return limit != 0; });
  Command command;
  command.body = PostTransfer{requests, {}, std::nullopt};
  const std::string wanted = same                         ? "same_account"
                             : is_limited && left.empty() ? "nothing_to_move"
                                                          : h.model.move(left, false);
  EXPECT_EQ(code_of(h.run(command)), wanted) << step;
}

/// What each source gives of `wanted`, in their order.
std::vector<std::int64_t> drawn(const Model& model, const Split& split, std::int64_t wanted) {
  std::map<std::int64_t, std::int64_t> taken;
  std::vector<std::int64_t> given;
  for (const SplitSource& source : split.sources) {
    const std::int64_t index = source.account.id.value - 1'000;
    const ModelAccount& account = model.accounts[static_cast<std::size_t>(index)];
    std::int64_t gives = wanted;
    const bool lowers = !account.debit_normal;
    const std::int64_t available = account.balance - account.outgoing - taken[index];
    if (lowers && (account.min || !source.overdraft))
      gives = std::min(gives, available - account.min.value_or(0));
    if (lowers && source.keep) gives = std::min(gives, available - *source.keep);
    if (source.max) gives = std::min(gives, *source.max);
    given.push_back(std::max<std::int64_t>(gives, 0));
    taken[index] += given.back();
    wanted -= given.back();
  }
  return given;
}

/// Shares by hand: thirds of the whole to two destinations, and what is left of it to the last,
/// which has part in the rounding. The remainders of thirds are 0, 1 or 2 of three units.
std::array<std::int64_t, 3> thirds(std::int64_t whole) {
  const std::int64_t over = whole % 3;
  return {whole / 3 + (over > 0 ? 1 : 0), whole / 3 + (over > 1 ? 1 : 0), whole / 3};
}

void step_split(Harness& h, const std::string& step) {
  Split split{.currency = kzt(), .total = Split::Total::exact, .minor = 1 + h.pick(600)};
  if (h.pick(2) == 0) split.total = Split::Total::up_to;
  const std::int64_t sources = 1 + h.pick(3);
  for (std::int64_t i = 0; i < sources; ++i) {
    SplitSource source;
    source.account = {Harness::id_of(static_cast<int>(h.pick(3))), {}};
    if (h.pick(3) == 0) source.max = 1 + h.pick(300);
    if (h.pick(3) == 0) source.keep = h.pick(100);
    source.overdraft = h.pick(3) == 0;
    split.sources.push_back(source);
  }
  const auto add = [&](int account, bool is_portion) {
    SplitDestination destination;
    if (account >= 0) destination.account = AccountRef{Harness::id_of(account), {}};
    if (is_portion) {
      destination.share = SplitDestination::Share::portion;
      destination.portion = {1, 3};
    }
    split.destinations.push_back(destination);
  };
  const std::array<int, 3> to{3, h.pick(4) == 0 ? -1 : 4, 5};  // -1: kept.
  add(to[0], true);
  add(to[1], true);
  add(to[2], false);

  std::vector<std::int64_t> given = drawn(h.model, split, split.minor);
  std::int64_t whole = 0;
  for (const std::int64_t amount : given) whole += amount;
  std::array<std::int64_t, 3> shares = thirds(whole);
  Model::Moves moves;
  std::size_t source = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    while (shares[i] > 0) {
      const std::int64_t range = std::min(shares[i], given[source]);
      shares[i] -= range;
      given[source] -= range;
      if (range > 0 && to[i] >= 0)
        moves.push_back({split.sources[source].account.id.value - 1'000, to[i], range});
      if (given[source] == 0) ++source;
    }
  }
  std::string wanted;
  if (split.total == Split::Total::exact && whole < split.minor) {
    wanted = "insufficient_funds";
  } else if (moves.empty()) {
    wanted = "nothing_to_move";
  } else {
    wanted = h.model.move(moves, false);
  }
  Command command;
  PostTransfer body;
  body.split = split;
  command.body = body;
  EXPECT_EQ(code_of(h.run(command)), wanted) << step;
}

void step_bulk(Harness& h, const std::string& step) {
  const bool atomic = h.pick(2) == 0;
  const Model before = h.model;
  PostBulk bulk;
  bulk.atomic = atomic;
  std::vector<std::string> wanted;
  for (std::int64_t i = 0, count = 1 + h.pick(4); i < count; ++i) {
    const Model::Moves moves = h.random_moves();
    bulk.transfers.push_back({Harness::postings(moves), {}, std::nullopt});
    wanted.push_back(h.model.move(moves, false));
  }
  Command command;
  command.body = bulk;
  const Outcome outcome = h.run(command);
  const auto first_refusal = std::find_if(wanted.begin(), wanted.end(),
                                          [](const std::string& code) { return !code.empty(); });
  if (atomic && first_refusal != wanted.end()) {
    h.model = before;
    EXPECT_EQ(code_of(outcome), *first_refusal == "same_account" ? "same_account" : "bulk_refused")
        << step;
    return;
  }
  const auto& items = std::get<BulkResult>(outcome).items;
  ASSERT_EQ(items.size(), wanted.size()) << step;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto* error = std::get_if<Error>(&items[i]);
    EXPECT_EQ(error ? error->code.name : "", wanted[i]) << step;
  }
}

void step_place(Harness& h, const std::string& step) {
  Model::Moves moves = h.random_moves();
  moves.resize(1);
  Command command;
  const std::int64_t seconds = 1 + h.pick(60);
  command.body = PlaceHold{Harness::postings(moves), {}, seconds};
  const Outcome outcome = h.run(command);
  EXPECT_EQ(code_of(outcome), h.model.move(moves, true)) << step;
  if (const auto* hold = std::get_if<Hold>(&outcome)) {
    h.model.holds[hold->id.value] = {static_cast<int>(moves[0][0]), static_cast<int>(moves[0][1]),
                                     moves[0][2], true, seconds};
  }
}

void step_end_hold(Harness& h, const std::string& step) {
  if (h.model.holds.empty()) return h.run_nothing();
  auto chosen = h.model.holds.begin();
  std::advance(chosen, h.pick(static_cast<std::int64_t>(h.model.holds.size())));
  ModelHold& hold = chosen->second;
  Command command;
  const bool capture = h.pick(2) == 0;
  const bool keep_rest = h.pick(2) == 0;
  const std::int64_t amount = 1 + h.pick(400);
  if (capture) {
    command.body = CaptureHold{{chosen->first}, amount, keep_rest};
  } else {
    command.body = ReleaseHold{{chosen->first}};
  }
  const std::string wanted = hold.expired                         ? "hold_expired"
                             : !hold.open                         ? "hold_not_open"
                             : capture && amount > hold.remaining ? "capture_exceeds_hold"
                                                                  : "";
  EXPECT_EQ(code_of(h.run(command)), wanted) << step;
  if (wanted.empty()) h.model.end_hold(hold, capture ? amount : 0, capture && keep_rest);
}

void step_reverse(Harness& h, const std::string& step) {
  if (h.reversible.empty()) return h.run_nothing();
  const TransferId id = h.reversible[static_cast<std::size_t>(
      h.pick(static_cast<std::int64_t>(h.reversible.size())))];
  const PastTransfer past = h.state.transfers.at(id);
  Model::Moves moves;
  for (const Posting& posting : past.transfer.postings) {
    moves.push_back(
        {posting.credit.value - 1'000, posting.debit.value - 1'000, posting.amount.minor});
  }
  Command command;
  command.body = ReverseTransfer{id, {}};
  const std::string wanted =
      past.reversed_by ? "transfer_already_reversed" : h.model.move(moves, false);
  EXPECT_EQ(code_of(h.run(command)), wanted) << step;
}

void run_steps(Harness& h, int steps, std::uint64_t seed) {
  for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
    const std::string step = "seed " + std::to_string(seed) + " step " + std::to_string(i);
    h.pass_second();
    switch (h.pick(9)) {
      case 0:
        step_bulk(h, step);
        break;
      case 1:
        step_place(h, step);
        break;
      case 2:
        step_end_hold(h, step);
        break;
      case 3:
        step_reverse(h, step);
        break;
      case 4:
        step_transfer(h, step, true);
        break;
      case 5:
        step_limited(h, step);
        break;
      case 6:
        step_split(h, step);
        break;
      default:
        step_transfer(h, step, false);
    }
    h.expect_same(step);
  }
}

TEST(EngineProperty, AgreesWithTheModelAfterEveryStep) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Harness harness(seed);
    run_steps(harness, 500, seed);
  }
}

TEST(EngineProperty, HistoriesAreChainsWithRunningBalances) {
  Harness harness(99);
  run_steps(harness, 2'000, 99);
  std::map<AccountId, std::pair<std::int64_t, std::int64_t>> last;  // Posting and sequence.
  std::map<AccountId, std::int64_t> balance;
  std::int64_t last_id = 0;
  for (const PostingRow& row : harness.rows) {
    EXPECT_GT(row.id, last_id);
    last_id = row.id;
    for (const bool is_debit : {true, false}) {
      const AccountId id = is_debit ? row.posting.debit : row.posting.credit;
      const PostingSide& side = is_debit ? row.debit : row.credit;
      EXPECT_EQ(side.previous, last[id].first);
      EXPECT_EQ(side.sequence, last[id].second + 1);
      last[id] = {row.id, side.sequence};
      const bool enters = is_debit == is_debit_normal(harness.state.accounts.at(id).type);
      balance[id] += enters ? row.posting.amount.minor : -row.posting.amount.minor;
      EXPECT_EQ(side.balance, balance[id]);
    }
  }
  EXPECT_GT(harness.rows.size(), 500u);
}

TEST(EngineProperty, TheSameSeedGivesTheSameRows) {
  Harness first(7);
  Harness second(7);
  run_steps(first, 500, 7);
  run_steps(second, 500, 7);
  ASSERT_EQ(first.rows.size(), second.rows.size());
  for (std::size_t i = 0; i < first.rows.size(); ++i) {
    EXPECT_EQ(first.rows[i].id, second.rows[i].id);
    EXPECT_EQ(first.rows[i].posting, second.rows[i].posting);
  }
}

TEST(Engine, RefusesSumsThatDoNotFitInto64Bits) {
  Harness harness(1);
  const auto move = [&](std::int64_t amount) {
    Command command;
    command.body = PostTransfer{Harness::postings({{0, 3, amount}}), {}, std::nullopt};
    return code_of(harness.run(command));
  };
  EXPECT_EQ(move(INT64_MAX), "");
  EXPECT_EQ(move(1), "amount_overflow");
}

}  // namespace
}  // namespace florin::ledger::engine
