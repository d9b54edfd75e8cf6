import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, posting, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';

const books = await Books.open();
after(() => books.close());
const {api} = books;

const read = async (transfer) => bodyOf(await api.get(`/v1/transfers/${transfer.id}`), 200);
const ids = (items) => items.map(({id}) => id);
const largest = '9223372036854775807';

describe('posting a transfer', () => {
  it('moves the money and answers with all of the transfer', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const wanted = {postings: [posting(ana, shop, 250)], reference: unique('order'),
                    description: 'Чай ☕ и «булочка»', metadata: {basket: [1, 2]}};
    const transfer = bodyOf(await api.post('/v1/transfers', wanted), 201);
    const {id, created_at, effective_at, ...rest} = transfer;
    assert.match(id, /^tr_[0-9a-hjkmnp-tv-z]{13}$/);
    assert.equal(effective_at, created_at);
    assert.deepEqual(rest, {...wanted, kind: 'transfer', status: 'posted', hold_id: null, reverses: null});
    const balances = {debit_balance: 750, credit_balance: 250};
    assert.deepEqual(await read(transfer),
                     {...transfer, postings: [{...transfer.postings[0], ...balances}], reversed_by: null});
    assert.deepEqual([await books.balanceOf(ana), await books.balanceOf(shop)], [750, 250]);
  });

  it('names accounts by code as well as by id', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const mixed = {postings: [{debit: ana.code, credit: shop.id, amount: 10, currency: 'KZT'}]};
    const {postings} = bodyOf(await api.post('/v1/transfers', mixed), 201);
    assert.deepEqual(postings, [posting(ana, shop, 10)]);
  });

  it('takes several postings and currencies as one', async () => {
    const [ana, shop, fee] = [await books.wallet(1000), await books.wallet(), await books.account({type: 'income'})];
    const [from, to] = [await books.wallet(70, {currency: 'USD'}), await books.wallet(0, {currency: 'USD'})];
    const postings = [posting(ana, shop, 100), posting(shop, fee, 3), posting(from, to, 70)];
    bodyOf(await api.post('/v1/transfers', {postings}), 201);
    const balances = await Promise.all([ana, shop, fee, from, to].map((each) => books.balanceOf(each)));
    assert.deepEqual(balances, [900, 97, 3, 0, 70]);
  });

  it('bounds the sum of a transfer, not each posting on its way', async () => {
    const [empty, ana, shop] = [await books.wallet(), await books.wallet(50), await books.wallet()];
    bodyOf(await api.post('/v1/transfers', {postings: [posting(empty, shop, 50), posting(ana, empty, 50)]}), 201);
    assert.deepEqual(await Promise.all([empty, ana, shop].map((each) => books.balanceOf(each))), [0, 0, 50]);
  });

  it('writes all of it or nothing', async () => {
    const [ana, poor, shop] = [await books.wallet(1000), await books.wallet(5), await books.wallet()];
    const before = await books.transferCount();
    const postings = [posting(ana, shop, 100), posting(poor, shop, 6)];
    problemOf(await api.post('/v1/transfers', {postings}), 402, 'insufficient_funds');
    assert.deepEqual(await Promise.all([ana, poor, shop].map((each) => books.balanceOf(each))), [1000, 5, 0]);
    assert.equal(await books.transferCount(), before);
  });

  it('keeps amounts exact to the last of 64 bits, and refuses a sum beyond', async () => {
    const [a, b] = [await books.account(), await books.account()];
    const body = `{"postings":[{"debit":"${a.id}","credit":"${b.id}","amount":${largest},"currency":"KZT"}]}`;
    const posted = await api.post('/v1/transfers', body);
    bodyOf(posted, 201);
    assert.ok(posted.bytes.includes(`"amount":${largest}`));
    const account = await api.get(`/v1/accounts/${b.id}`);
    assert.ok(account.bytes.includes(`"balance":${largest}`), account.bytes.toString());
    problemOf(await books.tryMove(a, b, 1), 422, 'amount_overflow');
    const twice = `{"postings":[{"debit":"${a.id}","credit":"${b.id}","amount":${largest},"currency":"KZT"},` +
                  `{"debit":"${a.id}","credit":"${b.id}","amount":${largest},"currency":"KZT"}]}`;
    problemOf(await api.post('/v1/transfers', twice), 422, 'amount_overflow');
    // Back again, so that this currency's books can still be added up.
    bodyOf(await api.post('/v1/transfers', body.replace(a.id, 'X').replace(b.id, a.id).replace('X', b.id)), 201);
  });

  it('takes a thousand postings, not one more', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const many = (count) => ({postings: Array.from({length: count}, () => posting(ana, shop, 1))});
    assert.equal(bodyOf(await api.post('/v1/transfers', many(1000)), 201).postings.length, 1000);
    assert.equal(await books.balanceOf(ana), 0);
    const problem = problemOf(await api.post('/v1/transfers', many(1001)), 400, 'validation_failed');
    assert.deepEqual(problem.errors.map(({pointer, rule}) => [pointer, rule]), [['/postings', 'too_many']]);
  });
});

