#include "form.h"

#include <algorithm>
#include <charconv>

#include "base/timestamp.h"

namespace florin::simulation {
namespace {

using json::Array;
using json::Object;

const std::set<std::string, std::less<>> currencies{"KZT", "USD", "EUR", "JPY", "KWD"};
const std::set<std::string, std::less<>> types{"asset", "liability", "equity", "income", "expense"};

}  // namespace

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

// ---------------------------------------------------------------- members

Fields::Fields(const Value& value, std::string pointer, Bad& bad)
    : value_(value), pointer_(std::move(pointer)), bad_(bad) {
  if (!value_.as_object()) bad_.insert(pointer_);
}

Fields::~Fields() {
  const Object* members = value_.as_object();
  if (!members) return;
  for (const auto& [name, value] : *members) {
    if (!known_.contains(name)) bad_.insert(at(name));
  }
}

const Value* Fields::find(const std::string& name, bool required) {
  known_.insert(name);
  const Value* found = value_.as_object() ? value_.find(name) : nullptr;
  if (found && found->is_null()) found = nullptr;
  if (!found && required && value_.as_object()) complain(name);
  return found;
}

std::optional<std::string> Fields::text(const std::string& name, std::size_t longest,
                                        bool required) {
  const Value* found = find(name, required);
  if (!found) return std::nullopt;
  const std::string* text = found->as_string();
  if (text && !text->empty() && text->size() <= longest) return *text;
  complain(name);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(const std::string& name, bool required,
                                            std::int64_t least, std::int64_t greatest) {
  const Value* found = find(name, required);
  if (!found) return std::nullopt;
  const std::int64_t* value = found->as_integer();
  if (value && *value >= least && *value <= greatest) return *value;
  complain(name);
  return std::nullopt;
}

bool Fields::flag(const std::string& name, bool otherwise) {
  const Value* found = find(name);
  if (!found) return otherwise;
  if (found->as_bool()) return *found->as_bool();
  complain(name);
  return otherwise;
}

Value Fields::object(const std::string& name) {
  const Value* found = find(name);
  if (!found) return Object{};
  if (!found->as_object()) complain(name);
  return *found;
}

const Array* Fields::array(const std::string& name, std::size_t most_items, bool required) {
  const Value* found = find(name, required);
  if (!found) return nullptr;
  const Array* items = found->as_array();
  if (items && !items->empty() && items->size() <= most_items) return items;
  complain(name);
  return nullptr;
}

std::optional<std::int64_t> Fields::time(const std::string& name) {
  const auto written = text(name, 64, false);
  if (!written) return std::nullopt;
  const auto parsed = Timestamp::parse(*written);
  if (!parsed) complain(name);
  return parsed ? std::optional(parsed->us) : std::nullopt;
}

// ---------------------------------------------------------------- things

Narrative read_narrative(Fields& body) {
  Narrative narrative;
  if (auto text = body.text("reference", 255, false)) narrative.reference = *text;
  if (auto text = body.text("description", 1000, false)) narrative.description = *text;
  narrative.metadata = body.object("metadata");
  return narrative;
}

std::string read_currency(Fields& body) {
  auto code = body.text("currency", 16, true);
  if (code && !currencies.contains(*code)) body.complain("currency");
  return code.value_or("");
}

Account read_account(Fields& body) {
  Account a;
  a.code = body.text("code", 200, true).value_or("");
  if (a.code.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._@/+-") !=
      std::string::npos)
    body.complain("code");
  a.type = body.text("type", 255, true).value_or("");
  if (!a.type.empty() && !types.contains(a.type)) body.complain("type");
  a.currency = read_currency(body);
  a.min = body.integer("min_balance", false, lowest, highest);
  a.max = body.integer("max_balance", false, lowest, highest);
  a.metadata = body.object("metadata");
  return a;
}

namespace {

std::vector<WantedPosting> read_postings(Fields& body) {
  std::vector<WantedPosting> postings;
  const Array* items = body.array("postings", 1000);
  if (!items) return postings;
  for (std::size_t i = 0; i < items->size(); ++i) {
    Fields posting((*items)[i], body.at("postings") + "/" + std::to_string(i), body.bad());
    WantedPosting wanted;
    wanted.debit = posting.text("debit", 200, true).value_or("");
    wanted.credit = posting.text("credit", 200, true).value_or("");
    const auto by = posting.text("balancing", 255, false);
    if (by && *by != "debit" && *by != "credit" && *by != "both") posting.complain("balancing");
    wanted.by_debit = by == "debit" || by == "both";
    wanted.by_credit = by == "credit" || by == "both";
    wanted.amount = posting.integer("amount", !posting.find("balancing"), 1, highest);
    wanted.currency = read_currency(posting);
    postings.push_back(wanted);
  }
  return postings;
}

/// "1/3" or "12.5%".
bool read_portion(const std::string& text, WantedShare& share) {
  const auto whole = [](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool is_read = failed == std::errc() && end == digits.data() + digits.size();
    return is_read && value >= 0 ? value : -1;
  };
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    share.numerator = whole(text.substr(0, slash));
    share.denominator = whole(text.substr(slash + 1));
  } else if (text.ends_with("%")) {
    std::string digits = text.substr(0, text.size() - 1);
    share.denominator = 100;
    const std::size_t point = digits.find('.');
    if (point != std::string::npos) {
      for (std::size_t i = point + 1; i < digits.size(); ++i) share.denominator *= 10;
      digits.erase(point, 1);
    }
    share.numerator = whole(digits);
  } else {
    return false;
  }
  return share.numerator > 0 && share.denominator > 0 && share.numerator <= share.denominator;
}

WantedShare read_share(Fields& fields) {
  using Kind = WantedShare::Kind;
  WantedShare share;
  share.account = fields.text("account", 200, false).value_or("");
  const bool kept = fields.flag("kept", false);
  const auto amount = fields.integer("amount", false, 1, highest);
  const auto portion = fields.text("portion", 32, false);
  share.max = fields.integer("max", false, 1, highest);
  const bool remaining = fields.flag("remaining", false);
  const int kinds = (amount ? 1 : 0) + (portion ? 1 : 0) + (remaining ? 1 : 0);
  const bool is_one = kinds == 1 || (kinds == 0 && share.max);
  if (kept == !share.account.empty() || !is_one || (share.max && (amount || remaining)))
    fields.bad().insert("*");
  share.kind = amount ? Kind::amount
                      : (portion ? Kind::portion : (remaining ? Kind::remaining : Kind::up_to));
  share.amount = amount.value_or(0);
  if (portion && !read_portion(*portion, share)) fields.complain("portion");
  return share;
}

WantedSplit read_split(Fields& fields) {
  WantedSplit split;
  split.currency = read_currency(fields);
  const Value* amount = fields.find("amount", true);
  if (amount && amount->as_object()) {
    Fields up_to(*amount, fields.at("amount"), fields.bad());
    split.is_exact = false;
    split.amount = up_to.integer("up_to", true, 1, highest);
  } else if (amount && *amount == Value("all")) {
    split.is_exact = false;
  } else if (amount) {
    split.amount = fields.integer("amount", true, 1, highest);
  }
  if (const Array* items = fields.array("sources", 100)) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      Fields one((*items)[i], fields.at("sources") + "/" + std::to_string(i), fields.bad());
      WantedSource source;
      source.account = one.text("account", 200, true).value_or("");
      source.max = one.integer("max", false, 1, highest);
      source.keep = one.integer("keep", false, 0, highest);
      source.overdraft = one.flag("overdraft", false);
      split.sources.push_back(source);
    }
  }
  if (const Array* items = fields.array("destinations", 100)) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      Fields one((*items)[i], fields.at("destinations") + "/" + std::to_string(i), fields.bad());
      split.destinations.push_back(read_share(one));
    }
  }
  if (std::count_if(split.destinations.begin(), split.destinations.end(), [](const auto& share) {
        return share.kind == WantedShare::Kind::remaining;
      }) > 1)
    fields.bad().insert("*");
  return split;
}

