import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {assertFields, bodyOf, problemOf} from './lib/client.mjs';

const books = await Books.open();
after(() => books.close());
const {api} = books;

const ids = (items) => items.map(({id}) => id);

describe('opening an account', () => {
  it('answers with all of it, empty', async () => {
    const code = unique('ana');
    const account = bodyOf(await api.post('/v1/accounts', {code, type: 'liability', currency: 'KZT'}), 201);
    const {id, created_at, ...rest} = account;
    assert.match(id, /^acc_[0-9a-hjkmnp-tv-z]{13}$/);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual(rest, {code, type: 'liability', currency: 'KZT', balance: 0, available: 0, incoming: 0,
                            debits_posted: 0, credits_posted: 0, debits_pending: 0, credits_pending: 0,
                            min_balance: null, max_balance: null, frozen: false, closed: false, metadata: {}});
  });

  it('keeps bounds and metadata, and reading gives the same again', async () => {
    const metadata = {owner: 'Ана «Ä» 🦊', nested: {list: [1, 'two', null, true, 2.5]}};
    const account = await books.account({min_balance: -500, max_balance: 10_000, metadata});
    assert.equal(account.min_balance, -500);
    assert.equal(account.max_balance, 10_000);
    assert.deepEqual(account.metadata, metadata);
    assert.deepEqual(await books.read(account), account);
  });

  for (const type of ['asset', 'liability', 'equity', 'income', 'expense']) {
    it(`shows the balance of ${type} in its normal direction`, async () => {
      const account = await books.account({type});
      const other = await books.account({type: 'asset'});
      const growsWithDebits = type === 'asset' || type === 'expense';
      await books.move(account, other, 300);
      await books.move(other, account, 100);
      const {balance, debits_posted, credits_posted} = await books.read(account);
      assert.deepEqual([debits_posted, credits_posted], [300, 100]);
      assert.equal(balance, growsWithDebits ? 200 : -200);
    });
  }

  it('refuses a code that is taken in the tenant; another tenant has codes of its own', async () => {
    const account = await books.account();
    const again = {code: account.code, type: 'asset', currency: 'USD'};
    problemOf(await api.post('/v1/accounts', again), 409, 'account_exists');
    const other = await books.otherTenant();
    assert.notEqual(bodyOf(await other.post('/v1/accounts', again), 201).id, account.id);
  });

  it('refuses codes that would be taken for an id, or that no path can name', async () => {
    for (const [code, rule] of [['acc_0s9vbhajg0000', 'looks_like_id'], ['acc_0000000000000', 'looks_like_id'],
                                ['acc_ZZZZZZZZZZZZZ', 'looks_like_id'], ['acc_uuuuuuuuuuuuu', 'looks_like_id'],
                                ['.', 'not_allowed'], ['..', 'not_allowed']]) {
      const wanted = {code, type: 'asset', currency: 'KZT'};
      assertFields(problemOf(await api.post('/v1/accounts', wanted), 400, 'validation_failed'), {'/code': rule});
      const bulk = {accounts: [{...wanted, code: unique('fine')}, wanted]};
      assertFields(problemOf(await api.post('/v1/accounts/bulk', bulk), 400, 'validation_failed'),
                   {'/accounts/1/code': rule});
    }
    for (const code of ['acc_1', 'acc_00000000000000', unique('...'), 'bulk']) await books.account({code});
  });

  it('takes currencies with other decimals', async () => {
    for (const currency of ['JPY', 'KWD', 'USD']) assert.equal((await books.account({currency})).currency, currency);
  });
});

