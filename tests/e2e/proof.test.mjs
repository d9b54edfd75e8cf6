// What `florin verify` proves: accounts against events, the end of the books, and whose key made the seals.
import assert from 'node:assert/strict';
import {copyFileSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {forge} from './lib/forge.mjs';
import {eventually, florin, florinOk, isPostgres, makeFolder, run, Server} from './lib/server.mjs';

const has = async (program) => (await run('sh', ['-c', `command -v ${program}`])).code === 0;

describe('the proof', {skip: isPostgres && 'edits a file of SQLite'}, async () => {
  if (!await has('sqlite3')) return;
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

  it('finds two account codes that were swapped', async () => {
    const dir = await filled();
    await florinOk(['verify', '--data', dir]);
    await forge(path.join(dir, 'florin.db'), 'CREATE TEMP TABLE two AS SELECT id, code FROM accounts LIMIT 2;'
      + " UPDATE accounts SET code = 'between' WHERE id = (SELECT min(id) FROM two);"
      + ' UPDATE accounts SET code = (SELECT code FROM two ORDER BY id LIMIT 1) WHERE id = (SELECT max(id) FROM two);'
      + ' UPDATE accounts SET code = (SELECT code FROM two ORDER BY id DESC LIMIT 1) WHERE id = (SELECT min(id) FROM two)');
    const result = await florin(['verify', '--data', dir]);
    assert.equal(result.code, 1);
    assert.match(result.stdout, /is not what its newest event says/);
    assert.match(result.stdout, /NOT in order/);
  });

  it('finds cells that are no number, lost balances and moved checkpoints, and ends', async () => {
    const books = await Books.open();
    const [ana, shop, idle] = [await books.wallet(1000), await books.wallet(), await books.wallet()];
    for (let i = 0; i < 65; ++i) await books.move(ana, shop, 1);  // Each 64th posting leaves a checkpoint.
    await books.close();
    const clean = path.join(books.dataDir, 'florin.db');
    await forge(clean, 'SELECT 1');
    const dir = makeFolder();
    copyFileSync(path.join(books.dataDir, 'secret.key'), path.join(dir, 'secret.key'));
    for (const [sql, told] of [
      ["UPDATE chain_links SET sequence = 'x' WHERE sequence = 5", /chain_links\.sequence are not stored as integer/],
      ["UPDATE chain_links SET sequence = sequence || 'x' WHERE sequence = 5", /chain_links\.sequence are not stored as integer/],
      ["UPDATE chain_links SET chain = 'x'", /of a chain that is no number|chain_links\.chain are not stored as integer/],
      ["UPDATE balances SET debits_posted = debits_posted || 'x'", /balances\.debits_posted are not stored as integer/],
      ['UPDATE postings SET amount_minor = amount_minor + 0.5', /postings\.amount_minor are not stored as integer/],
      [`DELETE FROM balances WHERE account_id = (SELECT id FROM accounts WHERE code = '${idle.code}')`, /has no balance/],
      ['UPDATE history_checkpoints SET created_at_us = created_at_us + 3600000000', /a checkpoint of \S+ carries another time than its posting/],
      ['UPDATE history_checkpoints SET created_at_us = 9000000000000000', /a checkpoint of \S+ carries another time than its posting/],
    ]) {
      const file = path.join(dir, 'florin.db');
      copyFileSync(clean, file);
      assert.notEqual(await forge(file, `PRAGMA ignore_check_constraints = ON; ${sql}; SELECT changes()`), '0', sql);
      const result = await florin(['verify', '--data', dir]);
      assert.equal(result.code, 1, `${sql}: ${result.stdout}${result.stderr}`);
      assert.match(result.stdout, told);
    }
  });

  it('compares with no anchor only where none was written, and says so', async () => {
    const dir = await filled();
    const anchor = path.join(dir, 'anchor.json');
    const empty = path.join(makeFolder(), 'empty');
    for (const text of ['', '\n \r\n\n']) {
      writeFileSync(empty, text);
      const result = await florin(['verify', '--data', dir, '--anchor', empty]);
      assert.equal(result.code, 2);
      assert.match(result.stderr, /empty holds no anchor/);
    }
    const folder = await florin(['verify', '--data', dir, '--anchor', dir]);
    assert.equal(folder.code, 2);
    assert.match(folder.stderr, /holds no anchor/);
    assert.doesNotMatch(await florinOk(['verify', '--data', dir]), /no anchor file/);
    writeFileSync(anchor, '');
    assert.equal((await florin(['verify', '--data', dir])).code, 2);
    rmSync(anchor);
    assert.match(await florinOk(['verify', '--data', dir]), /^no anchor file: nothing shows whether the newest part was cut off$/m);
  });

  it('tells an older copy by the anchor, and another key by its name', async () => {
    const books = await Books.open();
    await books.wallet(1000);
    await books.close();
    const older = path.join(makeFolder(), 'florin.db');
    const file = path.join(books.dataDir, 'florin.db');
    await forge(file, 'SELECT 1');
    copyFileSync(file, older);
    await books.start();
    await books.wallet(5);
    await books.close();
    await florinOk(['verify', '--data', books.dataDir]);
    const anchors = path.join(makeFolder(), 'anchors.jsonl');
    writeFileSync(anchors, await florinOk(['anchor', '--data', books.dataDir]));
    await forge(file, 'SELECT 1');
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

  it('keeps the anchor of later books after a restore, until it is accepted by hand', async () => {
    const books = await Books.open();
    after(() => books.close());
    await books.wallet(1000);
    const backup = path.join(makeFolder(), 'backup');
    await florinOk(['backup', '--data', books.dataDir, '--out', backup, '--verify']);
    await books.wallet(5);
    await books.close();
    const anchor = path.join(books.dataDir, 'anchor.json');
    const later = readFileSync(anchor, 'utf8');
    for (const ending of ['', '-wal', '-shm', '-head']) rmSync(path.join(books.dataDir, `florin.db${ending}`), {force: true});

    const said = await florinOk(['restore', '--data', books.dataDir, '--in', backup, '--verify']);
    assert.match(said, /this is an older copy, or its end was cut off.*florin anchor --accept/s);
    await books.start();
    const ledger = await eventually('the look at the anchor', async () =>
      bodyOf(await books.api.get('/health/services'), 200).services.find(({name, status}) => name === 'ledger' && status === 'degraded'));
    assert.match(ledger.detail, /the anchor is not written: .*older copy/);
    await books.wallet(7);
    await books.close();
    assert.equal(readFileSync(anchor, 'utf8'), later);
    assert.equal((await florin(['verify', '--data', books.dataDir])).code, 1);

    assert.match(await florinOk(['anchor', '--accept', '--data', books.dataDir]), /accepted as they are; the earlier anchor is kept/);
    assert.notEqual(readFileSync(anchor, 'utf8'), later);
    assert.match(await florinOk(['verify', '--data', books.dataDir]), /The books are in order.*An anchor was set aside by hand/s);
  });

  it('leaves the anchor alone while the key is lost', async () => {
    const dir = await filled();
    const anchor = path.join(dir, 'anchor.json');
    const before = readFileSync(anchor, 'utf8');
    renameSync(path.join(dir, 'secret.key'), path.join(dir, 'lost.key'));
    const server = await Server.start(dir);
    assert.deepEqual(await server.stop(), {code: 0, signal: null});
    assert.equal(readFileSync(anchor, 'utf8'), before);
    assert.equal((await florin(['anchor', '--accept', '--data', dir])).code, 2);
    const verified = await florin(['verify', '--data', dir]);
    assert.equal(verified.code, 2);
    assert.match(verified.stdout, /^open +hash chain .*sealed with a key that is not here/m);
    assert.match(verified.stdout, /cannot be checked: hash chain, events, .*As far as can be checked without it, the books are in order/s);
    renameSync(path.join(dir, 'lost.key'), path.join(dir, 'secret.key'));
    await florinOk(['verify', '--data', dir]);
  });
});
