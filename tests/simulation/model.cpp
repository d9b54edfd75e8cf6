#include "model.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/timestamp.h"

namespace florin::simulation {
namespace {

using json::Array;
using json::Object;

/// In an expected document: any text.
constexpr std::string_view any_text = "(any text)";
constexpr Wide most = std::numeric_limits<std::int64_t>::max();

/// The statuses of docs/errors.md.
const std::map<std::string, int, std::less<>> statuses{
    {"validation_failed", 400},
    {"malformed_json", 400},
    {"effective_at_before_transfer", 400},
    {"same_account", 400},
    {"effective_at_in_future", 400},
    {"insufficient_funds", 402},
    {"account_not_found", 404},
    {"transfer_not_found", 404},
    {"hold_not_found", 404},
    {"event_not_found", 404},
    {"account_exists", 409},
    {"account_closed", 409},
    {"account_frozen", 409},
    {"account_not_empty", 409},
    {"transfer_already_reversed", 409},
    {"hold_not_open", 409},
    {"hold_expired", 409},
    {"capture_exceeds_hold", 422},
    {"partial_capture_unsupported", 422},
    {"bulk_refused", 422},
    {"balance_limit_exceeded", 422},
    {"currency_mismatch", 422},
    {"amount_overflow", 422},
    {"idempotency_mismatch", 422},
};

const std::set<std::string, std::less<>> currencies{"KZT", "USD", "EUR", "JPY", "KWD"};
const std::set<std::string, std::less<>> types{"asset", "liability", "equity", "income", "expense"};

Value number(Wide value) { return static_cast<std::int64_t>(value); }
Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value bound(const std::optional<std::int64_t>& value) { return value ? Value(*value) : Value(); }

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    std::string decoded;
    for (std::size_t i = at + 1; i < end; ++i) {
      if (path[i] == '%') {
        decoded += static_cast<char>(std::stoi(path.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        decoded += path[i];
      }
    }
    found.push_back(decoded);
    at = end;
  }
  return found;
}

bool is_id(std::string_view text, std::string_view prefix) {
  if (text.size() != prefix.size() + 14 || !text.starts_with(prefix) || text[prefix.size()] != '_')
    return false;
  return text.substr(prefix.size() + 1).find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") ==
         std::string_view::npos;
}

/// The members of one object of a request, and what is wrong with them.
class Fields {
 public:
  Fields(const Value& value, std::string pointer, std::set<std::string>& bad)
      : value_(value), pointer_(std::move(pointer)), bad_(bad) {
    if (!value_.as_object()) bad_.insert(pointer_);
  }
  ~Fields() {
    const Object* members = value_.as_object();
    if (!members) return;
    for (const auto& [name, value] : *members) {
      if (!known_.contains(name)) bad_.insert(at(name));
    }
  }

  std::string at(const std::string& name) const { return pointer_ + "/" + name; }
  void complain(const std::string& name) { bad_.insert(at(name)); }
  bool has(const std::string& name) const { return value_.find(name) != nullptr; }
  /// Present and not null.
  const Value* find(const std::string& name, bool required = false) {
    known_.insert(name);
    const Value* found = value_.as_object() ? value_.find(name) : nullptr;
    if (found && found->is_null()) found = nullptr;
    if (!found && required && value_.as_object()) complain(name);
    return found;
  }
  std::optional<std::string> text(const std::string& name, std::size_t longest, bool required) {
    const Value* found = find(name, required);
    if (!found) return std::nullopt;
    const std::string* text = found->as_string();
    if (text && !text->empty() && text->size() <= longest) return *text;
    complain(name);
    return std::nullopt;
  }
  std::optional<std::int64_t> integer(const std::string& name, bool required, std::int64_t least,
                                      std::int64_t greatest) {
    const Value* found = find(name, required);
    if (!found) return std::nullopt;
    const std::int64_t* value = found->as_integer();
    if (value && *value >= least && *value <= greatest) return *value;
    complain(name);
    return std::nullopt;
  }
  bool flag(const std::string& name, bool otherwise) {
    const Value* found = find(name);
    if (!found) return otherwise;
    if (found->as_bool()) return *found->as_bool();
    complain(name);
    return otherwise;
  }
  Value object(const std::string& name) {
    const Value* found = find(name);
    if (!found) return Object{};
    if (!found->as_object()) complain(name);
    return *found;
  }
  const Array* array(const std::string& name, std::size_t most_items) {
    const Value* found = find(name, true);
    if (!found) return nullptr;
    const Array* items = found->as_array();
    if (items && !items->empty() && items->size() <= most_items) return items;
    complain(name);
    return nullptr;
  }
  std::optional<std::int64_t> time(const std::string& name) {
    const auto written = text(name, 64, false);
    if (!written) return std::nullopt;
    const auto parsed = Timestamp::parse(*written);
    if (!parsed) complain(name);
    return parsed ? std::optional(parsed->us) : std::nullopt;
  }

