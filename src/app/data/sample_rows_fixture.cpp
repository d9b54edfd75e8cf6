#include "app/data/sample_rows_fixture.h"

namespace florin::app {

const std::vector<Sample>& sample_rows() {
  static const std::vector<Sample> samples{
      {"tenants", "id, name, created_at_us", "n, 't' || n, 0"},
      {"api_keys",
       "id, tenant_id, name, hash, hint, mode, permissions, rate_limit_per_second, created_at_us",
       "n, n, '', sha256(n::text::bytea), '', 'live', '', 0, 0"},
      {"idempotency_keys", "digest, request, ref, status, body, created_at_us, tenant_id",
       "sha256(n::text::bytea), '', 0, 201, '{}', 0, n"},
      {"idempotency_secrets", "digest, tenant_id, sealed, expires_at_us",
       "sha256(n::text::bytea), n, '', 0"},
      {"events", "id, tenant_id, type, subject, payload, actor, created_at_us",
       "n, n, 'a.b', 's', '{}', 'key_1', 0"},
      {"accounts", "id, tenant_id, code, type, currency, frozen, closed, metadata, created_at_us",
       "n, n, 'cash', 'asset', 'EUR', 0, 0, '{}', 0"},
      {"balances",
       "account_id, debits_posted, credits_posted, debits_pending, credits_pending, last_posting,"
       " posting_count",
       "n, 0, 0, 0, 0, 0, 0"},
      {"history_checkpoints", "account_id, created_at_us, sequence, posting_id", "n, 0, 0, n"},
      {"transfers",
       "id, tenant_id, kind, posting_count, metadata, effective_at_us, created_at_us, hold_id",
       "n, n, 'transfer', 1, '{}', 0, 0, NULL"},
      {"postings",
       "id, transfer_id, debit_id, credit_id, amount_minor, currency, debit_previous,"
       " debit_sequence, debit_balance, credit_previous, credit_sequence, credit_balance",
       "n, n, n, n, 1, 'EUR', 0, 0, 0, 0, 0, 0"},
      {"holds", "id, tenant_id, status, metadata, created_at_us", "n, n, 'open', '{}', 0"},
      {"hold_postings", "hold_id, place, debit_id, credit_id, amount_minor, currency, remaining",
       "n, 0, n, n, 1, 'EUR', 1"},
      {"hold_changes", "id, hold_id, kind, created_at_us", "n, n, 'placed', 0"},
      {"large_bulks", "id, tenant_id, actor, request_id, node, state, created_at_us",
       "n, n, '', '', 0, 'prepared', 0"},
      {"large_bulk_slices", "bulk_id, place, rows", "n, 0, ''"},
      {"webhook_endpoints",
       "id, tenant_id, url, description, is_trusted, status, event_types, filter, retry_delays_ms,"
       " timeout_ms, max_concurrency, trusted_ca_pem, start_after, created_at_us, updated_at_us",
       "n, n, '', '', 0, 'enabled', '[]', '{}', '[]', 1, 1, '', 0, 0, 0"},
      {"webhook_secrets", "id, endpoint_id, kind, sealed, created_at_us", "n, n, 'hmac', '', 0"},
      {"webhook_outbox",
       "id, tenant_id, endpoint_id, event_id, event_type, state, attempts, next_attempt_at_us,"
       " is_replay, created_at_us",
       "n, n, n, n, 'a.b', 'PENDING', 0, 0, 0, 0"},
      {"webhook_attempts",
       "delivery_id, number, started_at_us, duration_us, request_headers, response_headers,"
       " response_body, is_truncated",
       "n, 1, 0, 0, '{}', '{}', '', 0"},
      {"webhook_replays", "id, tenant_id, endpoint_id, kind, position, last, created_at_us",
       "n, n, n, 'since', 0, 0, 0"},
      {"partners",
       "id, tenant_id, code, status, wallet_mode, currencies, rate_limit, operator, created_at_us,"
       " updated_at_us",
       "n, n, 'p' || n, 'active', 'internal', 'EUR', 0, '{}', 0, 0"},
      {"partner_secrets", "id, partner_id, kind, sealed, created_at_us", "n, n, 'calls', '', 0"},
      {"hub_transactions",
       "id, tenant_id, partner_id, kind, state, idempotency_key, request, signature, player,"
       " currency, amount_minor, ref, target_id, transfer_id, credits, answer_status, request_id,"
       " meta, operator_attempts, stuck, created_at_us, updated_at_us",
       "n, n, n, 'debit', 'PENDING', 'k', '', '', 'p', 'EUR', 1, '', 0, 0, 0, 0, '', '', 0, 0, 0, "
       "0"},
      {"reconciliation_runs",
       "id, tenant_id, partner, from_us, to_us, status, attempt, our_name, their_name, mismatches,"
       " items_truncated, requested_by, created_at_us",
       "n, n, 'p', 0, 1, 'queued', 0, '', '', 0, 0, '', 0"},
      {"reconciliation_items",
       "id, tenant_id, run_id, fingerprint, seen_attempt, kind, status, transaction_id,"
       " created_at_us, updated_at_us",
       "n, n, n, '', 0, '', 'open', '', 0, 0"},
      {"inbound_events",
       "id, tenant_id, source, source_event_id, type, subject, content, channel, event_id,"
       " received_at_us",
       "n, n, 's', 'e', 'a.b', 's', '', 'http', n, 0"},
  };
  return samples;
}

std::string insert_text(const Sample& sample) {
  return "INSERT INTO " + sample.table + " (" + sample.columns + ") SELECT " + sample.values +
         " FROM (SELECT $1::bigint) AS t (n)";
}

}  // namespace florin::app
