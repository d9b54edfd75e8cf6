#include "call.h"

namespace florin::simulation {

using json::Array;
using json::Object;

Call::Work Call::open_account(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  Account a = read_account(fields);
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

/// Together or not at all.
Call::Work Call::open_accounts(const Value& body, Bad& bad) {
  Fields fields(body, "", bad);
  std::vector<Account> wanted;
  if (const Array* items = fields.array("accounts", 1000)) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      Fields item((*items)[i], fields.at("accounts") + "/" + std::to_string(i), bad);
      wanted.push_back(read_account(item));
    }
  }
  return [this, wanted]() mutable -> Expected {
    std::set<std::string> codes;
    for (const Account& a : wanted) {
      if (a.min && a.max && *a.min > *a.max) return refuse("validation_failed", {"*"});
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (find_account(wanted[i].code) || !codes.insert(wanted[i].code).second)
        return refuse("account_exists", {"/accounts/" + std::to_string(i) + "/code"});
    }
    Array shown;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Account& a = wanted[i];
      a.created_us = now;
      a.id = adopt({"data", std::to_string(i), "id"}, "acc");
      books.accounts.push_back(a);
      note("account.created", a.id, account_json(a));
      shown.push_back(account_json(a));
    }
    return ok(Object{{"data", shown}}, 201);
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
  if (!a.is_empty()) return refuse("account_not_empty");
  a.closed = true;
  note("account.closed", a.id, account_json(a));
  return ok(account_json(a));
}

Expected Call::reopen_account() {
  const auto i = find_account(path[2]);
  if (!i) return refuse("account_not_found");
  Account& a = books.accounts[*i];
  if (!a.closed) return ok(account_json(a));
  a.closed = false;
  note("account.reopened", a.id, account_json(a));
  return ok(account_json(a));
}

}  // namespace florin::simulation
