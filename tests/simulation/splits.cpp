#include <algorithm>

#include "generator.h"
#include "vocabulary.h"

// Splits, and bulks of every kind.
namespace florin::simulation {

using json::Array;
using json::Object;

/// An account of the currency, when one is found.
std::string Generator::account_of(const Books& books, const std::string& currency) {
  if (random_.one_in(60)) return account_ref(books);
  const Account* account = &random_.of(books.accounts);
  for (int tries = 0; tries < 10 && account->currency != currency; ++tries)
    account = &random_.of(books.accounts);
  return random_.one_in(3) ? account->id : account->code;
}

json::Object Generator::split(const Books& books) {
  const Account& first = random_.of(books.accounts);
  const std::int64_t whole = amount(&first);
  Array sources;
  for (std::int64_t i = 0, count = 1 + random_.below(3); i < count; ++i) {
    Object source{{"account", i == 0 ? first.code : account_of(books, first.currency)}};
    if (random_.one_in(3))
      source.emplace_back("max", 1 + random_.below(std::min(whole, greatest - 1)));
    if (random_.one_in(4)) source.emplace_back("keep", random_.below(50));
    if (random_.one_in(4)) source.emplace_back("overdraft", random_.one_in(2));
    sources.emplace_back(std::move(source));
  }
  Object split{{"currency", first.currency}, {"sources", sources}};
  switch (random_.below(5)) {
    case 0:
      split.emplace_back("amount", "all");
      break;
    case 1:
      split.emplace_back("amount", Object{{"up_to", whole}});
      break;
    default:
      split.emplace_back("amount", whole);
  }
  split.emplace_back("destinations", shares(books, first.currency, whole));
  return split;
}

/// Mostly such as come to the whole.
json::Array Generator::shares(const Books& books, const std::string& currency, std::int64_t whole) {
  static const std::vector<std::vector<std::string>> wholes{{"1/3", "1/3", "1/3"},
                                                            {"50%", "1/2"},
                                                            {"33.33%", "66.67%"},
                                                            {"1/2", "1/3", "1/6"},
                                                            {"1/7", "2/7", "4/7"},
                                                            {"0.0001%", "99.9999%"},
                                                            {"100%"}};
  static const std::vector<std::string> parts{"1/3",   "2.5%",    "1/7",
                                              "12.5%", "0.0003%", "1/1000000"};
  Array found;
  const auto add = [&](Object share) {
    if (random_.one_in(8)) {
      share.emplace_back("kept", true);
    } else {
      share.emplace_back("account", account_of(books, currency));
    }
    found.emplace_back(std::move(share));
  };
  if (random_.one_in(3)) {
    for (const std::string& portion : random_.of(wholes)) {
      Object share{{"portion", portion}};
      if (random_.one_in(10)) share.emplace_back("max", 1 + random_.below(100));
      add(std::move(share));
    }
    if (!random_.one_in(4)) return found;
  }
  for (std::int64_t i = random_.below(4); i > 0; --i) {
    switch (random_.below(3)) {
      case 0:
        add({{"amount", 1 + random_.below(random_.one_in(4) ? std::min(whole, greatest - 1) : 5)}});
        break;
      case 1: {
        Object share{{"portion", random_.of(parts)}};
        if (random_.one_in(3)) share.emplace_back("max", 1 + random_.below(20));
        add(std::move(share));
        break;
      }
      default:
        add({{"max", 1 + random_.below(30)}});
    }
  }
  if (found.empty() || !random_.one_in(5)) add({{"remaining", true}});
  for (std::size_t i = found.size(); i > 1; --i)
    std::swap(found[i - 1], found[random_.below(static_cast<std::int64_t>(i))]);
  return found;
}

/// A transfer, or a step of another kind: of holds that are there, or that items before it place.
json::Object Generator::bulk_item(const Books& books, std::vector<std::string>& refs) {
  const std::int64_t choice = random_.below(10);
  if (choice < 5) return transfer_body(books);
  if (choice < 7) {
    Object hold = hold_body(books);
    if (!random_.one_in(4)) {
      refs.push_back("h" + std::to_string(refs.size()));
      hold.emplace_back("ref", refs.back());
    }
    return Object{{"hold", hold}};
  }
  if (choice == 9) {
    Object reversal{{"transfer_id", books.transfers.empty() || random_.one_in(20)
                                        ? "tr_0000000000001"
                                        : random_.of(books.transfers).id}};
    if (random_.one_in(2)) reversal.emplace_back("reference", "refund");
    if (random_.one_in(4)) reversal.emplace_back("effective_at", time_text(moment(books)));
    return Object{{"reverse", reversal}};
  }
  Object named;
  if (!refs.empty() && !random_.one_in(3)) {
    named.emplace_back("hold_ref", random_.of(refs));
  } else {
    std::string id = "hold_0000000000001";
    for (int tries = 0; !books.holds.empty() && tries < 6; ++tries) {
      const Hold& hold = random_.of(books.holds);
      id = hold.id;
      if (hold.status == "open") break;
    }
    named.emplace_back("hold_id", id);
  }
  if (choice == 8 && random_.one_in(2)) return Object{{"release", named}};
  if (random_.one_in(2)) named.emplace_back("amount", 1 + random_.below(30));
  if (random_.one_in(2)) named.emplace_back("keep_rest", random_.one_in(2));
  return Object{{"capture", named}};
}

/// Of more than 1,000 postings: with plain transfers alone it is decided beside the writer and
/// written out in slices.
Request Generator::large_bulk(const Books& books) {
  Request request{.method = "POST", .path = "/v1/transfers/bulk"};
  const Account* from = &random_.of(books.accounts);
  for (int tries = 0; tries < 20 && (from->min || from->closed || from->frozen); ++tries)
    from = &random_.of(books.accounts);
  std::vector<std::string> targets;
  for (int tries = 0; tries < 20 && targets.size() < 3; ++tries) {
    const Account& to = random_.of(books.accounts);
    const bool takes = !to.closed && !to.frozen && !to.max && (!to.min || !to.is_debit_normal());
    if (&to != from && to.currency == from->currency && takes) targets.push_back(to.code);
  }
  if (targets.empty()) targets.push_back(account_ref(books));
  const bool is_plain = !random_.one_in(3);
  Array transfers;
  std::vector<std::string> refs;
  // Near what may be written in one go, where that bounds it.
  const std::int64_t least = !is_plain && random_.one_in(3) ? 2'350 : 1'001;
  for (std::int64_t left = least + random_.below(200); left > 0;) {
    Array moved;
    const std::int64_t size = 1 + random_.below(random_.one_in(2) ? 5 : 400);
    for (std::int64_t i = std::min(left, size); i > 0; --i, --left)
      moved.emplace_back(Object{{"debit", from->code},
                                {"credit", random_.of(targets)},
                                {"amount", 1 + random_.below(3)},
                                {"currency", from->currency}});
    transfers.emplace_back(Object{{"postings", moved}});
    if (!is_plain && random_.one_in(40)) transfers.emplace_back(bulk_item(books, refs));
  }
  request.body = json::serialize(Object{{"transfers", transfers}, {"atomic", random_.one_in(3)}});
  return request;
}

}  // namespace florin::simulation