describe('backdating', () => {
  it('keeps the effective time beside the time of writing, in UTC', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const transfer = await books.move(ana, shop, 10, {effective_at: '2024-02-29T23:30:00+05:00'});
    assert.equal(transfer.effective_at, '2024-02-29T18:30:00.000000Z');
    assert.ok(Date.parse(transfer.created_at) > Date.parse('2025-01-01'));
  });

  it('does not reach into the future', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    problemOf(await books.tryMove(ana, shop, 10, {effective_at: tomorrow}), 400, 'effective_at_in_future');
    for (const nonsense of ['2024-02-30T00:00:00Z', '2024-01-01', 'yesterday', '']) {
      problemOf(await books.tryMove(ana, shop, 10, {effective_at: nonsense}), 400, 'validation_failed');
    }
  });

  it('takes times from 1970 to 2262 in bodies and parameters, and says so', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const detail = 'must be a time of RFC 3339 from 1970 to 2262, such as 2026-11-21T10:00:00Z';
    for (const time of ['1965-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2263-01-01T00:00:00Z', '2350-01-01T00:00:00Z']) {
      const answers = [await books.tryMove(ana, shop, 10, {effective_at: time})];
      for (const route of [`/v1/transfers?created_after=${time}`, `/v1/transfers?effective_before=${time}`, `/v1/accounts/${ana.id}/statement?to=${time}`,
                           `/v1/accounts/${ana.id}/balance?at=${time}`, `/v1/trial-balance?at=${time}`,
                           `/v1/aggregates?by=type&from=${time}`, `/v1/events?created_after=${time}`,
                           `/v1/wallet-transactions?created_after=${time}`]) {
        answers.push(await api.get(route));
      }
      for (const answer of answers) {
        const {errors: [{rule, detail: said}]} = problemOf(answer, 400, 'validation_failed');
        assert.equal(rule, 'must_be_timestamp');
        assert.ok(said.endsWith(detail), said);
      }
    }
    await books.move(ana, shop, 10, {effective_at: '1970-01-01T00:00:00Z'});
    for (const [route, start, end] of [[`/v1/transfers?account=${ana.id}`, 'created_after', 'created_before'],
                                       [`/v1/accounts/${ana.id}/statement?`, 'from', 'to']]) {
      const count = async (query) => bodyOf(await api.get(`${route}&${query}`), 200).data.length;
      assert.equal(await count(`${end}=2262-12-31T23:59:59Z`), 2);
      assert.equal(await count(`${start}=2262-12-31T23:59:59Z`), 0);
      assert.equal(await count(`${start}=2090-01-01T00:00:00Z`), 0);
    }
  });
});

describe('a dry run', () => {
  it('answers as the transfer would, and nothing happens', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const before = await books.transferCount();
    const key = unique('dry');
    const result = bodyOf(await books.tryMove(ana, shop, 100, {dry_run: true, reference: 'r'}, {key}), 200);
    assert.equal(result.status, 'dry_run');
    assert.ok(!result.id);
    assert.deepEqual(result.postings, [posting(ana, shop, 100)]);
    assert.equal(await books.transferCount(), before);
    assert.deepEqual(await books.figures(ana), {balance: 100, available: 100, incoming: 0});
    // Its key is still free.
    await bodyOf(await books.tryMove(ana, shop, 60, {}, {key}), 201);
  });

  it('is refused where the transfer would be', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    problemOf(await books.tryMove(ana, shop, 101, {dry_run: true}), 402, 'insufficient_funds');
    problemOf(await books.tryMove(ana, ana, 1, {dry_run: true}), 400, 'same_account');
  });
});

