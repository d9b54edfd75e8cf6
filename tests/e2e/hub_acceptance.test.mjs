// The seven points by which users accept the wallet hub, and what else an Operator can do to it.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {eventually, florin, makeFolder, sleep} from './lib/server.mjs';
import {Hub, Simulators} from './lib/simulators.mjs';

const opening = 100_000;  // The simulated operator's, in cents.
let simulators, hub, partner;

before(async () => {
  simulators = await Simulators.start();
  hub = await Hub.start(simulators, 'florin');
  partner = hub.partner;
});
after(async () => {
  await hub.stop();
  simulators.stop();
});

const today = () => new Date().toISOString().slice(0, 10);

describe('acceptance', () => {
  it('1: the same key twice is one charge', async () => {
    const [ana, key] = [unique('ana'), unique('bet')];
    const first = await partner.debit(ana, 150, 'round', {key});
    const second = await partner.debit(ana, 150, 'round', {key});
    assert.equal(first.status, 201);
    assert.deepEqual(second.bytes, first.bytes);
    assert.equal(await simulators.balanceOf(ana), opening - 150);
  });

  it('2: an Operator that answers 500, 500, 200 has charged once', async () => {
    const ana = unique('ana');
    await simulators.operatorFault({player_id: ana, kind: 'error_500', times: 2});
    const bet = bodyOf(await partner.debit(ana, 150, 'round'), 201);
    assert.equal(bet.balanceCents, opening - 150);
    assert.equal(await simulators.balanceOf(ana), opening - 150);
  });

  it('3: a 429 is repeated when its Retry-After is over', async () => {
    const ana = unique('ana');
    await simulators.operatorFault({player_id: ana, kind: 'rate_limited', retry_after_s: 1, times: 1});
    const before = Date.now();
    bodyOf(await partner.debit(ana, 150, 'round'), 201);
    assert.ok(Date.now() - before >= 950, 'it waited');
    assert.equal(await simulators.balanceOf(ana), opening - 150);
  });

  it('4: a webhook that got 500 and then 200 is delivered once', async () => {
    const ana = unique('ana');
    await simulators.rgsFault({kind: 'error_500', times: 1});
    const {transactionId} = bodyOf(await partner.debit(ana, 150, 'round'), 201);
    const about = async () => (await simulators.deliveries()).data
        .filter(({body}) => body.data.transactionId === transactionId);
    const [delivery] = await eventually('it arrives', async () => {
      const found = await about();
      return found.length > 0 && found;
    });
    assert.equal(delivery.type, 'wallet.debit.completed');
    await sleep(300);
    assert.deepEqual((await about()).map(({times}) => times), [1]);
  });

  it('5: TRY is not one of the currencies', async () => {
    problemOf(await partner.call('debit', {playerId: 'p', amountCents: 1, currency: 'TRY', refId: 'r'}), 422,
              'unsupported_currency');
  });

  it('6: a mismatch is found, and told by the exit code', async () => {
    const [separate, out] = [await Simulators.start(), makeFolder()];
    after(() => separate.stop());
    const own = await Hub.start(separate, 'florin');
    after(() => own.stop());
    const reconcile = (...args) => florin(['reconcile', ...args, '--data', own.server.dataDir, '--out', out]);
    const [clean, wrong, gone] = [unique('clean'), unique('wrong'), unique('gone')];
    bodyOf(await own.partner.debit(clean, 100, 'r1'), 201);
    const good = await reconcile(today());
    assert.equal(good.code, 0, good.stdout + good.stderr);
    await separate.operatorFault({player_id: wrong, kind: 'wrong_amount', times: 1});
    await separate.operatorFault({player_id: gone, kind: 'missing_row', times: 1});
    await own.partner.debit(wrong, 100, 'r2');
    await own.partner.debit(gone, 100, 'r3');
    const bad = await reconcile(today());
    assert.equal(bad.code, 1, bad.stdout + bad.stderr);
    const report = readdirSync(out).filter((name) => /^reconciliation-.*\.csv$/.test(name)).sort().at(-1);
    const kinds = readFileSync(path.join(out, report), 'utf8').trim().split('\n').slice(1)
        .map((line) => line.split(',')[0]).sort();
    assert.deepEqual(kinds, ['AMOUNT_MISMATCH', 'MISSING_IN_OPERATOR']);
    assert.ok(readdirSync(out).some((name) => name === report.replace('.csv', '-summary.txt')));
    separate.stop();
    await eventually('the operator is gone', async () => (await reconcile(today())).code === 2);
  });

  it('7: a tampered body is refused, and nothing is written', async () => {
    const ana = unique('ana');
    const body = JSON.stringify({playerId: ana, amountCents: 1, currency: 'EUR', refId: 'r'});
    const answer = await partner.client.post('/wallet/debit', body.replace('1', '9'),
                                             {key: unique('bet'), headers: partner.sign(body)});
    problemOf(answer, 401, 'invalid_signature');
    assert.equal(await simulators.balanceOf(ana), undefined);
    assert.deepEqual(bodyOf(await partner.transactions(`?playerId=${ana}`), 200).data, []);
  });
});

