#include "ledger/anchor.h"

#include <optional>

#include "base/id.h"
#include "base/try.h"
#include "events/event_chain.h"
#include "ledger/chain.h"
#include "platform/crypto/base64.h"
#include "platform/json/value.h"
#include "platform/json/writer.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::ledger {
namespace {

using sql::Query;
using sql::Row;

constexpr Query newest_link{
    "anchor.newest_link",
    "SELECT sequence, hash FROM chain_links WHERE chain = $1 ORDER BY sequence DESC LIMIT 1"};
constexpr Query link_hash{"anchor.link_hash",
                          "SELECT hash FROM chain_links WHERE chain = $1 AND sequence = $2"};

constexpr std::string_view before_seal = ",\"seal\":\"";

std::string unsigned_text(const Anchor& anchor, std::string_view key_name) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .member(anchor.is_acceptance ? "florin_acceptance" : "florin_anchor", std::int64_t{1})
      .member("at", anchor.at.rfc3339())
      .member("key", std::string(key_name));
  writer.key("event").begin_object().member("id", EventId{anchor.event}.str());
  writer.member("link", crypto::to_base64(anchor.event_link)).end_object();
  writer.key("chains").begin_array();
  for (const Anchor::ChainEnd& end : anchor.chains) {
    writer.begin_object().member("chain", end.chain).member("sequence", end.sequence);
    writer.member("hash", crypto::to_base64(end.hash)).end_object();
  }
  writer.end_array().end_object();
  text.pop_back();  // The seal follows.
  return text;
}

Error no_anchor() {
  return {florin::errors::validation_failed, "a line of the anchor file is no anchor of florin"};
}

std::optional<std::string> bytes_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (!value || !value->as_string()) return std::nullopt;
  return crypto::from_base64(*value->as_string());
}

std::optional<std::int64_t> number_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (!value || !value->as_integer()) return std::nullopt;
  return *value->as_integer();
}

std::string text_at(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->as_string() ? *value->as_string() : std::string();
}

std::optional<Anchor> read_document(const json::Value& document) {
  Anchor anchor;
  const auto at = Timestamp::parse(text_at(document, "at"));
  const json::Value* event = document.find("event");
  const json::Value* chains = document.find("chains");
  if (!at || !event || !chains || !chains->as_array()) return std::nullopt;
  anchor.at = *at;
  anchor.is_acceptance = document.find("florin_acceptance") != nullptr;
  const auto id = EventId::parse(text_at(*event, "id"));
  anchor.event = id ? id->value : 0;
  anchor.event_link = bytes_at(*event, "link").value_or("");
  for (const json::Value& one : *chains->as_array()) {
    const auto chain = number_at(one, "chain");
    const auto sequence = number_at(one, "sequence");
    auto hash = bytes_at(one, "hash");
    if (!chain || !sequence || !hash) return std::nullopt;
    anchor.chains.push_back({*chain, *sequence, *std::move(hash)});
  }
  return anchor;
}

Result<std::optional<std::string>> one_blob(sql::Tx& tx, const Query& query,
                                            std::initializer_list<sql::Param> params) {
  std::optional<std::string> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = std::string(row.blob(0));
    return false;
  }));
  return found;
}

Result<std::int64_t> last_sequence(sql::Tx& tx, std::int64_t chain) {
  std::int64_t last = 0;
  TRY(tx.query(newest_link, {chain}, [&](const Row& row) {
    last = row.integer(0);
    return false;
  }));
  return last;
}

}  // namespace

Result<Anchor> read_anchor(sql::Tx& tx, Timestamp at) {
  Anchor anchor;
  anchor.at = at;
  if (auto head = TRY(events::find_chain_head(tx))) {
    anchor.event = head->newest.value;
    anchor.event_link = std::move(head->link);
  }
  const bool is_whole = TRY(chain::visit_all(tx, [&](std::int64_t chain) {
    return tx.query(newest_link, {chain}, [&](const Row& row) {
      anchor.chains.push_back({chain, row.integer(0), std::string(row.blob(1))});
      return false;
    });
  }));
  if (!is_whole)
    return Error{sql::errors::store_corrupt, "chain_links holds a chain that is no number"};
  return anchor;
}

std::string to_line(const Anchor& anchor, const crypto::SealKey& key) {
  std::string text = unsigned_text(anchor, key.name());
  const crypto::Seal seal = key.seal(text);
  text += before_seal;
  text += crypto::to_base64(crypto::bytes_of(seal));
  text += "\"}";
  return text;
}

std::string to_acceptance(Anchor anchor, const crypto::SealKey& key) {
  anchor.is_acceptance = true;
  return to_line(anchor, key);
}

std::optional<Signer> signer_of(std::string_view line) {
  const auto document = json::parse(line);
  if (!document) return std::nullopt;
  const auto at = Timestamp::parse(text_at(*document, "at"));
  if (!at) return std::nullopt;
  return Signer{text_at(*document, "key"), *at};
}

Result<SignedAnchor> parse_anchor(std::string_view line, const crypto::SealKey& key) {
  const auto document = json::parse(line);
  const std::size_t signed_bytes = line.rfind(before_seal);
  if (!document || signed_bytes == std::string_view::npos) return no_anchor();
  const auto seal = bytes_at(*document, "seal");
  auto anchor = read_document(*document);
  if (!seal || !anchor) return no_anchor();
  SignedAnchor result{*std::move(anchor), false};
  switch (key.check(*seal, line.substr(0, signed_bytes))) {
    case crypto::SealKey::Fit::differs:
    case crypto::SealKey::Fit::unkeyed:  // Anybody can make one.
      return Error{florin::errors::validation_failed,
                   "an anchor of the file was changed: its signature does not fit"};
    case crypto::SealKey::Fit::other_key:
      result.is_other_key = true;
      break;
    case crypto::SealKey::Fit::fits:
      break;
  }
  return result;
}

Result<sql::Check> check_anchor(sql::Tx& tx, const SignedAnchor& signed_anchor,
                                const sql::Progress& progress) {
  const Anchor& anchor = signed_anchor.anchor;
  sql::Checker check("anchor of " + anchor.at.rfc3339(), progress);
  check.row();
  if (signed_anchor.is_other_key) check.other_key();
  if (anchor.event != 0) {
    const auto link = TRY(events::find_link(tx, {anchor.event}));
    check.expect(link.has_value(), [&] {
      return "the events end before " + EventId{anchor.event}.str() +
             ", which the anchor saw: this is an older copy, or its end was cut off";
    });
    check.expect(!link || *link == anchor.event_link, [&] {
      return EventId{anchor.event}.str() + " is linked otherwise than the anchor saw it";
    });
  }
  for (const Anchor::ChainEnd& end : anchor.chains) {
    const std::int64_t last = TRY(last_sequence(tx, end.chain));
    const auto hash = TRY(one_blob(tx, link_hash, {end.chain, end.sequence}));
    check.expect(last >= end.sequence, [&] {
      return "the books end at link " + std::to_string(last) + " of chain " +
             std::to_string(end.chain) + ", the anchor saw link " + std::to_string(end.sequence) +
             ": this is an older copy, or its end was cut off";
    });
    check.expect(!hash || *hash == end.hash, [&] {
      return "link " + std::to_string(end.sequence) + " of chain " + std::to_string(end.chain) +
             " is not the one that the anchor saw";
    });
  }
  return std::move(check).finish();
}

}  // namespace florin::ledger
