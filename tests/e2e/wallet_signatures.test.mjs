// What a signature is good for, and that keys, refs and texts of movements mean what docs/hub.md says.
import assert from 'node:assert/strict';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {Partner} from './lib/partner.mjs';
import {repository, run} from './lib/server.mjs';

/** @type {Books} */
let books;
before(async () => books = await Books.open());
after(() => books.close());

async function partnerOf(fields = {}) {
  const code = unique('partner');
  const made = bodyOf(await books.api.post('/v1/partners', {code, ...fields}), 201);
  const scheme = fields.signature_scheme;
  const partner = new Partner(books.server.url, {secret: made.secret, code, scheme});
  after(() => partner.close());
  bodyOf(await partner.credit('ana', 1_000, 'fund'), 201);
  return partner;
}
const balanceOf = async (partner, player = 'ana') => bodyOf(await partner.balance(player), 200).balanceCents;

describe('a captured call', () => {
  it('is good for no other route and no other key, also after a restart', async () => {
    const partner = await partnerOf();
    const body = {playerId: 'ana', amountCents: 300, currency: 'EUR', refId: 'round-1'};
    const at = Math.floor(Date.now() / 1000);
    bodyOf(await partner.call('debit', body, {key: 'bet-1', at}), 201);
    const send = async (what, key) => partner.call(what, body, {key, at});
    for (const [what, key] of [['credit', unique('x')], ['rollback', unique('x')], ['debit', unique('x')],
                               ['credit', 'bet-1'], ['rollback', 'bet-1']]) {
      problemOf(await send(what, key), 401, 'signature_replayed');
    }
    assert.equal(await balanceOf(partner), 700);
    await books.restart();
    const again = new Partner(books.server.url, partner);
    after(() => again.close());
    problemOf(await again.call('credit', body, {key: unique('x'), at}), 401, 'signature_replayed');
    const retry = await again.call('debit', body, {key: 'bet-1', at});
    assert.equal(bodyOf(retry, 201).balanceCents, 700);
    assert.equal(retry.headers['idempotent-replayed'], 'true');
  });
});

describe('scheme v2', () => {
  it('covers route, key and query; a partner that asks for it takes no other', async () => {
    const partner = await partnerOf({signature_scheme: 'v2'});
    const body = {playerId: 'ana', amountCents: 100, currency: 'EUR', refId: 'round-1'};
    bodyOf(await partner.call('debit', body, {key: 'bet-1'}), 201);
    bodyOf(await partner.call('debit', body, {key: 'bet-2'}), 201);  // Equal bodies in one second.
    assert.equal(await balanceOf(partner), 800);
    bodyOf(await partner.transactions('?limit=5&kind=debit'), 200);

    const signed = partner.sign(JSON.stringify(body), undefined, {path: '/wallet/debit', key: 'bet-3'});
    problemOf(await partner.client.post('/wallet/credit', body, {key: 'bet-3', headers: signed}), 401, 'invalid_signature');
    problemOf(await partner.client.post('/wallet/debit', body, {key: 'bet-4', headers: signed}), 401, 'invalid_signature');
    partner.scheme = 'body-timestamp';
    problemOf(await partner.call('debit', body, {key: 'bet-3'}), 401, 'invalid_signature');
  });

  it('is taken from every partner before it is asked for', async () => {
    const partner = await partnerOf();
    partner.scheme = 'v2';
    bodyOf(await partner.debit('ana', 1, 'round-1'), 201);
    const changed = await books.api.patch(`/v1/partners/${partner.code}`, {signature_scheme: 'v2'});
    assert.equal(bodyOf(changed, 200).signature_scheme, 'v2');
    problemOf(await books.api.patch(`/v1/partners/${partner.code}`, {signature_scheme: 'v3'}), 400, 'validation_failed');
  });

  it('is what the examples of the docs sign by', async () => {
    const partner = await partnerOf({signature_scheme: 'v2'});
    const folder = path.join(repository, 'docs/examples/wallet');
    for (const [program, file] of [['python3', 'sign.py'], ['node', 'sign.mjs']]) {
      const env = {WALLET_URL: books.server.url, PARTNER: partner.code, SECRET: partner.secret, KEY: `bet-${file}`,
                   BODY: '{"playerId":"ana","amountCents":150,"currency":"EUR","refId":"round-77"}'};
      const {stdout, stderr} = await run(program, [path.join(folder, file), '/wallet/debit'], {env});
      assert.match(stdout, /^201 \{"status":"OK"/, stdout + stderr);
    }
    assert.equal(await balanceOf(partner), 700);
  });
});

describe('one movement', () => {
  it('is the same however its JSON is written; other fields are not', async () => {
    const partner = await partnerOf();
    const first = '{"playerId":"ana","amountCents":10,"currency":"EUR","refId":"r","meta":{"a":1,"b":{"c":2,"d":3}}}';
    const other = '{ "meta": {"b":{"d":3,"c":2},"a":1}, "refId":"r","currency":"EUR", "amountCents":10,"playerId":"ana" }';
    const send = (text) => partner.client.post('/wallet/debit', text, {key: 'bet-1', headers: partner.sign(text)});
    const done = await send(first);
    const again = await send(other);
    bodyOf(done, 201);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.deepEqual(again.bytes, done.bytes);
    problemOf(await send(first.replace('10', '11')), 422, 'idempotency_mismatch');
    assert.equal(await balanceOf(partner), 990);
    // What the docs tell a game server to do then: ask what the key stands for.
    const {data} = bodyOf(await partner.transactions('?idempotencyKey=bet-1'), 200);
    assert.deepEqual(data.map(({status, amountCents}) => [status, amountCents]), [['SUCCESS', 10]]);
  });
});

describe('a refId', () => {
  it('that several players share is each one\'s own', async () => {
    const partner = await partnerOf();
    bodyOf(await partner.credit('bob', 1_000, 'fund'), 201);
    bodyOf(await partner.rollback('ana', 'draw-1'), 201);
    bodyOf(await partner.debit('bob', 10, 'draw-1'), 201);
    problemOf(await partner.debit('ana', 10, 'draw-1'), 409, 'already_rolled_back');
    bodyOf(await partner.debit('ana', 10, 'round-1', {key: '1001'}), 201);
    bodyOf(await partner.credit('bob', 10, '1001'), 201);
    assert.deepEqual([await balanceOf(partner), await balanceOf(partner, 'bob')], [990, 1_000]);
  });

  it('that names a credit is rolled back by nobody', async () => {
    const partner = await partnerOf();
    bodyOf(await partner.credit('ana', 10, 'B1', {key: 'B1'}), 201);
    problemOf(await partner.rollback('ana', 'B1'), 409, 'transaction_conflict');
    // Signed at another second: a bet of the same words has the signature of the credit.
    bodyOf(await partner.debit('ana', 10, 'B1', {at: Math.floor(Date.now() / 1000) - 10}), 201);
  });
});