 private:
  const Value& value_;
  std::string pointer_;
  std::set<std::string>& bad_;
  std::set<std::string> known_;
};

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

/// A posting as it was asked for.
struct WantedPosting {
  std::string debit, credit;
  std::int64_t amount = 0;
  std::string currency;
};

struct WantedTransfer {
  std::vector<WantedPosting> postings;
  Narrative narrative;
  std::optional<std::int64_t> effective_us;
};

Narrative read_narrative(Fields& body) {
  Narrative narrative;
  if (auto text = body.text("reference", 255, false)) narrative.reference = *text;
  if (auto text = body.text("description", 1000, false)) narrative.description = *text;
  narrative.metadata = body.object("metadata");
  return narrative;
}

std::optional<std::string> read_currency(Fields& body) {
  auto code = body.text("currency", 16, true);
  if (code && !currencies.contains(*code)) body.complain("currency");
  return code;
}

std::vector<WantedPosting> read_postings(Fields& body, std::set<std::string>& bad) {
  std::vector<WantedPosting> postings;
  const Array* items = body.array("postings", 1000);
  if (!items) return postings;
  for (std::size_t i = 0; i < items->size(); ++i) {
    Fields posting((*items)[i], body.at("postings") + "/" + std::to_string(i), bad);
    WantedPosting wanted;
    wanted.debit = posting.text("debit", 200, true).value_or("");
    wanted.credit = posting.text("credit", 200, true).value_or("");
    wanted.amount = posting.integer("amount", true, 1, highest).value_or(0);
    wanted.currency = read_currency(posting).value_or("");
    postings.push_back(wanted);
  }
  return postings;
}

WantedTransfer read_transfer(Fields& body, std::set<std::string>& bad) {
  WantedTransfer wanted;
  wanted.postings = read_postings(body, bad);
  wanted.narrative = read_narrative(body);
  wanted.effective_us = body.time("effective_at");
  return wanted;
}

}  // namespace

std::string time_text(std::int64_t us) { return Timestamp{us}.rfc3339(); }

Wide Account::balance() const {
  return is_debit_normal() ? debits_posted - credits_posted : credits_posted - debits_posted;
}
Wide Account::available() const {
  return balance() - (is_debit_normal() ? credits_pending : debits_pending);
}
Wide Account::incoming() const { return is_debit_normal() ? debits_pending : credits_pending; }

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

// ---------------------------------------------------------------- one call

/// A request while it is answered.
struct Call {
  Model& model;
  const Request& request;
  std::int64_t now;
  const Answer& real;
  Books& books;
  std::vector<std::string> path;

  Call(Model& m, const Request& r, std::int64_t now_us, const Answer& answer)
      : model(m),
        request(r),
        now(now_us),
        real(answer),
        books(m.tenants_[r.tenant]),
        path(segments_of(r.path)) {}

  // ------------------------------------------------ ids

  /// The id that the real answer has at the pointer, when one can be there; else one that differs.
  std::string adopt(const std::vector<std::string>& way, const std::string& prefix) {
    const auto document = json::parse(real.body);
    const Value* at = document ? &*document : nullptr;
    for (const std::string& step : way) {
      if (!at) break;
      if (const Array* items = at->as_array()) {
        const auto i = std::stoul(step);
        at = i < items->size() ? &(*items)[i] : nullptr;
      } else {
        at = at->find(step);
      }
    }
    if (at && at->as_string() && is_id(*at->as_string(), prefix) &&
        model.ids_.insert(*at->as_string()).second)
      return *at->as_string();
    return "a new " + prefix + "_ id";
  }

  // ------------------------------------------------ rendering

  Value account_json(const Account& a) const {
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

  Object posting_json(const Posting& p) const {
    return Object{{"debit", books.accounts[p.debit].id},
                  {"credit", books.accounts[p.credit].id},
                  {"amount", p.amount},
                  {"currency", p.currency}};
  }

  Object transfer_json(const Transfer& t) const {
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

  Value transfer_view(const Transfer& t) const {
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

  Object hold_json(const Hold& h) const {
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

  /// As it would be: without the id of what was not made.
  static Object tried(Object shown, bool has_id) {
    if (!has_id) std::erase_if(shown, [](const auto& member) { return member.first == "id"; });
    for (auto& [name, value] : shown) {
      if (name == "status") value = "dry_run";
    }
    return shown;
  }

  void note(const std::string& type, const std::string& subject, Value data) {
    books.events.push_back({type, subject, now, std::move(data)});
  }

  // ------------------------------------------------ finding

  std::optional<int> find_account(const std::string& ref) const {
    for (std::size_t i = 0; i < books.accounts.size(); ++i) {
      const Account& account = books.accounts[i];
      if (is_id(ref, "acc") ? account.id == ref : account.code == ref) return static_cast<int>(i);
    }
    return std::nullopt;
  }
  template <class Rows>
  static std::optional<int> find_id(const Rows& rows, const std::string& id) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].id == id) return static_cast<int>(i);
    }
    return std::nullopt;
  }

  // ------------------------------------------------ the rules

  std::optional<std::string> resolve(const std::vector<WantedPosting>& wanted,
                                     std::vector<Posting>& postings) const {
    for (const WantedPosting& w : wanted) {
      const auto debit = find_account(w.debit);
      const auto credit = find_account(w.credit);
      if (!debit || !credit) return "account_not_found";
      postings.push_back({*debit, *credit, w.amount, w.currency});
    }
    return std::nullopt;
  }

  std::optional<std::string> check_sides(const std::vector<Posting>& postings) const {
    for (const Posting& p : postings) {
      if (p.debit == p.credit) return "same_account";
      for (const int side : {p.debit, p.credit}) {
        const Account& account = books.accounts[side];
        if (account.currency != p.currency) return "currency_mismatch";
        if (account.closed) return "account_closed";
        if (account.frozen) return "account_frozen";
      }
    }
    return std::nullopt;
  }

