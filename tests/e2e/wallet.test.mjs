// The wallet API in internal mode, as a game server sees it.
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {assertFields, bodyOf, problemOf} from './lib/client.mjs';
import {Partner} from './lib/partner.mjs';
import {eventually, florinOk, makeFolder, Server} from './lib/server.mjs';

const secret = 'a shared secret of the tests';
const books = await Books.open({env: {HMAC_SECRET: secret}});
const rgs = new Partner(books.server.url, {secret});
after(async () => {
  rgs.close();
  await books.close();
});
const {api} = books;

/** A player with money. */
async function player(amount = 1000) {
  const name = unique('player');
  bodyOf(await rgs.credit(name, amount, unique('deposit')), 201);
  return name;
}
const balanceOf = async (name) => bodyOf(await rgs.balance(name), 200).balanceCents;

describe('a partner that configuration makes', () => {
  it('bets and wins with signed calls', async () => {
    const ana = await player();
    const bet = bodyOf(await rgs.debit(ana, 150, 'round-1'), 201);
    assert.match(bet.transactionId, /^wtx_/);
    assert.equal(bet.status, 'OK');
    assert.equal(bet.balanceCents, 850);
    assert.equal(bodyOf(await rgs.credit(ana, 400, 'round-1'), 201).balanceCents, 1250);
    assert.equal(await balanceOf(ana), 1250);
  });

  it('survives a restart, and the answers with it', async () => {
    const ana = await player();
    const key = unique('bet');
    const first = await rgs.debit(ana, 150, 'round-1', {key});
    await books.crashAndRestart();
    const again = new Partner(books.server.url, {secret});
    const replay = await again.debit(ana, 150, 'round-1', {key});
    assert.deepEqual(replay.bytes, first.bytes);
    assert.equal(replay.headers['idempotent-replayed'], 'true');
    again.close();
    rgs.client.url = books.server.url;
    api.url = books.server.url;
  });
});

describe('the same key', () => {
  it('charges once, whatever the number of tries at once', async () => {
    const ana = await player();
    const key = unique('bet');
    const answers = await Promise.all(Array.from({length: 10}, () => rgs.debit(ana, 100, 'r', {key})));
    const done = answers.filter(({status}) => status === 201);
    for (const answer of answers.filter(({status}) => status !== 201)) {
      problemOf(answer, 409, 'request_in_progress');
    }
    assert.equal(done.filter(({headers}) => !headers['idempotent-replayed']).length, 1);
    assert.equal(new Set(done.map(({bytes}) => bytes.toString())).size, 1);
    assert.equal(await balanceOf(ana), 900);
  });

  it('is refused with another body', async () => {
    const ana = await player();
    const key = unique('bet');
    bodyOf(await rgs.debit(ana, 100, 'r', {key}), 201);
    problemOf(await rgs.debit(ana, 101, 'r', {key}), 422, 'idempotency_mismatch');
    assert.equal(await balanceOf(ana), 900);
  });

  it('remembers a refusal', async () => {
    const ana = await player(50);
    const key = unique('bet');
    const first = await rgs.debit(ana, 100, 'r', {key});
    problemOf(first, 402, 'insufficient_funds');
    bodyOf(await rgs.credit(ana, 500, 'gift'), 201);
    assert.deepEqual((await rgs.debit(ana, 100, 'r', {key})).bytes, first.bytes);
  });
});

describe('a rollback', () => {
  it('gives the bet back once', async () => {
    const ana = await player();
    const bet = bodyOf(await rgs.debit(ana, 100, unique('round')), 201);
    assert.equal(bodyOf(await rgs.rollback(ana, bet.transactionId), 201).balanceCents, 1000);
    // A second one, signed at another second: the very same signature under another key would be a replay.
    const at = Math.floor(Date.now() / 1000) - 10;
    assert.equal(bodyOf(await rgs.rollback(ana, bet.transactionId, {at}), 201).amountCents, 0);
    assert.equal(await balanceOf(ana), 1000);
  });

  it('that comes first stops the bet', async () => {
    const ana = await player();
    const key = unique('bet');
    bodyOf(await rgs.rollback(ana, key), 201);
    problemOf(await rgs.debit(ana, 100, unique('round'), {key}), 409, 'already_rolled_back');
    assert.equal(await balanceOf(ana), 1000);
  });

  it('of a settled bet is a conflict', async () => {
    const ana = await player();
    const round = unique('round');
    bodyOf(await rgs.debit(ana, 100, round), 201);
    bodyOf(await rgs.credit(ana, 0, round), 201);
    problemOf(await rgs.rollback(ana, round), 409, 'transaction_conflict');
  });
});

