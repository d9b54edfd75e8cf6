// Transfers that move what is there, splits, closing by transfer, accounts opened together, bulks of every kind.
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, posting, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';

const books = await Books.open();
after(() => books.close());
const {api} = books;

const transfer = (body, options) => api.post('/v1/transfers', body, options);
const bulk = (transfers, more = {}) => api.post('/v1/transfers/bulk', {transfers, ...more});
const amounts = ({postings}) => postings.map(({amount}) => amount);
const sweep = (debit, credit, more = {}) => ({debit: debit.id, credit: credit.id, currency: 'KZT', balancing: 'debit', ...more});

describe('a balancing posting', () => {
  it('moves at most what is there, with an amount or without', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    assert.deepEqual(amounts(bodyOf(await transfer({postings: [sweep(ana, shop, {amount: 30})]}), 201)), [30]);
    assert.deepEqual(amounts(bodyOf(await transfer({postings: [sweep(ana, shop)]}), 201)), [70]);
    problemOf(await transfer({postings: [sweep(ana, shop)]}), 422, 'nothing_to_move');
    const hold = bodyOf(await api.post('/v1/holds', {postings: [sweep(shop, ana, {amount: 500})]}), 201);
    assert.equal(hold.postings[0].remaining, 100);
  });

  it('must be bounded by something, and names a side', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    problemOf(await transfer({postings: [{...sweep(ana, shop), balancing: 'credit'}]}), 422, 'unbounded_amount');
    for (const balancing of ['none', 'all', '', 1]) {
      problemOf(await transfer({postings: [{...sweep(ana, shop), balancing}]}), 400, 'validation_failed');
    }
  });
});

describe('a split', () => {
  const split = (members) => ({split: {currency: 'KZT', ...members}});

  it('draws in order and shares exactly', async () => {
    const [gift, ana, fee, tip, shop] = [await books.wallet(50), await books.wallet(1000), await books.wallet(), await books.wallet(),
                                         await books.wallet()];
    const posted = bodyOf(await transfer(split({
      amount: 500, sources: [{account: gift.code, max: 30}, {account: ana.code, keep: 100}],
      destinations: [{account: tip.id, amount: 20}, {account: fee.id, portion: '1/3', max: 100}, {account: shop.id, remaining: true}],
    })), 201);
    assert.deepEqual(posted.postings, [posting(gift, tip, 20), posting(gift, fee, 10), posting(ana, fee, 90), posting(ana, shop, 380)]);
    const all = bodyOf(await transfer(split({amount: 'all', sources: [{account: ana.id, keep: 100}],
                                             destinations: [{kept: true, portion: '50%'}, {account: shop.id, remaining: true}]})), 201);
    assert.deepEqual(amounts(all), [215]);
    const upTo = bodyOf(await transfer(split({amount: {up_to: 999}, sources: [{account: gift.id}],
                                              destinations: [{account: shop.id, max: 15}, {account: fee.id, remaining: true}]})), 201);
    assert.deepEqual(amounts(upTo), [15, 5]);
  });

  it('is refused with a pointer', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const to = [{account: shop.id, remaining: true}];
    const short = problemOf(await transfer(split({amount: 11, sources: [{account: ana.id}], destinations: to})), 402, 'insufficient_funds');
    assert.equal(short.errors[0].pointer, '/split/amount');
    problemOf(await transfer(split({amount: 5, sources: [{account: ana.id}], destinations: [{account: shop.id, portion: '99%'}]})),
              422, 'split_mismatch');
    for (const [members, pointer] of [
      [{amount: 0, sources: [{account: ana.id}], destinations: to}, '/split/amount'],
      [{amount: 1.5, sources: [{account: ana.id}], destinations: to}, '/split/amount'],
      [{amount: {up_to: 0}, sources: [{account: ana.id}], destinations: to}, '/split/amount/up_to'],
      [{amount: 5, sources: [], destinations: to}, '/split/sources'],
      [{amount: 5, sources: [{account: ana.id, min: 1}], destinations: to}, '/split/sources/0/min'],
      [{amount: 5, sources: [{account: ana.id}], destinations: [...to, ...to]}, '/split/destinations'],
      [{amount: 5, sources: [{account: ana.id}], destinations: [{account: shop.id}]}, '/split/destinations/0/amount'],
      [{amount: 5, sources: [{account: ana.id}], destinations: [{account: shop.id, amount: 1, remaining: true}]}, '/split/destinations/0/amount'],
      [{amount: 5, sources: [{account: ana.id}], destinations: [{account: shop.id, portion: '0.5'}]}, '/split/destinations/0/portion'],
      [{amount: 5, sources: [{account: ana.id}], destinations: [{account: shop.id, kept: true, remaining: true}]}, '/split/destinations/0/kept'],
    ]) {
      const problem = problemOf(await transfer(split(members)), 400, 'validation_failed');
      assert.equal(problem.errors[0].pointer, pointer);
    }
    problemOf(await transfer({...split({amount: 5, sources: [{account: ana.id}], destinations: to}), postings: [posting(ana, shop, 5)]}),
              400, 'validation_failed');
  });
});