  /// The accounts after the postings: posted, or held.
  std::optional<std::string> apply(const std::vector<Posting>& postings, bool held) {
    std::vector<int> order;
    std::map<int, Account> after;
    for (const Posting& p : postings) {
      for (const int side : {p.debit, p.credit}) {
        if (after.emplace(side, books.accounts[side]).second) order.push_back(side);
        Account& account = after.at(side);
        const bool debited = side == p.debit;
        if (held) {
          (debited ? account.debits_pending : account.credits_pending) += p.amount;
        } else {
          (debited ? account.debits_posted : account.credits_posted) += p.amount;
        }
      }
    }
    for (const int i : order) {
      const Account& a = after.at(i);
      if (a.debits_posted + a.debits_pending > most || a.credits_posted + a.credits_pending > most)
        return "amount_overflow";
    }
    for (const int i : order) {
      const Account& now_is = after.at(i);
      const Account& was = books.accounts[i];
      if (now_is.min && now_is.available() < was.available() && now_is.available() < *now_is.min)
        return "insufficient_funds";
      const Wide would = now_is.balance() + now_is.incoming();
      if (now_is.max && would > was.balance() + was.incoming() && would > *now_is.max)
        return "balance_limit_exceeded";
    }
    for (const auto& [i, account] : after) books.accounts[i] = account;
    return std::nullopt;
  }

  /// Lines of the statements, with the balance after each posting on the way.
  void write_entries(const Transfer& t, int place, const std::map<int, Wide>& before) {
    std::map<int, Wide> balances = before;
    for (const Posting& p : t.postings) {
      for (const bool is_debit : {true, false}) {
        const int mine = is_debit ? p.debit : p.credit;
        const bool grows = books.accounts[mine].is_debit_normal() == is_debit;
        balances[mine] += grows ? Wide{p.amount} : -Wide{p.amount};
        books.entries.push_back(
            {mine, is_debit ? p.credit : p.debit, place, is_debit, p.amount, balances[mine]});
      }
    }
  }

  std::map<int, Wide> balances_of(const std::vector<Posting>& postings) const {
    std::map<int, Wide> balances;
    for (const Posting& p : postings) {
      for (const int side : {p.debit, p.credit}) balances[side] = books.accounts[side].balance();
    }
    return balances;
  }

  Transfer& add(Transfer transfer, const std::map<int, Wide>& before) {
    books.transfers.push_back(std::move(transfer));
    Transfer& added = books.transfers.back();
    write_entries(added, static_cast<int>(books.transfers.size()) - 1, before);
    note("transaction.executed", added.id, transfer_json(added));
    return added;
  }

  /// A transfer by all the rules; its id is found in the real answer at `way`.
  std::optional<std::string> post(const WantedTransfer& wanted,
                                  const std::vector<std::string>& way) {
    if (wanted.effective_us && *wanted.effective_us > now) return "effective_at_in_future";
    Transfer t;
    if (auto code = resolve(wanted.postings, t.postings)) return code;
    if (auto code = check_sides(t.postings)) return code;
    const auto before = balances_of(t.postings);
    if (auto code = apply(t.postings, false)) return code;
    t.kind = "transfer";
    t.narrative = wanted.narrative;
    t.effective_us = wanted.effective_us.value_or(now);
    t.created_us = now;
    t.id = adopt(way, "tr");
    add(std::move(t), before);
    return std::nullopt;
  }

  // ------------------------------------------------ answers

  static Expected ok(Value body, int status = 200) { return {status, "", {}, std::move(body), {}}; }
  static Expected refuse(const std::string& code, std::set<std::string> pointers = {}) {
    return {statuses.at(code), code, std::move(pointers), {}, {}};
  }

  /// What is left to do when the form is right.
  using Work = std::function<Expected()>;
  using Bad = std::set<std::string>;

  Expected answer();
  Work prepare(const Value& body, Bad& bad);
  Work open_account(const Value& body, Bad& bad);
  Work change_account(const Value& body, Bad& bad);
  Work post_transfer(const Value& body, Bad& bad);
  Work post_bulk(const Value& body, Bad& bad);
  Work reverse(const Value& body, Bad& bad);
  Work place_hold(const Value& body, Bad& bad);
  Work capture(const Value& body, Bad& bad);
  Expected close_account();
  Work release(const Value& body, Bad& bad);
  Expected run_bulk(const std::vector<WantedTransfer>& wanted, bool atomic, bool dry);
  void free_hold(Hold& hold, std::size_t i, std::int64_t amount);