describe('what is not signed as it must be', () => {
  const body = (name) => ({playerId: name, amountCents: 1, currency: 'EUR', refId: 'r'});
  it('is refused, and nothing is written', async () => {
    const ana = await player();
    const text = JSON.stringify(body(ana));
    const now = Math.floor(Date.now() / 1000);
    const post = (headers, sent = text) =>
        rgs.client.post('/wallet/debit', sent, {key: unique('bet'), headers});
    const good = rgs.sign(text);
    problemOf(await post({...good, 'x-signature': good['x-signature'].replace(/^./, (c) => c === '0' ? '1' : '0')}),
              401, 'invalid_signature');
    problemOf(await post(good, text.replace('"amountCents":1', '"amountCents":9')), 401, 'invalid_signature');
    problemOf(await post({...good, 'x-signature': ''}), 401, 'invalid_signature');
    problemOf(await post({...good, 'x-partner-id': 'nobody'}), 401, 'invalid_signature');
    problemOf(await post(rgs.sign(text, now - 301)), 401, 'stale_timestamp');
    problemOf(await post(rgs.sign(text, now + 305)), 401, 'stale_timestamp');
    problemOf(await post({...good, 'x-timestamp': 'now'}), 401, 'stale_timestamp');
    problemOf(await post({}), 401, 'stale_timestamp');
    assert.equal(await balanceOf(ana), 1000);
    const {data} = bodyOf(await rgs.transactions(`?playerId=${ana}`), 200);
    assert.equal(data.length, 1, 'the deposit alone');
  });

  it('a captured call cannot be sent again under another key', async () => {
    const ana = await player();
    const text = JSON.stringify({...body(ana), refId: unique('r')});
    const headers = rgs.sign(text);
    bodyOf(await rgs.client.post('/wallet/debit', text, {key: unique('bet'), headers}), 201);
    problemOf(await rgs.client.post('/wallet/debit', text, {key: unique('bet'), headers}), 401,
              'signature_replayed');
    assert.equal(await balanceOf(ana), 999);
  });
});

describe('a bad body', () => {
  it('names every field', async () => {
    const answer = await rgs.call('debit', {playerId: '', amountCents: -1, currency: 'eur', refs: 1}, {key: null});
    assertFields(problemOf(answer, 400, 'validation_failed'), {
      '/playerId': 'too_short', '/amountCents': 'too_small', '/currency': 'unknown_currency',
      '/refId': 'required', '/refs': 'unknown_field', '#/headers/Idempotency-Key': 'required'});
    for (const amountCents of [1.5, '1', 1e30, null]) {
      problemOf(await rgs.call('debit', {playerId: 'p', amountCents, currency: 'EUR', refId: 'r'}), 400,
                'validation_failed');
    }
  });

  it('a currency that the partner does not take is its own refusal', async () => {
    const body = {playerId: 'p', amountCents: 1, currency: 'TRY', refId: 'r'};
    problemOf(await rgs.call('debit', body), 422, 'unsupported_currency');
    problemOf(await rgs.call('balance', {playerId: 'p', currency: 'TRY'}, {key: null}), 422,
              'unsupported_currency');
  });

  it('a player without a wallet has no balance', async () => {
    problemOf(await rgs.balance('nobody'), 404, 'player_not_found');
  });
});

