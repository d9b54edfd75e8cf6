// What happens to the files on the disk: taken away under a running server, damaged after a kill, lost before a start.
import assert from 'node:assert/strict';
import {chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync,
        writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {exchange} from './lib/client.mjs';
import {binary, florin, florinOk, isPostgres, makeFolder, run, Server} from './lib/server.mjs';

const ofSqlite = isPostgres && 'of the file of SQLite';
const database = (books) => path.join(books.dataDir, 'florin.db');

async function booksWithMoney() {
  const books = await Books.open();
  after(() => books.close());
  const [ana, shop] = [await books.wallet(1_000), await books.wallet()];
  return {books, ana, shop};
}

/** A killed server's books, with commits in the log. */
async function killed() {
  const {books, ana, shop} = await booksWithMoney();
  for (let i = 0; i < 5; ++i) await books.move(ana, shop, 1);
  await books.server.kill();
  books.api.close();
  return {books, shop};
}

function flipBit(file, offset) {
  const bytes = readFileSync(file);
  bytes[offset] ^= 4;
  writeFileSync(file, bytes);
}

const look = (books, page) => exchange(books.server.url + page);

describe('files taken away under a running server', {skip: ofSqlite}, () => {
  const ways = {
    'the database is removed': (books) => rmSync(database(books)),
    'the log is removed': (books) => rmSync(`${database(books)}-wal`),
    'the folder is renamed': (books) => renameSync(books.dataDir, `${books.dataDir}.away`),
    'the database is replaced by a copy': (books) => {
      cpSync(database(books), `${database(books)}.copy`);
      renameSync(`${database(books)}.copy`, database(books));
    },
  };
  for (const [name, take] of Object.entries(ways)) {
    it(`${name}: nothing is acknowledged, and health says so`, async () => {
      const {books, ana, shop} = await booksWithMoney();
      take(books);
      const answer = await books.tryMove(ana, shop, 1);
      assert.equal(answer.status, 503);
      assert.equal(answer.json.code, 'store_unavailable');
      assert.equal((await look(books, '/health/ready')).status, 503);
      const health = (await look(books, '/health/services')).json;
      assert.equal(health.status, 'down');
      assert.match(health.services[0].detail, /was (removed or renamed|replaced) under the running process/);
      if (name !== 'the folder is renamed') return;
      renameSync(`${books.dataDir}.away`, books.dataDir);
      await books.move(ana, shop, 2);
      assert.equal(await books.balanceOf(shop), 2);
    });
  }

  it('keeps what was acknowledged when the log is removed and the server is stopped', async () => {
    const {books, ana, shop} = await booksWithMoney();
    await books.move(ana, shop, 7);
    rmSync(`${database(books)}-wal`);
    await books.restart();
    assert.equal(await books.balanceOf(shop), 7);
  });
});

describe('a write-ahead log after a kill', {skip: ofSqlite}, () => {
  const damages = {
    'one bit in the middle': (log) => flipBit(log, Math.floor(statSync(log).size / 2)),
    'one bit in the last page': (log) => flipBit(log, statSync(log).size - 50),
    'its end cut off': (log) => truncateSync(log, Math.floor(statSync(log).size / 3)),
    'the file removed': (log) => rmSync(log),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`is refused with ${name}, and taken on purpose`, async () => {
      const {books} = await killed();
      damage(`${database(books)}-wal`);
      for (const args of [['serve', '--listen', '127.0.0.1:0'], ['verify'], ['keys', 'list'],
                          ['backup', '--out', `${books.dataDir}-copy`]]) {
        const result = await florin([...args, '--data', books.dataDir]);
        assert.equal(result.code, 2, args[0] + result.stdout);
        assert.match(result.stderr, /write-ahead log .*florin\.db-wal has lost transactions.*--accept-wal-loss.*\(wal_damaged\)/);
      }
      const server = await Server.start(books.dataDir, {args: ['--accept-wal-loss']});
      assert.deepEqual(await server.stop(), {code: 0, signal: null});
      await florinOk(['verify', '--data', books.dataDir]);
    });
  }

  it('may end in what was not committed', async () => {
    const {books, shop} = await killed();
    writeFileSync(`${database(books)}-wal`, Buffer.alloc(9_000, 7), {flag: 'a'});
    await books.start();
    assert.equal(await books.balanceOf(shop), 5);
  });
});