  Expected query();
  Expected page(const std::string& list, const std::vector<std::size_t>& newest_first,
                const std::function<Value(std::size_t)>& render, Object head = {});
  Expected balance();
  Expected statement();
  Expected list_accounts();
  Expected list_transfers();
  Expected list_holds();
  Expected trial_balance();
  Expected aggregates();
  static std::optional<std::string> group_of(const Account& a, const std::string& by);
  std::optional<std::string> param(const std::string& name) const {
    for (const auto& [key, value] : request.params) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
  std::optional<std::int64_t> time_param(const std::string& name) const {
    const auto text = param(name);
    return text ? std::optional(Timestamp::parse(*text)->us) : std::nullopt;
  }
  /// A list with its parameters, which its cursors are good for; only the limit may change.
  std::string list_name(const std::string& list) const {
    std::set<std::string> filters;
    for (const auto& [name, value] : request.params) {
      if (name != "limit" && name != "cursor") filters.insert(name + "=" + value);
    }
    std::string name = std::to_string(request.tenant) + " " + list;
    for (const std::string& filter : filters) name += " " + filter;
    return name;
  }
  /// The time of a transfer that sums look at.
  std::int64_t time_of(const Transfer& t) const {
    return param("time") == "created" ? t.created_us : t.effective_us;
  }
  /// What moved in the window that the parameters name.
  bool is_within(const Transfer& t) const {
    const auto at = time_param("at");
    const auto from = time_param("from");
    const auto to = time_param("to");
    const std::int64_t moved = time_of(t);
    return (!at || moved <= *at) && (!from || moved >= *from) && (!to || moved < *to);
  }
  bool is_chosen(const Account& a) const {
    return (!param("currency") || *param("currency") == a.currency) &&
           (!param("type") || *param("type") == a.type) &&
           (!param("code_prefix") || a.code.starts_with(*param("code_prefix")));
  }
  /// Whether sums over accounts count this one: open by then, or moved by then; in a window, moved.
  bool counts(const Account& a, const std::pair<Wide, Wide>& sums) const {
    if (sums.first != 0 || sums.second != 0) return true;
    if (param("from") || param("to")) return false;
    const auto at = time_param("at");
    return !at || a.created_us <= *at;
  }
  /// What was posted on the account within the time that the parameters name.
  std::pair<Wide, Wide> posted(int account) const {
    std::pair<Wide, Wide> sums{0, 0};
    for (const Entry& e : books.entries) {
      if (e.account != account || !is_within(books.transfers[e.transfer])) continue;
      (e.is_debit ? sums.first : sums.second) += e.amount;
    }
    return sums;
  }
};

Expected Model::answer(const Request& request, std::int64_t now_us, const Answer& real) {
  advance(now_us);
  return Call(*this, request, now_us, real).answer();
}

void Model::advance(std::int64_t now_us) {
  for (auto& [tenant, books] : tenants_) {
    for (Hold& hold : books.holds) {
      if (hold.status != "open" || !hold.expires_us || *hold.expires_us > now_us) continue;
      for (std::size_t i = 0; i < hold.postings.size(); ++i) {
        const Posting& p = hold.postings[i];
        books.accounts[p.debit].debits_pending -= hold.remaining[i];
        books.accounts[p.credit].credits_pending -= hold.remaining[i];
        hold.remaining[i] = 0;
      }
      hold.status = "expired";
    }
  }
}

/// Form first; then the key; then the work. What was refused for its form or for something that is
/// not there does not use the key up, nor does a dry run.
Expected Call::answer() {
  for (const auto& [name, value] : request.params) {
    if (name == "dry_run") return refuse("validation_failed", {"#/query/dry_run"});
  }
  if (request.method == "GET") return query();

  Value body = Object{};
  if (!request.body.empty()) {
    const auto parsed = json::parse(request.body);
    if (!parsed) return refuse("malformed_json");
    body = *parsed;
  }
  Bad bad;
  const Work work = prepare(body, bad);
  if (!bad.empty()) return refuse("validation_failed", bad);
  if (request.key.empty()) return work();

  const std::string route = request.method + " " + path[1] + " " +
                            (path.size() == 3 && path[2] == "bulk" ? "bulk" : "") + " " +
                            (path.size() > 3 ? path[3] : "") + std::to_string(path.size());
  const std::string key = std::to_string(request.tenant) + " " + route + " " + request.key;
  const std::string asked = request.path + "\n" + request.body;
  const auto kept = model.keys_.find(key);
  if (kept != model.keys_.end()) {
    if (kept->second.request != asked) return refuse("idempotency_mismatch");
    Expected again;
    again.status = kept->second.status;
    again.bytes = kept->second.body;
    return again;
  }
  const Expected expected = work();
  const Value* dry = body.find("dry_run");
  const bool is_dry = dry && dry->as_bool() && *dry->as_bool();
  if (expected.status != 400 && expected.status != 404 && !is_dry)
    model.keys_[key] = {asked, expected.status, real.body};
  return expected;
}

Call::Work Call::prepare(const Value& body, Bad& bad) {
  if (request.method == "PATCH") return change_account(body, bad);
  if (path[1] == "accounts" && path.size() == 2) return open_account(body, bad);
  if (path[1] == "accounts") {
    Fields(body, "", bad);
    return [this] { return close_account(); };
  }
  if (path[1] == "transfers" && path.size() == 2) return post_transfer(body, bad);
  if (path[1] == "transfers" && path.size() == 3) return post_bulk(body, bad);
  if (path[1] == "transfers") return reverse(body, bad);
  if (path.size() == 2) return place_hold(body, bad);
  if (path[3] == "capture") return capture(body, bad);
  return release(body, bad);
}

// ---------------------------------------------------------------- accounts

Call::Work Call::open_account(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  Account a;
  a.code = fields.text("code", 200, true).value_or("");
  if (a.code.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._@/+-") !=
      std::string::npos)
    fields.complain("code");
  a.type = fields.text("type", 255, true).value_or("");
  if (!a.type.empty() && !types.contains(a.type)) fields.complain("type");
  a.currency = read_currency(fields).value_or("");
  a.min = fields.integer("min_balance", false, lowest, highest);
  a.max = fields.integer("max_balance", false, lowest, highest);
  a.metadata = fields.object("metadata");
  a.created_us = now;
  return [this, a]() mutable -> Expected {
    if (a.min && a.max && *a.min > *a.max) return refuse("validation_failed", {"*"});
    if (find_account(a.code)) return refuse("account_exists");
    a.id = adopt({"id"}, "acc");
    books.accounts.push_back(a);
    note("account.created", a.id, account_json(a));
    return ok(account_json(a), 201);
  };
}

Call::Work Call::change_account(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const bool has_min = fields.has("min_balance");
  const bool has_max = fields.has("max_balance");
  const auto min = fields.integer("min_balance", false, lowest, highest);
  const auto max = fields.integer("max_balance", false, lowest, highest);
  const Value* frozen_given = fields.find("frozen");
  const bool frozen = fields.flag("frozen", false);
  const bool has_metadata = fields.find("metadata") != nullptr;
  const Value metadata = fields.object("metadata");
  return [=, this]() -> Expected {
    const auto i = find_account(path[2]);
    if (!i) return refuse("account_not_found");
    Account changed = books.accounts[*i];
    if (changed.closed) return refuse("account_closed");
    if (has_min) changed.min = min;
    if (has_max) changed.max = max;
    if (frozen_given) changed.frozen = frozen;
    if (has_metadata) changed.metadata = metadata;
    if (changed.min && changed.max && *changed.min > *changed.max)
      return refuse("validation_failed", {"*"});
    books.accounts[*i] = changed;
    note("account.updated", changed.id, account_json(changed));
    return ok(account_json(changed));
  };
}

Expected Call::close_account() {
  const auto i = find_account(path[2]);
  if (!i) return refuse("account_not_found");
  Account& a = books.accounts[*i];
  if (a.closed) return ok(account_json(a));
  if (a.balance() != 0 || a.debits_pending != 0 || a.credits_pending != 0)
    return refuse("account_not_empty");
  a.closed = true;
  note("account.closed", a.id, account_json(a));
  return ok(account_json(a));
}

// ---------------------------------------------------------------- transfers

Call::Work Call::post_transfer(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const WantedTransfer wanted = read_transfer(fields, bad);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const Books before = books;
    if (const auto code =
            post(wanted, dry ? std::vector<std::string>{"none"} : std::vector<std::string>{"id"}))
      return refuse(*code);
    const Object shown = transfer_json(books.transfers.back());
    if (!dry) return ok(shown, 201);
    books = before;
    return ok(tried(shown, false));
  };
}

Call::Work Call::post_bulk(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  std::vector<WantedTransfer> wanted;
  if (const Array* items = fields.array("transfers", 10'000)) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      Fields item((*items)[i], fields.at("transfers") + "/" + std::to_string(i), bad);
      wanted.push_back(read_transfer(item, bad));
    }
  }
  const bool atomic = fields.flag("atomic", true);
  const bool dry = fields.flag("dry_run", false);
  return [=, this] { return run_bulk(wanted, atomic, dry); };
}

Expected Call::run_bulk(const std::vector<WantedTransfer>& wanted, bool atomic, bool dry) {
  const Books before = books;
  Array results;
  std::int64_t posted_count = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string n = std::to_string(i);
    const auto code = post(wanted[i], {"results", n, "id"});
    if (code && atomic) {
      books = before;
      // What is wrong with the request itself keeps its code, and leaves the key free.
      const bool is_request = statuses.at(*code) == 400 || statuses.at(*code) == 404;
      return refuse(is_request ? *code : "bulk_refused", {"/transfers/" + n + "*"});
    }
    Object item{{"index", static_cast<std::int64_t>(i)}, {"status", code ? "refused" : "posted"}};
    if (code) {
      item.emplace_back("code", *code);
      item.emplace_back("detail", any_text);
    } else {
      if (dry)
        item.back().second = "dry_run";
      else
        item.emplace_back("id", books.transfers.back().id);
      ++posted_count;
    }
    results.emplace_back(std::move(item));
  }
  if (dry) books = before;
  Object shown{{"posted", posted_count},
               {"refused", static_cast<std::int64_t>(wanted.size()) - posted_count},
               {"results", results}};
  if (dry) shown.emplace_back("status", "dry_run");
  return ok(shown, atomic && !dry ? 201 : 200);
}

