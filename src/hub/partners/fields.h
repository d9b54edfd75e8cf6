#pragma once
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "platform/json/fields.h"

/// What partners look like outside and in their rows: reading, writing and the API document.
namespace florin::hub {

const json::Fields<PartnerDraft>& partner_fields();
/// What a new partner is where its request says nothing.
PartnerDraft usual_partner();

/// Of an Operator that cannot be called.
const json::Fields<operators::Trouble>& trouble_fields();

/// As the row keeps them.
const json::Fields<OperatorSettings>& stored_operator_fields();

/// Partner, NewPartner, PartnerChange and PartnerWithSecret of the API document.
json::Object partner_schemas();

}  // namespace florin::hub
