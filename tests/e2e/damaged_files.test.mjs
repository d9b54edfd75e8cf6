// What happens to the files on the disk: taken away under a running server, damaged after a kill, lost before a start.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync,
        writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf, exchange} from './lib/client.mjs';
import {Partner} from './lib/partner.mjs';
import {Receiver} from './lib/receiver.mjs';
import {binary, eventually, florin, florinOk, isPostgres, makeFolder, run, Server} from './lib/server.mjs';

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
      // The anchor may have seen what was lost.
      await florinOk(['anchor', '--accept', '--data', books.dataDir]);
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
      for (const args of [['verify'], ['anchor'], ['keys', 'list'], ['export', '--out', path.join(books.dataDir, 'x')], ['migrate', '--check']]) {
        const result = await florin([...args, '--data', books.dataDir]);
        assert.equal(result.code, 2, args[0]);
        assert.match(result.stderr, /but there was one.*secret\.key.*florin serve --new \(database_lost\)/, args[0]);
      }
      const examined = await florin(['doctor', '--data', books.dataDir]);
      assert.match(examined.stdout, /but there was one/);
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
    // The key is not in the copy: what it sealed is not vouched for.
    assert.match(verified.stdout, /cannot be checked: hash chain, events.*As far as can be checked without it, the books are in order/s, verified.stderr);
    assert.equal(verified.code, 2);
    assert.equal((await asStranger('export', '--out', path.join(out, 'export.jsonl'))).code, 0);
    for (const lists of ['keys', 'partners']) assert.equal((await asStranger(lists, 'list')).code, 0);
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

