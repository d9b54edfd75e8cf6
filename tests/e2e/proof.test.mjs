// What `florin verify` proves: cells edited by hand, the end of the books, and whose key made the seals.
import assert from 'node:assert/strict';
import {copyFileSync, renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {florin, florinOk, isPostgres, makeFolder, run} from './lib/server.mjs';

const has = async (program) => (await run('sh', ['-c', `command -v ${program}`])).code === 0;

// Columns that nothing covers, and why.
const uncovered = new Set();

describe('the proof', {skip: isPostgres && 'edits a file of SQLite'}, async () => {
  if (!await has('sqlite3')) return;
  const sqlite = async (file, sql) => {
    const result = await run('sqlite3', [file, sql]);
    assert.equal(result.code, 0, `${sql}: ${result.stderr}`);
    return result.stdout;
  };
  const filled = async () => {
    const books = await Books.open();
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const postings = [{debit: ana.id, credit: shop.id, amount: 9, currency: 'KZT'}];
    bodyOf(await books.api.post('/v1/transfers', {postings}, {key: 'one'}), 201);
    bodyOf(await books.api.post('/v1/holds', {postings}), 201);
    bodyOf(await books.api.post('/v1/partners', {code: unique('p'), currencies: ['KZT']}, {key: 'two'}), 201);
    await books.close();
    return books.dataDir;
  };

  it('names every cell that was edited in the tables that decide whose money it is', async () => {
    const dir = await filled();
    const clean = path.join(dir, 'florin.db');
    await sqlite(clean, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const forged = makeFolder();
    copyFileSync(path.join(dir, 'secret.key'), path.join(forged, 'secret.key'));
    const unseen = [];
    for (const table of ['tenants', 'api_keys', 'accounts', 'partners', 'partner_secrets', 'idempotency_keys', 'events']) {
      const columns = (await sqlite(clean, `SELECT name FROM pragma_table_info('${table}')`)).trim().split('\n');
      for (const column of columns.filter((one) => one !== 'id' && !uncovered.has(`${table}.${one}`))) {
        const file = path.join(forged, 'florin.db');
        copyFileSync(clean, file);
        const pick = `rowid = (SELECT max(rowid) FROM ${table})`;
        const where = table === 'idempotency_keys' ? 'digest = (SELECT max(digest) FROM idempotency_keys)' : pick;
        await sqlite(file, `PRAGMA ignore_check_constraints = ON; UPDATE ${table} SET ${column} = CASE typeof(${column})`
          + ` WHEN 'integer' THEN ${column} + 1 WHEN 'text' THEN ${column} || 'x' WHEN 'blob' THEN CAST(${column} || 'x' AS BLOB)`
          + ` ELSE 1 END WHERE ${where}`);
        const result = await florin(['verify', '--data', forged]);
        if (result.code !== 1) unseen.push(`${table}.${column}: ${result.code}`);
      }
    }
    assert.deepEqual(unseen, []);
  });

  it('finds two account codes that were swapped', async () => {
    const dir = await filled();
    await florinOk(['verify', '--data', dir]);
    await sqlite(path.join(dir, 'florin.db'), 'CREATE TEMP TABLE two AS SELECT id, code FROM accounts LIMIT 2;'
      + " UPDATE accounts SET code = 'between' WHERE id = (SELECT min(id) FROM two);"
      + ' UPDATE accounts SET code = (SELECT code FROM two ORDER BY id LIMIT 1) WHERE id = (SELECT max(id) FROM two);'
      + ' UPDATE accounts SET code = (SELECT code FROM two ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM two)');
    const result = await florin(['verify', '--data', dir]);
    assert.equal(result.code, 1);
    assert.match(result.stdout, /is not what its newest event says/);
    assert.match(result.stdout, /NOT in order/);
  });

  it('tells an older copy by the anchor, and another key by its name', async () => {
    const books = await Books.open();
    await books.wallet(1000);
    await books.close();
    const older = path.join(makeFolder(), 'florin.db');
    const file = path.join(books.dataDir, 'florin.db');
    await sqlite(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    copyFileSync(file, older);
    await books.start();
    await books.wallet(5);
    await books.close();
    await florinOk(['verify', '--data', books.dataDir]);
    const anchors = path.join(makeFolder(), 'anchors.jsonl');
    writeFileSync(anchors, await florinOk(['anchor', '--data', books.dataDir]));
    await sqlite(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    copyFileSync(older, file);
    for (const more of [[], ['--anchor', anchors]]) {
      const result = await florin(['verify', '--data', books.dataDir, ...more]);
      assert.equal(result.code, 1);
      assert.match(result.stdout, /this is an older copy, or its end was cut off/);
    }
    renameSync(path.join(books.dataDir, 'secret.key'), path.join(books.dataDir, 'lost.key'));
    writeFileSync(path.join(books.dataDir, 'secret.key'), 'another key of more than sixteen bytes\n');
    const other = await florin(['verify', '--data', books.dataDir]);
    assert.notEqual(other.code, 0);
    assert.doesNotMatch(other.stdout, /^The books are in order/m);
  });
});
