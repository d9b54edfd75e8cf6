#pragma once
#include <string>
#include <vector>

namespace florin::app {

/// A row in the words of PostgreSQL: of the tenant whose id is n, and with that id itself.
struct Sample {
  std::string table, columns, values;
};

/// One for each table with rows of a tenant, parents before children.
const std::vector<Sample>& sample_rows();
/// "INSERT INTO …", with n as its parameter.
std::string insert_text(const Sample& sample);

}  // namespace florin::app