describe('an answer that is no answer leaves the debit pending, and it ends rightly', {concurrency: true}, () => {
  // Every attempt of the first call fails; the resolver asks five seconds later.
  const cases = {
    timeout_after_commit: 'SUCCESS', timeout_before_commit: 'ROLLED_BACK', error_500: 'ROLLED_BACK',
    html: 'SUCCESS', half_body: 'SUCCESS', no_content_204: 'SUCCESS', redirect: 'ROLLED_BACK',
    other_currency: 'SUCCESS', changed_amount: 'SUCCESS',
  };
  for (const [kind, end] of Object.entries(cases)) {
    it(`${kind}: ${end}`, async () => {
      const [ana, key] = [unique(kind), unique('bet')];
      await simulators.operatorFault({player_id: ana, operation: 'debit', kind, times: 4, hold_ms: 700});
      const answer = await partner.debit(ana, 150, 'round', {key});
      assert.equal(bodyOf(answer, 202).status, 'PENDING');
      assert.equal((await hub.ended(key)).status, end);
      assert.equal(await simulators.balanceOf(ana) ?? opening, end === 'SUCCESS' ? opening - 150 : opening);
      const replay = await partner.debit(ana, 150, 'round', {key});
      if (end === 'SUCCESS') bodyOf(replay, 201);
      else problemOf(replay, 409, 'already_rolled_back');
    });
  }

  it('a credit is sent again until it is booked once', async () => {
    const [ana, round, key] = [unique('ana'), unique('round'), unique('win')];
    bodyOf(await partner.debit(ana, 50, round), 201);
    await simulators.operatorFault({player_id: ana, operation: 'credit', kind: 'timeout_after_commit', times: 4,
                                    hold_ms: 700});
    bodyOf(await partner.credit(ana, 150, round, {key}), 202);
    assert.equal((await hub.ended(key)).status, 'SUCCESS');
    assert.equal(await simulators.balanceOf(ana), opening + 100);
  });

  it('a rollback of a pending debit ends both, whatever the Operator knows', async () => {
    const [ana, bet, undo] = [unique('ana'), unique('bet'), unique('undo')];
    await simulators.operatorFault({player_id: ana, operation: 'debit', kind: 'timeout_after_commit', times: 4,
                                    hold_ms: 700});
    bodyOf(await partner.debit(ana, 150, 'round', {key: bet}), 202);
    // Pending as well when the circuit breaker has opened over the other tests.
    assert.ok([201, 202].includes((await partner.rollback(ana, bet, {key: undo})).status));
    assert.equal((await hub.ended(undo)).status, 'SUCCESS');
    assert.equal((await hub.ended(bet)).status, 'ROLLED_BACK');
    assert.equal(await simulators.balanceOf(ana), opening);
  });
});

describe('refusals of the Operator', () => {
  const cases = {poor: ['insufficient_funds', 402], limit: ['limit_reached', 422], blocked: ['player_blocked', 422],
                 missing: ['player_not_found', 404]};
  for (const [kind, [code, status]] of Object.entries(cases)) {
    it(`${kind}: ${code}`, async () => {
      problemOf(await partner.debit(unique(`${kind}-player`), 150, 'round'), status, code);
    });
  }
});
