// kill -9 under load: of a node, and of PostgreSQL with everything that it started.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {eventually} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {leaseSeconds, noPostgres, Postgres, rounds, Stage} from './lib/stage.mjs';

describe('kill -9', {skip: noPostgres}, () => {
  /** @type {Postgres} */ let postgres;
  /** @type {Stage} */ let stage;
  before(async () => {
    postgres = Postgres.start();
    stage = await Stage.open({postgres});
  });
  after(async () => {
    await stage.close();
    postgres.stop();
  });

  it('of a node: the other goes on and takes its work, and its id starts again at once', async () => {
    const load = await Load.begin(stage);
    const gone = [], back = [], takeovers = [];
    for (let round = 0; round < rounds(2, 10); ++round) {
      const victim = await stage.holderOf('webhooks.deliver', round % 2), other = 1 - victim;
      const killed = Date.now();
      await stage.nodes[victim].server.kill();
      gone.push(await load.recoveryAfter(killed, other));
      await eventually('its work is taken over', async () => await stage.holderOf('webhooks.deliver', other) === other);
      takeovers.push(Date.now() - killed);
      const restarted = Date.now();
      await stage.startNode(victim);
      back.push(await load.recoveryAfter(restarted, victim));
      await load.isWriting();
    }
    await load.assertNothingLost();
    assert.ok(load.acknowledged.length > 100, `only ${load.acknowledged.length} were acknowledged`);
    record('kill -9 of a node: the other one', load, gone);
    record('kill -9 of a node: its lease elsewhere', load, takeovers, `lease of ${leaseSeconds} s`);
    record('kill -9 of a node: a new process with its id', load, back, 'from its start');
  });

  it('of PostgreSQL: both nodes go on when it has recovered', async () => {
    const load = await Load.begin(stage);
    const recoveries = [];
    for (let round = 0; round < rounds(3, 20); ++round) {
      await postgres.kill();
      const killed = Date.now();
      await postgres.start();
      recoveries.push(await load.recoveryAfter(killed));
      await load.isWriting();
    }
    await load.assertNothingLost();
    record('kill -9 of PostgreSQL and all its processes', load, recoveries, 'with its own recovery');
  });
});
