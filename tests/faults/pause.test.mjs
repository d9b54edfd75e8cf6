// Nodes that stand in each other's way: one that was stopped for longer than its lease, and one under a taken id.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {unique} from '../e2e/lib/books.mjs';
import {bodyOf} from '../e2e/lib/client.mjs';
import {Receiver} from '../e2e/lib/receiver.mjs';
import {eventually, florin, sleep} from '../e2e/lib/server.mjs';
import {record} from './lib/figures.mjs';
import {Load} from './lib/load.mjs';
import {leaseSeconds, noPostgres, Postgres, rounds, Stage} from './lib/stage.mjs';

const job = 'webhooks.deliver';

describe('nodes in each other\'s way', {skip: noPostgres}, () => {
  /** @type {Postgres} */ let postgres;
  /** @type {Stage} */ let stage;
  before(async () => {
    postgres = Postgres.start();
    stage = await Stage.open({postgres, env: () => ({FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'})});
  });
  after(async () => {
    await stage.close();
    postgres.stop();
  });

  it('SIGSTOP for longer than the lease: the other goes on, and nothing is done twice', async () => {
    const receiver = await Receiver.start();
    after(() => receiver.close());
    const hook = bodyOf(await stage.books.api.post('/v1/webhook-endpoints',
                                                   {url: receiver.url, event_types: ['account.*']}), 201);
    const load = await Load.begin(stage);
    const silences = [], takeovers = [], recoveries = [];
    const accounts = [];
    for (let round = 0; round < rounds(2, 10); ++round) {
      const paused = await stage.holderOf(job), other = 1 - paused;
      const stopped = Date.now();
      stage.nodes[paused].server.child.kill('SIGSTOP');
      const made = await stage.apiOf(other).post('/v1/accounts', {code: unique('while-paused'), type: 'asset', currency: 'KZT'});
      accounts.push(bodyOf(made, 201).id);
      await eventually('its work is taken over', async () => await stage.holderOf(job, other) === other);
      takeovers.push(Date.now() - stopped);
      await sleep(Math.max(0, stopped + 2 * leaseSeconds * 1_000 - Date.now()));  // The fault is of this length.
      silences.push(load.longestSilenceSince(stopped));
      stage.nodes[paused].server.child.kill('SIGCONT');
      recoveries.push(await load.recoveryAfter(Date.now(), paused));
      assert.equal(await stage.holderOf(job, paused), other, 'what was taken stays taken');
      await load.isWriting();
    }
    await load.assertNothingLost();
    const about = (id) => receiver.received.filter(({body}) => body.includes(id));
    for (const id of accounts) await eventually('the webhook', async () => about(id).length > 0);
    for (const id of accounts) assert.equal(about(id).length, 1, 'a webhook is sent once');
    await stage.books.api.send('DELETE', `/v1/webhook-endpoints/${hook.id}`);
    assert.match(stage.nodes.map(({server}) => server.output).join(), /another node has taken a lease of this one/);
    record('SIGSTOP beyond the lease: the paused node', load, recoveries);
    record('SIGSTOP beyond the lease: its lease elsewhere', load, takeovers, `lease of ${leaseSeconds} s`);
    record('SIGSTOP beyond the lease: the other node stood still', load, silences);
  });

  it('a second process with the same id is refused, and the first does not notice', async () => {
    const load = await Load.begin(stage);
    const refusals = [];
    for (let round = 0; round < rounds(1, 5); ++round) {
      const begun = Date.now();
      const second = await florin(['serve', '--listen', '127.0.0.1:0', '--data', stage.books.dataDir],
                                  {env: {FLORIN_NODE_ID: '1', FLORIN_NODE_LEASE_SECONDS: String(leaseSeconds)}});
      refusals.push(Date.now() - begun);
      assert.equal(second.code, 2);
      assert.match(second.stderr, /node_id_taken/);
      await load.isWriting();
    }
    await load.assertNothingLost();
    assert.equal(load.uncertain.length, 0, 'the first is undisturbed');
    record('a second process with the same node id', load, refusals, 'time to the refusal; the first is undisturbed');
  });
});
