// A disk whose flushes take long: under SQLite, and under PostgreSQL.
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {eventually, florin} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {noCompiler, Shim} from './lib/shim.mjs';
import {noPostgres, Postgres, rounds, Stage} from './lib/stage.mjs';

const delaysMs = rounds([200], [50, 100, 200, 500]);

/** Slow for some hundred answers, then quick again; how long the first answer took after it. */
async function slowDown(stage, shim) {
  const load = await Load.begin(stage);
  const recoveries = [];
  for (const delay of delaysMs) {
    shim.setFlushMs(delay);
    const slow = Date.now();
    const before = load.acknowledged.length;
    await load.isWriting(undefined, 40);
    const during = load.acknowledged.slice(before).filter(({begun}) => begun > slow);
    assert.ok(Math.max(...during.map(({begun, at}) => at - begun)) >= delay, 'flushes are waited for');
    assert.ok(await stage.isReady(0), 'a slow disk takes nobody out of service');
    if (delay >= 100) {
      await eventually('the node says so', async () => {
        const {status, detail = ''} = await stage.serviceOf(0, 'database');
        return status === 'degraded' && /the latest commit took \d+ ms/.test(detail);
      });
    }
    shim.setFlushMs(0);
    recoveries.push(await load.recoveryAfter(Date.now()));
  }
  await load.assertNothingLost();
  assert.equal(load.uncertain.length, 0, 'nobody is refused');
  return [load, recoveries, `flushes of ${delaysMs.join(', ')} ms`];
}

describe('slow flushes', {skip: noCompiler}, () => {
  it('of SQLite make answers wait, and lose none; the doctor measures them', async () => {
    const shim = new Shim();
    const stage = await Stage.open({env: () => shim.environment});
    after(() => stage.close());
    record('slow disk under SQLite', ...await slowDown(stage, shim));
    shim.setFlushMs(50);
    const {stdout} = await florin(['doctor', '--data', stage.books.dataDir], {env: shim.environment});
    assert.match(stdout, /look +flush: a flush takes \d{5,} us/);
  });

  it('of PostgreSQL make answers wait, and lose none', {skip: noPostgres}, async () => {
    const shim = new Shim();
    const postgres = Postgres.start(shim.environment);
    after(() => postgres.stop());
    const stage = await Stage.open({postgres});
    after(() => stage.close());
    record('slow disk under PostgreSQL', ...await slowDown(stage, shim));
  });
});
