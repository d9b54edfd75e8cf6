#include "ledger/bulk/large_bulks.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/bulk/weight.h"
#include "ledger/errors.h"
#include "ledger/writer/ledger_writer.h"
#include "platform/jobs/worker_thread.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "platform/sql/fair_queue.h"

namespace florin::ledger::bulk {
namespace {

/// Written in one go they would keep the writer busy for some 40 ms.
constexpr std::size_t large = 1'000;
/// Of a slice: some 10 ms of the writer.
constexpr std::size_t slice_postings = 500;
/// Slices stored in one unit of work, before any is a row: they cost a tenth.
constexpr std::size_t stored_together = 8;
constexpr std::size_t max_waiting = 64;
/// BatchItem again so often before it is posted whole.
constexpr int attempts = 3;
/// A node that works on a bulk commits a slice of it many times in this time.
constexpr std::int64_t abandoned_after_us = 60'000'000;

struct QueuedBulk {
  Command command;
  LargeBulks::Completion done;
};

struct Metrics {
  explicit Metrics(metrics::Registry& registry)
      : waiting(registry.gauge("florin_ledger_large_bulks_waiting", "Large bulks that wait.")),
        running(registry.gauge("florin_ledger_large_bulks_running",
                               "1 while a large bulk is being posted.")),
        unwritten(registry.gauge("florin_ledger_large_bulks_unwritten",
                                 "Large bulks that count and whose rows a fault of the database "
                                 "has kept from being written.")),
        in_slices(posted(registry, "in_slices")),
        whole(posted(registry, "whole")) {}

  static metrics::Counter& posted(metrics::Registry& registry, const char* way) {
    return registry.counter("florin_ledger_large_bulks_total",
                            "Large bulks by how they were posted: in slices beside others, or "
                            "whole, because their accounts did not rest.",
                            {{"way", way}});
  }

  metrics::Gauge &waiting, &running, &unwritten;
  metrics::Counter &in_slices, &whole;
};

struct Start {
  Timestamp at;
  IdGenerator ids;
};

}  // namespace

struct LargeBulks::Impl {
  const Collaborators with;
  Metrics metrics{with.metrics};
  std::mutex mutex{};  // Guards the queue.
  sql::FairQueue<QueuedBulk> waiting{};
  std::atomic<bool> is_stopping{false};
  std::atomic<std::int64_t> active{0};  // The bulk that the worker is at.
  jobs::WorkerThread worker{"ledger-bulk", [this] { return run_next(); }};

  std::int64_t run_next();
  void post(QueuedBulk wanted);
  void answer(const QueuedBulk& wanted, Outcome outcome) const;
  Result<std::unique_ptr<Draft>> decide(Command& command);
  Result<bool> remember(const Draft& draft);
  Result<bool> prepare_and_promise(const Draft& draft);
  Result<void> prepare(const store::Header& header, const std::vector<Slice>& slices);
  Result<void> write_out(std::int64_t bulk, const Actor& actor);
  Result<bool> write_next(std::int64_t bulk, const Actor& actor);
  Result<void> forget(std::int64_t bulk);
  Result<std::vector<store::Header>> list();
};

LargeBulks::LargeBulks(Collaborators with) : impl_(new Impl{std::move(with)}) {
  impl_->worker.start();
}

LargeBulks::~LargeBulks() {
  impl_->is_stopping = true;
  impl_->worker.stop();
  impl_->waiting.take(SIZE_MAX, SIZE_MAX, [](QueuedBulk left) {
    left.done(Error{errors::ledger_busy, "the ledger is shutting down", {}, 1});
  });
}

namespace {

bool is_plain(const PostTransfer& transfer) { return transfer.is_plain(); }

}  // namespace

bool LargeBulks::is_large(const Command& command) {
  const auto* bulk = std::get_if<PostBulk>(&command.body);
  return bulk && weight_of(command) > large &&
         std::all_of(bulk->transfers.begin(), bulk->transfers.end(), is_plain);
}

bool LargeBulks::submit(Command& command, Completion& done) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->waiting.size() >= max_waiting) return false;
    const std::int64_t tenant = command.actor.tenant.value;
    impl_->waiting.push({tenant, 1}, {std::move(command), std::move(done)});
    impl_->metrics.waiting.set(static_cast<double>(impl_->waiting.size()));
  }
  impl_->worker.wake();
  return true;
}

std::int64_t LargeBulks::Impl::run_next() {
  constexpr std::int64_t until_woken_us = 3'600'000'000;
  std::optional<QueuedBulk> next;
  {
    const std::lock_guard lock(mutex);
    if (is_stopping) return until_woken_us;
    waiting.take(1, 1, [&next](QueuedBulk taken) { next = std::move(taken); });
    metrics.waiting.set(static_cast<double>(waiting.size()));
  }
  if (!next) return until_woken_us;
  metrics.running.set(1);
  post(*std::move(next));
  metrics.running.set(0);
  return 0;
}

void LargeBulks::Impl::post(QueuedBulk wanted) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto decided = decide(wanted.command);
    if (!decided) return answer(wanted, std::move(decided).error());
    Draft& draft = **decided;
    if (!draft.is_sound) break;
    if (draft.changes.empty()) return answer(wanted, std::move(draft.outcome));
    const auto promised =
        draft.changes.transfers.empty() ? remember(draft) : prepare_and_promise(draft);
    if (!promised) return answer(wanted, promised.error());
    if (*promised) return answer(wanted, std::move(draft.outcome));
  }
  metrics.whole.add();
  with.post_whole(std::move(wanted.command), std::move(wanted.done));
}

void LargeBulks::Impl::answer(const QueuedBulk& wanted, Outcome outcome) const {
  with.count(outcome);
  wanted.done(std::move(outcome));
}

