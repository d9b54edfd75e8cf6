// Filters and orders of lists, statements of a period, and what docs/lists.md shows.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {assertFields, bodyOf, problemOf} from './lib/client.mjs';
import {repository, run} from './lib/server.mjs';

let books;
let api;
before(async () => {
  books = await Books.open();
  api = books.api;
});
after(() => books.close());

const ids = (rows) => rows.map(({id}) => id);
const q = encodeURIComponent;

describe('filters of lists', () => {
  it('find accounts by metadata, balance and time, in either order', async () => {
    const group = unique('group');
    const [poor, rich] = [await books.wallet(0, {metadata: {group, level: 3}}), await books.wallet(500, {metadata: {group, level: 'a&b'}})];
    const list = async (query) => ids(await api.all(`/v1/accounts?metadata[group]=${group}&${query}`, 1));
    assert.deepEqual(await list('order=asc'), [poor.id, rich.id]);
    assert.deepEqual(await list('order=desc'), [rich.id, poor.id]);
    assert.deepEqual(await list('metadata[level]=3'), [poor.id]);
    assert.deepEqual(await list(`${q('metadata[level]')}=${q('a&b')}`), [rich.id]);
    assert.deepEqual(await list('balance_min=1'), [rich.id]);
    assert.deepEqual(await list('balance_max=499'), [poor.id]);
    assert.deepEqual(await list(`created_after=${rich.created_at}`), [rich.id]);
    assert.deepEqual(await list(`created_before=${rich.created_at}`), [poor.id]);
  });

  it('find transfers by metadata, amount, currency and time, and tell the balances after them', async () => {
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const order = unique('order');
    const first = await books.move(ana, shop, 10, {metadata: {order}});
    const second = await books.move(ana, shop, 20, {metadata: {order}, effective_at: '2024-05-05T00:00:00Z'});
    const list = async (query) => ids(await api.all(`/v1/transfers?${query}`, 1));
    assert.deepEqual(await list(`metadata[order]=${order}&order=asc`), [first.id, second.id]);
    assert.deepEqual(await list(`metadata[order]=${order}&amount_min=11`), [second.id]);
    assert.deepEqual(await list(`account=${shop.id}&amount_max=19&currency=KZT`), [first.id]);
    assert.deepEqual(await list(`account=${shop.id}&currency=USD`), []);
    const may = (time) => `${time}_after=2024-05-01T00:00:00Z&${time}_before=2024-06-01T00:00:00Z`;
    assert.deepEqual(await list(`account=${shop.id}&${may('created')}`), []);
    assert.deepEqual(await list(`account=${shop.id}&${may('effective')}`), [second.id]);
    assert.deepEqual(await list(`metadata[order]=${order}&${may('effective')}`), [second.id]);
    assert.deepEqual(await list(`account=${shop.id}&${may('effective')}&created_after=${first.created_at}`), [second.id]);
    const [posting] = bodyOf(await api.get(`/v1/transfers/${second.id}`), 200).postings;
    assert.deepEqual([posting.debit_balance, posting.credit_balance], [970, 30]);
  });

  it('find holds by account and reference, and transfers by hold', async () => {
    const [ana, bob, shop] = [await books.wallet(100), await books.wallet(100), await books.wallet()];
    const reference = unique('cart');
    const hold = bodyOf(await books.tryHold(ana, shop, 10, {reference}), 201);
    const other = bodyOf(await books.tryHold(bob, shop, 10), 201);
    const list = async (query) => ids(await api.all(`/v1/holds?${query}`, 1));
    assert.deepEqual(await list(`account=${ana.code}`), [hold.id]);
    assert.deepEqual(await list(`account=${shop.id}&order=asc`), [hold.id, other.id]);
    assert.deepEqual(await list(`reference=${reference}`), [hold.id]);
    assert.deepEqual(await list(`account=${bob.id}&reference=${reference}`), []);
    assert.deepEqual(await list(`account=${shop.id}&created_after=${other.created_at}`), [other.id]);
    assert.deepEqual(await list(`account=${shop.id}&created_before=${other.created_at}`), [hold.id]);
    const {transfer} = bodyOf(await api.post(`/v1/holds/${hold.id}/capture`, {}), 200);
    assert.deepEqual(ids(await api.all(`/v1/transfers?hold=${hold.id}`)), [transfer.id]);
    assert.deepEqual(await api.all(`/v1/transfers?hold=${other.id}`), []);
    for (const [query, code, name] of [['holds?account=nobody', 'account_not_found', 'account'],
      ['transfers?account=nobody', 'account_not_found', 'account'], ['transfers?hold=hold_0000000000001', 'hold_not_found', 'hold']]) {
      assertFields(problemOf(await api.get(`/v1/${query}`), 404, code), {[`#/query/${name}`]: code});
    }
  });

  it('are refused by name when they are not understood', async () => {
    for (const [target, name, rule] of [
      ['/v1/accounts?order=up', 'order', 'unknown_value'], ['/v1/accounts?balance_min=1.5', 'balance_min', 'must_be_integer'],
      ['/v1/accounts?balance_max=', 'balance_max', 'must_be_integer'], ['/v1/accounts?metadata=1', 'metadata', 'unknown_parameter'],
      ['/v1/accounts?time=created', 'time', 'unknown_parameter'], ['/v1/transfers?amount_min=9223372036854775808', 'amount_min', 'must_be_integer'],
      ['/v1/transfers?hold=x', 'hold', 'malformed'], ['/v1/transfers?time=effective', 'time', 'unknown_parameter'],
      ['/v1/accounts/x/statement?time=now', 'time', 'unknown_value'], ['/v1/transfers?from=2026-11-01', 'from', 'unknown_parameter'],
      ['/v1/holds?amount_min=1', 'amount_min', 'unknown_parameter'], ['/v1/accounts/x/statement?order=', 'order', 'unknown_value'],
      ['/v1/accounts/x/statement?metadata[a]=1', 'metadata[a]', 'unknown_parameter'],
    ]) {
      const {errors} = problemOf(await api.get(target), 400, 'validation_failed');
      assert.deepEqual(errors.map(({pointer, rule: broken}) => [pointer, broken]), [[`#/query/${name}`, rule]], target);
    }
  });

  it('refuse a period that ends before it begins', async () => {
    const [early, late] = ['2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'];
    const periods = ['accounts/bank/statement', 'aggregates?by=type'].map((path) => [path, 'from', 'to']);
    const lists = ['accounts', 'transfers', 'holds', 'events', 'wallet-transactions'].map((path) => [path, 'created_after', 'created_before']);
    for (const [path, start, end] of [...periods, ...lists, ['transfers', 'effective_after', 'effective_before']]) {
      const target = `/v1/${path}${path.includes('?') ? '&' : '?'}${start}=${late}&${end}=`;
      for (const time of [early, late])
        assertFields(problemOf(await api.get(target + time), 400, 'validation_failed'), {[`#/query/${end}`]: 'not_after_start'});
    }
  });

  it('say has_more only when there is more', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = bodyOf(await books.tryHold(ana, shop, 1), 201);
    for (let i = 0; i < 2; ++i) bodyOf(await api.post(`/v1/holds/${bodyOf(await books.tryHold(ana, shop, 1), 201).id}/capture`, {}), 200);
    const captured = bodyOf(await api.get(`/v1/holds?status=captured&account=${ana.id}&limit=2`), 200);
    assert.deepEqual([captured.data.length, captured.has_more, captured.next_cursor], [2, false, null]);
    const {created_at: from} = bodyOf(await api.get(`/v1/transfers?account=${shop.id}&limit=1`), 200).data[0];
    assert.equal(bodyOf(await api.get(`/v1/transfers?account=${shop.id}&created_after=${from}&limit=1`), 200).has_more, false);
    assert.equal(bodyOf(await api.get(`/v1/accounts?code_prefix=${ana.code}&limit=1`), 200).has_more, false);
    assert.equal(hold.status, 'open');
    const events = await api.get(`/v1/events?type=hold.captured&subject=${captured.data[0].id}&limit=1`);
    assert.deepEqual([bodyOf(events, 200).data.length, events.json.has_more], [1, false]);
  });

  it('go on with a cursor where a default is spelled out, and nowhere else', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    for (let i = 0; i < 3; ++i) await books.move(ana, shop, 1);
    const from = '2024-01-01T00:00:00Z', same = '2024-01-01T01:00:00%2B01:00';
    for (const [list, other, wrong] of [
      [`transfers?account=${ana.id}&created_after=${from}`, `transfers?account=${ana.id}&created_after=${same}&order=desc`,
       `transfers?account=${ana.id}&effective_after=${from}`],
      [`accounts/${ana.id}/statement?order=desc`, `accounts/${ana.id}/statement?time=created`, `accounts/${ana.id}/statement?order=asc`],
      [`events?type=transaction.executed&created_after=${from}`, `events?type=transaction.executed&created_after=${same}`,
       `events?type=transaction.*&created_after=${from}`],
      ['accounts?balance_min=0', 'accounts?order=desc&balance_min=00', 'accounts?order=asc&balance_min=0'],
      ['trial-balance?by=account', 'trial-balance?by=account&time=effective', 'trial-balance?by=account&time=created'],
    ]) {
      const {next_cursor: cursor} = bodyOf(await api.get(`/v1/${list}&limit=1`), 200);
      const usual = bodyOf(await api.get(`/v1/${list}&limit=2&cursor=${cursor}`), 200);
      assert.deepEqual(bodyOf(await api.get(`/v1/${other}&limit=2&cursor=${cursor}`), 200).data, usual.data);
      assertFields(problemOf(await api.get(`/v1/${wrong}&cursor=${cursor}`), 400, 'validation_failed'), {'#/query/cursor': 'malformed'});
    }
  });

  it('find null and decimal numbers in the metadata as they are shown', async () => {
    const group = unique('m');
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const post = async (value) => {
      const body = `{"postings":[{"debit":"${ana.id}","credit":"${shop.id}","amount":1,"currency":"KZT"}],"metadata":{"group":"${group}","x":${value}}}`;
      return bodyOf(await api.send('POST', '/v1/transfers', body), 201).id;
    };
    const [none, text, long, short] = [await post('null'), await post('"null"'), await post('1.50'), await post('1.5')];
    const list = async (value) => ids(await api.all(`/v1/transfers?metadata[group]=${group}&metadata[x]=${value}&order=asc`));
    assert.deepEqual(await list('null'), [none, text]);
    assert.deepEqual([await list('1.50'), await list('1.5')], [[long], [short]]);
  });

  it('show nothing of another tenant', async () => {
    const ana = await books.wallet(10, {metadata: {mine: 'yes'}});
    const hold = bodyOf(await books.tryHold(ana, await books.wallet(), 1, {reference: 'mine'}), 201);
    const other = await books.otherTenant();
    for (const target of ['/v1/accounts?metadata[mine]=yes', '/v1/holds?reference=mine', '/v1/transfers?amount_min=1'])
      assert.deepEqual(await other.all(target), []);
    problemOf(await other.get(`/v1/holds?account=${ana.id}`), 404, 'account_not_found');
    problemOf(await other.get(`/v1/transfers?hold=${hold.id}`), 404, 'hold_not_found');
  });
});

