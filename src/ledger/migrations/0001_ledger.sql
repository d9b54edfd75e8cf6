-- 0001_ledger
-- Why:  the books: accounts, their balances, transfers with postings, holds, and the chain over all of it.
-- Cost: new tables.
-- Keys are ids that grow, so that inserts append. Nothing here has an index at random places but account
-- codes: account history runs over links between postings (docs/adr/0009).
CREATE TABLE accounts (
  id             {ID}    NOT NULL PRIMARY KEY,
  tenant_id      BIGINT  NOT NULL,
  code           TEXT    NOT NULL,
  type           TEXT    NOT NULL CHECK (type = 'asset' OR type = 'liability' OR type = 'equity' OR type = 'income' OR type = 'expense'),
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  min_balance    BIGINT,
  max_balance    BIGINT,
  frozen         BIGINT  NOT NULL CHECK (frozen IN (0, 1)),
  closed         BIGINT  NOT NULL CHECK (closed IN (0, 1)),
  metadata       TEXT    NOT NULL,
  created_at_us  BIGINT  NOT NULL,
  row_seal       {BYTES}  -- over the other columns, by a key from secret.key; NULL: written without a key
);
CREATE UNIQUE INDEX accounts_by_code ON accounts (tenant_id, code);
CREATE INDEX accounts_by_tenant ON accounts (tenant_id, id);
{TENANT accounts BY tenant_id}

-- What every transfer changes, apart from what hardly ever changes: narrow rows keep many accounts in a page.
CREATE TABLE balances (
  account_id       {ID}    NOT NULL PRIMARY KEY REFERENCES accounts (id),
  debits_posted    BIGINT  NOT NULL CHECK (debits_posted >= 0),
  credits_posted   BIGINT  NOT NULL CHECK (credits_posted >= 0),
  debits_pending   BIGINT  NOT NULL CHECK (debits_pending >= 0),
  credits_pending  BIGINT  NOT NULL CHECK (credits_pending >= 0),
  last_posting     BIGINT  NOT NULL,
  posting_count    BIGINT  NOT NULL
) {POSTGRES: WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)};
-- Room in every page: a new version of a row stays beside the old one and no index hears of it.
{TENANT balances BY account_id OF accounts}

CREATE TABLE transfers (
  id               {ID}    NOT NULL PRIMARY KEY,
  tenant_id        BIGINT  NOT NULL,
  kind             TEXT    NOT NULL CHECK (kind = 'transfer' OR kind = 'capture' OR kind = 'reversal'),
  posting_count    BIGINT  NOT NULL CHECK (posting_count > 0),
  reference        TEXT,
  description      TEXT,
  metadata         TEXT    NOT NULL,
  effective_at_us  BIGINT  NOT NULL,
  created_at_us    BIGINT  NOT NULL,
  hold_id          BIGINT,
  reverses_id      BIGINT,
  CHECK (effective_at_us <= created_at_us)
);
CREATE INDEX transfers_by_tenant ON transfers (tenant_id, id);
CREATE UNIQUE INDEX transfers_reversal_of ON transfers (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX transfers_of_hold ON transfers (hold_id) WHERE hold_id IS NOT NULL;
{TENANT transfers BY tenant_id}

CREATE TABLE postings (
  id               {ID}    NOT NULL PRIMARY KEY,  -- the transfer's id plus the place in it
  transfer_id      BIGINT  NOT NULL,
  debit_id         BIGINT  NOT NULL,
  credit_id        BIGINT  NOT NULL,
  amount_minor     BIGINT  NOT NULL CHECK (amount_minor > 0),
  currency         TEXT    NOT NULL,
  debit_previous   BIGINT  NOT NULL,  -- the debited account's posting before this one; 0: none
  debit_sequence   BIGINT  NOT NULL,
  debit_balance    BIGINT  NOT NULL,  -- posted balance after it, in the account's normal direction
  credit_previous  BIGINT  NOT NULL,
  credit_sequence  BIGINT  NOT NULL,
  credit_balance   BIGINT  NOT NULL,
  backdated_to_us  BIGINT             -- effective_at where it differs from created_at
);
CREATE INDEX postings_backdated_debit ON postings (debit_id, backdated_to_us) WHERE backdated_to_us IS NOT NULL;
CREATE INDEX postings_backdated_credit ON postings (credit_id, backdated_to_us) WHERE backdated_to_us IS NOT NULL;
{TENANT postings BY transfer_id OF transfers}

CREATE TABLE history_checkpoints (
  account_id     BIGINT NOT NULL,
  created_at_us  BIGINT NOT NULL,
  sequence       BIGINT NOT NULL,
  posting_id     BIGINT NOT NULL,
  PRIMARY KEY (account_id, created_at_us, sequence)
) {SQLITE: WITHOUT ROWID};
{TENANT history_checkpoints BY account_id OF accounts}

CREATE TABLE holds (
  id             {ID}    NOT NULL PRIMARY KEY,
  tenant_id      BIGINT  NOT NULL,
  status         TEXT    NOT NULL CHECK (status = 'open' OR status = 'captured' OR status = 'released' OR status = 'expired'),
  reference      TEXT,
  description    TEXT,
  metadata       TEXT    NOT NULL,
  expires_at_us  BIGINT,
  created_at_us  BIGINT  NOT NULL
);
CREATE INDEX holds_by_tenant ON holds (tenant_id, id);
CREATE INDEX holds_by_reference ON holds (tenant_id, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX holds_open_by_expiry ON holds (expires_at_us) WHERE status = 'open' AND expires_at_us IS NOT NULL;
{TENANT holds BY tenant_id}

CREATE TABLE hold_postings (
  hold_id       BIGINT NOT NULL,
  place         BIGINT NOT NULL,
  debit_id      BIGINT NOT NULL,
  credit_id     BIGINT NOT NULL,
  amount_minor  BIGINT NOT NULL CHECK (amount_minor > 0),
  currency      TEXT   NOT NULL,
  remaining     BIGINT NOT NULL CHECK (remaining >= 0),
  PRIMARY KEY (hold_id, place)
) {SQLITE: WITHOUT ROWID};
CREATE INDEX hold_postings_by_debit ON hold_postings (debit_id, hold_id);
CREATE INDEX hold_postings_by_credit ON hold_postings (credit_id, hold_id);
{TENANT hold_postings BY hold_id OF holds}

CREATE TABLE hold_changes (
  id             {ID}    NOT NULL PRIMARY KEY,
  hold_id        BIGINT  NOT NULL,
  kind           TEXT    NOT NULL CHECK (kind = 'placed' OR kind = 'captured' OR kind = 'released' OR kind = 'expired'),
  transfer_id    BIGINT,
  created_at_us  BIGINT  NOT NULL
);
{TENANT hold_changes BY hold_id OF holds}

-- One link for every batch: hash = SHA-256(previous hash, canonical bytes of the batch's records).
CREATE TABLE chain_links (
  chain          BIGINT  NOT NULL,  -- one for each writer, so that nodes never queue for a link
  sequence       BIGINT  NOT NULL,
  first_id       BIGINT  NOT NULL,
  last_id        BIGINT  NOT NULL,
  records        BIGINT  NOT NULL,
  hash           {BYTES} NOT NULL,
  created_at_us  BIGINT  NOT NULL,
  PRIMARY KEY (chain, sequence)
) {SQLITE: WITHOUT ROWID};
