import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, posting, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';

const books = await Books.open();
after(() => books.close());
const {api} = books;

const post = (transfers, atomic, options) => api.post('/v1/transfers/bulk', {transfers, atomic}, options);
const one = (debit, credit, amount, more = {}) => ({postings: [posting(debit, credit, amount)], ...more});

describe('an atomic bulk', () => {
  it('posts all, in order', async () => {
    const [ana, shop, cafe] = [await books.wallet(10), await books.wallet(), await books.wallet()];
    // The second can only be paid with what the first brings.
    const result = bodyOf(await post([one(ana, shop, 10), one(shop, cafe, 10)], true), 201);
    assert.deepEqual([result.posted, result.refused], [2, 0]);
    assert.deepEqual(result.results.map(({index, status}) => [index, status]), [[0, 'posted'], [1, 'posted']]);
    for (const {id} of result.results) bodyOf(await api.get(`/v1/transfers/${id}`), 200);
    assert.equal(await books.balanceOf(cafe), 10);
  });

  it('posts nothing when one is refused, and names it', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const before = await books.transferCount();
    const transfers = [one(ana, shop, 5), one(ana, shop, 6), one(ana, shop, 1)];
    const problem = problemOf(await post(transfers, true), 422, 'bulk_refused');
    assert.ok(problem.errors.some(({pointer, rule}) =>
      pointer.startsWith('/transfers/1') && rule === 'insufficient_funds'), JSON.stringify(problem));
    assert.equal(await books.transferCount(), before);
    assert.deepEqual(await books.figures(ana), {balance: 10, available: 10, incoming: 0});
  });

  it('names an unknown account by its place', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const problem = problemOf(await post([one(ana, shop, 5), one(ana, {id: 'nobody', currency: 'KZT'}, 1)], true),
                              404, 'account_not_found');
    assert.equal(problem.errors[0].pointer, '/transfers/1/postings/0/credit');
    assert.equal(await books.balanceOf(ana), 10);
  });
});

describe('an independent bulk', () => {
  it('posts what it can and says what became of each', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const transfers = [one(ana, shop, 4), one(ana, shop, 7), one(ana, {id: 'nobody', currency: 'KZT'}, 1),
                       one(ana, ana, 1), one(ana, shop, 6)];
    const result = bodyOf(await post(transfers, false), 200);
    assert.deepEqual([result.posted, result.refused], [2, 3]);
    assert.deepEqual(result.results.map((each) => [each.index, each.status, each.code ?? 'posted']), [
      [0, 'posted', 'posted'], [1, 'refused', 'insufficient_funds'], [2, 'refused', 'account_not_found'],
      [3, 'refused', 'same_account'], [4, 'posted', 'posted']]);
    assert.ok(result.results.every((each) => each.status === 'posted' ? each.id : each.detail));
    assert.deepEqual(await books.figures(ana), {balance: 0, available: 0, incoming: 0});
  });
});

describe('any bulk', () => {
  it('takes 10,000 transfers, not one more and not none', async () => {
    const [ana, shop] = [await books.wallet(10_000), await books.wallet()];
    const reference = unique('bulk');
    const transfers = Array.from({length: 10_000}, (_, i) => one(ana, shop, 1, {reference: `${reference}-${i}`}));
    const result = bodyOf(await post(transfers, true), 201);
    assert.equal(result.posted, 10_000);
    assert.equal(new Set(result.results.map(({id}) => id)).size, 10_000);
    assert.deepEqual(await books.figures(shop), {balance: 10_000, available: 10_000, incoming: 0});
    const last = bodyOf(await api.get(`/v1/transfers/${result.results.at(-1).id}`), 200);
    assert.equal(last.reference, `${reference}-9999`);
    problemOf(await post([...transfers, transfers[0]], false), 400, 'validation_failed');
    problemOf(await post([], true), 400, 'validation_failed');
  });

  it('names every malformed field of every transfer, and posts nothing', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const transfers = [one(ana, shop, 1), one(ana, shop, 0), {...one(ana, shop, 1), colour: 'red'}];
    const problem = problemOf(await post(transfers, false), 400, 'validation_failed');
    assert.deepEqual(problem.errors.map(({pointer}) => pointer).sort(),
                     ['/transfers/1/postings/0/amount', '/transfers/2/colour']);
    assert.equal(await books.balanceOf(ana), 10);
  });

  it('keeps tenants apart', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const other = await books.otherTenant();
    const transfers = [one(ana, shop, 1)];
    problemOf(await other.post('/v1/transfers/bulk', {transfers, atomic: true}), 404, 'account_not_found');
    assert.equal(await books.balanceOf(ana), 10);
  });
});
