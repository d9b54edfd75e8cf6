#include <algorithm>

#include "call.h"

namespace florin::simulation {

using json::Object;

Call::Code Call::place(const WantedHold& wanted, const Way& way) {
  Hold h;
  if (auto code = resolve(wanted.moves, h.postings)) return code;
  Trial trial(books);
  if (auto code = plan(wanted.moves, trial, true, h.postings)) return code;
  for (const Posting& p : h.postings) trial.hold(p);
  if (auto code = trial.check()) return code;
  keep(trial);
  for (const Posting& p : h.postings) h.remaining.push_back(p.amount);
  h.narrative = wanted.narrative;
  h.created_us = now;
  if (wanted.seconds) h.expires_us = now + *wanted.seconds * 1'000'000;
  h.id = adopt(way, "hold");
  books.holds.push_back(h);
  note("hold.created", h.id, hold_json(h));
  return std::nullopt;
}

Call::Work Call::place_hold(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const WantedHold wanted = read_hold(fields);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const Books before = dry ? books : Books{};
    if (const auto code = place(wanted, dry ? Way{"none"} : Way{"id"})) return refuse(*code);
    const Object shown = hold_json(books.holds.back());
    if (!dry) return ok(shown, 201);
    books = before;
    return ok(tried(shown, false));
  };
}

void Call::free_hold(Hold& hold, std::size_t i, std::int64_t amount) {
  books.accounts[hold.postings[i].debit].debits_pending -= amount;
  books.accounts[hold.postings[i].credit].credits_pending -= amount;
  hold.remaining[i] -= amount;
}

Call::Code Call::capture(int hold, const WantedCapture& wanted, const Way& way) {
  Hold& h = books.holds[hold];
  if (h.status == "expired") return "hold_expired";
  if (h.status != "open") return "hold_not_open";
  if (wanted.amount && h.postings.size() > 1) return "partial_capture_unsupported";
  if (wanted.amount && *wanted.amount > h.remaining[0]) return "capture_exceeds_hold";
  Transfer t;
  t.kind = "capture";
  t.hold = h.id;
  t.narrative = h.narrative;
  t.postings = h.postings;
  for (std::size_t n = 0; n < h.postings.size(); ++n)
    t.postings[n].amount = wanted.amount.value_or(h.remaining[n]);
  Trial sides(books);
  if (auto code = check_sides(t.postings, sides)) return code;

  for (std::size_t n = 0; n < h.postings.size(); ++n) {
    free_hold(h, n, t.postings[n].amount);
    if (!wanted.keep) free_hold(h, n, h.remaining[n]);
  }
  Trial trial(books);
  for (const Posting& p : t.postings) trial.post(p);
  if (std::all_of(h.remaining.begin(), h.remaining.end(), [](auto left) { return left == 0; }))
    h.status = "captured";
  t.effective_us = t.created_us = now;
  t.id = adopt(way, "tr");
  add(std::move(t), trial);
  note("hold.captured", h.id, hold_json(h));
  return std::nullopt;
}

Call::Work Call::capture_hold(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const WantedCapture wanted = read_capture(fields);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const auto i = find_id(books.holds, path[2]);
    if (!i) return refuse("hold_not_found");
    const Books before = dry ? books : Books{};
    if (const auto code = capture(*i, wanted, dry ? Way{"none"} : Way{"transfer", "id"}))
      return refuse(*code);
    Object shown = hold_json(books.holds[*i]);
    const Object transfer = transfer_json(books.transfers.back());
    if (dry) {
      shown = tried(shown, true);
      books = before;
    }
    shown.emplace_back("transfer", dry ? tried(transfer, false) : transfer);
    return ok(shown);
  };
}

Call::Code Call::release(int hold) {
  Hold& h = books.holds[hold];
  if (h.status == "expired") return "hold_expired";
  if (h.status != "open") return "hold_not_open";
  for (std::size_t n = 0; n < h.postings.size(); ++n) free_hold(h, n, h.remaining[n]);
  h.status = "released";
  note("hold.released", h.id, hold_json(h));
  return std::nullopt;
}

Call::Work Call::release_hold(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const bool dry = fields.flag("dry_run", false);
  return [dry, this]() -> Expected {
    const auto i = find_id(books.holds, path[2]);
    if (!i) return refuse("hold_not_found");
    const Books before = dry ? books : Books{};
    if (const auto code = release(*i)) return refuse(*code);
    const Object shown = hold_json(books.holds[*i]);
    if (!dry) return ok(shown);
    books = before;
    return ok(tried(shown, true));
  };
}

}  // namespace florin::simulation
