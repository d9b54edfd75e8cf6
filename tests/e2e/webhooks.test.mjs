// Webhooks as their receivers see them: signatures that unmodified libraries verify, retries, addresses that
// are refused, and nothing lost over kill -9.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {copyFileSync, readFileSync} from 'node:fs';
import {after, before, describe, it} from 'node:test';

import {Webhook as StandardWebhook} from 'standardwebhooks';
import Stripe from 'stripe';
import {Webhook as SvixWebhook} from 'svix';

import {Books} from './lib/books.mjs';
import {assertFields, bodyOf, Client, problemOf} from './lib/client.mjs';
import {Partner} from './lib/partner.mjs';
import {Receiver} from './lib/receiver.mjs';
import {eventually, florinOk, makeFolder, Server, sleep} from './lib/server.mjs';

const env = {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'};
const endpoints = '/v1/webhook-endpoints';
const deliveries = '/v1/webhook-deliveries';

/** Makes an endpoint that hears of transfers alone, and gives it with its secret. */
async function subscribe(api, url, more = {}) {
  const endpoint = bodyOf(await api.post(endpoints, {url, event_types: ['transaction.executed'], ...more}), 201);
  const {data} = bodyOf(await api.get(`${endpoints}/${endpoint.id}/secrets`), 200);
  return {...endpoint, secret: data.findLast(({kind}) => kind === 'hmac').secret};
}

describe('webhooks', () => {
  /** @type {Books} */
  let books;
  let ana, bolat;
  before(async () => {
    books = await Books.open({env});
    ana = await books.wallet(1_000_000);
    bolat = await books.wallet();
  });
  after(() => books.close());

  async function receiver(answer) {
    const made = await Receiver.start(answer);
    after(() => made.close());
    return made;
  }

  it('take only event types that exist, as the log does', async () => {
    const {id} = await subscribe(books.api, 'http://127.0.0.1:9/', {event_types: ['wallet.debit.*', 'account.closed', 'webhook.test']});
    const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
    const documented = new Set([...page.matchAll(/^\| `([a-z]+)\./gm)].map(([, family]) => family));
    for (const type of ['transactions.*', 'account.gone', 'acc.*', '*']) {
      for (const refused of [await books.api.post(endpoints, {url: 'http://127.0.0.1:9/', event_types: [type]}),
                             await books.api.patch(`${endpoints}/${id}`, {event_types: [type]}),
                             await books.api.get(`/v1/events?type=${type}`)]) {
        const {errors} = problemOf(refused, 400, 'validation_failed');
        for (const family of documented) assert.ok(errors[0].detail.includes(`${family}.*`), `${type}: ${errors[0].detail}`);
      }
    }
    problemOf(await books.api.get(`${deliveries}?event_type=account.*`), 400, 'validation_failed');
    bodyOf(await books.api.get('/v1/events?type=webhook.*'), 200);
    bodyOf(await books.api.send('DELETE', `${endpoints}/${id}`), 204);
  });

  it('are verified by standardwebhooks, svix and stripe as they are', async () => {
    const shop = await receiver();
    const {secret, id} = await subscribe(books.api, shop.url);
    const transfer = await books.move(ana, bolat, 100);
    const [{headers, body, json}] = await shop.waitFor(1);
    assert.equal(json.subject, transfer.id);
    assert.deepEqual(new StandardWebhook(secret).verify(body, headers), json);
    assert.deepEqual(new SvixWebhook(secret).verify(body, headers), json);
    const stripe = new Stripe('sk_test_none');
    assert.deepEqual(stripe.webhooks.constructEvent(body, headers['florin-signature'], secret), json);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    assert.equal(headers['x-webhook-signature'], createHmac('sha256', key).update(body).digest('hex'));
    assert.throws(() => new StandardWebhook(secret).verify(body + ' ', headers));

    bodyOf(await books.api.post(`${endpoints}/${id}/rotate-secret`, {overlap_seconds: 600}), 201);
    await books.move(ana, bolat, 100);
    const [, second] = await shop.waitFor(2);
    assert.ok(new StandardWebhook(secret).verify(second.body, second.headers), 'the old secret signs too');
    assert.ok(new SvixWebhook(secret).verify(second.body, second.headers));
    assert.ok(stripe.webhooks.constructEvent(second.body, second.headers['florin-signature'], secret));
  });

  it('arrive once when the first answer was 500', async () => {
    const shop = await receiver((_, count) => count === 1 ? 500 : 200);
    const {id} = await subscribe(books.api, shop.url, {retry_delays_ms: [50]});
    await books.move(ana, bolat, 100);
    await shop.waitFor(2);
    const [delivery] = await eventually('the delivery is done', async () => {
      const all = await books.api.all(`${deliveries}?endpoint_id=${id}`);
      return all[0]?.state === 'DELIVERED' && all;
    });
    const {attempt_log: log} = bodyOf(await books.api.get(`${deliveries}/${delivery.id}`), 200);
    assert.deepEqual(log.map(({status}) => status), [200, 500]);
    assert.equal(new Set(shop.received.map(({headers}) => headers['webhook-id'])).size, 1);
  });

  it('end with 410, and the end is told', async () => {
    const gone = await receiver(() => 410);
    const watcher = await receiver();
    const {id} = await subscribe(books.api, gone.url);
    await subscribe(books.api, watcher.url, {event_types: ['webhook.endpoint.disabled']});
    await books.move(ana, bolat, 100);
    const [{json}] = await watcher.waitFor(1);
    assert.equal(json.subject, id);
    assert.equal(json.data.disabled_reason, 'gone');
    assert.equal(bodyOf(await books.api.get(`${endpoints}/${id}`), 200).status, 'disabled');
  });

  it('are replayed one by one, after failing, and since a time', async () => {
    let status = 500;
    const shop = await receiver(() => status);
    const {id} = await subscribe(books.api, shop.url, {retry_delays_ms: []});
    const since = new Date().toISOString();
    await books.move(ana, bolat, 100);
    await books.move(ana, bolat, 200);
    const dead = await eventually('both are dead letters', async () => {
      const found = await books.api.all(`${deliveries}?endpoint_id=${id}&state=DEAD_LETTER`);
      return found.length === 2 && found;
    });
    status = 200;
    bodyOf(await books.api.post(`${deliveries}/${dead[0].id}/replay`), 202);
    await shop.waitFor(3);
    bodyOf(await books.api.post(`${endpoints}/${id}/replay`, {failed: true}), 202);
    await shop.waitFor(4);
    bodyOf(await books.api.post(`${endpoints}/${id}/replay`, {since}), 202);
    await shop.waitFor(6);
    const [test] = [bodyOf(await books.api.post(`${endpoints}/${id}/test`), 202)];
    assert.equal(test.event_type, 'webhook.test');
    await shop.waitFor(1, ({json}) => json.type === 'webhook.test');
  });

  it('go only where the payload agrees', async () => {
    const shop = await receiver();
    await subscribe(books.api, shop.url, {filter: {'data.reference': ['wanted']}});
    await books.move(ana, bolat, 100, {reference: 'other'});
    await books.move(ana, bolat, 100, {reference: 'wanted'});
    const got = await shop.waitFor(1);
    assert.deepEqual(got.map(({json}) => json.data.reference), ['wanted']);
  });

  it('go to no address that is not on the open Internet', async () => {
    for (const url of ['http://example.com/', 'https://localhost/', 'https://10.1.2.3/', 'https://192.168.0.1/',
                       'https://172.16.0.1/', 'https://169.254.169.254/latest/meta-data', 'https://[::1]/',
                       'https://[::ffff:10.0.0.1]/', 'https://[::ffff:7f00:2]/', 'https://[fd00::1]/',
                       'https://[fe80::1]/', 'https://0x7f000002/', 'https://2130706434/', 'https://127.1.1.1/',
                       'https://8.8.8.8:22/', 'https://user:pass@8.8.8.8/', 'gopher://8.8.8.8/', 'file:///etc/passwd',
                       'https://0.0.0.0/', 'https://100.64.0.1/', 'https://[64:ff9b::a00:1]/']) {
      problemOf(await books.api.post(endpoints, {url}), 422, 'webhook_url_refused');
    }
  });

  it('refuse what they do not know and name every bad field', async () => {
    assertFields(problemOf(await books.api.post(endpoints, {url: 5, colour: 'red', timeout_ms: 1}), 400,
                           'validation_failed'),
                 {'/url': 'wrong_type', '/colour': 'unknown_field', '/timeout_ms': 'too_small'});
    problemOf(await books.api.get(`${endpoints}/whe_0000000000001`), 404, 'webhook_endpoint_not_found');
    problemOf(await books.api.get(`${deliveries}/whd_0000000000001`), 404, 'webhook_delivery_not_found');
    const reader = await books.clientWith({permissions: 'webhooks:read'});
    problemOf(await reader.post(endpoints, {url: 'https://example.com/'}), 403, 'permission_denied');
  });

  it('are made once for one key', async () => {
    const shop = await receiver();
    const first = await books.api.post(endpoints, {url: shop.url}, {key: 'hook-1'});
    const second = await books.api.post(endpoints, {url: shop.url}, {key: 'hook-1'});
    assert.equal(second.headers['idempotent-replayed'], 'true');
    assert.deepEqual(second.bytes, first.bytes);
    const page = bodyOf(await books.api.get(`${endpoints}?limit=1`), 200);
    assert.equal(page.data.length, 1);
    const changed = await books.api.patch(`${endpoints}/${first.json.id}`, {description: 'x'});
    assert.equal(bodyOf(changed, 200).description, 'x');
    assert.equal((await books.api.send('DELETE', `${endpoints}/${first.json.id}`)).status, 204);
    problemOf(await books.api.get(`${endpoints}/${first.json.id}`), 404, 'webhook_endpoint_not_found');
  });
});

describe('webhooks of the configuration', () => {
  it('reach the game server although its address is private', async () => {
    const rgs = await Receiver.start();
    after(() => rgs.close());
    const secret = 'a secret of the configuration';
    const books = await Books.open({env: {HMAC_SECRET: secret, RGS_WEBHOOK_URL: rgs.url, WEBHOOK_SECRET: secret}});
    after(() => books.close());
    const partner = new Partner(books.server.url, {secret});
    after(() => partner.close());
    bodyOf(await partner.credit('ana', 1000, 'deposit-1'), 201);
    const [{headers, body, json}] = await rgs.waitFor(1);
    assert.equal(json.type, 'wallet.credit.completed', 'and of nothing else');
    assert.equal(headers['x-webhook-signature'], createHmac('sha256', secret).update(body).digest('hex'));
    const [endpoint] = await books.api.all(endpoints);
    assert.deepEqual(endpoint.retry_delays_ms, [1000, 5000, 15000, 60000, 300000]);
    assert.equal(endpoint.managed, true);
    problemOf(await books.api.send('DELETE', `${endpoints}/${endpoint.id}`), 409, 'webhook_endpoint_managed');
    await books.restart();
    assert.equal((await books.api.all(endpoints)).length, 1);
  });
});

describe('the game server of the wallet hub', () => {
  it('hears of a debit once although it answered 500 first', async () => {
    const isDebit = ({json}) => json.type === 'wallet.debit.completed';
    let debits = 0;
    const server = await Receiver.start((got) => isDebit(got) && ++debits === 1 ? 500 : 200);
    after(() => server.close());
    const secret = 'a shared secret of the tests';
    const books = await Books.open({env: {HMAC_SECRET: secret, RGS_WEBHOOK_URL: server.url, WEBHOOK_SECRET: secret}});
    after(() => books.close());
    const rgs = new Partner(books.server.url, {secret});
    after(() => rgs.close());
    bodyOf(await rgs.credit('ana', 1000, 'deposit-1'), 201);
    const {transactionId} = bodyOf(await rgs.debit('ana', 150, 'round-1'), 201);
    const [first, second] = await server.waitFor(2, isDebit);
    assert.equal(first.json.subject, transactionId);
    assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
    const [delivery] = await eventually('it is delivered', async () => {
      const found = await books.api.all(`${deliveries}?event_type=wallet.debit.completed&state=DELIVERED`);
      return found.length === 1 && found;
    });
    assert.equal(delivery.attempts, 2);
    assert.equal(server.received.filter(isDebit).length, 2);
  });
});

describe('an export', () => {
  it('takes endpoints, their sealed secrets and deliveries along', async () => {
    const shop = await Receiver.start();
    after(() => shop.close());
    const books = await Books.open({env});
    after(() => books.close());
    const {id, secret} = await subscribe(books.api, shop.url, {event_types: ['account.created']});
    await books.account();
    await shop.waitFor(1);
    await eventually('the delivery is written', async () =>
      (await books.api.all(`${deliveries}?state=DELIVERED`)).length === 1);
    const [from, to] = [books.dataDir, makeFolder()];
    await florinOk(['export', '--data', from, '--out', `${to}/export.jsonl`]);
    await florinOk(['import', '--data', to, '--in', `${to}/export.jsonl`]);
    copyFileSync(`${from}/secret.key`, `${to}/secret.key`);
    const server = await Server.start(to, {env});
    after(() => server.stop());
    const api = new Client(server.url, books.secret);
    after(() => api.close());
    const {data} = bodyOf(await api.get(`${endpoints}/${id}/secrets`), 200);
    assert.equal(data.find(({kind}) => kind === 'hmac').secret, secret);
    const [{id: delivery}] = await api.all(deliveries);
    assert.equal(bodyOf(await api.get(`${deliveries}/${delivery}`), 200).attempt_log.length, 1);
    bodyOf(await api.post('/v1/accounts', {code: 'after-import', type: 'asset', currency: 'KZT'}), 201);
    await shop.waitFor(1, ({json}) => json.data.code === 'after-import');
    assert.equal(shop.received.length, 2, 'what was delivered before is not sent again');
  });
});

describe('kill -9 while webhooks are delivered', () => {
  it('loses none, and a second arrival has the id of the first', async () => {
    const shop = await Receiver.start(() => Math.random() < 0.1 ? 500 : 200);
    after(() => shop.close());
    const books = await Books.open({env});
    after(() => books.close());
    const [ana, bolat] = [await books.wallet(1_000_000), await books.wallet()];
    await subscribe(books.api, shop.url, {retry_delays_ms: [50, 50, 50, 50, 50, 50, 50, 50]});
    const before = await books.transferCount();
    for (let round = 0; round < 3; ++round) {
      const writing = Array.from({length: 8}, async () => {
        for (;;) {
          try {
            bodyOf(await books.tryMove(ana, bolat, 1), 201);
          } catch {
            return;
          }
        }
      });
      await sleep(400);
      await books.server.kill();
      await Promise.all(writing);
      books.api.close();
      await books.start();
    }
    const transfers = await books.api.all('/v1/transfers');
    const made = transfers.slice(0, transfers.length - before).map(({id}) => id);
    assert.ok(made.length > 100, `${made.length} transfers`);
    await eventually('every transfer arrived', async () => {
      const arrived = new Set(shop.received.map(({json}) => json.subject));
      return made.every((id) => arrived.has(id));
    }, 30_000);
    const byId = new Map(shop.received.map(({headers, json}) => [headers['webhook-id'], json.subject]));
    assert.equal(byId.size, new Set(byId.values()).size, 'one id for one event');
  });
});
