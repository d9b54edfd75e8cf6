// Replays one day of card payments (tx_id,ts,customer_id,terminal_id,amount_cents,…) as signed debits through the
// wallet hub, over our ledger and over a simulated Operator that fails, and reconciles both.
//   node bench/wallet_replay.mjs FILE.csv[.gz] [--day 2018-07-30] [--fault-rate 0.05] [--connections 32]
// FLORIN_BIN names the binary; see docs/performance.md.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {gunzipSync} from 'node:zlib';

import {florin, makeFolder} from '../tests/e2e/lib/server.mjs';
import {bodyOf} from '../tests/e2e/lib/client.mjs';
import {Hub, Simulators} from '../tests/e2e/lib/simulators.mjs';

const {values, positionals} = parseArgs({allowPositionals: true, options: {
  day: {type: 'string', default: '2018-07-30'}, 'fault-rate': {type: 'string', default: '0.05'},
  connections: {type: 'string', default: '32'},
}});
if (positionals.length !== 1) throw new Error('usage: node bench/wallet_replay.mjs FILE.csv[.gz] [--day DAY]');

const spoilt = ['error_500', 'error_503', 'rate_limited', 'timeout_before_commit', 'timeout_after_commit',
                'duplicate', 'html', 'half_body', 'no_content_204', 'redirect', 'other_currency'];
const falsified = {wrong_amount: 'AMOUNT_MISMATCH', missing_row: 'MISSING_IN_OPERATOR'};

function readDay(file, day) {
  const bytes = readFileSync(file);
  const from = Date.parse(`${day}T00:00:00Z`) / 1000;
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(1)
      .map((line) => line.split(','))
      .filter(([, ts]) => ts >= from && ts < from + 86_400)
      .map(([id, , customer, terminal, cents]) => ({id, player: `c${customer}`, terminal, cents: Number(cents)}))
      .filter(({cents}) => cents > 0);
}

/** Runs `work` on every item, so many at a time. */
async function each(items, count, work) {
  const waiting = items.values();
  await Promise.all(Array.from({length: count}, async () => {
    for (const item of waiting) await work(item);
  }));
}

async function allTransactions(hub) {
  const rows = [];
  for (let cursor = ''; ;) {
    const page = bodyOf(await hub.partner.transactions(`?limit=200${cursor && `&cursor=${cursor}`}`), 200);
    rows.push(...page.data);
    if (!page.has_more) return rows;
    cursor = page.next_cursor;
  }
}

const aMinuteAgo = () => new Date(Date.now() - 60_000).toISOString();

async function reconcile(...args) {
  const out = makeFolder();
  const result = await florin(['reconcile', ...args, '--out', out]);
  if (result.code === 2) throw new Error(result.stdout + result.stderr);
  const report = readdirSync(out).find((name) => name.endsWith('.csv'));
  const kinds = {};
  for (const line of readFileSync(path.join(out, report), 'utf8').trim().split('\n').slice(1)) {
    const kind = line.split(',')[0];
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

async function replay(hub, payments) {
  const counts = {};
  const before = performance.now();
  await each(payments, Number(values.connections), async ({id, player, terminal, cents}) => {
    const pay = () => hub.partner.debit(player, cents, `terminal-${terminal}-${id}`, {key: `pay-${id}`});
    let answer = await pay();
    // Nothing was sent to the Operator: safe to repeat with the same key, as the answer says.
    for (; answer.status === 503; answer = await pay()) {
      counts.repeated = (counts.repeated ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'] ?? 1)));
    }
    const what = answer.json?.code ?? answer.json?.status;
    counts[what] = (counts[what] ?? 0) + 1;
  });
  return {counts, seconds: (performance.now() - before) / 1000};
}

async function overLedger(payments) {
  const simulators = await Simulators.start();
  const hub = await Hub.start(simulators, 'internal');
  const spent = new Map();
  for (const {player, cents} of payments) spent.set(player, (spent.get(player) ?? 0) + cents);
  await each([...spent], 32, async ([player, cents]) =>
      bodyOf(await hub.partner.credit(player, cents, 'funding', {key: `fund-${player}`}), 201));
  const {counts, seconds} = await replay(hub, payments);
  const head = 'transactionId,refId,type,playerId,currency,amount_minor,status,processedAt\n';
  const rows = (await allTransactions(hub)).filter(({kind}) => kind === 'debit');
  const [left, right] = ['hub.csv', 'file.csv'].map((name) => path.join(makeFolder(), name));
  writeFileSync(left, head + rows.map((row) => [row.idempotencyKey, row.refId, row.kind, row.playerId, row.currency,
                                                row.amountCents, row.status, row.createdAt].join()).join('\n') + '\n');
  writeFileSync(right, head + payments.map(({id, player, terminal, cents}) => [
    `pay-${id}`, `terminal-${terminal}-${id}`, 'debit', player, 'EUR', cents, 'success', rows[0].createdAt].join())
      .join('\n') + '\n');
  const mismatches = await reconcile('--left', left, '--right', right, '--window', '86400');
  const left_over = rows.reduce((sum, {amountCents}) => sum + amountCents, 0) -
      payments.reduce((sum, {cents}) => sum + cents, 0);
  console.log('internal:', {payments: payments.length, seconds: seconds.toFixed(1), counts, mismatches, left_over});
  await hub.stop();
  simulators.stop();
}

async function overOperator(payments) {
  const simulators = await Simulators.start();
  const hub = await Hub.start(simulators, 'florin', {OPERATOR_TIMEOUT_MS: '1500'});
  const rate = Number(values['fault-rate']);
  await simulators.operatorFault({kinds: Object.keys(falsified), operation: 'debit', rate: rate / 10, seed: 11});
  await simulators.operatorFault({kinds: spoilt, operation: 'debit', rate, seed: 7, hold_ms: 2000});
  for (const player of new Set(payments.map((each) => each.player))) {
    await simulators.setPlayer({player_id: player, currency: 'EUR', balance_minor: 100_000_00, status: 'active'});
  }
  const from = aMinuteAgo();
  const {counts, seconds} = await replay(hub, payments);
  const before = performance.now();
  for (;;) {
    const {data} = bodyOf(await hub.partner.transactions('?status=PENDING'), 200);
    if (data.every(({stuck}) => stuck)) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const {injected} = await simulators.operatorState();
  const mismatches = await reconcile(from, new Date(Date.now() + 60_000).toISOString(), '--data', hub.server.dataDir);
  const stuck = bodyOf(await hub.partner.transactions('?stuck=true'), 200).data.length;
  const expected = Object.fromEntries(Object.entries(falsified).map(([kind, word]) => [word, injected[kind] ?? 0]));
  console.log('operator:', {payments: payments.length, seconds: seconds.toFixed(1), counts, stuck,
                            resolvedAfter: ((performance.now() - before) / 1000).toFixed(1), injected, expected, mismatches});
  await hub.stop();
  simulators.stop();
}

const payments = readDay(positionals[0], values.day);
await overLedger(payments);
await overOperator(payments);
process.exit(0);
