// What was acknowledged survives: kill -9 under load, and a stop under load.
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {florin, sleep} from './lib/server.mjs';

const rounds = 5;
const writers = 16;

/** Posts transfers one after another until the server is gone; remembers what was acknowledged and what was not. */
async function write(books, from, to, round, writer, acknowledged, uncertain) {
  for (let i = 0;; ++i) {
    const key = `r${round}-w${writer}-${i}`;
    const body = {postings: [{debit: from.id, credit: to.id, amount: 1, currency: 'KZT'}], reference: key};
    try {
      const answer = await books.api.post('/v1/transfers', body, {key});
      if (answer.status === 503) return uncertain.push({key, body});
      acknowledged.push({key, body, id: bodyOf(answer, 201).id});
    } catch {
      return uncertain.push({key, body});
    }
  }
}

async function assertBooksInOrder(books) {
  const result = await florin(['verify', '--data', books.dataDir]);
  assert.equal(result.code, 0, result.stdout + result.stderr);
}

describe('kill -9 under load', () => {
  it(`loses no acknowledged transfer, ${rounds} times`, async () => {
    const books = await Books.open();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(10_000_000), await books.wallet()];
    let expected = 0;
    for (let round = 0; round < rounds; ++round) {
      const acknowledged = [], uncertain = [];
      const running = Array.from({length: writers}, (_, writer) =>
          write(books, ana, shop, round, writer, acknowledged, uncertain));
      await sleep(300 + 250 * round);
      await books.server.kill();
      await Promise.all(running);
      books.api.close();
      await assertBooksInOrder(books);
      await books.start();

      assert.ok(acknowledged.length > 50, `only ${acknowledged.length} transfers were acknowledged before the kill`);
      const stored = new Map((await books.api.all('/v1/transfers')).map((each) => [each.reference, each]));
      for (const {key, id} of acknowledged) assert.equal(stored.get(key)?.id, id, `${key} was acknowledged and is lost`);
      // What was not acknowledged may be there or not; its key makes it happen once.
      for (const {key, body} of uncertain) {
        const answer = await books.api.post('/v1/transfers', body, {key});
        assert.equal(bodyOf(answer, 201).reference, key);
        if (stored.has(key)) assert.equal(answer.json.id, stored.get(key).id);
      }
      expected += acknowledged.length + uncertain.length;
      assert.equal((await books.figures(shop)).balance, expected);
    }
    await books.server.stop();
    await assertBooksInOrder(books);
  });
});

describe('SIGTERM under load', () => {
  it('answers what has arrived, keeps it, and ends with 0', async () => {
    const books = await Books.open();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(10_000_000), await books.wallet()];
    const acknowledged = [], uncertain = [];
    const running = Array.from({length: writers}, (_, writer) =>
        write(books, ana, shop, 0, writer, acknowledged, uncertain));
    await sleep(500);
    assert.deepEqual(await books.server.stop(), {code: 0, signal: null});
    await Promise.all(running);
    books.api.close();
    await books.start();
    const stored = new Set((await books.api.all('/v1/transfers')).map(({id}) => id));
    for (const {id, key} of acknowledged) assert.ok(stored.has(id), `${key} was acknowledged and is lost`);
    await assertBooksInOrder(books);
  });
});
