#include <algorithm>

#include "base/timestamp.h"
#include "call.h"

namespace florin::simulation {
namespace {

using json::Array;
using json::Object;

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value bound(const std::optional<std::int64_t>& value) { return value ? Value(*value) : Value(); }

}  // namespace

std::string difference(const Value& expected, const Value& actual, const std::string& pointer) {
  const Object* left = expected.as_object();
  const Object* right = actual.as_object();
  if (left && right) {
    for (const auto& [name, value] : *left) {
      const Value* other = actual.find(name);
      if (!other) return pointer + "/" + name + " is missing";
      auto found = difference(value, *other, pointer + "/" + name);
      if (!found.empty()) return found;
    }
    for (const auto& [name, value] : *right) {
      if (!expected.find(name)) return pointer + "/" + name + " is not expected";
    }
    return "";
  }
  const Array* one = expected.as_array();
  const Array* two = actual.as_array();
  if (one && two) {
    for (std::size_t i = 0; i < std::min(one->size(), two->size()); ++i) {
      auto found = difference((*one)[i], (*two)[i], pointer + "/" + std::to_string(i));
      if (!found.empty()) return found;
    }
    if (one->size() == two->size()) return "";
    return pointer + " has " + std::to_string(two->size()) + " items, not " +
           std::to_string(one->size());
  }
  if (expected == actual || (expected == Value(any_text) && actual.as_string())) return "";
  return pointer + " is " + json::serialize(actual) + ", not " + json::serialize(expected);
}

Value Call::account_json(const Account& a) const {
  return Object{{"id", a.id},
                {"code", a.code},
                {"type", a.type},
                {"currency", a.currency},
                {"balance", number(a.balance())},
                {"available", number(a.available())},
                {"incoming", number(a.incoming())},
                {"debits_posted", number(a.debits_posted)},
                {"credits_posted", number(a.credits_posted)},
                {"debits_pending", number(a.debits_pending)},
                {"credits_pending", number(a.credits_pending)},
                {"min_balance", bound(a.min)},
                {"max_balance", bound(a.max)},
                {"frozen", a.frozen},
                {"closed", a.closed},
                {"metadata", a.metadata},
                {"created_at", time_text(a.created_us)}};
}

Object Call::posting_json(const Posting& p) const {
  return Object{{"debit", books.accounts[p.debit].id},
                {"credit", books.accounts[p.credit].id},
                {"amount", p.amount},
                {"currency", p.currency}};
}

Object Call::transfer_json(const Transfer& t) const {
  Array postings;
  for (const Posting& p : t.postings) postings.emplace_back(posting_json(p));
  return Object{{"id", t.id},
                {"kind", t.kind},
                {"status", "posted"},
                {"postings", postings},
                {"reference", t.narrative.reference},
                {"description", t.narrative.description},
                {"metadata", t.narrative.metadata},
                {"effective_at", time_text(t.effective_us)},
                {"created_at", time_text(t.created_us)},
                {"hold_id", text_or_null(t.hold)},
                {"reverses", text_or_null(t.reverses)}};
}

Value Call::transfer_view(const Transfer& t) const {
  Object shown = transfer_json(t);
  const auto place = static_cast<int>(&t - books.transfers.data());
  auto entry = std::lower_bound(books.entries.begin(), books.entries.end(), place,
                                [](const Entry& e, int p) { return e.transfer < p; });
  Array postings;
  for (const Posting& p : t.postings) {
    Object posting = posting_json(p);
    posting.emplace_back("debit_balance", number((entry++)->balance));
    posting.emplace_back("credit_balance", number((entry++)->balance));
    postings.emplace_back(std::move(posting));
  }
  for (auto& [name, value] : shown) {
    if (name == "postings") value = postings;
  }
  shown.emplace_back("reversed_by", text_or_null(t.reversed_by));
  return shown;
}

Object Call::hold_json(const Hold& h) const {
  Array postings;
  for (std::size_t i = 0; i < h.postings.size(); ++i) {
    Object posting = posting_json(h.postings[i]);
    posting.emplace_back("remaining", h.remaining[i]);
    postings.emplace_back(std::move(posting));
  }
  return Object{{"id", h.id},
                {"status", h.status},
                {"postings", postings},
                {"reference", h.narrative.reference},
                {"description", h.narrative.description},
                {"metadata", h.narrative.metadata},
                {"expires_at", h.expires_us ? Value(time_text(*h.expires_us)) : Value()},
                {"created_at", time_text(h.created_us)}};
}

Object Call::tried(Object shown, bool has_id) {
  if (!has_id) std::erase_if(shown, [](const auto& member) { return member.first == "id"; });
  for (auto& [name, value] : shown) {
    if (name == "status") value = "dry_run";
  }
  return shown;
}

}  // namespace florin::simulation
