#pragma once
#include <array>
#include <string_view>
#include <utility>

namespace florin {

/// The rules that a field of a request can break, and what each says of the field. docs/errors.md
/// is made of this table; scripts/check refuses a FieldError with another word.
inline constexpr auto field_rules = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"above_max_balance", "is above max_balance"},
    {"bad_characters", "contains characters that are not allowed"},
    {"bad_name", "is not a valid name"},
    {"bad_url", "is not a valid URL"},
    {"below_min_balance", "is below min_balance"},
    {"control_characters", "contains control characters"},
    {"duplicate", "is already in use"},
    {"fixed", "cannot be changed after creation"},
    {"guessable",
     "is a secret that is easy to guess: fewer than six different bytes, or a shorter text "
     "repeated"},
    {"in_the_past", "is in the past"},
    {"looks_like_id", "has the form of an id"},
    {"malformed", "is malformed"},
    {"malformed_secret", "is not a valid webhook secret"},
    {"must_be_empty", "must be empty"},
    {"must_be_filter", "is not a filter of paths and values"},
    {"must_be_integer", "is not a 64-bit integer"},
    {"must_be_path", "is not a path into an event"},
    {"must_be_pem", "is not a certificate or key in PEM"},
    {"must_be_positive", "must be greater than zero"},
    {"must_be_timestamp", "is not an RFC 3339 time from 1970 to 2262"},
    {"not_after_start", "must be after the start of the period"},
    {"not_allowed", "must not be given here, or not with this value"},
    {"not_applicable", "does not apply with the other parameters"},
    {"one_of", "exactly one of several fields must be given"},
    {"published", "is a secret of the sandbox's documentation, and other machines can connect"},
    {"read_only", "is set by the server"},
    {"repeated_parameter", "is given more than once"},
    {"required", "is missing"},
    {"too_few", "has too few items"},
    {"too_large", "is above the maximum"},
    {"too_long", "is longer than allowed"},
    {"too_many", "has too many items"},
    {"too_many_postings", "has more postings than can be written in one step"},
    {"too_short", "is shorter than allowed"},
    {"too_small", "is below the minimum"},
    {"unknown_currency", "is not an ISO 4217 currency with a minor unit"},
    {"unknown_event_type", "is not an event type or family"},
    {"unknown_field", "is not a field of this object"},
    {"unknown_parameter", "is not a parameter of this route"},
    {"unknown_ref", "does not name an earlier item of the request"},
    {"unknown_value", "is not one of the allowed values"},
    {"wrong_type", "is of another JSON type"},
});

}  // namespace florin
