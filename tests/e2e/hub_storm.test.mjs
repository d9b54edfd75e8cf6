// The hub between the simulated game server and operator: seeded storms, after which every invariant of the
// wallet contract must hold, in both wallet modes and both dialects.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {after, describe, it} from 'node:test';

import {exchange} from './lib/client.mjs';
import {binary, eventually, makeFolder, Server} from './lib/server.mjs';

const hubSecret = 'a-hub-secret-of-the-storm';
const operatorSecret = 'an-operator-secret-of-the-storm';
const rounds = Number(process.env.STORM_ROUNDS ?? 150);

// Those that spoil a call or its answer; a wrong amount in the books is for reconciliation to find.
const faults = {
  rate: 0.05, seed: 4, hold_ms: 1500,
  kinds: ['error_500', 'error_503', 'rate_limited', 'timeout_before_commit', 'timeout_after_commit', 'duplicate',
          'out_of_order', 'changed_amount', 'other_currency', 'html', 'half_body', 'no_content_204', 'redirect'],
};

async function startSandbox() {
  const child = spawn(binary(), ['sandbox', '--operator-listen', '127.0.0.1:0', '--rgs-listen', '127.0.0.1:0',
                                 '--secret', hubSecret, '--operator-secret', operatorSecret]);
  process.on('exit', () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => output += chunk);
  await eventually('the sandbox says where it is', async () => /Try:/.test(output));
  after(() => child.kill('SIGTERM'));
  const [operator, rgs] = ['operator', 'game server'].map(
      (who) => new RegExp(`${who} at (http://127\\.0\\.0\\.1:\\d+)`).exec(output)[1]);
  return {operator, rgs};
}

async function startHub(env) {
  const server = await Server.start(makeFolder(), {env: {HMAC_SECRET: hubSecret, ...env}});
  after(() => server.stop());
  return server;
}

function post(url, fields) {
  return exchange(url, {method: 'POST', body: JSON.stringify(fields), headers: {'content-type': 'application/json'}});
}

async function play(sandbox, hub, seed) {
  const report = (await post(`${sandbox.rgs}/sandbox/play`, {
    hub_url: hub.url, rounds, seed, players: 10, concurrency: 16,
    retry_ms: [50, 100, 300, 1000, 2000, 3000, 5000, 5000, 10_000, 10_000],
  })).json;
  assert.deepEqual(report.violations, []);
  assert.deepEqual([report.rounds, report.unresolved], [rounds, []]);
  const {opening, debits, credits, rollbacks, closing} = report.sums_cents;
  assert.equal(opening - debits + credits + rollbacks, closing);
}

/** The operator's balances are what its movements make of the opening ones, and none is negative. */
async function checkOperator(sandbox) {
  const {players, totals, injected} = (await exchange(`${sandbox.operator}/sandbox/state`)).json;
  const {openings_minor, adjustments_minor, debits_minor, credits_minor, rollbacks_minor} = totals.EUR;
  assert.equal(players.reduce((sum, player) => sum + player.balance_minor, 0),
               openings_minor + adjustments_minor - debits_minor + credits_minor + rollbacks_minor);
  assert.ok(players.every((player) => player.balance_minor >= 0));
  assert.ok(Object.keys(injected).length >= 5, JSON.stringify(injected));
}

describe('a storm through the hub', () => {
  it('leaves wallets in our ledger in order', async () => {
    const [sandbox, hub] = [await startSandbox(), await startHub({})];
    await play(sandbox, hub, 1);
  });

  for (const dialect of ['florin', 'evenbet']) {
    it(`leaves wallets at a failing operator in order (${dialect})`, async () => {
      const sandbox = await startSandbox();
      const hub = await startHub({
        OPERATOR_BASE_URL: sandbox.operator, OPERATOR_HMAC_SECRET: operatorSecret, OPERATOR_DIALECT: dialect,
        OPERATOR_RATE_PER_MINUTE: '0', OPERATOR_TIMEOUT_MS: '500',
      });
      assert.equal((await post(`${sandbox.operator}/sandbox/faults`, faults)).status, 201);
      await play(sandbox, hub, 2);
      await checkOperator(sandbox);
    });
  }
});
