#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "ledger/ledger.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

namespace florin::ledger::requests {

/// Reads the steps of a bulk, of which later ones may refer to holds of earlier ones. What is bad
/// is added to `problems`.
class StepReader {
 public:
  explicit StepReader(std::vector<FieldError>& problems) : problems_(problems) {}

  void read(const json::Value& value, std::string pointer);
  /// A bulk of plain transfers where it is no more than that.
  Command::Body finish(bool atomic) &&;

 private:
  Step read_kind(std::string_view kind, json::ObjectReader& body);
  HoldId read_hold_id(json::ObjectReader& body, std::optional<std::size_t>& hold_of);

  std::vector<FieldError>& problems_;
  std::vector<Step> steps_;
  std::unordered_map<std::string, std::size_t> holds_;
};

}  // namespace florin::ledger::requests
