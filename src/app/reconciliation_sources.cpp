#include "app/reconciliation_sources.h"

#include <filesystem>
#include <fstream>

#include "app/wallet_sources.h"
#include "base/try.h"
#include "hub/wallet_hub.h"
#include "reconciliation/csv.h"
#include "reconciliation/errors.h"
#include "reconciliation/module.h"
#include "reconciliation/runs.h"

namespace florin::app {
namespace {

using reconciliation::SourcePair;

Error unknown_partner(std::string_view partner) {
  return {reconciliation::errors::reconciliation_partner_not_found,
          "there are no files of a partner " + std::string(partner)};
}

/// A file, read as the file NAME.format beside it says: a setting a line, where there is one.
Result<std::unique_ptr<reconciliation::Source>> open_side(const std::string& path) {
  std::vector<std::string> settings;
  std::ifstream format(path + ".format");
  for (std::string line; std::getline(format, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && line[0] != '#') settings.push_back(line);
  }
  return reconciliation::open_csv_source(path + ".csv",
                                         TRY(reconciliation::parse_file_format(settings)));
}

Result<SourcePair> open_inbox(const std::string& inbox, TenantId tenant, std::string_view partner) {
  // The name becomes a part of a path; one that could leave the folder names nobody.
  if (!reconciliation::is_partner_name(partner)) return unknown_partner(partner);
  const std::string folder = inbox + "/" + tenant.str() + "/" + std::string(partner);
  std::error_code fault;
  if (!std::filesystem::is_directory(folder, fault)) return unknown_partner(partner);
  SourcePair sides;
  sides.ours = TRY(open_side(folder + "/hub"));
  sides.theirs = TRY(open_side(folder + "/operator"));
  return sides;
}

}  // namespace

reconciliation::SourceFactory reconciliation_sources(const modules::DataFolder& data,
                                                     const modules::Services& services) {
  return [inbox = data.path + "/reconciliation-inbox",
          work = reconciliation::run_options(data).work_dir,
          &services](TenantId tenant, std::string_view name) -> Result<SourcePair> {
    hub::Hub& hub = services.get<hub::Hub>();
    const hub::PartnerPtr partner = hub.partners().by_code(name);
    const bool has_operator = partner && partner->partner.tenant == tenant &&
                              partner->partner.mode == hub::WalletMode::operator_wallet;
    if (!has_operator) return open_inbox(inbox, tenant, name);
    std::error_code fault;
    std::filesystem::create_directories(work, fault);  // What is wrong with it shows at its use.
    return wallet_sources(hub, partner, work + "/pages-" + partner->partner.id.str());
  };
}

}  // namespace florin::app
