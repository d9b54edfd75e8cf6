import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, posting, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {eventually} from './lib/server.mjs';

const books = await Books.open();
after(() => books.close());
const {api} = books;

const read = async (hold) => bodyOf(await api.get(`/v1/holds/${hold.id}`), 200);
const capture = (hold, body = {}, options = {}) => api.post(`/v1/holds/${hold.id}/capture`, body, options);
const release = (hold, options = {}) => api.post(`/v1/holds/${hold.id}/release`, {}, options);
const ids = (items) => items.map(({id}) => id);

describe('placing a hold', () => {
  it('sets the money aside and announces it, and no balance moves', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const wanted = {postings: [posting(ana, shop, 30)], reference: unique('auth'), description: 'fuel',
                    metadata: {pump: 4}};
    const hold = bodyOf(await api.post('/v1/holds', wanted), 201);
    const {id, created_at, ...rest} = hold;
    assert.match(id, /^hold_[0-9a-hjkmnp-tv-z]{13}$/);
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000);
    assert.deepEqual(rest, {...wanted, postings: [{...wanted.postings[0], remaining: 30}], status: 'open',
                            expires_at: null});
    assert.deepEqual(await read(hold), hold);
    assert.deepEqual(await books.figures(ana), {balance: 100, available: 70, incoming: 0});
    assert.deepEqual(await books.figures(shop), {balance: 0, available: 0, incoming: 30});
  });

  it('takes from what is available: money is never promised twice', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    await books.hold(ana, shop, 70);
    problemOf(await books.tryHold(ana, shop, 31), 402, 'insufficient_funds');
    problemOf(await books.tryMove(ana, shop, 31), 402, 'insufficient_funds');
    await books.hold(ana, shop, 30);
    problemOf(await books.tryMove(shop, ana, 1), 402, 'insufficient_funds');
  });

  it('is refused like a transfer', async () => {
    const [ana, usd] = [await books.wallet(100), await books.wallet(0, {currency: 'USD'})];
    problemOf(await books.tryHold(ana, ana, 1), 400, 'same_account');
    problemOf(await books.tryHold(ana, usd, 1), 422, 'currency_mismatch');
    problemOf(await books.tryHold(ana, {id: 'nobody'}, 1), 404, 'account_not_found');
    problemOf(await books.tryHold(ana, {id: 'nobody'}, 0), 400, 'validation_failed');
    for (const expires_in_seconds of [0, -1, 1.5, 'soon']) {
      problemOf(await books.tryHold(ana, usd, 1, {expires_in_seconds}), 400, 'validation_failed');
    }
  });
});

describe('capturing', () => {
  it('posts all of it', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30, {reference: 'auth-7'});
    const {transfer, ...after} = bodyOf(await capture(hold), 200);
    assert.equal(after.status, 'captured');
    assert.equal(after.postings[0].remaining, 0);
    assert.equal(transfer.kind, 'capture');
    assert.equal(transfer.hold_id, hold.id);
    assert.deepEqual(transfer.postings, [posting(ana, shop, 30)]);
    assert.deepEqual(await read(hold), after);
    const {reversed_by, ...stored} = bodyOf(await api.get(`/v1/transfers/${transfer.id}`), 200);
    assert.equal(reversed_by, null);
    assert.deepEqual(stored, {...transfer, postings: [{...transfer.postings[0], debit_balance: 70, credit_balance: 30}]});
    assert.deepEqual(await books.figures(ana), {balance: 70, available: 70, incoming: 0});
    assert.deepEqual(await books.figures(shop), {balance: 30, available: 30, incoming: 0});
  });

  it('posts a part and gives the rest back', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30);
    assert.deepEqual(bodyOf(await capture(hold, {amount: 12}), 200).transfer.postings, [posting(ana, shop, 12)]);
    assert.deepEqual(await books.figures(ana), {balance: 88, available: 88, incoming: 0});
    assert.deepEqual(await books.figures(shop), {balance: 12, available: 12, incoming: 0});
  });

  it('takes no more than is held, and only once', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30);
    problemOf(await capture(hold, {amount: 31}), 422, 'capture_exceeds_hold');
    problemOf(await capture(hold, {amount: 0}), 400, 'validation_failed');
    problemOf(await capture(hold, {amount: -1}), 400, 'validation_failed');
    assert.equal((await read(hold)).status, 'open');
    bodyOf(await capture(hold), 200);
    problemOf(await capture(hold), 409, 'hold_not_open');
    problemOf(await release(hold), 409, 'hold_not_open');
    assert.equal(await books.balanceOf(shop), 30);
  });

  it('of several postings is whole', async () => {
    const [ana, shop, fee] = [await books.wallet(100), await books.wallet(), await books.account({type: 'income'})];
    const postings = [posting(ana, shop, 30), posting(ana, fee, 2)];
    const hold = bodyOf(await api.post('/v1/holds', {postings}), 201);
    problemOf(await capture(hold, {amount: 5}), 422, 'partial_capture_unsupported');
    assert.deepEqual(bodyOf(await capture(hold), 200).transfer.postings, postings);
    assert.equal(await books.balanceOf(ana), 68);
  });

  it('by many at once happens once', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30);
    const answers = await Promise.all(Array.from({length: 20}, (_, i) => i % 2 ? capture(hold) : release(hold)));
    assert.equal(answers.filter(({status}) => status === 200).length, 1);
    assert.equal(answers.filter(({status}) => status === 409).length, 19);
    const moved = (await read(hold)).status === 'captured' ? 30 : 0;
    assert.deepEqual(await books.figures(ana), {balance: 100 - moved, available: 100 - moved, incoming: 0});
  });

  it('does not move money on a frozen account', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30);
    bodyOf(await api.patch(`/v1/accounts/${shop.id}`, {frozen: true}), 200);
    problemOf(await capture(hold), 409, 'account_frozen');
    assert.equal((await read(hold)).status, 'open');
  });
});

