#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace florin::events {

/// The types of events that the modules declare (modules::Module::event_types). docs/events.md is
/// the catalogue for people.
class EventTypes {
 public:
  explicit EventTypes(std::vector<std::string_view> all);

  bool has(std::string_view type) const;
  /// Whether `text` is a type, or the beginning of one followed by ".*": "account.*",
  /// "wallet.debit.*".
  bool has_type_or_family(std::string_view text) const;
  /// The families there are, as a person is told: "account.*, hold.*, ...".
  std::string families() const;

 private:
  std::vector<std::string_view> all_;  // Sorted.
};

}  // namespace florin::events
