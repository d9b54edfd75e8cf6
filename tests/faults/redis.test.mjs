// Redis gone and back under load: limits fall back to each node, and no request waits or fails for it.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {Redis} from '../e2e/lib/redis.mjs';
import {eventually} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {noPostgres, Postgres, rounds, Stage} from './lib/stage.mjs';

const skip = noPostgres || (!Redis.isInstalled() && 'there is no redis-server');

describe('Redis', {skip}, () => {
  /** @type {Postgres} */ let postgres;
  /** @type {Redis} */ let redis;
  /** @type {Stage} */ let stage;
  before(async () => {
    postgres = Postgres.start();
    redis = await Redis.start('geheim-und-lang');
    stage = await Stage.open({postgres, env: () => redis.environment});
  });
  after(async () => {
    await stage.close();
    await redis.kill();
    postgres.stop();
  });

  const becomes = (status) => Promise.all([0, 1].map((node) => eventually(`node ${node} says ${status}`, async () =>
    (await stage.serviceOf(node, 'redis')).status === status)));

  it('gone and back: requests go on, and the nodes say so', async () => {
    await becomes('healthy');
    const load = await Load.begin(stage);
    const silences = [], shared = [];
    for (let round = 0; round < rounds(2, 10); ++round) {
      const killed = Date.now();
      await redis.kill();
      await becomes('degraded');
      await load.isWriting();
      silences.push(load.longestSilenceSince(killed));
      const back = Date.now();
      await redis.start();
      await becomes('healthy');
      shared.push(Date.now() - back);
    }
    await load.assertNothingLost();
    assert.equal(load.uncertain.length, 0, 'nobody is refused');
    record('Redis gone: longest silence', load, silences);
    record('Redis back: limits are shared again', load, shared, 'with its start');
  });
});
