// Bad input, and a database that is away, full, damaged or too new: a clear error, nothing half written, and the
// server lives on.
import assert from 'node:assert/strict';
import {existsSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {assertFields, bodyOf, exchange, problemOf} from './lib/client.mjs';
import {forge} from './lib/forge.mjs';
import {talk} from './lib/raw.mjs';
import {eventually, florin, florinOk, isPostgres, makeFolder, run} from './lib/server.mjs';

const ofSqlite = isPostgres && 'this is about a file of SQLite';

const has = async (program) => (await run('sh', ['-c', `command -v ${program}`])).code === 0;

describe('requests', () => {
  /** @type {Books} */
  let books;
  let ana, shop;
  before(async () => {
    books = await Books.open();
    [ana, shop] = [await books.wallet(1000), await books.wallet()];
  });
  after(() => books.close());

  const posting = (changes) => ({debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT', ...changes});
  const post = (body) => books.api.post('/v1/transfers', body);

  it('move nothing with a parameter or a body that the route does not know', async () => {
    const body = {postings: [posting()]};
    const invalid = (answer) => problemOf(answer, 400, 'validation_failed');
    assertFields(invalid(await books.api.post('/v1/transfers?dry_run=true', body)), {'#/query/dry_run': 'unknown_parameter'});
    assert.equal((await books.read(shop)).balance, 0);
    const close = `/v1/accounts/${(await books.wallet()).id}/close`;
    assertFields(invalid(await books.api.post(close, {dry_run: true})), {'/dry_run': 'unknown_field'});
    invalid(await books.api.post(`${close}?x=1`));
    assert.equal(bodyOf(await books.api.post(close, {}), 200).closed, true);
    for (const path of ['/health?_=17', '/metrics?format=prometheus', '/docs?v=2', '/openapi.json?v=2'])
      assert.equal((await books.api.get(path)).status, 200, path);
  });

  it('page with a cursor of the same list only', async () => {
    const page = bodyOf(await books.api.get('/v1/accounts?limit=1'), 200);
    assert.equal(page.has_more, true);
    bodyOf(await books.api.get(`/v1/accounts?limit=2&cursor=${page.next_cursor}`), 200);
    for (const list of ['/v1/accounts?type=asset', '/v1/transfers?', '/v1/holds?', '/v1/events?', '/v1/webhook-deliveries?']) {
      const refused = await books.api.get(`${list}&cursor=${page.next_cursor}`);
      assertFields(problemOf(refused, 400, 'validation_failed'), {'#/query/cursor': 'malformed'});
    }
  });

  it('name every bad field at once', async () => {
    const problem = problemOf(await post({postings: [posting({amount: 0, currency: 'XYZ', extra: 1})], nope: true}),
                              400, 'validation_failed');
    assertFields(problem, {'/postings/0/amount': 'must_be_positive', '/postings/0/currency': 'unknown_currency',
                           '/postings/0/extra': 'unknown_field', '/nope': 'unknown_field'});
  });

  for (const [what, amount, rule] of [['negative', '-5', 'must_be_positive'], ['fractional', '1.5', 'must_be_integer'],
                                      ['overflowing', '9223372036854775808', 'must_be_integer'],
                                      ['textual', '"5"', 'wrong_type'], ['exponent', '1e2', 'must_be_integer']]) {
    it(`refuse a ${what} amount`, async () => {
      const body = JSON.stringify({postings: [posting({amount: 111})]}).replace('111', amount);
      assertFields(problemOf(await post(body), 400, 'validation_failed'), {'/postings/0/amount': rule});
    });
  }

  for (const [what, body] of [['duplicate keys', '{"postings":[],"postings":[]}'], ['deep nesting', '['.repeat(100)],
                              ['half a document', '{"postings":['], ['two documents', '{} {}'],
                              ['bad UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')]]) {
    it(`refuse ${what}`, async () => problemOf(await post(body), 400, 'malformed_json'));
  }

  it('refuse over-long texts and too large bodies', async () => {
    const problem = problemOf(await post({postings: [posting()], reference: 'r'.repeat(256)}), 400, 'validation_failed');
    assertFields(problem, {'/reference': 'too_long'});
    const {text} = await talk(books.server.port, 'POST /v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n' +
        `Authorization: Bearer ${books.secret}\r\n\r\n`, {until: (seen) => seen.includes('body_too_large')});
    assert.match(text, /^HTTP\/1\.1 413 /);
  });

  it('refuse the same account on both sides', async () =>
    problemOf(await post({postings: [posting({credit: ana.id})]}), 400, 'same_account'));

  it('do not see another tenant\'s account', async () => {
    const other = await books.otherTenant();
    problemOf(await other.get(`/v1/accounts/${ana.id}`), 404, 'account_not_found');
    problemOf(await other.post('/v1/transfers', {postings: [posting()]}), 404, 'account_not_found');
  });

  for (const [what, bytes, status] of [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST /v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['length and chunks', 'POST /v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['a NUL in the path', 'GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['endless headers', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ]) {
    it(`refuse ${what}`, async () => {
      const {text} = await talk(books.server.port, bytes, {until: (seen) => seen.includes('request_id')});
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 200));
    });
  }

  it('leave the server and the books as they were', async () => {
    assert.deepEqual(await books.figures(ana), {balance: 1000, available: 1000, incoming: 0});
    bodyOf(await post({postings: [posting()]}), 201);
  });
});

describe('a slow client', () => {
  it('is told so and cut, while others are served', async () => {
    const folder = makeFolder();
    const config = path.join(folder, 'florin.toml');
    writeFileSync(config, '[http]\nheader_timeout_ms = 300\n');
    const books = await Books.open({args: ['--config', config]});
    after(() => books.close());
    const slow = talk(books.server.port, ['GET /health HTTP/1.1\r\nHo', 'st: '], {pauseMs: 100});
    bodyOf(await books.api.get('/v1/accounts'), 200);
    const {text, closed} = await slow;
    assert.ok(closed);
    assert.match(text, /^HTTP\/1\.1 408 /);
  });
});

describe('a full disk', {skip: ofSqlite}, () => {
  it('turns writes into 503, keeps reads, and recovers by itself', async (test) => {
    if (!await has('prlimit')) return test.skip('prlimit is not installed');
    const books = await Books.open();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    const limit = async (bytes) => {
      const done = await run('prlimit', [`--pid=${books.server.pid}`, `--fsize=${bytes}:unlimited`]);
      assert.equal(done.code, 0, done.stderr);
    };
    const files = ['florin.db', 'florin.db-wal'].map((name) => path.join(books.dataDir, name)).filter(existsSync);
    await limit(Math.max(...files.map((file) => statSync(file).size)));
    const metadata = {padding: 'x'.repeat(8_000)};
    const refused = await eventually('a write meets the full disk', async () => {
      const answer = await books.api.post('/v1/transfers', {
        postings: [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}], metadata});
      return answer.status === 503 ? answer : null;
    });
    assert.equal(refused.json.code, 'store_full', refused.bytes.toString());
    const health = (await exchange(`${books.server.url}/health/services`)).json;
    assert.equal(health.status, 'degraded');
    assert.match(health.services[0].detail, /^writes fail: /);
    assert.match((await exchange(`${books.server.url}/metrics`)).bytes.toString(), /^florin_sql_write_failing 1$/m);
    const before = bodyOf(await books.api.get(`/v1/accounts/${shop.id}`), 200).balance;
    await limit('unlimited');
    await eventually('writes work again', async () => (await books.api.post('/v1/transfers', {
      postings: [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}]})).status === 201);
    assert.equal((await books.figures(shop)).balance, before + 1);
    await books.server.stop();
    assert.equal(books.server.output.split('the database does not take writes').length, 2, books.server.output);
    assert.equal(books.server.output.split('the database takes writes again').length, 2, books.server.output);
    await florinOk(['verify', '--data', books.dataDir]);
  });
});