describe('partners by API', () => {
  it('are made with a secret that is shown once, and found again without it', async () => {
    const code = unique('partner');
    const made = bodyOf(await api.post('/v1/partners', {code, currencies: ['EUR', 'TRY'], max_amount: 500}), 201);
    assert.ok(made.secret.length >= 40);
    assert.equal('secret' in bodyOf(await api.get(`/v1/partners/${code}`), 200), false);
    const partner = new Partner(books.server.url, made);
    const bet = {playerId: 'x', amountCents: 400, currency: 'TRY', refId: 'r'};
    bodyOf(await partner.call('credit', bet), 201);
    problemOf(await partner.call('credit', {...bet, amountCents: 501}), 422, 'amount_limit_exceeded');
    problemOf(await api.post('/v1/partners', {code}), 409, 'partner_exists');
    problemOf(await api.get('/v1/partners/nobody'), 404, 'partner_not_found');
    partner.close();
  });

  it('rotate their secret with an overlap, and can be disabled', async () => {
    const code = unique('partner');
    const made = bodyOf(await api.post('/v1/partners', {code}), 201);
    const rotated = bodyOf(await api.post(`/v1/partners/${code}/rotate-secret`), 201);
    const [before, now] = [made, rotated].map((each) => new Partner(books.server.url, each));
    bodyOf(await before.credit('p', 1, 'r'), 201);
    bodyOf(await now.credit('p', 1, 'r2'), 201);
    bodyOf(await api.post(`/v1/partners/${code}/rotate-secret`, {overlap_seconds: 0}), 201);
    problemOf(await now.credit('p', 1, 'r3'), 401, 'invalid_signature');
    const last = bodyOf(await api.post(`/v1/partners/${code}/rotate-secret`), 201);
    const newest = new Partner(books.server.url, last);
    bodyOf(await newest.credit('p', 1, 'r4'), 201);
    bodyOf(await api.patch(`/v1/partners/${code}`, {status: 'disabled'}), 200);
    problemOf(await newest.credit('p', 1, 'r5'), 401, 'invalid_signature');
    for (const each of [before, now, newest]) each.close();
  });

  it('have a limit of calls a second', async () => {
    const made = bodyOf(await api.post('/v1/partners', {code: unique('slow'), rate_limit_per_second: 1}), 201);
    const slow = new Partner(books.server.url, made);
    const answers = [];
    for (let i = 0; i < 5; ++i) answers.push(await slow.credit('p', 1, `r${i}`));
    const limited = answers.filter(({status}) => status === 429);
    assert.ok(limited.length >= 3);
    problemOf(limited[0], 429, 'partner_rate_limited');
    assert.equal(limited[0].headers['retry-after'], '1');
    slow.close();
  });

  it('open wallets, which transfers fund', async () => {
    const code = unique('partner');
    const made = bodyOf(await api.post('/v1/partners', {code}), 201);
    const wallet = bodyOf(await api.post(`/v1/partners/${code}/wallets`, {player_id: 'p:1', currency: 'EUR'}), 201);
    problemOf(await api.post(`/v1/partners/${code}/wallets`, {player_id: 'p:1', currency: 'EUR'}), 409,
              'account_exists');
    const bank = bodyOf(await api.post('/v1/accounts', {code: unique('bank'), type: 'asset', currency: 'EUR'}), 201);
    bodyOf(await api.post('/v1/transfers', {postings: [
      {debit: bank.code, credit: wallet.account_code, amount: 700, currency: 'EUR'}]}), 201);
    const partner = new Partner(books.server.url, made);
    assert.equal(bodyOf(await partner.balance('p:1'), 200).balanceCents, 700);
    assertFields(problemOf(await api.post(`/v1/partners/${code}/wallets`, {currency: 'JPY'}), 400, 'validation_failed'),
                 {'/player_id': 'required', '/currency': 'unsupported_currency'});
    partner.close();
  });

  it('are refused with every bad field named', async () => {
    const answer = await api.post('/v1/partners', {
      code: 'Ä', wallet_mode: 'operator', currencies: ['EUR', 'XX'], max_amount: 0,
      operator: {base_url: 'ftp://x.example', dialect: 'klingon', timeout_ms: 1}});
    assertFields(problemOf(answer, 400, 'validation_failed'), {
      '/code': 'bad_characters', '/currencies/1': 'unknown_currency', '/max_amount': 'too_small',
      '/operator/base_url': 'bad_url', '/operator/dialect': 'unknown_value',
      '/operator/timeout_ms': 'too_small', '/operator/secret': 'required'});
  });

  it('have no Operator at an address that may not be called', async () => {
    const operator = {base_url: 'http://127.0.0.1:9', secret: 'a secret of the operator'};
    const refused = await api.post('/v1/partners', {code: unique('p'), wallet_mode: 'operator', operator});
    assertFields(problemOf(refused, 422, 'operator_url_refused'), {'/operator/base_url': 'bad_url'});
    assert.match(refused.json.detail, /base_url must not lead to a private, loopback, link-local or reserved address/);
    const code = unique('p');
    bodyOf(await api.post('/v1/partners', {code, wallet_mode: 'operator',
                                           operator: {...operator, base_url: 'https://93.184.216.34'}}), 201);
    assertFields(problemOf(await api.patch(`/v1/partners/${code}`, {operator}), 422, 'operator_url_refused'),
                 {'/operator/base_url': 'bad_url'});
    bodyOf(await api.patch(`/v1/partners/${code}`, {operator: {timeout_ms: 500}}), 200);
  });

  it('have an Operator in operator mode alone', async () => {
    const code = unique('p'), operator = {timeout_ms: 500};
    assertFields(problemOf(await api.post('/v1/partners', {code, operator}), 400, 'validation_failed'),
                 {'/operator': 'not_applicable'});
    bodyOf(await api.post('/v1/partners', {code, operator: null}), 201);
    assertFields(problemOf(await api.patch(`/v1/partners/${code}`, {operator}), 400, 'validation_failed'),
                 {'/operator': 'not_applicable'});
  });

  it('tell why their Operator cannot be reached', async () => {
    const open = await Books.open({env: {FLORIN_HUB_ALLOWED_HOSTS: '127.0.0.1'}});
    after(() => open.close());
    const operator = {base_url: 'http://127.0.0.1:9', secret: 'a secret of the operator', max_attempts: 1};
    const made = bodyOf(await open.api.post('/v1/partners', {code: 'acme', wallet_mode: 'operator', operator}), 201);
    const acme = new Partner(open.server.url, {secret: made.secret, code: 'acme'});
    after(() => acme.close());
    const why = /nobody accepts connections at the address/;
    assert.match(problemOf(await acme.debit('ana', 1, 'r'), 503, 'operator_unavailable').detail, why);
    assert.match(problemOf(await acme.balance('ana'), 503, 'operator_unavailable').detail, why);
    assert.equal((await acme.credit('ana', 1, 'r')).status, 202);
    const [row] = bodyOf(await open.api.get('/v1/wallet-transactions?status=PENDING&stuck=false'), 200).data;
    assert.match(row.pendingReason, why);
    assert.match(bodyOf(await open.api.get('/v1/partners/acme'), 200).operator_trouble.reason, why);
    const hub = (await open.api.get('/health/services')).json.services.find(({name}) => name === 'hub');
    assert.equal(hub.status, 'degraded');
    assert.match(hub.detail, /the Operator of acme fail since .*: nobody accepts/);
    assert.match(open.server.output, /calls to an Operator fail.*nobody accepts/);
    assert.doesNotMatch(open.server.output, /a secret of the operator/);
  });

  it('belong to their tenant', async () => {
    const code = unique('partner');
    bodyOf(await api.post('/v1/partners', {code}), 201);
    const other = await books.otherTenant();
    problemOf(await other.get(`/v1/partners/${code}`), 404, 'partner_not_found');
    assert.deepEqual(bodyOf(await other.get('/v1/wallet-transactions'), 200).data, []);
    const reader = await books.clientWith({permissions: 'ledger:read'});
    problemOf(await reader.get('/v1/partners'), 403, 'permission_denied');
  });
});

