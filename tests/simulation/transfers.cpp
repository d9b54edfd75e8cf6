#include <algorithm>
#include <map>

#include "call.h"

namespace florin::simulation {

using json::Array;
using json::Object;

Call::Code Call::post(const WantedTransfer& wanted, const Way& way) {
  if (wanted.effective_us && *wanted.effective_us > now) return "effective_at_in_future";
  Transfer t;
  std::vector<int> reopen;
  std::vector<int> close;
  if (auto code = resolve(wanted.moves, t.postings)) return code;
  if (auto code = find_accounts(wanted.reopen, reopen)) return code;
  if (auto code = find_accounts(wanted.close, close)) return code;

  Trial trial(books);
  std::vector<Account> opened;
  for (const int i : reopen) {
    Account& account = trial.of(i);
    if (!account.closed) continue;
    account.closed = false;
    opened.push_back(account);
  }
  if (auto code = plan(wanted.moves, trial, false, t.postings)) return code;
  for (const Posting& p : t.postings) trial.post(p);
  if (auto code = trial.check()) return code;
  std::vector<Account> closed;
  for (const int i : close) {
    Account& account = trial.of(i);
    if (account.closed) continue;
    if (!account.is_empty()) return "account_not_empty";
    account.closed = true;
    closed.push_back(account);
  }
  for (const Account& account : opened) note("account.reopened", account.id, account_json(account));
  t.kind = "transfer";
  t.narrative = wanted.narrative;
  t.effective_us = wanted.effective_us.value_or(now);
  t.created_us = now;
  t.id = adopt(way, "tr");
  add(std::move(t), trial);
  for (const Account& account : closed) note("account.closed", account.id, account_json(account));
  return std::nullopt;
}

Call::Work Call::post_transfer(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const WantedTransfer wanted = read_transfer(fields);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const Books before = dry ? books : Books{};
    if (const auto code = post(wanted, dry ? Way{"none"} : Way{"id"})) return refuse(*code);
    const Object shown = transfer_json(books.transfers.back());
    if (!dry) return ok(shown, 201);
    books = before;
    return ok(tried(shown, false));
  };
}

Call::Code Call::reverse(const WantedReversal& wanted, const Way& way) {
  if (wanted.effective_us && *wanted.effective_us > now) return "effective_at_in_future";
  const auto i = find_id(books.transfers, wanted.transfer);
  if (!i) return "transfer_not_found";
  const Transfer& old = books.transfers[*i];
  if (!old.reversed_by.empty()) return "transfer_already_reversed";
  if (wanted.effective_us && *wanted.effective_us < old.effective_us)
    return "effective_at_before_transfer";
  Transfer t;
  t.kind = "reversal";
  t.reverses = old.id;
  for (const Posting& p : old.postings)
    t.postings.push_back({p.credit, p.debit, p.amount, p.currency});
  Trial trial(books);
  if (auto code = check_sides(t.postings, trial)) return code;
  for (const Posting& p : t.postings) trial.post(p);
  if (auto code = trial.check()) return code;
  t.narrative = wanted.narrative;
  t.created_us = now;
  t.effective_us = wanted.effective_us.value_or(now);
  t.id = adopt(way, "tr");
  books.transfers[*i].reversed_by = t.id;
  add(std::move(t), trial);
  return std::nullopt;
}

Call::Work Call::reverse_transfer(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  WantedReversal wanted = read_reversal(fields);
  wanted.transfer = path[2];
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const Books before = dry ? books : Books{};
    if (const auto code = reverse(wanted, dry ? Way{"none"} : Way{"id"})) return refuse(*code);
    const Object shown = transfer_json(books.transfers.back());
    if (!dry) return ok(shown, 201);
    books = before;
    return ok(tried(shown, false));
  };
}

// ---------------------------------------------------------------- bulks

namespace {

/// The postings of a bulk, which may have 2,500 where it is more than plain transfers.
struct Weight {
  const Books* books;                             ///< Null: what is named in them counts as one.
  std::map<std::string, std::size_t> holds = {};  ///< That it places itself, by their refs.