std::vector<std::string> read_refs(Fields& body, const std::string& name) {
  std::vector<std::string> refs;
  const Array* items = body.array(name, 100, false);
  if (!items) return refs;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string* ref = (*items)[i].as_string();
    if (!ref || ref->empty() || ref->size() > 200) {
      body.complain(name + "/" + std::to_string(i));
    } else {
      refs.push_back(*ref);
    }
  }
  return refs;
}

}  // namespace

WantedMoves read_moves(Fields& body) {
  WantedMoves moves;
  const Value* split = body.find("split");
  if (!split) {
    moves.postings = read_postings(body);
    return moves;
  }
  if (body.find("postings")) body.bad().insert("*");
  Fields fields(*split, body.at("split"), body.bad());
  moves.split = read_split(fields);
  return moves;
}

WantedTransfer read_transfer(Fields& body) {
  WantedTransfer wanted;
  wanted.moves = read_moves(body);
  wanted.narrative = read_narrative(body);
  wanted.effective_us = body.time("effective_at");
  wanted.reopen = read_refs(body, "reopen");
  wanted.close = read_refs(body, "close");
  return wanted;
}

WantedHold read_hold(Fields& body) {
  WantedHold wanted;
  wanted.moves = read_moves(body);
  wanted.narrative = read_narrative(body);
  wanted.seconds = body.integer("expires_in_seconds", false, 1, 31'622'400);
  return wanted;
}

WantedCapture read_capture(Fields& body) {
  WantedCapture wanted;
  wanted.amount = body.integer("amount", false, 1, highest);
  wanted.keep = body.flag("keep_rest", false);
  return wanted;
}

WantedReversal read_reversal(Fields& body) {
  WantedReversal wanted;
  wanted.narrative = read_narrative(body);
  wanted.effective_us = body.time("effective_at");
  return wanted;
}

WantedStep read_step(const Value& item, const std::string& pointer, Bad& bad) {
  Fields fields(item, pointer, bad);
  const auto named = [&](Fields& inner, std::string& hold, std::string& ref) {
    hold = inner.text("hold_id", 255, false).value_or("");
    ref = inner.text("hold_ref", 255, false).value_or("");
    if (hold.empty() == ref.empty()) bad.insert("*");
  };
  if (const Value* hold = fields.find("hold")) {
    Fields inner(*hold, fields.at("hold"), bad);
    WantedHold wanted = read_hold(inner);
    wanted.ref = inner.text("ref", 255, false).value_or("");
    return wanted;
  }
  if (const Value* capture = fields.find("capture")) {
    Fields inner(*capture, fields.at("capture"), bad);
    WantedCapture wanted = read_capture(inner);
    named(inner, wanted.hold, wanted.ref);
    return wanted;
  }
  if (const Value* release = fields.find("release")) {
    Fields inner(*release, fields.at("release"), bad);
    WantedRelease wanted;
    named(inner, wanted.hold, wanted.ref);
    return wanted;
  }
  if (const Value* reverse = fields.find("reverse")) {
    Fields inner(*reverse, fields.at("reverse"), bad);
    WantedReversal wanted = read_reversal(inner);
    wanted.transfer = inner.text("transfer_id", 255, true).value_or("");
    return wanted;
  }
  return read_transfer(fields);
}

}  // namespace florin::simulation