Call::Work Call::reverse(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const Narrative narrative = read_narrative(fields);
  const auto effective_us = fields.time("effective_at");
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    if (effective_us && *effective_us > now) return refuse("effective_at_in_future");
    const auto i = find_id(books.transfers, path[2]);
    if (!i) return refuse("transfer_not_found");
    if (!books.transfers[*i].reversed_by.empty()) return refuse("transfer_already_reversed");
    if (effective_us && *effective_us < books.transfers[*i].effective_us)
      return refuse("effective_at_before_transfer");
    const Books before = books;
    Transfer t;
    t.kind = "reversal";
    t.reverses = books.transfers[*i].id;
    for (const Posting& p : books.transfers[*i].postings)
      t.postings.push_back({p.credit, p.debit, p.amount, p.currency});
    if (const auto code = check_sides(t.postings)) return refuse(*code);
    const auto balances = balances_of(t.postings);
    if (const auto code = apply(t.postings, false)) return refuse(*code);
    t.narrative = narrative;
    t.created_us = now;
    t.effective_us = effective_us.value_or(now);
    if (dry) {
      books = before;
      return ok(tried(transfer_json(t), false));
    }
    t.id = adopt({"id"}, "tr");
    books.transfers[*i].reversed_by = t.id;
    return ok(transfer_json(add(std::move(t), balances)), 201);
  };
}

// ---------------------------------------------------------------- holds

Call::Work Call::place_hold(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const auto postings = read_postings(fields, bad);
  const Narrative narrative = read_narrative(fields);
  const auto seconds = fields.integer("expires_in", false, 1, 31'622'400);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    Hold h;
    if (const auto code = resolve(postings, h.postings)) return refuse(*code);
    if (const auto code = check_sides(h.postings)) return refuse(*code);
    const Books before = books;
    if (const auto code = apply(h.postings, true)) return refuse(*code);
    for (const Posting& p : h.postings) h.remaining.push_back(p.amount);
    h.narrative = narrative;
    h.created_us = now;
    if (seconds) h.expires_us = now + *seconds * 1'000'000;
    if (dry) {
      books = before;
      return ok(tried(hold_json(h), false));
    }
    h.id = adopt({"id"}, "hold");
    books.holds.push_back(h);
    note("hold.created", h.id, hold_json(h));
    return ok(hold_json(h), 201);
  };
}