describe('a database file', {skip: ofSqlite}, () => {
  it('that is damaged is named as such', async () => {
    const folder = makeFolder();
    writeFileSync(path.join(folder, 'florin.db'), 'this is no database '.repeat(1000));
    const result = await florin(['serve', '--data', folder, '--listen', '127.0.0.1:0']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /store_corrupt/);
  });

  it('written by a newer florin is left alone', async (test) => {
    if (!await has('sqlite3')) return test.skip('sqlite3 is not installed');
    const folder = makeFolder();
    await florinOk(['migrate', '--data', folder]);
    await forge(path.join(folder, 'florin.db'),
                "INSERT INTO schema_migrations VALUES ('ledger', '9999_future', 'abc', 0)");
    const result = await florin(['serve', '--data', folder, '--listen', '127.0.0.1:0']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /newer florin.*schema_mismatch/s);
  });

  it('written by an older florin is not changed by a command that reads', async (test) => {
    if (!await has('sqlite3')) return test.skip('sqlite3 is not installed');
    const folder = makeFolder();
    await florinOk(['migrate', '--data', folder]);
    await forge(path.join(folder, 'florin.db'), "DELETE FROM schema_migrations WHERE module = 'relay'");
    const result = await florin(['verify', '--data', folder]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /migrate.*schema_outdated/s);
  });

  it('that another process keeps locked answers 503, and then works', async (test) => {
    if (!await has('sqlite3')) return test.skip('sqlite3 is not installed');
    const books = await Books.open();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const body = {postings: [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}]};
    // Longer than two waits of five seconds: the server's own heartbeat may be the first that waits.
    const locker = run('sqlite3', [path.join(books.dataDir, 'florin.db')], {input: '.timeout 3000\nBEGIN IMMEDIATE;\n.shell sleep 12\n'});
    const answer = await eventually('the lock is met', async () => {
      const tried = await books.api.post('/v1/transfers', body);
      return tried.status === 503 ? tried : null;
    });
    problemOf(answer, 503, 'store_unavailable');
    await locker;
    bodyOf(await books.api.post('/v1/transfers', body), 201);
  });

  it('that was tampered with is found by verify', async (test) => {
    if (!await has('sqlite3')) return test.skip('sqlite3 is not installed');
    const books = await Books.open();
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const transfer = await books.move(ana, shop, 5);
    await books.close();
    await forge(path.join(books.dataDir, 'florin.db'),
                 "UPDATE transfers SET reference = 'forged' WHERE id = (SELECT max(id) FROM transfers)");
    const result = await florin(['verify', '--data', books.dataDir]);
    assert.equal(result.code, 1);
    assert.match(result.stdout, new RegExp(`hash of link.*${transfer.id}`, 's'));
  });
});