describe('a secret.key', {skip: ofSqlite}, () => {
  const endpointPath = '/v1/webhook-endpoints';
  const keyOf = (books) => path.join(books.dataDir, 'secret.key');
  const rotate = (books, ...more) =>
      florin(['partners', 'rotate-secret', 'acme', '--overlap', '0', ...more, '--data', books.dataDir]);
  const secretIn = (text) => /^hub_\w+/m.exec(text)[0];

  /** Books with a partner and a receiver of webhooks; the server is stopped, and `loseKey` called. */
  async function withoutKey(loseKey) {
    const receiver = await Receiver.start();
    after(() => receiver.close());
    const books = await Books.open({env: {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'}});
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1_000), await books.wallet()];
    const made = await florinOk(['partners', 'create', 'acme', '--data', books.dataDir]);
    await eventually('the partner is known', async () => await callOf(books, secretIn(made)) === 200);
    const endpoint = bodyOf(await books.api.post(endpointPath, {url: receiver.url, event_types: ['transaction.executed']}), 201);
    await books.server.stop();
    books.api.close();
    loseKey(keyOf(books));
    await books.start();
    return {books, ana, shop, endpoint, receiver, secret: secretIn(made)};
  }

  async function callOf(books, secret) {
    const partner = new Partner(books.server.url, {secret, code: 'acme'});
    const answer = await partner.transactions();
    partner.close();
    return answer.status;
  }

  async function isServedAndNamed({books, ana, shop, endpoint, secret}) {
    await books.move(ana, shop, 3);
    assert.equal((await look(books, '/health/ready')).status, 200);
    const health = (await look(books, '/health/services')).json;
    assert.equal(health.status, 'degraded');
    const named = new RegExp(`do not open with this key.*endpoint ${endpoint.id}, partner acme`);
    assert.match(health.services.find(({name}) => name === 'secrets').detail, named);
    const examined = await florin(['doctor', '--data', books.dataDir]);
    assert.equal(examined.code, 1);
    assert.match(examined.stdout, named);
    assert.equal(await callOf(books, secret), 401);
  }

  async function isWholeOnceRotated({books, ana, shop, endpoint, receiver}, secret) {
    const rotated = async (kind) =>
        bodyOf(await books.api.post(`${endpointPath}/${endpoint.id}/rotate-secret`, {kind, overlap_seconds: 0}), 201);
    await rotated('ed25519');
    await rotated('hmac');
    const {data} = bodyOf(await books.api.get(`${endpointPath}/${endpoint.id}/secrets`), 200);
    const fresh = data.findLast(({kind}) => kind === 'hmac').secret;
    await eventually('the partner is known again', async () => await callOf(books, secret) === 200);
    assert.deepEqual((await look(books, '/health/services')).json.services.find(({name}) => name === 'secrets').status, 'healthy');
    assert.match((await florin(['doctor', '--data', books.dataDir])).stdout, /ok +sealed secrets: all open with the key/);
    const transfer = await books.move(ana, shop, 4);
    const [{headers, body}] = await receiver.waitFor(1, ({json}) => json.subject === transfer.id);
    const hmacKey = Buffer.from(fresh.slice('whsec_'.length), 'base64');
    assert.equal(headers['x-webhook-signature'], createHmac('sha256', hmacKey).update(body).digest('hex'));
    assert.equal(await books.balanceOf(shop), 7);
  }

  it('that is lost leaves the books served, is named, and everything gets new secrets', async () => {
    const scene = await withoutKey((key) => rmSync(key));
    const {books, endpoint} = scene;
    await isServedAndNamed(scene);
    const refused = await books.api.post(`${endpointPath}/${endpoint.id}/rotate-secret`, {});
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'secret_key_missing');
    assert.equal((await books.api.post('/v1/partners', {code: 'other'})).json.code, 'secret_key_missing');
    assert.equal((await rotate(books)).code, 2);
    assert.ok(!existsSync(keyOf(books)), 'no key is made unasked');
    await books.server.stop();
    books.api.close();

    const rotated = await rotate(books, '--new-secret-key');
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.equal((statSync(keyOf(books)).mode & 0o777).toString(8), '600');
    await books.start();
    await isWholeOnceRotated(scene, secretIn(rotated.stdout));
  });

  it('that is another one is told as well, and secrets can be given at once', async () => {
    const scene = await withoutKey((key) => writeFileSync(key, `${'ab'.repeat(32)}\n`));
    await isServedAndNamed(scene);
    const rotated = await rotate(scene.books);
    assert.equal(rotated.code, 0, rotated.stderr);
    await isWholeOnceRotated(scene, secretIn(rotated.stdout));
  });

  it('is made by the first start, by no start that is refused, and by nobody who reads', async () => {
    const {books} = await booksWithMoney();
    const key = keyOf(books);
    assert.ok(existsSync(key));
    await florinOk(['partners', 'create', 'acme', '--data', books.dataDir]);
    await books.server.kill();
    rmSync(key);
    for (const lists of ['keys', 'partners'])
      assert.equal((await florin([lists, 'list', '--data', books.dataDir])).code, 0);
    assert.match((await florin(['verify', '--data', books.dataDir])).stdout, /he books are in order/);
    rmSync(database(books));
    assert.equal((await florin(['serve', '--data', books.dataDir])).code, 2);
    assert.ok(!existsSync(key));
  });
});