void Call::free_hold(Hold& hold, std::size_t i, std::int64_t amount) {
  books.accounts[hold.postings[i].debit].debits_pending -= amount;
  books.accounts[hold.postings[i].credit].credits_pending -= amount;
  hold.remaining[i] -= amount;
}

Call::Work Call::capture(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const auto amount = fields.integer("amount", false, 1, highest);
  const bool keep = fields.flag("keep_rest", false);
  const bool dry = fields.flag("dry_run", false);
  return [=, this]() -> Expected {
    const auto i = find_id(books.holds, path[2]);
    if (!i) return refuse("hold_not_found");
    Hold& h = books.holds[*i];
    if (h.status == "expired") return refuse("hold_expired");
    if (h.status != "open") return refuse("hold_not_open");
    if (amount && h.postings.size() > 1) return refuse("partial_capture_unsupported");
    if (amount && *amount > h.remaining[0]) return refuse("capture_exceeds_hold");
    Transfer t;
    t.kind = "capture";
    t.hold = h.id;
    t.narrative = h.narrative;
    t.postings = h.postings;
    for (std::size_t n = 0; n < h.postings.size(); ++n)
      t.postings[n].amount = amount.value_or(h.remaining[n]);
    if (const auto code = check_sides(t.postings)) return refuse(*code);

    const Books before = books;
    const auto balances = balances_of(t.postings);
    for (std::size_t n = 0; n < h.postings.size(); ++n) {
      const Posting& p = t.postings[n];
      free_hold(h, n, p.amount);
      books.accounts[p.debit].debits_posted += p.amount;
      books.accounts[p.credit].credits_posted += p.amount;
      if (!keep) free_hold(h, n, h.remaining[n]);
    }
    if (h.remaining == std::vector<std::int64_t>(h.remaining.size(), 0)) h.status = "captured";
    t.effective_us = t.created_us = now;
    if (dry) {
      Object shown = tried(hold_json(h), true);
      shown.emplace_back("transfer", tried(transfer_json(t), false));
      books = before;
      return ok(shown);
    }
    t.id = adopt({"transfer", "id"}, "tr");
    Object shown = hold_json(h);
    shown.emplace_back("transfer", transfer_json(add(std::move(t), balances)));
    note("hold.captured", h.id, hold_json(h));
    return ok(shown);
  };
}

Call::Work Call::release(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  const bool dry = fields.flag("dry_run", false);
  return [dry, this]() -> Expected {
    const auto i = find_id(books.holds, path[2]);
    if (!i) return refuse("hold_not_found");
    const Books before = books;
    Hold& h = books.holds[*i];
    if (h.status == "expired") return refuse("hold_expired");
    if (h.status != "open") return refuse("hold_not_open");
    for (std::size_t n = 0; n < h.postings.size(); ++n) free_hold(h, n, h.remaining[n]);
    h.status = "released";
    if (dry) {
      const Object shown = tried(hold_json(h), true);
      books = before;
      return ok(shown);
    }
    note("hold.released", h.id, hold_json(h));
    return ok(hold_json(h));
  };
}

// ---------------------------------------------------------------- queries

Expected Call::query() {
  if (path[1] == "accounts" && path.size() == 2) return list_accounts();
  if (path[1] == "accounts" && path.size() == 3) {
    const auto i = find_account(path[2]);
    return i ? ok(account_json(books.accounts[*i])) : refuse("account_not_found");
  }
  if (path[1] == "accounts") return path[3] == "balance" ? balance() : statement();
  if (path[1] == "transfers" && path.size() == 2) return list_transfers();
  if (path[1] == "transfers") {
    const auto i = find_id(books.transfers, path[2]);
    return i ? ok(transfer_view(books.transfers[*i])) : refuse("transfer_not_found");
  }
  if (path[1] == "holds" && path.size() == 2) return list_holds();
  if (path[1] == "holds") {
    const auto i = find_id(books.holds, path[2]);
    return i ? ok(hold_json(books.holds[*i])) : refuse("hold_not_found");
  }
  return path[1] == "aggregates" ? aggregates() : trial_balance();
}

/// A page of rows, newest first. The cursor of another list is refused.
Expected Call::page(const std::string& list, const std::vector<std::size_t>& newest_first,
                    const std::function<Value(std::size_t)>& render, Object head) {
  const std::string name = list_name(list);
  std::size_t limit = 50;
  if (const auto text = param("limit")) limit = std::stoul(*text);
  auto from = newest_first.begin();
  if (const auto cursor = param("cursor")) {
    const auto known = model.cursors_.find(name + " " + *cursor);
    if (known == model.cursors_.end()) return refuse("validation_failed", {"#/query/cursor"});
    from = std::find_if(from, newest_first.end(),
                        [&](std::size_t row) { return row < known->second; });
  }
  Array rows;
  std::size_t last = 0;
  for (; from != newest_first.end() && rows.size() < limit; ++from) {
    last = *from;
    rows.push_back(render(last));
  }
  bool more = from != newest_first.end();
  const auto real_body = json::parse(real.body);
  const Value* said = real_body ? real_body->find("has_more") : nullptr;
  // A filtered list may look no further, and say that more may come.
  const bool filtered =
      std::any_of(request.params.begin(), request.params.end(), [](const auto& parameter) {
        return parameter.first != "limit" && parameter.first != "cursor";
      });
  if (!more && filtered && said && *said == Value(true)) more = true;
  Value next;
  if (more) {
    next = "a cursor";
    const auto document = json::parse(real.body);
    const Value* given = document ? document->find("next_cursor") : nullptr;
    if (given && given->as_string()) {
      next = *given;
      model.cursors_[name + " " + *given->as_string()] = last;
    }
  }
  head.emplace_back("data", rows);
  head.emplace_back("has_more", more);
  head.emplace_back("next_cursor", next);
  return ok(head);
}