  bool is_plain(const WantedStep& step) const {
    const auto* transfer = std::get_if<WantedTransfer>(&step);
    return transfer && !transfer->moves.split && transfer->reopen.empty() &&
           transfer->close.empty();
  }
  static std::size_t of(const WantedMoves& moves) {
    const std::size_t sides =
        moves.split ? moves.split->sources.size() + moves.split->destinations.size() : 0;
    return std::max<std::size_t>({moves.postings.size(), sides, 1});
  }
  std::size_t of_hold(const std::string& id, const std::string& ref) {
    if (!ref.empty()) return holds[ref];
    const auto found = books ? find_id(books->holds, id) : std::nullopt;
    return found ? books->holds[*found].postings.size() : 1;
  }
  std::size_t operator()(const WantedTransfer& wanted) { return of(wanted.moves); }
  std::size_t operator()(const WantedHold& wanted) {
    if (!wanted.ref.empty()) holds[wanted.ref] = of(wanted.moves);
    return of(wanted.moves);
  }
  std::size_t operator()(const WantedCapture& wanted) { return of_hold(wanted.hold, wanted.ref); }
  std::size_t operator()(const WantedRelease& wanted) { return of_hold(wanted.hold, wanted.ref); }
  std::size_t operator()(const WantedReversal& wanted) {
    const auto found = books ? find_id(books->transfers, wanted.transfer) : std::nullopt;
    return found ? books->transfers[*found].postings.size() : 1;
  }
};

bool is_too_heavy(const std::vector<WantedStep>& steps, const Books* books) {
  constexpr std::size_t most_postings = 2'500;
  Weight weight{books};
  const auto is_plain = [&](const WantedStep& step) { return weight.is_plain(step); };
  if (std::all_of(steps.begin(), steps.end(), is_plain)) return false;
  std::size_t sum = 0;
  for (const WantedStep& step : steps) sum += std::visit(weight, step);
  return sum > most_postings;
}

}  // namespace

Call::Work Call::post_bulk(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  std::vector<WantedStep> wanted;
  if (const Array* items = fields.array("transfers", 10'000)) {
    for (std::size_t i = 0; i < items->size(); ++i)
      wanted.push_back(
          read_step((*items)[i], fields.at("transfers") + "/" + std::to_string(i), bad));
  }
  const bool atomic = fields.flag("atomic", true);
  const bool dry = fields.flag("dry_run", false);
  if (bad.empty() && is_too_heavy(wanted, nullptr)) bad.insert("/transfers");
  return [=, this] {
    if (is_too_heavy(wanted, &books)) return refuse("validation_failed", {"/transfers"});
    return run_bulk(wanted, atomic, dry);
  };
}

namespace {

/// One item of a bulk, as it runs.
struct Item {
  Call& call;
  std::map<std::string, std::optional<int>>& refs;  ///< Holds that items before it placed.
  Call::Way way;
  std::string status = "posted";
  std::string hold = {};  ///< Of a capture.
  std::string id = {};

  std::optional<int> find(const std::string& hold_id, const std::string& ref) {
    return ref.empty() ? find_id(call.books.holds, hold_id) : refs[ref];
  }
  Call::Code operator()(const WantedTransfer& wanted) {
    const auto code = call.post(wanted, way);
    if (!code) id = call.books.transfers.back().id;
    return code;
  }
  Call::Code operator()(const WantedReversal& wanted) {
    const auto code = call.reverse(wanted, way);
    if (!code) id = call.books.transfers.back().id;
    return code;
  }
  Call::Code operator()(const WantedHold& wanted) {
    status = "held";
    const auto code = call.place(wanted, way);
    if (!code) id = call.books.holds.back().id;
    if (!wanted.ref.empty())
      refs[wanted.ref] =
          code ? std::nullopt : std::optional(static_cast<int>(call.books.holds.size()) - 1);
    return code;
  }
  Call::Code operator()(const WantedCapture& wanted) {
    const auto found = find(wanted.hold, wanted.ref);
    if (!found) return "hold_not_found";
    const auto code = call.capture(*found, wanted, way);
    if (!code) id = call.books.transfers.back().id;
    hold = call.books.holds[*found].id;
    return code;
  }
  Call::Code operator()(const WantedRelease& wanted) {
    status = "released";
    const auto found = find(wanted.hold, wanted.ref);
    if (!found) return "hold_not_found";
    id = call.books.holds[*found].id;
    return call.release(*found);
  }
};

}  // namespace

Expected Call::run_bulk(const std::vector<WantedStep>& wanted, bool atomic, bool dry) {
  const Books before = books;
  std::map<std::string, std::optional<int>> refs;
  Array results;
  std::int64_t done = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string n = std::to_string(i);
    Item item{*this, refs, dry ? Way{"none"} : Way{"results", n, "id"}};
    const auto code = std::visit(item, wanted[i]);
    if (code && atomic) {
      books = before;
      // What is wrong with the request itself keeps its code, and leaves the key free.
      const bool is_request = status_of(*code) == 400 || status_of(*code) == 404;
      return refuse(is_request ? *code : "bulk_refused", {"/transfers/" + n + "*"});
    }
    Object shown{{"index", static_cast<std::int64_t>(i)}};
    if (code) {
      shown.emplace_back("status", "refused");
      shown.emplace_back("code", *code);
      shown.emplace_back("detail", any_text);
    } else {
      ++done;
      shown.emplace_back("status", dry ? "dry_run" : item.status);
      if (!dry) shown.emplace_back("id", item.id);
      if (!dry && !item.hold.empty()) shown.emplace_back("hold_id", item.hold);
    }
    results.emplace_back(std::move(shown));
  }
  if (dry) books = before;
  Object shown{{"posted", done},
               {"refused", static_cast<std::int64_t>(wanted.size()) - done},
               {"results", results}};
  if (dry) shown.emplace_back("status", "dry_run");
  return ok(shown, atomic && !dry ? 201 : 200);
}

}  // namespace florin::simulation
