// What `florin verify` says when secret.key was lost or another one was there, when a seal names a key that nobody has, and when
// somebody changed the schema: on both engines.
import assert from 'node:assert/strict';
import {copyFileSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf, Client} from './lib/client.mjs';
import {forge} from './lib/forge.mjs';
import {noPostgres, Postgres} from './lib/postgres.mjs';
import {eventually, florin, florinOk, isPostgres, makeFolder, run, Server} from './lib/server.mjs';

const hasSqlite = (await run('sh', ['-c', 'command -v sqlite3'])).code === 0;

/** Books on one engine, and what edits them behind florin's back while the server is stopped. */
async function onSqlite() {
  const books = await Books.open();
  after(() => books.close());
  const file = path.join(books.dataDir, 'florin.db');
  return {books, more: ['--data', books.dataDir], edit: (sql) => forge(file, sql), bytes: (hex) => `x'${hex}'`, asBytes: (text) => `CAST(${text} AS BLOB)`};
}

let server;
async function onPostgres() {
  server ??= Postgres.start();
  const database = unique('books').replaceAll('-', '_');
  const db = ['--db', server.createDatabase(database)];
  const books = await Books.open({db});
  after(() => books.close());
  return {books, more: ['--data', books.dataDir, ...db], edit: async (sql) => server.sql(sql, {database}),
          bytes: (hex) => `'\\x${hex}'::bytea`, asBytes: (text) => text};
}

