// Backup, restore and point-in-time recovery over a real PostgreSQL, as docs/operations.md tells them.
import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {noPostgres, Postgres} from './lib/postgres.mjs';
import {binary, eventually, florin, florinOk, makeFolder, run} from './lib/server.mjs';

const rowsOf = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1).sort();

/** Transfers of 1 from one wallet to another, by several writers, until stop(); which ones were acknowledged. */
function startLoad(books, from, to) {
  const acknowledged = [];
  let isOver = false;
  const write = async () => {
    while (!isOver) acknowledged.push((await books.move(from, to, 1)).id);
  };
  const writers = Array.from({length: 8}, write);
  return {
    acknowledged,
    stop: async () => {
      isOver = true;
      await Promise.all(writers);
    },
  };
}

const idsOf = async (books) => new Set((await books.api.all('/v1/transfers')).map(({id}) => id));

/** A server on another database with the key of these books. */
async function reopen(books, url, dataDir) {
  const copy = new Books(dataDir, books.secret, {args: ['--db', url]});
  await copy.start();
  return copy;
}

describe('backup and restore over PostgreSQL', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let server;
  before(() => server = Postgres.start());
  after(() => server.stop());

  it('hold every transfer acknowledged before, with load beside, and books in order', async () => {
    // The copy shows this node as alive: a server over it waits for the lease.
    const env = {FLORIN_NODE_LEASE_SECONDS: '2'};
    const books = await Books.open({db: ['--db', server.createDatabase('busy')], env});
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    const load = startLoad(books, ana, shop);
    await eventually('some load', async () => load.acknowledged.length >= 100);
    const before = [...load.acknowledged];
    const folder = path.join(makeFolder(), 'backup');
    await florinOk(['backup', '--data', books.dataDir, '--db', server.url({database: 'busy'}), '--out', folder,
                    '--with-secret-key']);
    await eventually('load after the backup', async () => load.acknowledged.length >= before.length + 20);
    await load.stop();

    const fresh = path.join(makeFolder(), 'new');
    const url = server.createDatabase('busy_restored');
    await florinOk(['restore', '--data', fresh, '--db', url, '--in', folder, '--verify']);
    const copy = await reopen(books, url, fresh);
    after(() => copy.close());
    const restored = await idsOf(copy);
    for (const id of before) assert.ok(restored.has(id), `${id} was acknowledged before the backup and is not in it`);
    assert.equal(await copy.balanceOf(shop), restored.size - 1, 'each transfer but the funding brought 1');
    await copy.move(ana, shop, 5);
    await copy.close();
    await florinOk(['verify', '--data', fresh, '--db', url]);
    await books.close();
  });

  it('carry everything over, row by row', async () => {
    const from = server.createDatabase('still');
    const books = await Books.open({db: ['--db', from]});
    const [ana, shop] = [await books.wallet(1_000), await books.wallet()];
    await books.move(ana, shop, 7);
    await books.hold(ana, shop, 5);
    await books.close();
    const work = makeFolder(), to = server.createDatabase('still_restored');
    await florinOk(['backup', '--data', books.dataDir, '--db', from, '--out', `${work}/backup`]);
    await florinOk(['restore', '--data', makeFolder(), '--db', to, '--in', `${work}/backup`]);
    for (const [url, name] of [[from, 'from'], [to, 'to']])
      await florinOk(['export', '--data', books.dataDir, '--db', url, '--out', `${work}/${name}.jsonl`]);
    assert.deepEqual(rowsOf(`${work}/to.jsonl`), rowsOf(`${work}/from.jsonl`));
  });

  it('never replace a database that holds something, and leave nothing half restored', async () => {
    const url = server.createDatabase('occupied');
    const dataDir = makeFolder(), folder = path.join(makeFolder(), 'backup');
    await florinOk(['migrate', '--data', dataDir, '--db', url]);
    await florinOk(['backup', '--data', dataDir, '--db', url, '--out', folder]);
    const again = await florin(['restore', '--data', makeFolder(), '--db', url, '--in', folder]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /database\.url has tables.*\(restore_refused\)/s);
    assert.match(await florinOk(['verify', '--data', dataDir, '--db', url]), /books are in order/);
  });

  it('name a program that is missing, and say what --verify needs', async () => {
    const dataDir = makeFolder(), url = server.url();
    await florinOk(['migrate', '--data', dataDir, '--db', url]);
    const without = await run(binary(), ['backup', '--data', dataDir, '--db', url, '--out', `${dataDir}/none`],
                              {env: {PATH: makeFolder()}});
    assert.equal(without.code, 2);
    assert.match(without.stderr, /pg_dump is not there: install it .*postgresql-client.*\(tool_failed\)/);
    const verified = await florin(['backup', '--data', dataDir, '--db', url, '--out', `${dataDir}/none`, '--verify']);
    assert.equal(verified.code, 2);
    assert.match(verified.stderr, /florin restore --verify.*\(backup_failed\)/);
    assert.equal(existsSync(`${dataDir}/none`), false);
  });

  it('show the password to nobody: it is in no argument and in no message', async () => {
    server.createDatabase('secretive', {owner: 'locked'});
    const tools = makeFolder(), said = path.join(tools, 'arguments');
    for (const tool of ['pg_dump', 'pg_restore']) {
      writeFileSync(path.join(tools, tool), `#!/bin/sh\necho "$0 $*" >> ${said}\nexec /usr/bin/${tool} "$@"\n`);
      chmodSync(path.join(tools, tool), 0o755);
    }
    const env = {PATH: `${tools}:${process.env.PATH}`, DB_HOST: server.folder, DB_USER: 'locked', DB_PASSWORD: 'right',
                 DB_NAME: 'secretive'};
    const dataDir = makeFolder(), folder = path.join(makeFolder(), 'backup');
    const command = async (args, more = {}) => {
      const result = await run(binary(), args, {env: {...env, ...more}});
      assert.equal(result.code, 0, result.stderr);
      return result.stdout + result.stderr;
    };
    let output = await command(['migrate', '--data', dataDir]);
    output += await command(['backup', '--data', dataDir, '--out', folder]);
    server.createDatabase('secretive_restored', {owner: 'locked'});
    output += await command(['restore', '--data', makeFolder(), '--in', folder, '--verify'], {DB_NAME: 'secretive_restored'});
    const calls = readFileSync(said, 'utf8');
    assert.match(calls, /pg_dump .*\n.*pg_restore /s);
    assert.doesNotMatch(calls + output + readFileSync(`${folder}/manifest.json`, 'utf8'), /right/);
  });
});

