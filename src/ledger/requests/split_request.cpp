#include "ledger/requests/split_request.h"

#include <algorithm>
#include <string>

namespace florin::ledger::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;
using Share = SplitDestination::Share;

std::optional<AccountRef> read_account(ObjectReader& body) {
  const auto account = body.required_text("account", {1, max_code_bytes});
  return account ? std::optional(AccountRef::parse(*account)) : std::nullopt;
}

/// A number, "all", or {"up_to": number}.
void read_total(ObjectReader& body, Problems& problems, Split& split) {
  const json::Value* total = body.member("amount");
  if (!total || total->is_null()) {
    body.problem("amount", "required", "is required");
    return;
  }
  if (total->as_string() && *total->as_string() == "all") {
    split.total = Split::Total::all;
    return;
  }
  if (total->as_object()) {
    ObjectReader limit(*total, body.pointer_to("amount"), problems);
    split.total = Split::Total::up_to;
    split.minor = limit.required_integer("up_to", {1}).value_or(0);
    limit.reject_unknown();
    return;
  }
  if (const std::int64_t* minor = total->as_integer(); minor && *minor > 0) {
    split.minor = *minor;
    return;
  }
  body.problem("amount", "wrong_type",
               "must be an integer greater than zero, \"all\" or {\"up_to\": an integer}");
}

std::optional<SplitSource> read_source(ObjectReader& body) {
  SplitSource source;
  const auto account = read_account(body);
  source.max = body.optional_integer("max", {1});
  source.keep = body.optional_integer("keep", {0});
  source.overdraft = body.optional_bool("overdraft").value_or(false);
  if (!account) return std::nullopt;
  source.account = *account;
  return source;
}

/// How much: one of `amount`, `portion` (with `max`), `max` alone, `remaining`.
void read_share(ObjectReader& body, SplitDestination& destination) {
  const auto minor = body.optional_integer("amount", {1});
  const auto portion = body.optional_text("portion", {1, 32});
  destination.max = body.optional_integer("max", {1});
  const bool remaining = body.optional_bool("remaining").value_or(false);
  const int shares = (body.has("amount") ? 1 : 0) + (body.has("portion") ? 1 : 0) +
                     (remaining ? 1 : 0) + (body.has("max") && !body.has("portion") ? 1 : 0);
  if (shares != 1) {
    body.problem(
        "amount", "one_of",
        "or portion (with or without max), max or remaining must be given, and only one of them");
    return;
  }
  destination.minor = minor.value_or(0);
  destination.share = minor             ? Share::amount
                      : portion         ? Share::portion
                      : destination.max ? Share::up_to
                                        : Share::remaining;
  if (!portion) return;
  const auto parsed = Portion::parse(*portion);
  if (!parsed) {
    body.problem("portion", "malformed",
                 "must be a fraction such as \"1/3\" or a percentage such as \"12.5%\", above zero"
                 " and at most the whole, with at most 4 decimals or a denominator up to 1000000");
  }
  destination.portion = parsed.value_or(Portion{});
}

std::optional<SplitDestination> read_destination(ObjectReader& body) {
  SplitDestination destination;
  const bool kept = body.optional_bool("kept").value_or(false);
  if (kept && body.has("account"))
    body.problem("kept", "not_applicable", "must not stand beside account");
  if (!kept) destination.account = read_account(body);
  body.member("account");
  read_share(body, destination);
  return destination;
}

template <class Read, class Side>
void read_sides(ObjectReader& body, std::string_view name, Problems& problems, const Read& read,
                std::vector<Side>& sides) {
  const json::Array* items = body.required_array(name, 1, max_split_sides);
  if (!items) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    ObjectReader item((*items)[i], body.pointer_to(name) + "/" + std::to_string(i), problems);
    if (auto side = read(item)) sides.push_back(*std::move(side));
    item.reject_unknown();
  }
}

}  // namespace

std::optional<Split> read_split(ObjectReader& body, Problems& problems) {
  const json::Value* value = body.member("split");
  if (!value || value->is_null()) return std::nullopt;
  const std::size_t before = problems.size();
  ObjectReader members(*value, body.pointer_to("split"), problems);
  const auto currency = members.required_currency();
  if (!currency) return std::nullopt;
  Split split{*currency};
  read_total(members, problems, split);
  read_sides(members, "sources", problems, read_source, split.sources);
  read_sides(members, "destinations", problems, read_destination, split.destinations);
  members.reject_unknown();
  const auto remaining =
      std::count_if(split.destinations.begin(), split.destinations.end(),
                    [](const SplitDestination& one) { return one.share == Share::remaining; });
  if (problems.size() == before && remaining > 1)
    members.problem("destinations", "too_many", "must not have remaining more than once");
  return problems.size() == before ? std::optional(std::move(split)) : std::nullopt;
}

}  // namespace florin::ledger::requests