describe('releasing', () => {
  it('gives the money back', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 30);
    assert.equal(bodyOf(await release(hold), 200).status, 'released');
    assert.deepEqual(await books.figures(ana), {balance: 100, available: 100, incoming: 0});
    assert.deepEqual(await books.figures(shop), {balance: 0, available: 0, incoming: 0});
    problemOf(await capture(hold), 409, 'hold_not_open');
    problemOf(await release(hold), 409, 'hold_not_open');
  });
});

describe('expiry', () => {
  it('frees the money by itself when the time is over', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 100, {expires_in_seconds: 1});
    assert.equal(Date.parse(hold.expires_at) - Date.parse(hold.created_at), 1000);
    await eventually('the hold expires', async () => (await read(hold)).status === 'expired');
    assert.deepEqual(await books.figures(ana), {balance: 100, available: 100, incoming: 0});
    problemOf(await capture(hold), 409, 'hold_expired');
    problemOf(await release(hold), 409, 'hold_expired');
  });

  it('happens for holds that ran out while the server was away', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 100, {expires_in_seconds: 1});
    const own = await Books.open();
    try {
      const [eve, bar] = [await own.wallet(50), await own.wallet()];
      const other = await own.hold(eve, bar, 50, {expires_in_seconds: 1});
      await own.server.kill();
      await eventually('the first hold expires', async () => (await read(hold)).status === 'expired');
      await own.start();
      await eventually('the hold of the restarted server expires', async () =>
        bodyOf(await own.api.get(`/v1/holds/${other.id}`), 200).status === 'expired');
      assert.deepEqual(await own.figures(eve), {balance: 50, available: 50, incoming: 0});
    } finally {
      await own.close();
    }
  });
});

describe('listing holds', () => {
  it('filters by status, newest first', async () => {
    const other = await Books.open();
    try {
      const [ana, shop] = [await other.wallet(100), await other.wallet()];
      const holds = [];
      for (let i = 1; i <= 4; ++i) holds.unshift(await other.hold(ana, shop, i));
      bodyOf(await other.api.post(`/v1/holds/${holds[0].id}/release`), 200);
      bodyOf(await other.api.post(`/v1/holds/${holds[1].id}/capture`), 200);
      const list = async (query) => ids(await other.api.all(`/v1/holds${query}`, 1));
      assert.deepEqual(await list(''), ids(holds));
      assert.deepEqual(await list('?status=open'), ids(holds.slice(2)));
      assert.deepEqual(await list('?status=released'), [holds[0].id]);
      assert.deepEqual(await list('?status=captured'), [holds[1].id]);
      problemOf(await other.api.get('/v1/holds?status=lost'), 400, 'validation_failed');
    } finally {
      await other.close();
    }
  });

  it('knows no hold of another tenant', async () => {
    const [ana, shop] = [await books.wallet(100), await books.wallet()];
    const hold = await books.hold(ana, shop, 1);
    const other = await books.otherTenant();
    problemOf(await other.get(`/v1/holds/${hold.id}`), 404, 'hold_not_found');
    problemOf(await other.post(`/v1/holds/${hold.id}/capture`), 404, 'hold_not_found');
    problemOf(await other.post(`/v1/holds/${hold.id}/release`), 404, 'hold_not_found');
    assert.deepEqual(await other.all('/v1/holds'), []);
    assert.equal((await read(hold)).status, 'open');
  });
});