describe('point-in-time recovery of PostgreSQL', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let server;
  /** @type {Books} */
  let books;
  const archive = path.join(makeFolder(), 'archive'), base = path.join(makeFolder(), 'base');
  let ana, shop, earlier, later, time;

  before(async () => {
    mkdirSync(archive);
    chmodSync(path.dirname(archive), 0o711);
    chmodSync(archive, 0o777);  // The server may run as a user of its own.
    server = Postgres.start(['wal_level=replica', 'archive_mode=on',
                             `archive_command='test ! -f ${archive}/%f && cp %p ${archive}/%f'`]);
    books = await Books.open({db: ['--db', server.url()]});
    [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    server.copyTo(base);
    earlier = await load('load after the base backup');
    time = server.sql('SELECT clock_timestamp()');
    server.sql("SELECT pg_create_restore_point('before-release')");
    later = await load('load after the time');
    await books.close();
    const last = server.sql('SELECT pg_walfile_name(pg_switch_wal())');
    await eventually('the archive holds it', async () => existsSync(path.join(archive, last)));
  });
  after(() => server.stop());

  /** The ids of what was acknowledged. */
  async function load(what) {
    const running = startLoad(books, ana, shop);
    await eventually(what, async () => running.acknowledged.length >= 100);
    await running.stop();
    return running.acknowledged;
  }

  const targets = {
    'a time': () => `recovery_target_time='${time}'`,
    'a named point': () => "recovery_target_name='before-release'",
  };
  for (const [name, target] of Object.entries(targets)) {
    it(`to ${name} brings back what was acknowledged before it, and nothing after it`, async () => {
      const recovered = server.resumeCopy({copy: base, mark: 'recovery.signal', settings: [
        'archive_mode=off', `restore_command='cp ${archive}/%f %p'`, target(), "recovery_target_action='promote'"]});
      after(() => recovered.stop());
      await eventually('the end of recovery', async () => recovered.sql('SELECT pg_is_in_recovery()') === 'f');
      // The anchor saw what came after that time: it is lost on purpose here.
      const older = await florin(['verify', '--data', books.dataDir, '--db', recovered.url()]);
      assert.equal(older.code, 1);
      assert.match(older.stdout, /this is an older copy, or its end was cut off/);
      const accepted = await florinOk(['anchor', '--accept', '--data', books.dataDir, '--db', recovered.url()]);
      assert.match(accepted, /the earlier anchor is kept in .*anchor\.json\.before-\d+/);
      await florinOk(['verify', '--data', books.dataDir, '--db', recovered.url()]);
      const again = await reopen(books, recovered.url(), books.dataDir);
      after(() => again.close());
      const kept = await idsOf(again);
      for (const id of earlier) assert.ok(kept.has(id), `${id} was acknowledged before it and is lost`);
      for (const id of later) assert.ok(!kept.has(id), `${id} came after it`);
      assert.equal(await again.balanceOf(shop), earlier.length);
      await again.move(ana, shop, 1);
      await again.close();
      await florinOk(['verify', '--data', books.dataDir, '--db', recovered.url()]);
    });
  }
});