describe('listing transfers', () => {
  it('finds them by reference, account and time, newest first', async () => {
    const [ana, shop, cafe] = [await books.wallet(1000), await books.wallet(), await books.wallet()];
    const reference = unique('ref');
    const first = await books.move(ana, shop, 1, {reference});
    const second = await books.move(ana, cafe, 2, {reference: `${reference}x`});
    const third = await books.move(shop, cafe, 1, {reference});
    const list = async (query) => ids(await api.all(`/v1/transfers?${query}`));
    assert.deepEqual(await list(`reference=${reference}`), [third.id, first.id]);
    assert.deepEqual(await list(`account=${cafe.id}`), [third.id, second.id]);
    assert.deepEqual(await list(`account=${shop.id}&reference=${reference}`), [third.id, first.id]);
    const newest = ids(await api.all('/v1/transfers')).slice(0, 3);
    assert.deepEqual(newest, [third.id, second.id, first.id]);
    const future = new Date(Date.now() + 60_000).toISOString();
    const past = new Date(Date.now() - 3_600_000).toISOString();
    assert.deepEqual(await list(`account=${cafe.id}&created_after=${past}&created_before=${future}`), [third.id, second.id]);
    assert.deepEqual(await list(`account=${cafe.id}&created_before=${past}`), []);
    assert.deepEqual(await list(`account=${cafe.id}&created_after=${future}`), []);
  });

  it('pages, each once, also while transfers are posted', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const posted = [];
    for (let i = 1; i <= 7; ++i) posted.unshift(await books.move(ana, shop, i));
    const first = bodyOf(await api.get(`/v1/transfers?account=${shop.id}&limit=3`), 200);
    await books.move(ana, shop, 50);
    const rest = bodyOf(
        await api.get(`/v1/transfers?account=${shop.id}&limit=100&cursor=${first.next_cursor}`), 200);
    assert.deepEqual([...ids(first.data), ...ids(rest.data)], ids(posted));
    assert.deepEqual([first.has_more, rest.has_more], [true, false]);
  });

  it('refuses filters it does not know', async () => {
    problemOf(await api.get('/v1/transfers?referenc=x'), 400, 'validation_failed');
    problemOf(await api.get('/v1/transfers?created_after=yesterday'), 400, 'validation_failed');
  });

  it('finds nothing of another tenant', async () => {
    const [ana, shop] = [await books.wallet(10), await books.wallet()];
    const transfer = await books.move(ana, shop, 1);
    const other = await books.otherTenant();
    problemOf(await other.get(`/v1/transfers/${transfer.id}`), 404, 'transfer_not_found');
    problemOf(await other.post(`/v1/transfers/${transfer.id}/reverse`), 404, 'transfer_not_found');
    assert.deepEqual(await other.all('/v1/transfers'), []);
  });

  it('does not know ids that are none', async () => {
    for (const id of ['tr_0000000000001', 'tr_zzzzzzzzzzzzz', 'acc_0000000000001', 'x', '%20', 'tr_']) {
      problemOf(await api.get(`/v1/transfers/${id}`), 404, 'transfer_not_found');
    }
  });
});