describe('transactions', () => {
  it('are stuck or not, and nothing else', async () => {
    for (const value of ['maybe', '1', '']) {
      assertFields(problemOf(await api.get(`/v1/wallet-transactions?stuck=${value}`), 400, 'validation_failed'),
                   {'#/query/stuck': 'unknown_value'});
    }
    assert.deepEqual(bodyOf(await api.get('/v1/wallet-transactions?stuck=true'), 200).data, []);
  });


  it('are listed newest first, filtered, and page by page', async () => {
    const ana = await player();
    const round = unique('round');
    bodyOf(await rgs.debit(ana, 10, round), 201);
    problemOf(await rgs.debit(ana, 99_999, round), 402, 'insufficient_funds');
    bodyOf(await rgs.rollback(ana, round), 201);
    const {data} = bodyOf(await rgs.transactions(`?playerId=${ana}`), 200);
    assert.deepEqual(data.map(({kind, status}) => `${kind} ${status}`),
                     ['rollback SUCCESS', 'debit FAILED', 'debit ROLLED_BACK', 'credit SUCCESS']);
    assert.equal(data[1].code, 'insufficient_funds');
    assert.equal(data[0].targetId, data[2].transactionId);
    const all = await api.all(`/v1/wallet-transactions?playerId=${ana}`, 1);
    assert.deepEqual(all.map(({transactionId}) => transactionId), data.map(({transactionId}) => transactionId));
    problemOf(await rgs.transactions('?status=GONE'), 400, 'validation_failed');
    problemOf(await rgs.transactions('?player=x'), 400, 'validation_failed');
  });

  it('that have ended are not decided by hand', async () => {
    const ana = await player();
    const bet = bodyOf(await rgs.debit(ana, 10, unique('round')), 201);
    problemOf(await api.post(`/v1/wallet-transactions/${bet.transactionId}/decide`, {decision: 'retry'}), 409,
              'transaction_not_stuck');
    problemOf(await api.post('/v1/wallet-transactions/wtx_0000000000000/decide', {decision: 'retry'}), 404,
              'wallet_transaction_not_found');
    problemOf(await api.post(`/v1/wallet-transactions/${bet.transactionId}/decide`, {decision: 'perhaps'}), 400,
              'validation_failed');
  });

  it('leave events, and the books stay provable', async () => {
    const ana = await player();
    bodyOf(await rgs.debit(ana, 10, unique('round')), 201);
    const [event] = bodyOf(await api.get('/v1/events?type=wallet.debit.completed&limit=1'), 200).data;
    assert.equal(event.data.playerId, ana);
    assert.equal(event.data.partnerId, 'default');
    await eventually('verify is clean', async () =>
      /in order/.test(await florinOk(['verify', '--data', books.dataDir])));
  });
});

it('without a secret there is no default partner', async () => {
  const server = await Server.start(makeFolder());
  const stranger = new Partner(server.url, {secret});
  problemOf(await stranger.debit('p', 1, 'r'), 401, 'invalid_signature');
  stranger.close();
  await server.stop();
});

it('partners are made and given new secrets on the command line, beside a running server', async () => {
  const code = unique('cli');
  const run = async (...args) => (await florinOk(['partners', ...args, '--data', books.dataDir]));
  const made = {code, secret: /^hub_\w+/.exec(await run('create', code, '--currencies', 'EUR'))[0]};
  assert.match(await run('list'), new RegExp(`active +internal +${code} +\\[EUR\\]`));
  const renewed = {code, secret: /^hub_\w+/.exec(await run('rotate-secret', code, '--overlap', '0'))[0]};
  const [before, now] = [made, renewed].map((each) => new Partner(books.server.url, each));
  await eventually('the server takes it up', async () => (await now.credit('p', 1, unique('r'))).status === 201);
  problemOf(await before.credit('p', 1, unique('r')), 401, 'invalid_signature');
  for (const each of [before, now]) each.close();
});
