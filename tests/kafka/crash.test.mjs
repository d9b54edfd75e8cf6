// Nothing is lost and a subject's order holds when Florin and a real Kafka die under load. scripts/test_kafka runs it.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {after, before, it} from 'node:test';

import {Books, unique} from '../e2e/lib/books.mjs';
import {bodyOf} from '../e2e/lib/client.mjs';
import {readTopic} from '../e2e/lib/kafka.mjs';
import {eventually, sleep} from '../e2e/lib/server.mjs';

const {FLORIN_TEST_KAFKA: brokers, FLORIN_TEST_KAFKA_CONTROL: control} = process.env;
const goneSeconds = Number(process.env.FLORIN_TEST_KAFKA_GONE_S ?? 15);
const prefix = unique('crash');

/** @type {Books} */
let books;
before(async () => {
  books = await Books.open({env: {KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix, KAFKA_INBOUND: 'false'}});
});
after(() => books.close());

const kafka = async () =>
    bodyOf(await books.api.get('/health/services'), 200).services.find(({name}) => name === 'kafka');

it('every event reaches Kafka, in order for its subject, over kill -9 of both', async () => {
  const wallets = await Promise.all(Array.from({length: 5}, () => books.wallet(1_000)));
  /** Changes of five accounts, several in flight; what a killed server did not answer is not counted. */
  const load = async (rounds) => {
    for (let i = 0; i < rounds; ++i) {
      await Promise.allSettled(wallets.map((wallet) =>
          books.api.patch(`/v1/accounts/${wallet.id}`, {metadata: {round: String(i)}})));
    }
  };
  await load(100);
  for (let i = 0; i < 3; ++i) {
    const running = load(100);
    await books.crashAndRestart();
    await running;
  }
  execFileSync(control, ['down']);
  const start = Date.now();
  await load(200);
  await eventually('Florin notices', async () => (await kafka()).status === 'degraded', 60_000);
  await books.crashAndRestart();
  while (Date.now() - start < goneSeconds * 1_000) {
    await load(1);
    await sleep(100);
  }
  execFileSync(control, ['up']);
  const back = Date.now();
  await eventually('the backlog drains', async () => {
    const {status, detail} = await kafka();
    return status === 'healthy' && / 0 events wait|^0 events wait/.test(detail);
  }, 120_000);
  console.log(`Kafka was gone for ${goneSeconds} s; drained ${Date.now() - back} ms after it was back`);

  const logged = (await books.api.all('/v1/events?type=account.updated')).reverse();
  const relayed = readTopic(`${prefix}-account`).filter(({type}) => type === 'account.updated');
  const seen = new Set(relayed.map(({id}) => id));
  assert.deepEqual(logged.filter(({id}) => !seen.has(id)), [], 'an event is missing in Kafka');
  console.log(`${logged.length} events, ${relayed.length} records`);
  // Ids grow with the log: without repetitions each subject's must too.
  const last = new Map();
  const first = new Set();
  for (const {id, subject} of relayed) {
    if (first.has(id)) continue;
    first.add(id);
    assert.ok(!last.has(subject) || last.get(subject) < id, `${id} of ${subject} is out of order`);
    last.set(subject, id);
  }
});
