// Every column of the database's own catalogue is proven by `florin verify`, or stands here with the reason why not: a new
// column without either fails. Each cell is edited by hand, and verify must name a fault.
import assert from 'node:assert/strict';
import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {forge} from './lib/forge.mjs';
import {Partner} from './lib/partner.mjs';
import {noPostgres, Postgres} from './lib/postgres.mjs';
import {eventually, florin, florinOk, isPostgres, makeFolder, run} from './lib/server.mjs';

const underWay = 'says how far work has come, and changes all the time; what the work is about is covered where it comes from';
const unproven = {
  'schema_migrations': 'the checksums of what was run, which each start compares with the binary',
  'key_losses': 'when the key was away; what was accepted then is signed in the row itself, and a seal without a key needs a row',
  'nodes': 'which processes are there now', 'node_leases': 'which process does what now',
  'idempotency_secrets': 'encrypted with secret.key under the digest of its answer: it opens unchanged or not at all',
  'large_bulks': 'the promise of a bulk, for seconds, until its rows are written and linked',
  'large_bulk_slices': 'as large_bulks',
  'webhook_outbox': underWay, 'webhook_attempts': underWay, 'webhook_replays': underWay, 'webhook_cursor': underWay,
  'relay_cursors': underWay,
  'reconciliation_runs': 'a comparison that can be run again over the same days; decisions about its differences are sealed',
  'inbound_events': 'each left an event, which is in the chain; the row only tells a repetition',
};
const isUnproven = (table, column) => table in unproven || `${table}.${column}` in unproven;

const secret = 'a shared secret of the tests';
const day = {from: '2026-11-20', to: '2026-11-20'};

/** Books with a row in every table that is proven; the server is stopped. */
async function filled(options) {
  const books = await Books.open({env: {HMAC_SECRET: secret}, ...options});
  after(() => books.close());
  const [ana, shop] = [await books.wallet(1000, {max_balance: 9_000}), await books.wallet()];
  const postings = [{debit: ana.id, credit: shop.id, amount: 9, currency: 'KZT'}];
  bodyOf(await books.api.post('/v1/transfers', {postings}, {key: unique('key')}), 201);
  for (let i = 0; i < 65; ++i) await books.move(ana, shop, 1);  // Each 64th posting leaves a checkpoint.
  const held = bodyOf(await books.api.post('/v1/holds', {postings}), 201);
  bodyOf(await books.api.post(`/v1/holds/${held.id}/capture`, {}), 200);
  bodyOf(await books.api.post('/v1/holds', {postings}), 201);
  bodyOf(await books.api.post('/v1/webhook-endpoints', {url: 'https://example.com/', event_types: ['account.closed']}), 201);
  const rgs = new Partner(books.server.url, {secret});
  bodyOf(await rgs.credit(unique('player'), 50, 'round-1'), 201);
  rgs.close();
  await reconcile(books, (await florinOk(['tenants', 'list', '--data', books.dataDir, ...options?.db ?? []])).split(/\s+/)[0]);
  await books.close();
  return books;
}

async function reconcile(books, tenant) {
  const folder = path.join(books.dataDir, 'reconciliation-inbox', tenant, 'default');
  mkdirSync(folder, {recursive: true});
  const head = 'transactionId,refId,type,playerId,roundId,currency,amount,status,processedAt\n';
  writeFileSync(path.join(folder, 'hub.csv'), head);
  writeFileSync(path.join(folder, 'operator.csv'), `${head}t1,r,debit,ana,g1,KZT,10.00,SUCCESS,2026-11-20T12:00:00Z\n`);
  const {id} = bodyOf(await books.api.post('/v1/reconciliations', {partner: 'default', ...day}), 202);
  await eventually('the reconciliation ends', async () =>
    bodyOf(await books.api.get(`/v1/reconciliations/${id}`), 200).status === 'completed');
}

