// What is PostgreSQL's own: moving to it, its death under load, tampering, secrets. Over a private server of this file.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {copyFileSync, mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {binary, databaseOf, florin, florinOk, makeFolder, repository, run, sleep} from './lib/server.mjs';

const script = path.join(repository, 'scripts/postgres');
const skip = spawnSync(script, ['available']).status === 0 ? false : 'there is no PostgreSQL server here';
const given = process.env.FLORIN_TEST_POSTGRES;
let folder;

/** Runs SQL over the data folder's schema, as background work may. */
function psql(dataDir, sql) {
  const {FLORIN_DATABASE_URL: url} = databaseOf(['--data', dataDir]);
  return execFileSync('psql', [url, '-qtAc', `SET florin.tenant = '*'; ${sql}`], {encoding: 'utf8'}).trim();
}

const withoutFoot = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1).sort();

describe('PostgreSQL', {skip}, () => {
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'florin-e2e-postgres-'));
    process.env.FLORIN_TEST_POSTGRES = execFileSync(script, ['start', folder], {encoding: 'utf8'}).trim();
  });
  after(() => {
    execFileSync(script, ['stop', folder]);
    if (given) process.env.FLORIN_TEST_POSTGRES = given;
    else delete process.env.FLORIN_TEST_POSTGRES;
  });

  it('takes over what SQLite held, row by row, and goes on with it', async () => {
    const file = makeFolder(), moved = makeFolder(), work = makeFolder();
    const lite = `sqlite:${file}/florin.db`;
    const env = {FLORIN_DATABASE_URL: lite};
    const key = JSON.parse(await florinOk(['keys', 'create', '--data', file, '--tenant', 'default', '--name', 'e2e',
                                           '--permissions', '*', '--json'], {env}));
    const books = new Books(file, key.secret, {env});
    await books.start();
    const [ana, shop] = [await books.wallet(10_000), await books.wallet()];
    for (let i = 1; i <= 20; ++i) await books.move(ana, shop, i);
    await books.close();

    await florinOk(['export', '--data', file, '--out', `${work}/lite.jsonl`], {env});
    copyFileSync(`${file}/secret.key`, `${moved}/secret.key`);
    await florinOk(['import', '--data', moved, '--in', `${work}/lite.jsonl`]);
    await florinOk(['verify', '--data', moved]);
    await florinOk(['export', '--data', moved, '--out', `${work}/postgres.jsonl`]);
    assert.deepEqual(withoutFoot(`${work}/postgres.jsonl`), withoutFoot(`${work}/lite.jsonl`));

    const after = new Books(moved, key.secret, {});
    await after.start();
    assert.equal((await after.figures(shop)).balance, 210);
    await after.move(ana, shop, 5);
    await after.close();
    await florinOk(['verify', '--data', moved]);
  });

  it('that dies under load loses nothing that was acknowledged', async () => {
    const books = await Books.open();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(10_000_000), await books.wallet()];
    const acknowledged = [], uncertain = [];
    let isOver = false;
    const write = async (writer) => {
      for (let i = 0; !isOver; ++i) {
        const key = `w${writer}-${i}`;
        const body = {postings: [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}], reference: key};
        const answer = await books.api.post('/v1/transfers', body, {key}).catch(() => null);
        if (answer?.status === 201) acknowledged.push({key, id: answer.json.id});
        else uncertain.push({key, body});
      }
    };
    const writers = Array.from({length: 16}, (_, writer) => write(writer));
    for (let round = 0; round < 3; ++round) {
      await sleep(400);
      execFileSync(script, ['restart', folder]);
    }
    await sleep(400);
    isOver = true;
    await Promise.all(writers);

    assert.ok(acknowledged.length > 50, `only ${acknowledged.length} were acknowledged`);
    const stored = new Map((await books.api.all('/v1/transfers')).map((each) => [each.reference, each.id]));
    for (const {key, id} of acknowledged) assert.equal(stored.get(key), id, `${key} was acknowledged and is lost`);
    for (const {key, body} of uncertain) bodyOf(await books.api.post('/v1/transfers', body, {key}), 201);
    assert.equal((await books.figures(shop)).balance, acknowledged.length + uncertain.length);
    await books.close();
    await florinOk(['verify', '--data', books.dataDir]);
  });

  it('is shared by two nodes: their transfers on the same accounts all happen, and a key acts once', async () => {
    const books = await Books.open();
    after(() => books.close());
    const other = new Books(books.dataDir, books.secret, {env: {FLORIN_NODE_ID: '1'}});
    await other.start();
    after(() => other.close());
    const [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    const post = async (node, key) => bodyOf(await node.api.post('/v1/transfers', {
      postings: [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}], reference: key}, {key}), 201).id;
    const both = async (writer) => {
      for (let i = 0; i < 40; ++i) {
        const key = `both-${writer}-${i}`;  // Asked of both nodes at once.
        const [first, second] = await Promise.all([post(books, key), post(other, key)]);
        assert.equal(first, second);
      }
    };
    await Promise.all(Array.from({length: 8}, (_, writer) => both(writer)));
    assert.equal((await other.figures(shop)).balance, 320);
    assert.equal((await books.figures(shop)).balance, 320);
    await other.close();
    await books.close();
    await florinOk(['verify', '--data', books.dataDir]);
  });

  it('that was tampered with is found by verify', async () => {
    const books = await Books.open();
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const transfer = await books.move(ana, shop, 5);
    await books.close();
    psql(books.dataDir, "UPDATE transfers SET reference = 'forged' WHERE id = (SELECT max(id) FROM transfers)");
    const result = await florin(['verify', '--data', books.dataDir]);
    assert.equal(result.code, 1);
    assert.match(result.stdout, new RegExp(`hash of link.*${transfer.id}`, 's'));
  });

  it('written by a newer florin is left alone', async () => {
    const dataDir = makeFolder();
    await florinOk(['migrate', '--data', dataDir]);
    psql(dataDir, "INSERT INTO schema_migrations VALUES ('ledger', '9999_future', 'abc', 0)");
    const result = await florin(['serve', '--data', dataDir, '--listen', '127.0.0.1:0']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /newer florin.*schema_mismatch/s);
  });

  it('refuses a wrong password by the name of the setting, and nobody prints it', async () => {
    const env = {DB_HOST: folder, DB_USER: 'locked', DB_PASSWORD: 'hush-hush-7'};
    for (const command of ['serve', 'doctor', 'config']) {
      const dataDir = makeFolder();
      const result = await run(binary(), [command, '--data', dataDir], {env});
      const said = result.stdout + result.stderr;
      assert.doesNotMatch(said, /hush-hush-7/);
      if (command === 'config') continue;
      assert.notEqual(result.code, 0);
      assert.match(said, /password authentication failed.*database\.url/s);
    }
  });
});