describe('reversing', () => {
  const reverse = (transfer, body = {}, options = {}) =>
      api.post(`/v1/transfers/${transfer.id}/reverse`, body, options);

  it('posts the opposite and ties both together', async () => {
    const [ana, shop, fee] = [await books.wallet(100), await books.wallet(), await books.account({type: 'income'})];
    const postings = [posting(ana, shop, 40), posting(shop, fee, 4)];
    const transfer = bodyOf(await api.post('/v1/transfers', {postings}), 201);
    const reversal = bodyOf(await reverse(transfer, {reference: 'refund-1', metadata: {why: 'broken'}}), 201);
    assert.equal(reversal.kind, 'reversal');
    assert.equal(reversal.reverses, transfer.id);
    assert.equal(reversal.reference, 'refund-1');
    assert.deepEqual(reversal.metadata, {why: 'broken'});
    assert.deepEqual(reversal.postings, [posting(shop, ana, 40), posting(fee, shop, 4)]);
    assert.equal((await read(transfer)).reversed_by, reversal.id);
    assert.deepEqual(await Promise.all([ana, shop, fee].map((each) => books.balanceOf(each))), [100, 0, 0]);
  });

  it('happens once; a reversal may be reversed', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const transfer = await books.move(ana, shop, 40);
    const reversal = bodyOf(await reverse(transfer), 201);
    const problem = problemOf(await reverse(transfer), 409, 'transfer_already_reversed');
    assert.ok(problem.detail.includes(reversal.id));
    bodyOf(await reverse(reversal), 201);
    assert.equal(await books.balanceOf(shop), 40);
  });

  it('is refused when the money is gone', async () => {
    const [ana, shop, cafe] = [await books.wallet(100), await books.wallet(), await books.wallet()];
    const transfer = await books.move(ana, shop, 40);
    await books.move(shop, cafe, 1);
    problemOf(await reverse(transfer), 402, 'insufficient_funds');
    assert.equal((await read(transfer)).reversed_by, null);
  });

  it('lets one of two at the same time win', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet(100)];
    const transfer = await books.move(ana, shop, 40);
    const answers = await Promise.all(Array.from({length: 10}, () => reverse(transfer)));
    assert.deepEqual(answers.map(({status}) => status).sort(), [201, ...Array(9).fill(409)]);
    assert.equal(await books.balanceOf(ana), 100);
  });
});

describe('the order of refusals', () => {
  const future = '2200-01-01T00:00:00Z';
  it('is the documented one: each reason hides those after it', async () => {
    const [ana, usd] = [await books.wallet(), await books.wallet(0, {currency: 'USD'})];
    const [frozen, closed] = [await books.account(), await books.account()];
    bodyOf(await api.patch(`/v1/accounts/${frozen.id}`, {frozen: true}), 200);
    bodyOf(await api.post(`/v1/accounts/${closed.id}/close`), 200);
    const missing = {id: 'acc_0000000000001', currency: 'KZT'};
    const shop = await books.wallet();
    const cases = [
      [[posting(ana, missing, 1)], {effective_at: future}, 400, 'effective_at_in_future'],
      [[posting(ana, ana, 1), posting(ana, missing, 1)], {}, 404, 'account_not_found'],
      [[posting(frozen, frozen, 1)], {}, 400, 'same_account'],
      [[{...posting(frozen, closed, 1), currency: 'USD'}], {}, 422, 'currency_mismatch'],
      [[posting(ana, usd, 1)], {}, 422, 'currency_mismatch'],
      [[posting(closed, frozen, 1)], {}, 409, 'account_closed'],
      [[posting(frozen, closed, 1)], {}, 409, 'account_frozen'],
      [[posting(frozen, shop, 1), posting(ana, ana, 1)], {}, 409, 'account_frozen'],
      [[posting(ana, shop, 1)], {}, 402, 'insufficient_funds'],
    ];
    for (const [postings, more, status, code] of cases) {
      problemOf(await api.post('/v1/transfers', {postings, ...more}), status, code);
    }
    assert.deepEqual(await books.figures(ana), {balance: 0, available: 0, incoming: 0});
  });

  it('overflow comes before the bounds, the debited side before the credited one', async () => {
    const [poor, rich] = [await books.wallet(), await books.account({max_balance: 0})];
    const huge = `{"postings":[{"debit":"${poor.id}","credit":"${rich.id}","amount":${largest},"currency":"KZT"},` +
                 `{"debit":"${poor.id}","credit":"${rich.id}","amount":1,"currency":"KZT"}]}`;
    problemOf(await api.post('/v1/transfers', huge), 422, 'amount_overflow');
    problemOf(await books.tryMove(poor, rich, 1), 402, 'insufficient_funds');
    bodyOf(await api.patch(`/v1/accounts/${poor.id}`, {min_balance: null}), 200);
    problemOf(await books.tryMove(poor, rich, 1), 422, 'balance_limit_exceeded');
  });
});
