#include "hub/partners/requests.h"

#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "hub/partners/fields.h"
#include "platform/json/object_reader.h"

namespace florin::hub::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::int64_t max_overlap_s = 30 * 24 * 3600;
constexpr std::int64_t usual_overlap_s = 24 * 3600;

std::vector<FieldError> missing_operator(const PartnerDraft& wanted) {
  if (wanted.mode != WalletMode::operator_wallet) return {};
  std::vector<FieldError> missing;
  if (wanted.operator_settings.base_url.empty())
    missing.push_back({"/operator/base_url", "required", "is required in operator mode"});
  if (!wanted.operator_secret)
    missing.push_back({"/operator/secret", "required", "is required in operator mode"});
  return missing;
}

}  // namespace

Result<PartnerDraft> new_partner(const http::Request& request) {
  return json::read_new(partner_fields(), request.body, usual_partner(), missing_operator);
}

Result<PartnerDraft> partner_change(const http::Request& request, const Partner& before) {
  auto wanted = json::read_change(partner_fields(), request.body, PartnerDraft{before});
  // What configuration vouches for is its own address alone.
  if (wanted && wanted->operator_settings.base_url != before.operator_settings.base_url)
    wanted->operator_settings.is_trusted = false;
  return wanted;
}

Result<std::int64_t> rotation_overlap_s(const http::Request& request) {
  if (request.body.empty()) return usual_overlap_s;
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  const auto overlap = body.optional_integer("overlap_seconds", {0, max_overlap_s});
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return overlap.value_or(usual_overlap_s);
}

Result<NewWallet> new_wallet(const http::Request& request, const Partner& partner) {
  const json::Value document = TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  auto player = body.required_text("player_id", {1, 100});
  const auto code = body.required_text("currency", {1, 16});
  const auto currency = code ? Currency::parse(*code) : std::nullopt;
  if (code && (!currency || !partner.allows(*currency)))
    body.problem("currency", "unsupported_currency", "is not one of the partner's currencies");
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return NewWallet{*std::move(player), *currency};
}

}  // namespace florin::hub::requests