/** Bits that one seed always names again. */
function* seeded(seed) {
  for (let state = seed;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('a bit of the database that the disk has changed', {skip: ofSqlite}, () => {
  const pageBytes = 4_096;

  /** A stopped server's books, with accounts, transfers and events; what the accounts hold. */
  async function stopped() {
    const {books, ana, shop} = await booksWithMoney();
    const {id} = await books.move(ana, shop, 5, {metadata: {note: `the first of ${ana.code}`}});
    const first = bodyOf(await books.api.get(`/v1/transfers/${id}`), 200);
    for (let i = 0; i < 100; ++i) await books.move(ana, shop, 1 + i % 3);
    const held = new Map();
    for (const account of [ana, shop]) held.set(account, await books.balanceOf(account));
    await books.server.stop();
    books.api.close();
    return {books, held, first, bytes: readFileSync(database(books))};
  }

  function withBitChanged(bytes, bit) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] ^= 1 << (bit & 7);
    return changed;
  }

  it('is found by verify and by doctor, wherever it is', async () => {
    const {books, bytes} = await stopped();
    assert.match(await florinOk(['verify', '--data', books.dataDir]), /^ok +page checksums \(\d+ pages\)/);
    const random = seeded(20_261_128);
    let whole = 0;
    for (let i = 0; i < 48; ++i) {
      const bit = Math.floor(random.next().value * bytes.length * 8);
      const page = Math.floor(bit / 8 / pageBytes) + 1;
      writeFileSync(database(books), withBitChanged(bytes, bit));
      const verified = await florin(['verify', '--data', books.dataDir]);
      const examined = await florin(['doctor', '--data', books.dataDir]);
      const named = `page ${page} of the database does not match its checksum`;
      if (verified.code === 2) {  // What every command reads before it can begin.
        assert.match(verified.stderr, page === 1 ? /does not match its checksum|\(store_corrupt\)/ : new RegExp(named));
      } else {
        assert.equal(verified.code, 1, `bit ${bit}: ${verified.stdout}${verified.stderr}`);
        assert.match(verified.stdout, new RegExp(`^FAULT +page checksums.*\n +${named}`));
        ++whole;
      }
      if (page > 1) assert.match(examined.stdout, new RegExp(named));
      assert.equal(examined.code, 1, `bit ${bit}`);
      const copied = await florin(['backup', '--out', `${books.dataDir}-copy`, '--data', books.dataDir]);
      assert.equal(copied.code, 2, `bit ${bit}: ${copied.stdout}`);
    }
    assert.ok(whole > 24, `verify could read all pages of ${whole} files`);
    writeFileSync(database(books), bytes);
    await florinOk(['verify', '--data', books.dataDir]);
  });

  it('changes no figure that is served', async () => {
    const {books, held, first, bytes} = await stopped();
    const random = seeded(7);
    const pages = new Set();
    for (const text of [...held.keys()].map(({code}) => code).concat(first.metadata.note)) {
      for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) pages.add(Math.floor(at / pageBytes));
    }
    for (let i = 0; i < 8; ++i) pages.add(1 + Math.floor(random.next().value * (bytes.length / pageBytes - 1)));
    let refused = 0;
    for (const page of pages) {
      writeFileSync(database(books), withBitChanged(bytes, Math.floor((page + random.next().value) * pageBytes * 8)));
      const server = await Server.start(books.dataDir).catch((refusal) => {
        assert.match(refusal.message, /does not match its checksum/);
      });
      if (!server) continue;
      const right = [...[...held].map(([account, balance]) => [`/v1/accounts/${account.id}`, (found) => assert.equal(found.balance, balance)]),
                     [`/v1/transfers/${first.id}`, (found) => assert.deepEqual(found, first)]];
      for (const [target, check] of right) {
        const answer = await exchange(server.url + target, {headers: {authorization: `Bearer ${books.secret}`}});
        if (answer.status === 200) {
          check(answer.json);
          continue;
        }
        assert.equal(answer.status, 500, `page ${page + 1}: ${answer.bytes}`);
        assert.equal(answer.json.code, 'store_corrupt');
        ++refused;
        const health = (await exchange(`${server.url}/health/services`)).json;
        assert.equal(health.services[0].status, 'degraded');
        assert.match(health.services[0].detail, new RegExp(`do not match their checksums, the first is page ${page + 1}:`));
        assert.match((await exchange(`${server.url}/metrics`)).bytes.toString(), /florin_sql_damaged_pages 1\n/);
        assert.match(server.output, new RegExp(`a page of the database does not match its checksum.*page.{1,3}${page + 1}\\b`));
      }
      await server.stop();
    }
    assert.ok(refused > 0, 'a damaged page was asked for');
  });
});