describe('listing accounts', () => {
  it('pages from the newest, each once, also while accounts are opened', async () => {
    const prefix = unique('page');
    const opened = [];
    for (let i = 0; i < 7; ++i) opened.unshift(await books.account({code: `${prefix}:${i}`}));
    const first = bodyOf(await api.get(`/v1/accounts?code_prefix=${prefix}&limit=3`), 200);
    assert.deepEqual(ids(first.data), ids(opened.slice(0, 3)));
    assert.equal(first.has_more, true);
    await books.account({code: `${prefix}:late`});
    const second = bodyOf(
        await api.get(`/v1/accounts?code_prefix=${prefix}&limit=200&cursor=${first.next_cursor}`), 200);
    assert.deepEqual(ids(second.data), ids(opened.slice(3)));
    assert.equal(second.has_more, false);
    assert.equal((await api.all(`/v1/accounts?code_prefix=${prefix}`, 2)).length, 8);
  });

  it('filters by type and currency', async () => {
    const prefix = unique('filter');
    const make = (type, currency) => books.account({type, currency, code: unique(prefix)});
    const [a, b, c] = [await make('asset', 'USD'), await make('asset', 'EUR'), await make('equity', 'EUR')];
    const list = async (query) => ids(await api.all(`/v1/accounts?code_prefix=${prefix}&${query}`)).sort();
    assert.deepEqual(await list('type=asset'), ids([a, b]).sort());
    assert.deepEqual(await list('currency=EUR'), ids([b, c]).sort());
    assert.deepEqual(await list('type=asset&currency=EUR'), [b.id]);
  });

  it('shows a tenant its own accounts only', async () => {
    await books.account();
    const other = await books.otherTenant();
    assert.deepEqual(await other.all('/v1/accounts'), []);
  });

  it('refuses bad pages and unknown filters by name', async () => {
    for (const limit of ['0', '201', '-1', 'many', '1.5', '']) {
      const problem = problemOf(await api.get(`/v1/accounts?limit=${limit}`), 400, 'validation_failed');
      assert.deepEqual(problem.errors.map(({pointer}) => pointer), ['#/query/limit']);
    }
    problemOf(await api.get('/v1/accounts?cursor=nonsense'), 400, 'validation_failed');
    assertFields(problemOf(await api.get('/v1/accounts?curency=KZT'), 400, 'validation_failed'),
                 {'#/query/curency': 'unknown_parameter'});
    problemOf(await api.get('/v1/accounts?type=money'), 400, 'validation_failed');
  });
});

describe('changing an account', () => {
  const change = (account, fields) => api.patch(`/v1/accounts/${account.id}`, fields);

  it('changes what is named and keeps the rest', async () => {
    const account = await books.account({metadata: {a: 1}, min_balance: 0, max_balance: 10});
    const changed = bodyOf(await change(account, {metadata: {b: 2}, min_balance: null}), 200);
    assert.deepEqual(changed, {...account, metadata: {b: 2}, min_balance: null});
    assert.deepEqual(await books.read(account), changed);
  });

  it('refuses what an account cannot change', async () => {
    const account = await books.account();
    assertFields(problemOf(await change(account, {code: 'x', balance: 5}), 400, 'validation_failed'),
                 {'/code': 'fixed', '/balance': 'read_only'});
    problemOf(await change({id: 'acc_0000000000001'}, {frozen: true}), 404, 'account_not_found');
    problemOf(await change({id: 'nonsense'}, {frozen: true}), 404, 'account_not_found');
    problemOf(await change({id: account.id}, {frozen: 'yes'}), 400, 'validation_failed');
  });

  it('names the bound that was given', async () => {
    const account = await books.account({min_balance: 0});
    const refused = async (fields) => problemOf(await change(account, fields), 400, 'validation_failed');
    assertFields(await refused({max_balance: -5}), {'/max_balance': 'below_min_balance'});
    bodyOf(await change(account, {max_balance: 10}), 200);
    assertFields(await refused({min_balance: 11}), {'/min_balance': 'above_max_balance'});
    assertFields(await refused({min_balance: 3, max_balance: 2}), {'/min_balance': 'above_max_balance'});
  });

  it('freezes: nothing moves until it is unfrozen', async () => {
    const [wallet, shop] = [await books.wallet(1000), await books.wallet()];
    assert.equal(bodyOf(await change(wallet, {frozen: true}), 200).frozen, true);
    problemOf(await books.tryMove(wallet, shop, 1), 409, 'account_frozen');
    problemOf(await books.tryMove(shop, wallet, 1), 409, 'account_frozen');
    problemOf(await books.tryHold(wallet, shop, 1), 409, 'account_frozen');
    assert.equal(bodyOf(await change(wallet, {frozen: false}), 200).frozen, false);
    await books.move(wallet, shop, 1);
    assert.equal(await books.balanceOf(wallet), 999);
  });
});