Expected Call::list_accounts() {
  std::vector<std::size_t> rows;
  for (std::size_t i = books.accounts.size(); i-- > 0;) {
    const Account& a = books.accounts[i];
    if (param("type") && *param("type") != a.type) continue;
    if (param("currency") && *param("currency") != a.currency) continue;
    if (param("code_prefix") && !a.code.starts_with(*param("code_prefix"))) continue;
    rows.push_back(i);
  }
  return page("accounts", rows, [this](std::size_t i) { return account_json(books.accounts[i]); });
}

Expected Call::list_transfers() {
  std::optional<int> account;
  if (const auto ref = param("account")) {
    account = find_account(*ref);
    if (!account) return refuse("account_not_found");
  }
  const auto from = time_param("from");
  const auto to = time_param("to");
  std::vector<std::size_t> rows;
  for (std::size_t i = books.transfers.size(); i-- > 0;) {
    const Transfer& t = books.transfers[i];
    if (param("reference") && t.narrative.reference != Value(*param("reference"))) continue;
    if (from && t.created_us < *from) continue;
    if (to && t.created_us >= *to) continue;
    if (account && std::none_of(t.postings.begin(), t.postings.end(), [&](const Posting& p) {
          return p.debit == *account || p.credit == *account;
        }))
      continue;
    rows.push_back(i);
  }
  return page(account ? "transfers of an account" : "transfers", rows,
              [this](std::size_t i) { return transfer_view(books.transfers[i]); });
}

Expected Call::list_holds() {
  std::vector<std::size_t> rows;
  for (std::size_t i = books.holds.size(); i-- > 0;) {
    if (!param("status") || *param("status") == books.holds[i].status) rows.push_back(i);
  }
  return page("holds", rows, [this](std::size_t i) { return hold_json(books.holds[i]); });
}

Expected Call::balance() {
  const auto i = find_account(path[2]);
  if (!i) return refuse("account_not_found");
  const Account& a = books.accounts[*i];
  const auto at = time_param("at");
  const auto [debits, credits] = posted(*i);
  Object shown{{"account_id", a.id},
               {"currency", a.currency},
               {"at", time_text(at.value_or(now))},
               {"balance", number(a.is_debit_normal() ? debits - credits : credits - debits)}};
  if (!at) {
    shown.emplace_back("available", number(a.available()));
    shown.emplace_back("incoming", number(a.incoming()));
  }
  return ok(shown);
}

Expected Call::statement() {
  const auto account = find_account(path[2]);
  if (!account) return refuse("account_not_found");
  const auto from = time_param("from");
  const auto to = time_param("to");
  std::vector<std::size_t> rows;
  std::optional<Wide> opening, closing;
  for (std::size_t i = books.entries.size(); i-- > 0;) {
    const Transfer& t = books.transfers[books.entries[i].transfer];
    if (books.entries[i].account != *account) continue;
    const bool is_behind = to && t.created_us >= *to;
    if (!is_behind && !closing) closing = books.entries[i].balance;
    if (from && t.created_us < *from) {
      opening = books.entries[i].balance;
      break;
    }
    if (!is_behind) rows.push_back(i);
  }
  if (from && to && *to <= *from) closing = opening;
  const Account& a = books.accounts[*account];
  const auto moment = [](const auto& at) { return at ? Value(time_text(*at)) : Value(); };
  return page("statement of " + a.id, rows,
              [this](std::size_t i) -> Value {
                const Entry& e = books.entries[i];
                const Transfer& t = books.transfers[e.transfer];
                return Object{{"transfer_id", t.id},
                              {"kind", t.kind},
                              {"direction", e.is_debit ? "debit" : "credit"},
                              {"amount", e.amount},
                              {"balance", number(e.balance)},
                              {"counterparty", books.accounts[e.other].id},
                              {"reference", t.narrative.reference},
                              {"description", t.narrative.description},
                              {"effective_at", time_text(t.effective_us)},
                              {"created_at", time_text(t.created_us)}};
              },
              {{"account_id", a.id},
               {"currency", a.currency},
               {"time", "created"},
               {"from", moment(from)},
               {"to", moment(to)},
               {"opening_balance", number(opening.value_or(0))},
               {"closing_balance", number(closing.value_or(0))}});
}

