// CONTRACT section 1 on Idempotency-Key, also under concurrency and across a restart and a crash.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';

/** @type {Books} */
let books;
before(async () => books = await Books.open());
after(() => books.close());

const payment = (debit, credit, amount) => ({postings: [{debit: debit.id, credit: credit.id, amount, currency: 'KZT'}]});
const isReplay = (answer) => answer.headers['idempotent-replayed'] === 'true';

describe('the same key and the same request', () => {
  it('gives the first status and body again, on every kind of POST', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const hold = async () => bodyOf(await books.api.post('/v1/holds', payment(ana, shop, 5)), 201);
    const transfer = await books.move(ana, shop, 1);
    const [captured, released, empty] = [await hold(), await hold(), await books.wallet()];
    const requests = [
      ['/v1/accounts', {code: unique('acc'), type: 'asset', currency: 'KZT'}],
      [`/v1/accounts/${empty.id}/close`, undefined],
      ['/v1/transfers', payment(ana, shop, 7)],
      ['/v1/transfers/bulk', {transfers: [payment(ana, shop, 2), payment(ana, shop, 3)]}],
      [`/v1/transfers/${transfer.id}/reverse`, {reference: 'back'}],
      ['/v1/holds', {...payment(ana, shop, 4), expires_in_seconds: 3600}],
      [`/v1/holds/${captured.id}/capture`, {amount: 2}],
      [`/v1/holds/${released.id}/release`, undefined],
    ];
    for (const [path, body] of requests) {
      const key = unique('key');
      const first = await books.api.send('POST', path, body, {key});
      const second = await books.api.send('POST', path, body, {key});
      assert.ok(first.status === 201 || first.status === 200, `${path}: ${first.bytes}`);
      assert.ok(!isReplay(first) && isReplay(second), path);
      assert.equal(second.status, first.status, path);
      assert.deepEqual(second.bytes, first.bytes, path);
    }
  });

  it('moves the money once however many ask at the same time', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = unique('key');
    const answers = await Promise.all(
        Array.from({length: 100}, () => books.api.post('/v1/transfers', payment(ana, shop, 10), {key})));
    const done = answers.filter(({status}) => status === 201);
    assert.equal(new Set(done.map(({json}) => json.id)).size, 1);
    assert.equal(done.filter((answer) => !isReplay(answer)).length, 1);
    for (const answer of answers.filter(({status}) => status !== 201)) problemOf(answer, 409, 'request_in_progress');
    assert.equal((await books.figures(shop)).balance, 10);
  });

  it('gives a refusal again, though the money is there now', async () => {
    const [ana, shop] = [await books.wallet(), await books.wallet()];
    const key = unique('key');
    const first = await books.api.post('/v1/transfers', payment(ana, shop, 10), {key});
    problemOf(first, 402, 'insufficient_funds');
    await books.fund(ana, 100);
    const second = await books.api.post('/v1/transfers', payment(ana, shop, 10), {key});
    assert.ok(isReplay(second));
    assert.deepEqual(second.bytes, first.bytes);
    assert.equal((await books.figures(shop)).balance, 0);
  });

  it('holds across a stop, and across a crash', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = unique('key');
    const first = await books.api.post('/v1/transfers', payment(ana, shop, 10), {key});
    await books.restart();
    const second = await books.api.post('/v1/transfers', payment(ana, shop, 10), {key});
    await books.crashAndRestart();
    const third = await books.api.post('/v1/transfers', payment(ana, shop, 10), {key});
    assert.ok(isReplay(second) && isReplay(third));
    assert.deepEqual([second.bytes, third.bytes], [first.bytes, first.bytes]);
    assert.equal((await books.figures(shop)).balance, 10);
  });
});

describe('a key', () => {
  it('is refused with another request', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = unique('key');
    bodyOf(await books.api.post('/v1/transfers', payment(ana, shop, 10), {key}), 201);
    problemOf(await books.api.post('/v1/transfers', payment(ana, shop, 11), {key}), 422, 'idempotency_mismatch');
    assert.equal((await books.figures(shop)).balance, 10);
  });

  it('belongs to its tenant and its route', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = unique('key');
    bodyOf(await books.api.post('/v1/transfers', payment(ana, shop, 10), {key}), 201);
    bodyOf(await books.api.post('/v1/holds', payment(ana, shop, 10), {key}), 201);
    const other = await books.otherTenant();
    bodyOf(await other.post('/v1/accounts', {code: 'a', type: 'asset', currency: 'KZT'}, {key}), 201);
  });

  it('is not used up by a request that was refused before it ran', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = unique('key');
    problemOf(await books.api.post('/v1/transfers', payment(ana, shop, 0), {key}), 400, 'validation_failed');
    problemOf(await books.api.post('/v1/transfers', payment(ana, {id: 'nobody'}, 1), {key}), 404, 'account_not_found');
    problemOf(await books.api.post('/v1/transfers', payment(ana, shop, 1),
                                   {key, headers: {authorization: 'Bearer wrong'}}), 401, 'unauthenticated');
    const reader = await books.clientWith({permissions: 'ledger:read'});
    problemOf(await reader.post('/v1/transfers', payment(ana, shop, 1), {key}), 403, 'permission_denied');
    assert.ok(!isReplay(await books.api.post('/v1/transfers', payment(ana, shop, 1), {key})));
  });

  it('has 1 to 255 printable characters', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    bodyOf(await books.api.post('/v1/transfers', payment(ana, shop, 1), {key: 'k'.repeat(255)}), 201);
    problemOf(await books.api.post('/v1/transfers', payment(ana, shop, 1), {key: 'k'.repeat(256)}), 400, 'validation_failed');
  });
});
