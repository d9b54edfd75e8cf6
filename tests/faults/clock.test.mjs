// The clock of one host jumps while it runs: an hour ahead, an hour back, a day ahead.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {unique} from '../e2e/lib/books.mjs';
import {bodyOf, Client, problemOf} from '../e2e/lib/client.mjs';
import {Partner} from '../e2e/lib/partner.mjs';
import {Receiver} from '../e2e/lib/receiver.mjs';
import {createKey, eventually, florin} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {noCompiler, Shim} from './lib/shim.mjs';
import {noPostgres, Postgres, Stage} from './lib/stage.mjs';

const hour = 3_600;
const jumps = [hour, -hour, 24 * hour];
const hmacSecret = 'clock-test-hub-secret';
const environment = {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1', HMAC_SECRET: hmacSecret};

const isNow = (time, toleranceMs = 10_000) => Math.abs(new Date(time) - Date.now()) < toleranceMs;

/** Ids grow from acknowledged to sent: what was asked after an answer has a greater id, whoever wrote it. */
function assertIdsInOrder(load) {
  const byAnswer = [...load.acknowledged].sort((a, b) => a.at - b.at);
  let greatest = '', next = 0;
  for (const each of [...load.acknowledged].sort((a, b) => a.begun - b.begun)) {
    for (; next < byAnswer.length && byAnswer[next].at < each.begun; ++next)
      if (byAnswer[next].id > greatest) greatest = byAnswer[next].id;
    assert.ok(each.id > greatest, `${each.id} came after ${greatest}`);
  }
}

describe('a clock that jumps on one of two nodes', {skip: noPostgres || noCompiler}, () => {
  const far = 1;  // The node whose host's clock is wrong.
  /** @type {Postgres} */ let postgres;
  /** @type {Stage} */ let stage;
  /** @type {Shim} */ let shim;
  /** @type {Client} */ let api;
  before(async () => {
    shim = new Shim();
    postgres = Postgres.start();
    stage = await Stage.open({postgres, env: (node) => ({...environment, ...(node === far ? shim.environment : {})})});
    api = stage.apiOf(far);
  });
  after(async () => {
    await stage.close();
    postgres.stop();
  });

  const clockBecomes = (pattern) => eventually(`node ${far} says ${pattern}`, async () =>
    pattern.test((await stage.serviceOf(far, 'cluster')).detail ?? ''));

  it('moves no row, no id, no limit and no signature, and is told', async () => {
    const {books} = stage;
    const partner = new Partner(stage.nodes[far].url, {secret: hmacSecret});
    after(() => partner.close());
    const limited = new Client(stage.nodes[far].url, (await createKey(books.dataDir, {rateLimit: 5})).secret);
    after(() => limited.close());
    const receiver = await Receiver.start();
    after(() => receiver.close());
    const endpoint = bodyOf(await books.api.post('/v1/webhook-endpoints',
                                                 {url: receiver.url, event_types: ['account.*']}), 201);
    const load = await Load.begin(stage);
    const early = load.acknowledged.find(({node}) => node === far);
    const held = await books.hold(load.from, load.to, 5, {expires_in_seconds: hour / 2});
    const recoveries = [];
    for (const jump of jumps) {
      shim.setClockAheadBy(jump);
      recoveries.push(await load.recoveryAfter(Date.now(), far));
      await clockBecomes(jump > 0 ? /ahead of the database server's; florin does not go by it/ :
                                    /behind the database server's; florin does not go by it/);
      const doctor = await florin(['doctor', '--data', books.dataDir], {env: shim.environment});
      assert.equal(doctor.code, 1);
      assert.match(doctor.stdout, /database's clock: -?\d+ ms apart from ours/);

      const made = bodyOf(await api.post('/v1/accounts', {code: unique('jump'), type: 'asset', currency: 'KZT'}), 201);
      assert.ok(isNow(made.created_at), `${made.created_at} is the time of ${jump} s`);
      const again = await api.post('/v1/transfers', {
        postings: [{debit: load.from.id, credit: load.to.id, amount: 1, currency: 'KZT'}], reference: early.key},
        {key: early.key});
      assert.equal(bodyOf(again, 201).id, early.id, 'its key is remembered');
      problemOf(await partner.balance('nobody'), 404, 'player_not_found');  // A signature of now is of now.
      for (let i = 0; i < 3; ++i)
        await eventually('a token', async () => (await limited.get('/v1/currencies')).status === 200, 3_000);
      const [hook] = await receiver.waitFor(1, ({body}) => body.includes(made.id));
      assert.ok(isNow(Number(hook.headers['webhook-timestamp']) * 1_000));
      await load.isWriting();
    }
    shim.setClockAheadBy(0);
    await clockBecomes(/^$/);
    assert.equal(bodyOf(await api.get(`/v1/holds/${held.id}`), 200).status, 'open', 'no hold ended early');
    bodyOf(await api.post(`/v1/holds/${held.id}/release`), 200);
    await api.send('DELETE', `/v1/webhook-endpoints/${endpoint.id}`);
    await load.assertNothingLost();
    assert.equal(load.uncertain.length, 0, 'nobody is refused');
    assertIdsInOrder(load);
    record('clock of one node jumps', load, recoveries, '+1 h, -1 h, +1 day');
  });

  it('and a node that starts with a wrong clock goes by the database\'s', async () => {
    await stage.nodes[far].server.stop();
    shim.setClockAheadBy(-hour);
    await stage.startNode(far);
    await clockBecomes(/behind the database server's; florin does not go by it/);
    const made = bodyOf(await stage.apiOf(far).post('/v1/accounts',
                                                    {code: unique('started'), type: 'asset', currency: 'KZT'}), 201);
    assert.ok(isNow(made.created_at), made.created_at);
    shim.setClockAheadBy(0);
    await clockBecomes(/^$/);
  });
});

describe('a clock that jumps under SQLite', {skip: noCompiler}, () => {
  it('is followed; ids, keys and the order of history hold all the same', async () => {
    const shim = new Shim();
    const stage = await Stage.open({env: () => ({...environment, ...shim.environment})});
    after(() => stage.close());
    const limited = new Client(stage.nodes[0].url, (await createKey(stage.books.dataDir, {rateLimit: 5})).secret);
    after(() => limited.close());
    const load = await Load.begin(stage);
    const recoveries = [];
    let newest = 0;
    for (const jump of [...jumps, 0]) {
      shim.setClockAheadBy(jump);
      recoveries.push(await load.recoveryAfter(Date.now()));
      await eventually('the jump is followed, but not behind what is stored', async () => {
        const made = Date.parse((await stage.books.account()).created_at);
        return Math.abs(made - Math.max(newest, Date.now() + jump * 1_000)) < 10_000;
      });
      newest = Math.max(newest, Date.now() + jump * 1_000);
      for (let i = 0; i < 3; ++i)
        await eventually('a token', async () => (await limited.get('/v1/currencies')).status === 200, 3_000);
      await load.isWriting();
    }
    await load.assertNothingLost();
    assert.equal(load.uncertain.length, 0, 'nobody is refused');
    assertIdsInOrder(load);
    const times = (await stage.books.api.all('/v1/transfers')).map(({created_at}) => created_at);
    assert.deepEqual(times, [...times].sort().reverse(), 'history is in order');
    record('clock jumps under SQLite', load, recoveries, '+1 h, -1 h, +1 day, back');
  });
});