/** Edits each cell in turn, and gives those that verify is silent about. */
async function unseenCells(engine) {
  const unseen = [];
  for (const {table, columns, keys} of await engine.catalogue()) {
    for (const [column, type] of columns) {
      if (isUnproven(table, column)) continue;
      const order = keys.map((key) => `${key} DESC`).join(', ');
      const sql = `UPDATE ${table} SET ${column} = ${engine.other(column, type)}` +
        ` WHERE (${keys}) = (SELECT ${keys} FROM ${table} ORDER BY ${order} LIMIT 1)`;
      const {code, stdout} = await engine.verifyAfter(table, sql);
      if (code !== 1 || !/^FAULT .*\n {7}\S/m.test(stdout)) unseen.push(`${table}.${column} (exit ${code})`);
    }
  }
  return unseen;
}

const hasSqlite = (await run('sh', ['-c', 'command -v sqlite3'])).code === 0;

describe('a cell edited by hand is found', {skip: isPostgres && 'has its own databases'}, () => {
  it('in a file of SQLite', {skip: !hasSqlite && 'there is no sqlite3 here'}, async () => {
    const {dataDir} = await filled();
    const clean = path.join(dataDir, 'florin.db');
    const forged = makeFolder();
    const file = path.join(forged, 'florin.db');
    copyFileSync(path.join(dataDir, 'secret.key'), path.join(forged, 'secret.key'));
    await forge(clean, 'SELECT 1');
    await florinOk(['verify', '--data', dataDir]);
    const rows = await forge(clean, "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c"
      + " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid");
    assert.deepEqual(await unseenCells({
      catalogue: async () => tablesOf(rows),
      other: (column) => `CASE typeof(${column}) WHEN 'integer' THEN ${column} + 1 WHEN 'text' THEN ${column} || 'x'`
        + ` WHEN 'blob' THEN CAST(${column} || 'x' AS BLOB) ELSE 1 END`,
      verifyAfter: async (table, sql) => {
        copyFileSync(clean, file);
        assert.equal(await forge(file, `PRAGMA ignore_check_constraints = ON; ${sql}; SELECT changes()`), '1', `no row of ${table}`);
        return florin(['verify', '--data', forged]);
      },
    }), []);
  });

  it('in PostgreSQL', {skip: noPostgres}, async () => {
    const server = Postgres.start();
    after(() => server.stop());
    const db = ['--db', server.url()];
    const {dataDir} = await filled({db});
    await florinOk(['verify', '--data', dataDir, ...db]);
    const sql = (text) => server.sql(text, {database: 'florin'});
    sql("DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype IN ('c', 'f')"
      + " AND connamespace = 'public'::regnamespace LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$");
    const rows = sql("SELECT c.relname, a.attname, format_type(a.atttypid, NULL), coalesce(a.attnum = ANY (i.indkey), false)::int"
      + " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
      + " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
      + " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a.attnum");
    assert.deepEqual(await unseenCells({
      catalogue: async () => tablesOf(rows),
      other: (column, type) => type === 'bigint' ? `coalesce(${column}, 0) + 1` : `coalesce(${column}, '') || 'x'::${type}`,
      verifyAfter: async (table, edit) => {
        sql(`CREATE TABLE saved AS TABLE ${table}; ${edit}`);
        const result = await florin(['verify', '--data', dataDir, ...db]);
        assert.notEqual(sql(`SELECT count(*) FROM (TABLE saved EXCEPT TABLE ${table}) AS edited`), '0', `no row of ${table}`);
        sql(`BEGIN; DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved; DROP TABLE saved; COMMIT`);
        return result;
      },
    }), []);
  });
});

/** Lines of table|column|type|place in the primary key. */
function tablesOf(lines) {
  const tables = new Map();
  for (const [name, column, type, key] of lines.split('\n').map((line) => line.split('|'))) {
    if (!tables.has(name)) tables.set(name, {table: name, columns: [], keys: []});
    tables.get(name).columns.push([column, type]);
    if (key !== '0') tables.get(name).keys.push(column);
  }
  return [...tables.values()];
}
