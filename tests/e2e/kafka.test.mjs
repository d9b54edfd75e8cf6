// Kafka seen from outside: a server whose brokers are nowhere serves on and says so; events of other systems
// come in over HTTP, each once.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf, Client, problemOf} from './lib/client.mjs';
import {eventually, florin, isPostgres, makeFolder, Server} from './lib/server.mjs';

const nowhere = {KAFKA_BROKERS: '127.0.0.1:1', KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext', KAFKA_SASL_MECHANISM: 'PLAIN',
                 KAFKA_SASL_USERNAME: 'florin', KAFKA_SASL_PASSWORD: 'hush-hush'};
const inbound = '/v1/inbound-events';

async function services(books) {
  const {status, services} = bodyOf(await books.api.get('/health/services'), 200);
  return {status, kafka: services.find(({name}) => name === 'kafka')};
}

function payment(id, more = {}) {
  return {specversion: '1.0', id, source: '/sme/payments', type: 'sme.payment.received', subject: 'loan-7',
          time: '2026-11-21T10:00:00Z', data: {amount: 1050, currency: 'KZT'}, ...more};
}

describe('a server whose Kafka is nowhere', () => {
  /** @type {Books} */
  let books;
  before(async () => books = await Books.open({env: nowhere}));
  after(() => books.close());

  it('serves, and says that it is degraded and what waits', async () => {
    const ana = await books.wallet(10_000);
    const bolat = await books.wallet();
    await books.move(ana, bolat, 100);
    const {status, kafka} = await eventually('a backlog is shown', async () => {
      const seen = await services(books);
      return !/ 0 events wait/.test(seen.kafka.detail) && seen;
    });
    assert.equal(status, 'degraded');
    assert.equal(kafka.status, 'degraded');
    assert.match(kafka.detail, /events wait/);
    bodyOf(await books.api.get('/health/ready'), 200);
  });

  it('says so on a node that does not relay, too', {skip: !isPostgres && 'SQLite serves one node'}, async () => {
    const second = await Server.start(books.dataDir, {env: {...nowhere, FLORIN_NODE_ID: '1'}});
    after(() => second.stop());
    const other = {api: new Client(second.url, books.secret)};
    after(() => other.api.close());
    const kafka = await eventually('the backlog is shown', async () => {
      const seen = await services(other);
      return !/^0 events wait/.test(seen.kafka.detail) && seen.kafka;
    });
    assert.match(kafka.detail, /events wait.*another node relays/);
  });

  it('ends in time and shows no secret', async () => {
    const {code} = await books.server.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(books.server.output, /hush-hush/);
    await books.start();
  });
});

describe('events of other systems', () => {
  /** @type {Books} */
  let books;
  before(async () => books = await Books.open());
  after(() => books.close());

  it('are taken once by source and id', async () => {
    const first = bodyOf(await books.api.post(inbound, payment('p-1')), 201);
    const again = await books.api.post(inbound, payment('p-1'));
    assert.deepEqual(bodyOf(again, 201), first);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    const {data} = bodyOf(await books.api.get('/v1/events?type=sme.payment.received'), 200);
    assert.equal(data.length, 1);
    assert.equal(data[0].id, first.event_id);
    assert.equal(data[0].subject, 'loan-7');
    assert.deepEqual(data[0].data.data, {amount: 1050, currency: 'KZT'});
    problemOf(await books.api.post(inbound, payment('p-1', {data: {}})), 422, 'inbound_event_mismatch');
  });

  it('of an unknown type are refused', async () => {
    problemOf(await books.api.post(inbound, payment('p-2', {type: 'sme.kyc.verifed'})), 400,
              'validation_failed');
  });

  it('need the permission inbound:write', async () => {
    const reader = await books.clientWith({permissions: 'ledger:read'});
    problemOf(await reader.post(inbound, payment('p-3')), 403, 'permission_denied');
    const sme = await books.clientWith({permissions: 'inbound:write'});
    bodyOf(await sme.post(inbound, payment('p-3')), 201);
  });

  it('bring no Kafka to the health page where none is configured', async () => {
    const {status, kafka} = await services(books);
    assert.equal(status, 'healthy');
    assert.equal(kafka, undefined);
  });
});

it('a setting that the Kafka client does not take stops the server at its start', async () => {
  const {code, stderr} = await florin(['serve', '--listen', '127.0.0.1:0', '--data', makeFolder()],
                                      {env: {...nowhere, KAFKA_SECURITY_PROTOCOL: 'carrier-pigeon'}});
  assert.notEqual(code, 0);
  assert.match(stderr, /kafka\.security_protocol .* must be one of plaintext, ssl/);
});