describe('closing and opening', () => {
  it('happens with a transfer or on its own', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    problemOf(await transfer({postings: [posting(ana, shop, 99)], close: [ana.code]}), 409, 'account_not_empty');
    bodyOf(await transfer({postings: [sweep(ana, shop)], close: [ana.code]}), 201);
    assert.equal((await books.read(ana)).closed, true);
    problemOf(await books.tryMove(shop, ana, 1), 409, 'account_closed');
    bodyOf(await transfer({postings: [posting(shop, ana, 1)], reopen: [ana.id]}), 201);
    assert.equal((await books.read(ana)).closed, false);
    bodyOf(await transfer({postings: [posting(ana, shop, 1)], close: [ana.id]}), 201);
    assert.equal(bodyOf(await api.post(`/v1/accounts/${ana.id}/reopen`, {}), 200).closed, false);
    problemOf(await transfer({postings: [posting(shop, ana, 1)], close: [7]}), 400, 'validation_failed');
    assert.match(problemOf(await transfer({close: [shop.code]}), 400, 'validation_failed').detail, /call POST \/v1\/accounts\/\{id\}\/close/);
  });

  it('opens several accounts together or not at all', async () => {
    const [a, b] = [unique('a'), unique('b')];
    const accounts = [a, b].map((code) => ({code, type: 'liability', currency: 'KZT'}));
    const key = unique('open');
    const problem = problemOf(await api.post('/v1/accounts/bulk', {accounts: [...accounts, accounts[0]]}), 409, 'account_exists');
    assert.equal(problem.errors[0].pointer, '/accounts/2/code');
    problemOf(await api.get(`/v1/accounts/${a}`), 404, 'account_not_found');
    const {data} = bodyOf(await api.post('/v1/accounts/bulk', {accounts}, {key}), 201);
    assert.deepEqual(data.map(({code}) => code), [a, b]);
    assert.deepEqual(bodyOf(await api.post('/v1/accounts/bulk', {accounts}, {key}), 201).data, data);
    const bad = problemOf(await api.post('/v1/accounts/bulk', {accounts: [accounts[0], {code: '#'}]}), 400, 'validation_failed');
    assert.ok(bad.errors.every(({pointer}) => pointer.startsWith('/accounts/1/')), JSON.stringify(bad.errors));
  });
});

describe('a bulk of every kind', () => {
  it('runs in order, and later items see holds of earlier ones', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const sale = await books.move(ana, shop, 10);
    const items = [
      {hold: {ref: 'h', postings: [posting(ana, shop, 50)], expires_in_seconds: 60}},
      {capture: {hold_ref: 'h', amount: 20, keep_rest: true}},
      {release: {hold_ref: 'h'}},
      {reverse: {transfer_id: sale.id, reference: 'refund'}},
      {postings: [posting(shop, ana, 20)]},
    ];
    const tried = bodyOf(await bulk(items, {dry_run: true}), 200);
    assert.deepEqual([tried.status, ...tried.results.map(({status, id}) => id ?? status)], Array(6).fill('dry_run'));
    const done = bodyOf(await bulk(items), 201);
    assert.deepEqual(done.results.map(({status}) => status), ['held', 'posted', 'released', 'posted', 'posted']);
    assert.equal(done.results[1].hold_id, done.results[0].id);
    assert.deepEqual(await books.figures(ana), {balance: 100, available: 100, incoming: 0});
  });

  it('names what is wrong where it is', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = {hold: {ref: 'h', postings: [posting(ana, shop, 101)]}};
    const problem = problemOf(await bulk([hold]), 422, 'bulk_refused');
    assert.equal(problem.errors[0].pointer, '/transfers/0/hold/postings/0/debit');
    for (const [items, pointer] of [
      [[{capture: {hold_ref: 'h'}}, hold], '/transfers/0/capture/hold_ref'],
      [[hold, hold], '/transfers/1/hold/ref'],
      [[{release: {}}], '/transfers/0/release/hold_id'],
      [[{release: {hold_id: 'tr_1'}}], '/transfers/0/release/hold_id'],
      [[{...hold, postings: [posting(ana, shop, 1)]}], '/transfers/0/postings'],
    ]) {
      assert.equal(problemOf(await bulk(items), 400, 'validation_failed').errors[0].pointer, pointer);
    }
  });

  it('may have 2,500 postings in all, since others wait for it', async () => {
    const [ana, shop] = [await books.wallet(10_000), await books.wallet()];
    const hold = {hold: {postings: [posting(ana, shop, 1)]}};
    const postings = (count) => ({postings: Array.from({length: count}, () => posting(ana, shop, 1))});
    const full = [hold, postings(1_000), postings(1_000), postings(499)];
    const problem = problemOf(await bulk([...full, hold]), 400, 'validation_failed').errors[0];
    assert.deepEqual([problem.pointer, problem.rule], ['/transfers', 'too_many_postings']);
    assert.match(problem.detail, /2501 postings together/);
    assert.equal(bodyOf(await bulk(full), 201).posted, 4);
    assert.equal(bodyOf(await bulk([...full.slice(1), postings(1_000)]), 201).posted, 4);
  });
});