describe('the statement of a period', () => {
  it('leads from the opening to the closing balance by either time', async () => {
    const [ana, shop] = [await books.account(), await books.account()];
    await books.move(ana, shop, 100, {effective_at: '2024-02-10T00:00:00Z'});
    await books.move(shop, ana, 30, {effective_at: '2024-03-10T00:00:00Z'});
    await books.move(ana, shop, 5, {effective_at: '2024-03-05T00:00:00Z'});
    const march = 'from=2024-03-01T00:00:00Z&to=2024-04-01T00:00:00Z';
    const read = async (query) => bodyOf(await api.get(`/v1/accounts/${shop.id}/statement?${query}`), 200);
    const accounting = await read(`${march}&time=effective&order=asc`);
    assert.deepEqual([accounting.time, accounting.opening_balance, accounting.closing_balance], ['effective', 100, 75]);
    assert.deepEqual(accounting.data.map(({amount, balance}) => [amount, balance]), [[5, 105], [30, 75]]);
    const entered = await read(march);
    assert.deepEqual([entered.time, entered.opening_balance, entered.closing_balance, entered.data], ['created', 0, 0, []]);
    const all = await read('order=asc');
    assert.deepEqual([all.from, all.opening_balance, all.closing_balance], [null, 0, 75]);
    assert.deepEqual(all.data.map(({balance}) => balance), [100, 70, 75]);
    for (const [at, balance] of [['2024-02-29T23:59:59.999999Z', 100], ['2024-03-31T23:59:59.999999Z', 75]])
      assert.equal(bodyOf(await api.get(`/v1/accounts/${shop.id}/balance?at=${at}`), 200).balance, balance);
  });
});

