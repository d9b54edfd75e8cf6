#include "hub/partners/json.h"

#include "hub/partners/fields.h"
#include "platform/json/writer.h"

namespace florin::hub {

std::string to_json(const Partner& partner, const std::optional<operators::Trouble>& trouble) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  json::write_members(partner_fields(), writer, PartnerDraft{partner});
  if (trouble) writer.member_raw("operator_trouble", json::write(trouble_fields(), *trouble));
  writer.end_object();
  return out;
}

}  // namespace florin::hub
