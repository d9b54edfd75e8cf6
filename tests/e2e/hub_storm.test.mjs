// The hub between the simulated game server and operator: seeded storms, after which every invariant of the
// wallet contract must hold, in both wallet modes and both dialects.
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Hub, Simulators} from './lib/simulators.mjs';

const rounds = Number(process.env.STORM_ROUNDS ?? 150);

// Those that spoil a call or its answer; a wrong amount in the books is for reconciliation to find, and a wrong
// balance in an answer that has no amount beside it nobody can notice.
const faults = [
  ...['debit', 'credit', 'rollback'].map((operation, i) => (
    {operation, kind: 'changed_amount', rate: 0.005, seed: 40 + i})),
  {rate: 0.05, seed: 4, hold_ms: 1500,
   kinds: ['error_500', 'error_503', 'rate_limited', 'timeout_before_commit', 'timeout_after_commit', 'duplicate',
           'out_of_order', 'other_currency', 'html', 'half_body', 'no_content_204', 'redirect']},
];

async function start(mode) {
  const simulators = await Simulators.start();
  after(() => simulators.stop());
  const hub = await Hub.start(simulators, mode);
  after(() => hub.stop());
  return {simulators, hub};
}

async function play({simulators, hub}, seed) {
  const report = await simulators.play({
    hub_url: hub.server.url, rounds, seed, players: 10, concurrency: 16,
    retry_ms: [50, 100, 300, 1000, 2000, 3000, 5000, 5000, 10_000, 10_000],
  });
  assert.deepEqual(report.violations, []);
  assert.deepEqual([report.rounds, report.unresolved], [rounds, []]);
  const {opening, debits, credits, rollbacks, closing} = report.sums_cents;
  assert.equal(opening - debits + credits + rollbacks, closing);
}

/** The operator's balances are what its movements make of the opening ones, and none is negative. */
async function checkOperator(simulators) {
  const {players, totals, injected} = await simulators.operatorState();
  const {openings_minor, adjustments_minor, debits_minor, credits_minor, rollbacks_minor} = totals.EUR;
  assert.equal(players.reduce((sum, player) => sum + player.balance_minor, 0),
               openings_minor + adjustments_minor - debits_minor + credits_minor + rollbacks_minor);
  assert.ok(players.every((player) => player.balance_minor >= 0));
  assert.ok(Object.keys(injected).length >= 5, JSON.stringify(injected));
}

describe('a storm through the hub', () => {
  it('leaves wallets in our ledger in order', async () => {
    await play(await start('internal'), 1);
  });

  for (const dialect of ['florin', 'evenbet']) {
    it(`leaves wallets at a failing operator in order (${dialect})`, async () => {
      const both = await start(dialect);
      for (const rule of faults) await both.simulators.operatorFault(rule);
      await play(both, 2);
      await checkOperator(both.simulators);
    });
  }
});