describe('docs/lists.md', () => {
  it('shows what works', async (test) => {
    if ((await run('sh', ['-c', 'command -v curl'])).code !== 0) return test.skip('curl is not installed');
    const own = await Books.open();
    after(() => own.close());
    const ana = await own.wallet(5000, {code: 'wallet:ana', metadata: {vip: true}});
    const shop = await own.wallet();
    const sale = await own.move(ana, shop, 1500, {metadata: {order: 'A-17'}, effective_at: '2026-03-05T00:00:00Z'});
    const hold = bodyOf(await own.tryHold(ana, shop, 10), 201);
    const page = readFileSync(path.join(repository, 'docs/lists.md'), 'utf8');
    const script = /```bash\n(# lists\n[^]*?)```/.exec(page)[1].replaceAll('\ncurl', '\necho; curl');
    const result = await run('bash', ['-eu', '-c', `U=${own.server.url} K=${own.secret}\n${script}`]);
    assert.equal(result.code, 0, result.stderr);
    const [transfers, accounts, effective, holds, statement] = result.stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(ids(transfers.data), [sale.id]);
    assert.deepEqual(ids(accounts.data), [ana.id]);
    assert.deepEqual(ids(effective.data), [sale.id]);
    assert.deepEqual(ids(holds.data), [hold.id]);
    assert.deepEqual([statement.data.length, statement.opening_balance, statement.closing_balance], [1, 0, -1500]);
  });
});
