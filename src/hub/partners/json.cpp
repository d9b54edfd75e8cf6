#include "hub/partners/json.h"

#include "platform/json/value.h"
#include "platform/json/writer.h"

namespace florin::hub {
namespace {

using json::Writer;

void write_settings(Writer& writer, const OperatorSettings& settings) {
  writer.member("base_url", settings.base_url)
      .member("dialect", settings.dialect)
      .member("operator_id", settings.operator_id)
      .member("rate_per_minute", settings.rate_per_minute)
      .member("timeout_ms", settings.timeout_ms)
      .member("max_attempts", settings.max_attempts)
      .member("max_concurrent", settings.max_concurrent);
}

void read_text(const json::Value& document, std::string_view name, std::string& text) {
  const json::Value* value = document.find(name);
  if (value && value->as_string()) text = *value->as_string();
}

void read_number(const json::Value& document, std::string_view name, std::int64_t& number) {
  const json::Value* value = document.find(name);
  if (value && value->as_integer()) number = *value->as_integer();
}

}  // namespace

std::string to_json(const Partner& partner, const std::optional<operators::Trouble>& trouble) {
  std::string out;
  Writer writer(out);
  writer.begin_object()
      .member("id", partner.id.str())
      .member("code", partner.code)
      .member("status", partner.is_active ? "active" : "disabled")
      .member("wallet_mode", to_string(partner.mode));
  writer.key("currencies").begin_array();
  for (const Currency& currency : partner.currencies) writer.value(currency.code());
  writer.end_array().key("max_amount");
  if (partner.max_amount_minor) {
    writer.value(*partner.max_amount_minor);
  } else {
    writer.null();
  }
  writer.member("rate_limit_per_second", partner.rate_limit_per_second)
      .member("signature_scheme", to_string(partner.signature_scheme))
      .key("operator");
  if (partner.mode == WalletMode::operator_wallet) {
    writer.begin_object();
    write_settings(writer, partner.operator_settings);
    writer.end_object();
  } else {
    writer.null();
  }
  if (trouble) {
    writer.key("operator_trouble")
        .begin_object()
        .member("reason", trouble->reason)
        .member("since", trouble->since.rfc3339())
        .member("last_at", trouble->last.rfc3339())
        .end_object();
  }
  writer.member("created_at", partner.created_at.rfc3339())
      .member("updated_at", partner.updated_at.rfc3339())
      .end_object();
  return out;
}

std::string to_json(const OperatorSettings& settings) {
  std::string out;
  Writer writer(out);
  writer.begin_object();
  write_settings(writer, settings);
  writer.member("is_trusted", settings.is_trusted).end_object();
  return out;
}

OperatorSettings operator_settings_from(std::string_view text) {
  OperatorSettings settings;
  const auto document = json::parse(text);
  if (!document) return settings;
  read_text(*document, "base_url", settings.base_url);
  read_text(*document, "dialect", settings.dialect);
  read_text(*document, "operator_id", settings.operator_id);
  read_number(*document, "rate_per_minute", settings.rate_per_minute);
  read_number(*document, "timeout_ms", settings.timeout_ms);
  read_number(*document, "max_attempts", settings.max_attempts);
  read_number(*document, "max_concurrent", settings.max_concurrent);
  const json::Value* trusted = document->find("is_trusted");
  if (trusted && trusted->as_bool()) settings.is_trusted = *trusted->as_bool();
  return settings;
}

}  // namespace florin::hub
