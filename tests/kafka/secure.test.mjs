// Kafka over TLS with a password, against a real broker: what works, and what a refusal says. scripts/test_kafka runs it.
import assert from 'node:assert/strict';
import {after, it} from 'node:test';

import {Books, unique} from '../e2e/lib/books.mjs';
import {Authority} from '../e2e/lib/certificates.mjs';
import {bodyOf} from '../e2e/lib/client.mjs';
import {readTopic} from '../e2e/lib/kafka.mjs';
import {eventually, florin, makeFolder} from '../e2e/lib/server.mjs';

const {FLORIN_TEST_KAFKA_SECURE: brokers, FLORIN_TEST_KAFKA_PASSWORD: password, FLORIN_TEST_KAFKA_CA: ca} = process.env;
const good = {KAFKA_BROKERS: brokers, KAFKA_SECURITY_PROTOCOL: 'sasl_ssl', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
              KAFKA_SASL_USERNAME: 'florin', KAFKA_SASL_PASSWORD: password, KAFKA_SSL_CA_FILE: ca};

const kafkaOf = async (books) =>
    bodyOf(await books.api.get('/health/services'), 200).services.find(({name}) => name === 'kafka');

/** The doctor's finding about Kafka; no password is in anything that it says. */
async function diagnose(env) {
  const result = await florin(['doctor', '--json', '--data', makeFolder()], {env: {...good, ...env}});
  for (const secret of [password, 'hush-hush']) assert.equal((result.stdout + result.stderr).includes(secret), false);
  return JSON.parse(result.stdout).findings.find(({what}) => what === 'kafka');
}

it('events go to Kafka over TLS with SCRAM', async () => {
  // Nobody has made an inbound topic here, which is a fault of its own.
  const prefix = unique('secure');
  const books = await Books.open({env: {...good, KAFKA_TOPIC_PREFIX: prefix, KAFKA_INBOUND: 'false'}});
  after(() => books.close());
  const {id} = await books.wallet(10);
  let seen;
  await eventually('everything is acknowledged', async () => {
    seen = await kafkaOf(books);
    return seen.status === 'healthy' && /^0 events wait/.test(seen.detail);
  }, 60_000).catch((fault) => assert.fail(`${fault.message}: ${JSON.stringify(seen)}`));
  const created = readTopic(`${prefix}-account`).find(({type, subject}) => type === 'account.created' && subject === id);
  assert.ok(created, 'the event of the new account stands in its topic');
  assert.equal(books.server.output.includes(password), false);
});

it('the doctor finds Kafka, by either mechanism', async () => {
  for (const KAFKA_SASL_MECHANISM of ['PLAIN', 'SCRAM-SHA-256'])
    assert.equal((await diagnose({KAFKA_SASL_MECHANISM})).state, 'ok');
});

it('a wrong password, authority or protocol is told with its setting', async () => {
  const stranger = await Authority.create();
  const refusals = [
    [{KAFKA_SASL_PASSWORD: 'hush-hush'}, /kafka\.sasl_password/],
    [{KAFKA_SSL_CA_FILE: stranger.file('ca.pem')}, /kafka\.ssl_ca_file/],
    [{KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext'}, /kafka\.security_protocol/],
    [{KAFKA_SSL_CA_FILE: '/no/such/ca.pem'}, /kafka\.ssl_ca_file/],
  ];
  for (const [env, expected] of refusals) {
    const {state, found} = await diagnose(env);
    assert.equal(state, 'fault');
    assert.match(found, expected);
  }
});

it('a server with a wrong password serves, and its health page names the setting', async () => {
  const books = await Books.open({env: {...good, KAFKA_SASL_PASSWORD: 'hush-hush'}});
  after(() => books.close());
  await books.wallet(10);
  await eventually('the reason is shown', async () => /kafka\.sasl_password/.test((await kafkaOf(books)).detail), 30_000);
  assert.equal(books.server.output.includes('hush-hush'), false);
});
