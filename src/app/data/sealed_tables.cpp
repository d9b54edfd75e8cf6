#include "app/data/sealed_tables.h"

#include <array>

#include "idempotency/key_store.h"

namespace florin::app {
namespace {

constexpr std::array tables{
    idempotency::sealed_keys,
    sql::SealedTable{"tenants", "iti", "id, name, created_at_us"},
    sql::SealedTable{"api_keys", "iitbtttiiii",
                     "id, tenant_id, name, hash, hint, mode, permissions, rate_limit_per_second, "
                     "expires_at_us, revoked_at_us, created_at_us"},
    sql::SealedTable{"accounts", "iitttiiiiti",
                     "id, tenant_id, code, type, currency, min_balance, max_balance, frozen, "
                     "closed, metadata, created_at_us"},
    sql::SealedTable{"partners", "iittttiitiit",
                     "id, tenant_id, code, status, wallet_mode, currencies, max_amount, "
                     "rate_limit, operator, created_at_us, updated_at_us, signature_scheme"},
    sql::SealedTable{"partner_secrets", "iittii",
                     "id, partner_id, kind, sealed, created_at_us, valid_until_us"},
    sql::SealedTable{
        "hub_transactions", "iiitttbbttitiiiittitttiiiiit",
        "id, tenant_id, partner_id, kind, state, idempotency_key, request, signature, player, "
        "currency, amount_minor, ref, target_id, transfer_id, balance_minor, credits, refusal, "
        "answer, answer_status, request_id, meta, operator_reference, operator_attempts, "
        "next_check_us, stuck, created_at_us, updated_at_us, pending_reason"},
    sql::SealedTable{"reconciliation_items", "iiitittttttttttiii",
                     "id, tenant_id, run_id, fingerprint, seen_attempt, kind, status, "
                     "transaction_id, ours, theirs, note, explained_by, proposal, proposed_by, "
                     "decided_by, transfer_id, created_at_us, updated_at_us"},
    sql::SealedTable{
        "webhook_endpoints", "iitttittttttiiitttiiiiii",
        "id, tenant_id, name, url, description, is_trusted, status, disabled_reason, event_types, "
        "filter, order_by, retry_delays_ms, timeout_ms, rate_limit_per_second, max_concurrency, "
        "certificate_pem, sealed_private_key, trusted_ca_pem, start_after, failing_since_us, "
        "last_failure_at_us, last_success_at_us, created_at_us, updated_at_us"},
    sql::SealedTable{"webhook_secrets", "iittii",
                     "id, endpoint_id, kind, sealed, created_at_us, expires_at_us"},
};

}  // namespace

std::span<const sql::SealedTable> sealed_tables() { return tables; }

}  // namespace florin::app