describe('a command where no database is', {skip: ofSqlite}, () => {
  it('says so, and makes nothing', async () => {
    const folder = makeFolder();
    const missing = path.join(folder, 'none');
    for (const args of [['verify'], ['export', '--out', path.join(folder, 'out')], ['keys', 'list'], ['tenants', 'list'],
                        ['partners', 'list'], ['migrate', '--check'], ['backup', '--out', path.join(folder, 'backup')],
                        ['keys', 'revoke', 'key_01h2xcejqtf2n'], ['partners', 'rotate-secret', 'x']]) {
      const result = await florin([...args, '--data', missing]);
      assert.equal(result.code, 2, args.join(' ') + result.stdout);
      assert.match(result.stderr, /there is no database at .*\(database_missing\)/, args.join(' '));
    }
    assert.equal((await florin(['doctor', '--data', missing])).code, 1);
    assert.deepEqual(readdirSync(folder), []);
  });

  for (const [state, lose] of [['missing', rmSync], ['empty', (file) => truncateSync(file)]]) {
    it(`asks when the database is ${state} beside its key`, async () => {
      const {books} = await booksWithMoney();
      await books.server.stop();
      lose(database(books));
      for (const args of [['serve', '--listen', '127.0.0.1:0'], ['migrate'], ['keys', 'create'], ['tenants', 'create', 'x']]) {
        const result = await florin([...args, '--data', books.dataDir]);
        assert.equal(result.code, 2, args[0]);
        assert.match(result.stderr, new RegExp(`is ${state}, but there was one.*secret\\.key.*--new \\(database_lost\\)`));
      }
      await florinOk(['migrate', '--new', '--data', books.dataDir]);
      await florinOk(['verify', '--data', books.dataDir]);
    });
  }
});

describe('a copy that may only be read', {skip: ofSqlite}, () => {
  it('is verified, exported and examined', async (test) => {
    if (process.getuid() !== 0) return test.skip('needs root, to be somebody else');
    const {books} = await booksWithMoney();
    await books.server.stop();
    const place = makeFolder();
    chmodSync(place, 0o755);
    const copy = path.join(place, 'copy');
    mkdirSync(copy, {mode: 0o755});
    cpSync(database(books), path.join(copy, 'florin.db'));
    chmodSync(path.join(copy, 'florin.db'), 0o644);
    const program = path.join(place, 'florin');
    cpSync(binary(), program);
    const out = path.join(place, 'out');
    mkdirSync(out);
    chownSync(out, 65534, 65534);
    const asStranger = (...args) => run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', program, ...args, '--data', copy],
                                        {cwd: '/'});
    const verified = await asStranger('verify');
    assert.match(verified.stdout, /The books are in order/, verified.stderr);
    assert.equal((await asStranger('export', '--out', path.join(out, 'export.jsonl'))).code, 0);
    const examined = await asStranger('doctor');
    assert.match(examined.stdout, /structure is whole/, examined.stdout + examined.stderr);
    assert.deepEqual(readdirSync(copy), ['florin.db']);
  });
});

describe('what Florin writes', {skip: ofSqlite}, () => {
  it('is for its owner alone, whatever the umask', async () => {
    const home = makeFolder();
    const shell = async (command) => {
      const result = await run('sh', ['-c', `umask 022; ${command}`], {env: {F: binary()}, cwd: home});
      assert.equal(result.code, 0, result.stdout + result.stderr);
    };
    await shell('$F keys create --data d');
    await shell('$F backup --data d --out b --with-secret-key');
    await shell('chmod -R go+r b; $F restore --data r/s --in b');
    await shell('$F export --data d --out e.jsonl');
    for (const name of readdirSync(home, {recursive: true})) {
      if (name.startsWith('b')) continue;
      const state = statSync(path.join(home, name));
      assert.equal((state.mode & 0o777).toString(8), state.isDirectory() ? '700' : '600', name);
    }
    assert.ok(existsSync(path.join(home, 'r/s/secret.key')));
  });
});
