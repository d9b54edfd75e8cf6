#include "ledger/chain_walk.h"

#include <string>
#include <vector>

#include "base/try.h"
#include "ledger/chain_page.h"
#include "platform/sql/database.h"

namespace florin::ledger::chain {
namespace {

using sql::Checker;
using Fit = crypto::SealKey::Fit;

constexpr sql::Query newest_sequence{"verify.newest_sequence",
                                     "SELECT max(sequence) FROM chain_links WHERE chain = $1"};
constexpr sql::Query count_records{
    "verify.count_records",
    "SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM hold_changes)"};

std::string link_name(const Link& link) {
  return "link " + std::to_string(link.sequence) + " of chain " + std::to_string(link.chain) +
         " (transfers " + TransferId{link.first_id}.str() + " to " +
         TransferId{link.last_id}.str() + ")";
}

/// Goes along one chain, page by page.
class ChainWalk {
 public:
  ChainWalk(const crypto::SealKey* key, sql::SealFacts& facts, const AcceptedLinks& accepted,
            Checker& check)
      : key_(key), facts_(facts), accepted_(accepted), check_(check) {}

  Result<void> walk(sql::Tx& tx, std::int64_t chain) {
    sequence_ = 0;
    previous_.clear();
    while (true) {
      const Page page = TRY(load_page(tx, chain, sequence_, check_));
      if (page.links.empty()) return {};
      const std::int64_t before = sequence_;
      look_at(page);
      // A sequence that is no number is behind every number, and reads as 0.
      if (sequence_ <= before) {
        check_.fault("chain " + std::to_string(chain) + " cannot be followed behind link " +
                     std::to_string(before));
        return {};
      }
    }
  }

  std::int64_t linked() const { return linked_; }
  void expect_links(std::int64_t count) { all_links_ += static_cast<double>(count); }

 private:
  void look_at(const Page& page) {
    struct Covered {
      std::string canonical;
      std::int64_t records = 0;
    };
    check_.is_at(done_links_, all_links_);
    std::vector<Covered> covered(page.links.size());
    auto transfer = page.transfers.begin();
    auto change = page.holds.begin();
    while (transfer != page.transfers.end() || change != page.holds.end()) {
      const bool take_transfer =
          change == page.holds.end() ||
          (transfer != page.transfers.end() && transfer->id.value < change->first.id);
      const std::int64_t id = take_transfer ? transfer->id.value : change->first.id;
      Covered& link = covered[*page.place_of(id)];
      if (take_transfer) {
        append_canonical(link.canonical, *transfer++);
      } else {
        append_canonical(link.canonical, change->first, change->second);
        ++change;
      }
      ++link.records;
      check_.row();
    }
    done_links_ += static_cast<double>(page.links.size());
    for (std::size_t i = 0; i < covered.size(); ++i)
      look_at(page.links[i], covered[i].canonical, covered[i].records);
  }

  void look_at(const Link& link, const std::string& canonical, std::int64_t records) {
    check_.expect(link.sequence == sequence_ + 1,
                  [&] { return link_name(link) + " does not follow its predecessor"; });
    check_.expect(records == link.records, [&] {
      return link_name(link) + " covers " + std::to_string(link.records) + " records, but " +
             std::to_string(records) + " are there";
    });
    if (!is_keyed(link.hash)) {
      check_.expect(!is_keyed(previous_),
                    [&] { return link_name(link) + " was written without the key"; });
      check_.not_covered(records);
    }
    judge(link, check_link(key_, previous_, link, canonical), records);
    linked_ += records;
    sequence_ = link.sequence;
    previous_ = link.hash;
  }

  void judge(const Link& link, Fit fit, std::int64_t records) {
    // A plain link fits without any key.
    if (is_keyed(link.hash)) facts_.hear(fit, link.hash);
    switch (fit) {
      case Fit::fits:
        return;
      case Fit::other_key:
        return check_.other_key(records);
      case Fit::unkeyed:
        return judge_unkeyed(link, records);
      case Fit::differs:
        check_.fault("the hash of " + link_name(link) + " does not fit its records");
    }
  }

  void judge_unkeyed(const Link& link, std::int64_t records) {
    const auto end = accepted_.find(link.chain);
    if (end != accepted_.end() && link.sequence <= end->second) return check_.accepted(records);
    if (facts_.is_loss_noted) return check_.unkeyed(records);
    check_.fault(link_name(link) + " is sealed without a key, but no loss of the key is noted");
  }

  const crypto::SealKey* key_;
  sql::SealFacts& facts_;
  const AcceptedLinks& accepted_;
  Checker& check_;
  std::int64_t linked_ = 0, sequence_ = 0;
  double done_links_ = 0, all_links_ = 0;
  std::string previous_;
};

}  // namespace

Result<sql::Check> prove_links(sql::Tx& tx, const crypto::SealKey* key, sql::SealFacts& facts,
                               const AcceptedLinks& accepted, const sql::Progress& progress) {
  Checker check("hash chain", progress);
  ChainWalk walk(key, facts, accepted, check);
  TRY(visit_all(tx, [&](std::int64_t chain) {
    return tx.query(newest_sequence, {chain}, [&](const sql::Row& row) {
      walk.expect_links(row.integer(0));
      return false;
    });
  }));
  if (!TRY(visit_all(tx, [&](std::int64_t chain) { return walk.walk(tx, chain); })))
    check.fault("links are of a chain that is no number");
  TRY(tx.query(count_records, {}, [&](const sql::Row& row) {
    check.expect(row.integer(0) == walk.linked(), [&] {
      return std::to_string(row.integer(0)) + " records are stored, but the chain covers " +
             std::to_string(walk.linked());
    });
    return false;
  }));
  return std::move(check).finish();
}

}  // namespace florin::ledger::chain