for (const [name, open, skip] of [['SQLite', onSqlite, !hasSqlite && 'there is no sqlite3 here'], ['PostgreSQL', onPostgres, noPostgres]]) {
  describe(`keys and seals on ${name}`, {skip: isPostgres ? 'has its own databases' : skip}, () => {
    after(() => { if (name === 'PostgreSQL') server?.stop(); });

    const keyOf = ({books}) => path.join(books.dataDir, 'secret.key');
    const verify = ({more}) => florin(['verify', ...more]);
    const restart = async ({books}, between) => {
      await books.close();
      await between?.();
      await books.start();
    };
    /** A row in several sealed tables, links and events. */
    const write = async ({books}) => {
      const [ana, shop] = [await books.wallet(1000), await books.wallet()];
      const postings = [{debit: ana.id, credit: shop.id, amount: 9, currency: 'KZT'}];
      bodyOf(await books.api.post('/v1/transfers', {postings}, {key: unique('key')}), 201);
      bodyOf(await books.api.post('/v1/webhook-endpoints', {url: 'https://example.com/', event_types: ['account.closed']}), books.isKeyLost ? 503 : 201);
      bodyOf(await books.api.patch(`/v1/accounts/${ana.id}`, {frozen: true}), 200);
    };
    const filled = async () => {
      const scene = await open();
      await write(scene);
      return scene;
    };
    const isClean = async (scene) => {
      const result = await verify(scene);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      return result.stdout;
    };

    for (const [how, lose] of [['is gone', (key) => renameSync(key, `${key}.kept`)],
                               ['is another one', (key) => { renameSync(key, `${key}.kept`); writeFileSync(key, `${'ab'.repeat(32)}\n`); }]]) {
      it(`what is written while the key ${how} is counted, and accepted once it is back`, async () => {
        const scene = await filled();
        const {books} = scene;
        await restart(scene, () => lose(keyOf(scene)));
        books.isKeyLost = how === 'is gone';
        await write(scene);
        await eventually('the look at the anchor', async () => bodyOf(await books.api.get('/health/services'), 200)
            .services.some(({detail}) => /written now has no seals/.test(detail)));
        const examined = await florin(['doctor', ...scene.more]);
        assert.match(examined.stdout, /the key of the books is [0-9a-f]{8}, the one here is (lost|[0-9a-f]{8})/);
        assert.equal((await verify(scene)).code, 2);
        await restart(scene, () => renameSync(`${keyOf(scene)}.kept`, keyOf(scene)));
        books.isKeyLost = false;
        await write(scene);
        await books.close();

        const open = await verify(scene);
        assert.equal(open.code, 2, open.stdout);
        assert.match(open.stdout, /^open +hash chain .* [1-9]\d* written while the key was lost/m);
        assert.match(open.stdout, /^open +events .* [1-9]\d* written while the key was lost/m);
        assert.match(open.stdout, /^open +idempotency_keys .* [1-9]\d* written while the key was lost/m);
        assert.match(open.stdout, /rows were written while the key was lost, and nothing proves that they are as written\..*florin anchor --accept/);
        assert.doesNotMatch(open.stdout, /FAULT|key that is not here/);

        const accepted = await florinOk(['anchor', '--accept', ...scene.more]);
        assert.match(accepted, /What was written while the key was lost is accepted as it is/);
        assert.match(accepted, /[1-9]\d* rows of idempotency_keys are sealed again/);
        assert.match(await isClean(scene), /rows were written while the key was lost, and were accepted as they were then\.\nThe books are in order/);
        await books.start();
        await write(scene);
        await books.close();
        await isClean(scene);
        assert.doesNotMatch(await florinOk(['anchor', '--accept', ...scene.more]), /accepted|sealed again/, 'there is nothing more to accept');

        await scene.edit("UPDATE events SET actor = 'nobody' WHERE id = (SELECT max(id) FROM events WHERE substr(link, 1, 4) = "
          + `${scene.bytes('00000000')})`);
        const edited = await verify(scene);
        assert.equal(edited.code, 1);
        assert.match(edited.stdout, /^FAULT +events/m);
      });
    }

    it('a seal without a key is a fault where no loss was noted, and a seal of an unknown key always', async () => {
      const scene = await filled();
      await scene.books.close();
      await isClean(scene);
      const renamed = async (key) => scene.edit('UPDATE idempotency_keys SET row_seal = '
        + scene.asBytes(`${scene.bytes(key)} || substr(row_seal, 5)`));
      await renamed('a1b2c3d4');
      const unknown = await verify(scene);
      assert.equal(unknown.code, 1, unknown.stdout);
      assert.match(unknown.stdout, /idempotency_keys \S+ is sealed with key a1b2c3d4, which has made no link: a forged seal/);
      await renamed('00000000');
      const unkeyed = await verify(scene);
      assert.equal(unkeyed.code, 1);
      assert.match(unkeyed.stdout, /its seal does not fit/);
    });

    it('a command without the key is noted, and accepted', async () => {
      const scene = await filled();
      await scene.books.close();
      renameSync(keyOf(scene), `${keyOf(scene)}.kept`);
      await florinOk(['keys', 'create', '--name', 'late', ...scene.more]);
      assert.notEqual((await florin(['anchor', '--accept', ...scene.more])).code, 0, 'nobody accepts without the key');
      renameSync(`${keyOf(scene)}.kept`, keyOf(scene));
      const open = await verify(scene);
      assert.equal(open.code, 2);
      assert.match(open.stdout, /^open +api_keys .* 1 written while the key was lost/m);
      assert.match(await florinOk(['anchor', '--accept', ...scene.more]), /1 rows of api_keys are sealed again/);
      await isClean(scene);
    });

    it('a new key for one that is gone for good is the key of the books from then on', async () => {
      const scene = await filled();
      const {books} = scene;
      await books.close();
      rmSync(keyOf(scene));
      await books.start();
      books.isKeyLost = true;
      await write(scene);
      await books.close();
      const before = readFileSync(path.join(books.dataDir, 'anchor.json'), 'utf8');
      const args = books.options.args;
      books.options.args = [...args, '--new-secret-key'];
      await books.start();
      await books.close();
      books.options.args = args;
      books.isKeyLost = false;
      await books.start();  // Nothing was written in between: the key is remembered all the same.
      await write(scene);
      await books.close();
      assert.equal(readFileSync(path.join(books.dataDir, 'anchor.json'), 'utf8'), before, 'the old anchor stays until it is accepted');
      assert.match((await verify(scene)).stdout, /^open .*written while the key was lost/m);

      const accepted = await florinOk(['anchor', '--accept', ...scene.more]);
      assert.match(accepted, /What was written while the key was lost is accepted.*the earlier anchor is kept in/s);
      const verified = await verify(scene);
      assert.equal(verified.code, 2, 'what the lost key has sealed can never be checked');
      assert.match(verified.stdout, /rows are sealed with another key than [0-9a-f]{8} and cannot be checked: .*the books are in order/s);
      assert.doesNotMatch(verified.stdout, /FAULT|nothing proves that they are as written\. Was it lost/);
      await books.start();
      await write(scene);
      await books.close();
      assert.equal((await verify(scene)).code, 2);
      const anchor = JSON.parse(readFileSync(path.join(books.dataDir, 'anchor.json'), 'utf8'));
      assert.equal(anchor.key, JSON.parse(accepted.trim().split('\n').at(-1)).key, 'the server goes on with the new anchor');
    });

    it('a key that is simply kept is taken by anchor --accept', async () => {
      const scene = await filled();
      const {books} = scene;
      await books.close();
      writeFileSync(keyOf(scene), `${'cd'.repeat(32)}\n`);
      assert.match(await florinOk(['anchor', '--accept', ...scene.more]), /The books had the key [0-9a-f]{8}; from now on they have [0-9a-f]{8}/);
      await books.start();
      await write(scene);
      await books.close();
      assert.doesNotMatch((await verify(scene)).stdout, /FAULT|while the key was lost/);
    });

    it('dropped indexes and policies and added triggers are told by verify and by doctor', async () => {
      const scene = await filled();
      await scene.books.close();
      assert.match(await isClean(scene), /^ok +schema$/m);
      await scene.edit('DROP INDEX accounts_by_tenant');
      await scene.edit(name === 'SQLite'
        ? "CREATE TRIGGER quiet AFTER INSERT ON accounts BEGIN UPDATE accounts SET frozen = 0 WHERE id = new.id; END"
        : 'CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;'
          + ' CREATE TRIGGER quiet BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION quiet()');
      const result = await verify(scene);
      assert.equal(result.code, 1);
      assert.match(result.stdout, /^FAULT +schema\n +index accounts_by_tenant is missing\n +trigger quiet\S* .*is not one of florin's$/m);
      assert.match((await florin(['doctor', ...scene.more])).stdout, /FAULT +schema: index accounts_by_tenant is missing; trigger quiet/);
      if (name === 'SQLite') return;
      await scene.edit('DROP POLICY balances_of_tenant ON balances');
      assert.match((await verify(scene)).stdout, /^ +policy balances_of_tenant is missing$/m);
    });
  });
}

describe('the proof of a backup', {skip: isPostgres ? 'edits a file of SQLite' : !hasSqlite && 'there is no sqlite3 here'}, () => {
  it('refuses a copy with a forged seal', async () => {
    const {books, edit} = await onSqlite();
    await books.wallet(1000);
    await books.close();
    const [sound, forged] = [makeFolder(), makeFolder()].map((folder) => path.join(folder, 'backup'));
    await florinOk(['backup', '--data', books.dataDir, '--out', sound, '--verify']);
    await edit("UPDATE api_keys SET permissions = '*' || permissions");
    const result = await florin(['backup', '--data', books.dataDir, '--out', forged, '--verify']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /the books of the copy are not in order/);
    await florinOk(['backup', '--data', books.dataDir, '--out', forged, '--with-secret-key']);
    const restored = await florin(['restore', '--data', makeFolder(), '--in', forged, '--verify']);
    assert.equal(restored.code, 2);
    assert.match(restored.stderr, /the books of the copy are not in order/);
  });
});

describe('the anchor over several nodes', {skip: isPostgres ? 'has its own databases' : noPostgres}, () => {
  it('holds what each of them has committed', async () => {
    const postgres = Postgres.start();
    after(() => postgres.stop());
    const db = ['--db', postgres.createDatabase('nodes')];
    const one = await Books.open({db, env: {FLORIN_NODE_ID: '1'}});
    after(() => one.close());
    const dataDir = makeFolder();
    copyFileSync(path.join(one.dataDir, 'secret.key'), path.join(dataDir, 'secret.key'));
    const second = await Server.start(dataDir, {args: db, env: {FLORIN_NODE_ID: '2'}});
    after(() => second.stop());
    const api = new Client(second.url, one.secret);
    after(() => api.close());

    const [ana, shop] = [await one.wallet(1000), await one.wallet()];
    const postings = [{debit: ana.id, credit: shop.id, amount: 1, currency: 'KZT'}];
    for (let i = 0; i < 5; ++i) {
      bodyOf(await one.api.post('/v1/transfers', {postings}), 201);
      bodyOf(await api.post('/v1/transfers', {postings}), 201);
    }
    await one.close();
    await second.stop();
    for (const folder of [one.dataDir, dataDir]) {
      const {chains} = JSON.parse(readFileSync(path.join(folder, 'anchor.json'), 'utf8'));
      assert.deepEqual(chains.map(({chain}) => chain), [1, 2], `the anchor in ${folder} names the chain of each node`);
      await florinOk(['verify', '--data', folder, ...db]);
    }
    // The end of one node's chain is cut off; the other's is as it was.
    postgres.sql('DELETE FROM chain_links WHERE chain = 2 AND sequence = (SELECT max(sequence) FROM chain_links WHERE chain = 2)', {database: 'nodes'});
    for (const folder of [one.dataDir, dataDir]) {
      const cut = await florin(['verify', '--data', folder, ...db]);
      assert.equal(cut.code, 1);
      assert.match(cut.stdout, /the books end at link \d+ of chain 2, the anchor saw link \d+/);
    }
  });
});