describe('closing an account', () => {
  const close = (account) => api.post(`/v1/accounts/${account.id}/close`);

  it('is for empty accounts without open holds', async () => {
    const [wallet, shop] = [await books.wallet(100), await books.wallet()];
    problemOf(await close(wallet), 409, 'account_not_empty');
    const hold = await books.hold(wallet, shop, 100);
    problemOf(await close(shop), 409, 'account_not_empty');
    bodyOf(await api.post(`/v1/holds/${hold.id}/release`), 200);
    assert.equal(bodyOf(await close(shop), 200).closed, true);
    assert.equal((await books.read(shop)).closed, true);
  });

  it('ends all movement, both ways, and its statement can still be read', async () => {
    const [wallet, shop] = [await books.wallet(100), await books.wallet()];
    await books.move(wallet, shop, 100);
    bodyOf(await close(wallet), 200);
    problemOf(await books.tryMove(shop, wallet, 1), 409, 'account_closed');
    problemOf(await books.tryMove(wallet, shop, 1), 409, 'account_closed');
    problemOf(await books.tryHold(shop, wallet, 1), 409, 'account_closed');
    assert.equal((await api.all(`/v1/accounts/${wallet.id}/statement`)).length, 2);
  });

  it('knows nobody else\'s account', async () => {
    const wallet = await books.wallet();
    const other = await books.otherTenant();
    problemOf(await other.post(`/v1/accounts/${wallet.id}/close`), 404, 'account_not_found');
  });
});

describe('bounds', () => {
  it('min_balance stops a debit that it cannot cover, to the last minor unit', async () => {
    const [wallet, shop] = [await books.wallet(100), await books.wallet()];
    problemOf(await books.tryMove(wallet, shop, 101), 402, 'insufficient_funds');
    assert.equal(await books.balanceOf(wallet), 100);
    await books.move(wallet, shop, 100);
    problemOf(await books.tryMove(wallet, shop, 1), 402, 'insufficient_funds');
  });

  it('a negative min_balance is an overdraft', async () => {
    const [account, shop] = [await books.account({min_balance: -50}), await books.wallet()];
    await books.move(account, shop, 50);
    problemOf(await books.tryMove(account, shop, 1), 402, 'insufficient_funds');
    assert.equal(await books.balanceOf(account), -50);
  });

  it('max_balance stops a credit, and counts what is on its way in', async () => {
    const [wallet, capped] = [await books.wallet(1000), await books.account({max_balance: 100})];
    problemOf(await books.tryMove(wallet, capped, 101), 422, 'balance_limit_exceeded');
    await books.move(wallet, capped, 60);
    await books.hold(wallet, capped, 40);
    problemOf(await books.tryMove(wallet, capped, 1), 422, 'balance_limit_exceeded');
    problemOf(await books.tryHold(wallet, capped, 1), 422, 'balance_limit_exceeded');
  });

  it('a floor raised over the balance stops debits, not credits', async () => {
    const [wallet, shop] = [await books.wallet(100), await books.wallet()];
    bodyOf(await api.patch(`/v1/accounts/${wallet.id}`, {min_balance: 500}), 200);
    problemOf(await books.tryMove(wallet, shop, 1), 402, 'insufficient_funds');
    await books.fund(wallet, 50);
    assert.equal(await books.balanceOf(wallet), 150);
  });

  it('bind assets as they bind liabilities', async () => {
    const [till, wallet] = [await books.account({type: 'asset', min_balance: 0, max_balance: 100}), await books.account()];
    problemOf(await books.tryMove(wallet, till, 1), 402, 'insufficient_funds');
    problemOf(await books.tryMove(till, wallet, 101), 422, 'balance_limit_exceeded');
    await books.move(till, wallet, 100);
    assert.equal(await books.balanceOf(till), 100);
  });
});

describe('currencies', () => {
  it('are those of ISO 4217 with their decimals', async () => {
    const {data} = bodyOf(await api.get('/v1/currencies'), 200);
    const digits = Object.fromEntries(data.map((each) => [each.code, each.digits]));
    assert.deepEqual([digits.KZT, digits.JPY, digits.KWD, digits.EUR, digits.CLF], [2, 0, 3, 2, 4]);
    assert.deepEqual(data.map(({code}) => code), data.map(({code}) => code).sort());
    assert.ok(data.length > 150);
  });
});