Expected Call::trial_balance() {
  const bool by_account = param("by").value_or("type") == "account";
  struct Row {
    std::int64_t accounts = 0;
    const Account* account = nullptr;
    std::string type;
    Wide debits = 0, credits = 0;
  };
  std::map<std::string, std::map<std::string, Row>> found;
  for (std::size_t i = 0; i < books.accounts.size(); ++i) {
    const Account& a = books.accounts[i];
    const auto sums = posted(static_cast<int>(i));
    if (!is_chosen(a) || !counts(a, sums)) continue;
    Row& row = found[a.currency][by_account ? a.code : a.type];
    ++row.accounts;
    row.account = &a;
    row.type = a.type;
    row.debits += sums.first;
    row.credits += sums.second;
  }
  // The page begins after the account that the one before ended with.
  std::string after;
  const std::string name = list_name("trial balance");
  if (const auto cursor = param("cursor")) {
    const auto known = model.account_cursors_.find(name + " " + *cursor);
    if (known == model.account_cursors_.end())
      return refuse("validation_failed", {"#/query/cursor"});
    after = known->second;
  }
  std::size_t left = by_account ? std::stoul(param("limit").value_or("50")) : highest;
  bool more = false;
  std::string last;
  Array shown;
  for (const auto& [currency, rows] : found) {
    Array lines;
    Wide debits = 0;
    Wide credits = 0;
    for (const auto& [group, row] : rows) {
      debits += row.debits;
      credits += row.credits;
      if (debits > most || credits > most) return refuse("amount_overflow");
      const std::string place = currency + " " + group;
      if (!after.empty() && place <= after) continue;
      if (left == 0) {
        more = true;
        continue;
      }
      --left;
      last = place;
      const bool normal = row.type == "asset" || row.type == "expense";
      const Wide balance = normal ? row.debits - row.credits : row.credits - row.debits;
      Object line{{"type", row.type}};
      if (by_account) {
        line.emplace_back("account_id", row.account->id);
        line.emplace_back("code", row.account->code);
      } else {
        line.emplace_back("accounts", row.accounts);
      }
      line.emplace_back("debits", number(row.debits));
      line.emplace_back("credits", number(row.credits));
      line.emplace_back("balance", number(balance));
      lines.emplace_back(std::move(line));
    }
    shown.emplace_back(Object{{"currency", currency},
                              {"debits", number(debits)},
                              {"credits", number(credits)},
                              {"balanced", debits == credits},
                              {"rows", lines}});
  }
  Value next;
  if (more) {
    next = "a cursor";
    const auto document = json::parse(real.body);
    const Value* given = document ? document->find("next_cursor") : nullptr;
    if (given && given->as_string()) {
      next = *given;
      model.account_cursors_[name + " " + *given->as_string()] = last;
    }
  }
  return ok(Object{{"at", time_text(time_param("at").value_or(now))},
                   {"time", param("time").value_or("effective")},
                   {"currencies", shown},
                   {"has_more", more},
                   {"next_cursor", next}});
}

Expected Call::aggregates() {
  const std::string by = *param("by");
  const bool has_window = param("from") || param("to");
  const bool of_transfers = by.starts_with("transfer_metadata:");
  if (param("at") && (has_window || of_transfers))
    return refuse("validation_failed", {"#/query/at"});
  if (of_transfers && param("code_prefix"))
    return refuse("validation_failed", {"#/query/code_prefix"});
  if (of_transfers && param("type")) return refuse("validation_failed", {"#/query/type"});

  const std::string key = by.substr(by.find(':') + 1);
  struct Row {
    std::int64_t count = 0;
    Wide debits = 0, credits = 0;
    bool debit_normal = false;
  };
  std::map<std::pair<std::string, std::string>, Row> found;
  if (of_transfers) {
    std::map<std::pair<std::string, std::string>, std::set<int>> counted;
    for (const Entry& e : books.entries) {
      const Transfer& t = books.transfers[e.transfer];
      const Account& a = books.accounts[e.account];
      const Value* value = t.narrative.metadata.find(key);
      if (!value || !value->as_string() || !is_chosen(a) || !is_within(t)) continue;
      const auto group = std::make_pair(a.currency, *value->as_string());
      Row& row = found[group];
      counted[group].insert(e.transfer);
      row.count = static_cast<std::int64_t>(counted[group].size());
      (e.is_debit ? row.debits : row.credits) += e.amount;
    }
  } else {
    for (std::size_t i = 0; i < books.accounts.size(); ++i) {
      const Account& a = books.accounts[i];
      const auto sums = posted(static_cast<int>(i));
      if (!is_chosen(a) || !counts(a, sums)) continue;
      const auto group = group_of(a, by);
      if (!group) continue;
      Row& row = found[{a.currency, *group}];
      ++row.count;
      row.debits += sums.first;
      row.credits += sums.second;
      row.debit_normal = by == "type" && a.is_debit_normal();
    }
  }
  Array shown;
  for (const auto& [name, row] : found) {
    if (row.debits > most || row.credits > most) return refuse("amount_overflow");
    shown.emplace_back(Object{{"group", name.second},
                              {"currency", name.first},
                              {"count", row.count},
                              {"debits", number(row.debits)},
                              {"credits", number(row.credits)},
                              {"balance", number(row.debit_normal ? row.debits - row.credits
                                                                  : row.credits - row.debits)}});
  }
  const auto shown_time = [this](const char* name) {
    const auto at = time_param(name);
    return at ? Value(time_text(*at)) : Value();
  };
  return ok(Object{{"by", by},
                   {"time", param("time").value_or("effective")},
                   {"at", has_window    ? Value()
                          : param("at") ? shown_time("at")
                                        : Value(time_text(now))},
                   {"from", shown_time("from")},
                   {"to", shown_time("to")},
                   {"data", shown}});
}

std::optional<std::string> Call::group_of(const Account& a, const std::string& by) {
  const std::string key = by.substr(by.find(':') + 1);
  if (by == "type") return a.type;
  if (by == "currency") return a.currency;
  if (by.starts_with("code:")) {
    std::size_t end = a.code.find(':');
    for (int n = std::stoi(key); n > 1 && end != std::string::npos; --n)
      end = a.code.find(':', end + 1);
    return a.code.substr(0, end);
  }
  const Value* value = a.metadata.find(key);
  if (!value || !value->as_string()) return std::nullopt;
  return *value->as_string();
}

}  // namespace florin::simulation