/// Time and ids come first, from the writer: what it commits later has later ones.
Result<std::unique_ptr<Draft>> LargeBulks::Impl::decide(Command& command) {
  const auto count = static_cast<std::int64_t>(weight_of(command));
  Start start = TRY(with.database.write([&](sql::Tx&) -> Result<Start> {
    const Timestamp at = with.writer.now();
    return Start{at, with.ids.reserve(count)};
  }));
  auto draft = std::make_unique<Draft>(command);
  TRY(with.database.read(
      [&](sql::Tx& tx) { return with.writer.draft(tx, start.ids, start.at, *draft); }));
  return draft;
}

/// A refusal that the key remembers.
Result<bool> LargeBulks::Impl::remember(const Draft& draft) {
  return with.database.write([&](sql::Tx& tx) -> Result<bool> {
    if (!TRY(with.writer.is_still_valid(tx, draft))) return false;
    TRY(with.writer.move_balances(tx, draft));
    return true;
  });
}

/// False: something changed meanwhile, and nothing is left of it. After a promise the answer stands
/// whatever happens to the slices: they are written by recover() at the latest.
Result<bool> LargeBulks::Impl::prepare_and_promise(const Draft& draft) {
  const store::Header header{draft.changes.transfers.front().transfer.id.value, draft.command.actor,
                             with.ids.node(), false, draft.at};
  active = header.id;
  const auto prepared = prepare(header, cut(draft.changes, slice_postings));
  const auto promised = !prepared ? Result<bool>(prepared.error())
                                  : with.database.write([&](sql::Tx& tx) -> Result<bool> {
                                      if (!TRY(with.writer.is_still_valid(tx, draft))) return false;
                                      // Another node may have taken this one for dead, and
                                      // forgotten the slices.
                                      if (!TRY(store::promise(tx, header.id))) return false;
                                      TRY(with.writer.move_balances(tx, draft));
                                      return true;
                                    });
  if (promised && *promised) {
    const auto written = write_out(header.id, header.actor);
    active = 0;  // What is left is the job's.
    metrics.in_slices.add();
    if (!written) {
      metrics.unwritten.add(1);
      log::error("rows of a large bulk wait to be written", {{"detail", written.error().detail}});
    }
    return true;
  }
  const auto forgotten = forget(header.id);
  active = 0;
  if (!forgotten) return forgotten.error();
  return promised;
}

Result<void> LargeBulks::Impl::prepare(const store::Header& header,
                                       const std::vector<Slice>& slices) {
  for (std::size_t first = 0; first < slices.size(); first += stored_together) {
    const std::size_t end = std::min(first + stored_together, slices.size());
    TRY(with.database.write([&](sql::Tx& tx) -> Result<void> {
      if (first == 0) TRY(store::insert(tx, header));
      for (std::size_t i = first; i < end; ++i)
        TRY(store::insert_slice(tx, header.id, static_cast<std::int64_t>(i), encode(slices[i])));
      return {};
    }));
  }
  return {};
}

Result<void> LargeBulks::Impl::write_out(std::int64_t bulk, const Actor& actor) {
  while (!is_stopping && TRY(write_next(bulk, actor))) {
  }
  return {};
}

/// False: nothing was left, and the bulk is forgotten.
Result<bool> LargeBulks::Impl::write_next(std::int64_t bulk, const Actor& actor) {
  return with.database.write([&](sql::Tx& tx) -> Result<bool> {
    const auto next = TRY(store::next_slice(tx, bulk));
    if (!next) {
      TRY(store::remove(tx, bulk));
      return false;
    }
    TRY(store::remove_slice(tx, bulk, next->place));
    TRY(with.writer.write_out(tx, next->slice, actor));
    return true;
  });
}

Result<void> LargeBulks::Impl::forget(std::int64_t bulk) {
  return with.database.write([&](sql::Tx& tx) { return store::remove(tx, bulk); });
}

Result<std::vector<store::Header>> LargeBulks::Impl::list() {
  return with.database.read([](sql::Tx& tx) { return store::list(tx); });
}

Result<void> LargeBulks::recover() {
  for (const store::Header& header : TRY(impl_->list())) {
    if (header.node != impl_->with.ids.node()) continue;
    TRY(header.is_promised ? impl_->write_out(header.id, header.actor) : impl_->forget(header.id));
  }
  return {};
}

Counts LargeBulks::counts() const {
  const auto now = [](const metrics::Gauge& gauge) {
    return static_cast<std::int64_t>(gauge.value());
  };
  const Metrics& gauges = impl_->metrics;
  return {now(gauges.waiting), now(gauges.running), now(gauges.unwritten)};
}

Result<std::int64_t> LargeBulks::take_over() {
  std::vector<store::Header> left;
  for (const store::Header& header : TRY(impl_->list())) {
    const bool is_ours = header.node == impl_->with.ids.node();
    const std::int64_t age_us = impl_->with.clock.now().us - header.created_at.us;
    const bool is_worked_on = is_ours ? header.id == impl_->active : age_us < abandoned_after_us;
    if (!is_worked_on) left.push_back(header);
  }
  const auto promised = std::count_if(
      left.begin(), left.end(), [](const store::Header& header) { return header.is_promised; });
  impl_->metrics.unwritten.set(static_cast<double>(promised));
  for (const store::Header& header : left) {
    TRY(header.is_promised ? impl_->write_out(header.id, header.actor) : impl_->forget(header.id));
    if (header.is_promised) impl_->metrics.unwritten.add(-1);
  }
  return static_cast<std::int64_t>(left.size());
}

}  // namespace florin::ledger::bulk
