-- 0001_hub
-- Why:  partners who call the wallet API, their secrets, and every movement they asked for.
-- Cost: new tables.
CREATE TABLE partners (
  id                {ID}    NOT NULL PRIMARY KEY,
  tenant_id         BIGINT  NOT NULL,
  code              TEXT    NOT NULL,
  status            TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
  wallet_mode       TEXT    NOT NULL CHECK (wallet_mode IN ('internal', 'operator')),
  currencies        TEXT    NOT NULL,  -- codes, separated by spaces
  max_amount        BIGINT,
  rate_limit        BIGINT  NOT NULL,  -- calls a second; 0: none
  signature_scheme  TEXT    NOT NULL DEFAULT 'body-timestamp' CHECK (signature_scheme IN ('body-timestamp', 'v2')),
  operator          TEXT    NOT NULL,  -- a JSON object: how the operator is called
  created_at_us     BIGINT  NOT NULL,
  updated_at_us     BIGINT  NOT NULL,
  row_seal          {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
-- The code travels in X-Partner-Id, before it is known whose it is: unique among all tenants.
CREATE UNIQUE INDEX partners_by_code ON partners (code);
{TENANT partners BY tenant_id}

CREATE TABLE partner_secrets (
  id              {ID}    NOT NULL PRIMARY KEY,
  partner_id      BIGINT  NOT NULL REFERENCES partners (id),
  kind            TEXT    NOT NULL CHECK (kind IN ('calls', 'operator')),
  sealed          TEXT    NOT NULL,
  created_at_us   BIGINT  NOT NULL,
  valid_until_us  BIGINT,
  row_seal        {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE INDEX partner_secrets_of ON partner_secrets (partner_id);
{TENANT partner_secrets BY partner_id OF partners}

CREATE TABLE hub_transactions (
  id                  {ID}    NOT NULL PRIMARY KEY,
  tenant_id           BIGINT  NOT NULL,
  partner_id          BIGINT  NOT NULL,
  kind                TEXT    NOT NULL CHECK (kind = 'debit' OR kind = 'credit' OR kind = 'rollback'),
  state               TEXT    NOT NULL CHECK (state = 'PENDING' OR state = 'SUCCESS' OR state = 'FAILED' OR state = 'ROLLED_BACK'),
  idempotency_key     TEXT    NOT NULL,
  request             {BYTES} NOT NULL,  -- digest of what was asked
  signature           {BYTES} NOT NULL,  -- first bytes of the call's signature: a replay is recognised by it
  player              TEXT    NOT NULL,
  currency            TEXT    NOT NULL,
  amount_minor        BIGINT  NOT NULL CHECK (amount_minor >= 0),
  ref                 TEXT    NOT NULL,
  target_id           BIGINT  NOT NULL,  -- the debit that a credit settles or a rollback undoes; 0: none is known
  transfer_id         BIGINT  NOT NULL,  -- in the ledger; 0: nothing moved
  balance_minor       BIGINT,            -- the player's after it, where it is known
  credits             BIGINT  NOT NULL,  -- of a debit: how many credits have settled it
  refusal             TEXT,              -- the code of that answer
  answer              TEXT,              -- the body it is answered with for ever, when that is a refusal
  answer_status       BIGINT  NOT NULL,  -- HTTP status of that answer; 0: none
  request_id          TEXT    NOT NULL,  -- of the call that asked for it
  meta                TEXT    NOT NULL,
  operator_reference  TEXT,
  operator_attempts   BIGINT  NOT NULL,
  pending_reason      TEXT,              -- no connection, a time-out, an HTTP status
  next_check_us       BIGINT,            -- of a PENDING one: when the resolver looks at it
  stuck               BIGINT  NOT NULL CHECK (stuck IN (0, 1)),  -- the resolver has given up: a person must look
  created_at_us       BIGINT  NOT NULL,
  updated_at_us       BIGINT  NOT NULL,
  row_seal            {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE UNIQUE INDEX hub_transactions_by_key ON hub_transactions (partner_id, kind, idempotency_key);
-- Many players' bets may share a ref (a draw, a round of a table game).
CREATE INDEX hub_transactions_by_round ON hub_transactions (partner_id, ref, player, id);
CREATE INDEX hub_transactions_pending ON hub_transactions (next_check_us) WHERE state = 'PENDING';
CREATE INDEX hub_transactions_by_tenant ON hub_transactions (tenant_id, id);
{TENANT hub_transactions BY tenant_id}
