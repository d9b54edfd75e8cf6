// The connection between a node and PostgreSQL: closed, silent for a while, silent for ever, broken around a COMMIT.
import assert from 'node:assert/strict';
import {after, afterEach, before, describe, it} from 'node:test';

import {eventually, sleep} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {Proxy} from './lib/proxy.mjs';
import {noPostgres, Postgres, rounds, Stage} from './lib/stage.mjs';

/** The node that reaches its database through the proxy; node 0 has a connection of its own. */
const far = 1;
/** Such a time without an answer a statement may take in these tests. */
const patience = 'statement_timeout=3000&lock_timeout=2000';

describe('the connection of a node to PostgreSQL', {skip: noPostgres}, () => {
  /** @type {Postgres} */ let postgres;
  /** @type {Proxy} */ let proxy;
  /** @type {Stage} */ let stage;
  before(async () => {
    postgres = Postgres.start();
    proxy = await Proxy.start(postgres.socket);
    stage = await Stage.open({
      postgres, url: (node, direct) => node === far ? `${proxy.urlOf(direct)}&${patience}` : direct});
  });
  afterEach(() => proxy.speak());
  after(async () => {
    await stage.close();
    await proxy.close();
    postgres.stop();
  });

  it('is closed: requests are answered after the next connect', async () => {
    const load = await Load.begin(stage);
    const recoveries = [];
    for (let round = 0; round < rounds(5, 40); ++round) {
      proxy.cut();
      recoveries.push(await load.recoveryAfter(Date.now(), far));
      await load.isWriting([far]);
    }
    await load.assertNothingLost();
    record('connection to PostgreSQL closed', load, recoveries);
  });

  it('breaks while a COMMIT is under way: the server is asked what became of it', async () => {
    const load = await Load.begin(stage);
    const recoveries = {before: [], after: []};
    for (let round = 0; round < rounds(3, 20); ++round) {
      for (const moment of ['before', 'after']) {
        const broken = await proxy.breakNextCommit(moment);
        recoveries[moment].push(await load.recoveryAfter(broken, far));
        await load.isWriting([far]);
      }
    }
    await load.assertNothingLost();
    assert.equal(load.uncertain.length, 0, 'nobody is told that it is unknown');
    assert.match(stage.nodes[far].server.output, /the connection broke in a commit/);
    record('connection closed before a COMMIT arrives', load, recoveries.before);
    record('connection closed before a COMMIT is answered', load, recoveries.after);
  });

  for (const forgetOld of [false, true]) {
    const name = forgetOld ? 'silent, and its old connections for ever' : 'silent for five seconds';
    it(`is ${name}: both nodes come back by themselves`, async () => {
      const load = await Load.begin(stage);
      const recoveries = [], silences = [];
      for (let round = 0; round < rounds(1, 5); ++round) {
        const fell = await proxy.fallSilent();
        await eventually('readiness turns', async () => !await stage.isReady(far));
        await sleep(Math.max(0, fell + 5_000 - Date.now()));  // The fault is of this length.
        silences.push(load.longestSilenceSince(fell));
        proxy.speak({forgetOld});
        recoveries.push(await load.recoveryAfter(Date.now(), far));
        await eventually('readiness turns back', () => stage.isReady(far));
        await load.isWriting();
      }
      await load.assertNothingLost();
      record(`connection ${name}: its node`, load, recoveries);
      record(`connection ${name}: the other node stood still`, load, silences);
    });
  }
});
