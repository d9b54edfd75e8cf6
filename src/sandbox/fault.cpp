#include "sandbox/fault.h"

#include <algorithm>
#include <array>

namespace florin::sandbox {
namespace {

enum class Reach : std::uint8_t {
  every_call,      ///< Only the answer is spoilt, or there is none.
  wallet_answers,  ///< The answer names money.
  movements,       ///< Something is booked.
};

struct Trait {
  FaultKind kind;
  std::string_view name;
  bool takes_effect;
  Reach reach;
};

/// In the order of the kinds.
constexpr std::array<Trait, 18> traits{{
    {FaultKind::none, "none", true, Reach::every_call},
    {FaultKind::error_500, "error_500", false, Reach::every_call},
    {FaultKind::error_503, "error_503", false, Reach::every_call},
    {FaultKind::rate_limited, "rate_limited", false, Reach::every_call},
    {FaultKind::timeout_before_commit, "timeout_before_commit", false, Reach::every_call},
    {FaultKind::timeout_after_commit, "timeout_after_commit", true, Reach::every_call},
    {FaultKind::duplicate, "duplicate", true, Reach::movements},
    {FaultKind::out_of_order, "out_of_order", true, Reach::movements},
    {FaultKind::wrong_amount, "wrong_amount", true, Reach::movements},
    {FaultKind::changed_amount, "changed_amount", true, Reach::wallet_answers},
    {FaultKind::missing_row, "missing_row", true, Reach::movements},
    {FaultKind::extra_row, "extra_row", true, Reach::movements},
    {FaultKind::html, "html", true, Reach::every_call},
    {FaultKind::half_body, "half_body", true, Reach::every_call},
    {FaultKind::no_content_204, "no_content_204", true, Reach::every_call},
    {FaultKind::redirect, "redirect", false, Reach::every_call},
    {FaultKind::gone_410, "gone_410", false, Reach::every_call},
    {FaultKind::other_currency, "other_currency", true, Reach::wallet_answers},
}};

const Trait& trait_of(FaultKind kind) { return traits[static_cast<std::size_t>(kind)]; }

bool is_movement(std::string_view operation) {
  return operation == "debit" || operation == "credit" || operation == "rollback" ||
         operation == "adjust";
}

}  // namespace

bool Fault::takes_effect() const { return after_commit.value_or(trait_of(kind).takes_effect); }

std::string_view name_of(FaultKind kind) { return trait_of(kind).name; }

std::optional<FaultKind> parse_fault_kind(std::string_view name) {
  const auto found = std::find_if(traits.begin(), traits.end(),
                                  [&](const Trait& trait) { return trait.name == name; });
  if (found == traits.end()) return std::nullopt;
  return found->kind;
}

bool applies_to(FaultKind kind, std::string_view operation) {
  switch (trait_of(kind).reach) {
    case Reach::every_call:
      return true;
    case Reach::wallet_answers:
      return is_movement(operation) || operation == "balance" || operation == "authenticate";
    case Reach::movements:
      return is_movement(operation);
  }
  return false;
}

}  // namespace florin::sandbox
