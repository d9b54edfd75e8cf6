// `florin import-books`: the books of another system, taken in from a file, on both engines.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {florin, florinOk, makeFolder} from './lib/server.mjs';

const day = 86_400_000;
const ago = (ms) => new Date(Date.now() - ms).toISOString();
const posting = (debit, credit, amount) => ({debit, credit, amount, currency: 'KZT'});

/** A file of these lines. */
function fileOf(lines) {
  const file = path.join(makeFolder(), 'books.jsonl');
  writeFileSync(file, lines.map((line) => typeof line === 'string' ? line : JSON.stringify(line)).join('\n') + '\n');
  return file;
}

/** Books of a bank with some wallets: deposits, moves between wallets, a hold that is open and one that is over. */
function oldBooks({wallets = 3, moves = 20} = {}) {
  const [bank, shop] = [unique('bank'), unique('shop')];
  const names = Array.from({length: wallets}, () => unique('wallet'));
  const balances = new Map([...names.map((name) => [name, 0]), [shop, 0], [bank, 0]]);
  const lines = [{account: {code: bank, type: 'asset', currency: 'KZT'}},
                 {account: {code: shop, type: 'liability', currency: 'KZT'}},
                 ...names.map((code) => ({account: {code, type: 'liability', currency: 'KZT', min_balance: 0}}))];
  const transfer = (debit, credit, amount, at) => {
    lines.push({transfer: {external_id: unique('t'), effective_at: at, metadata: {note: 'taken over'},
                           postings: [posting(debit, credit, amount)]}});
    balances.set(debit, balances.get(debit) + (debit === bank ? amount : -amount));
    balances.set(credit, balances.get(credit) + amount);
  };
  names.forEach((name, i) => transfer(bank, name, 10_000 + i, ago(30 * day)));
  for (let i = 0; i < moves; ++i) transfer(names[i % wallets], i % 4 === 0 ? shop : names[(i + 1) % wallets], 1 + i % 7, ago(20 * day - i));
  lines.push({hold: {external_id: unique('h'), expires_at: new Date(Date.now() + day).toISOString(),
                     postings: [posting(names[0], shop, 200)]}},
             {hold: {external_id: unique('h'), expires_at: ago(day), postings: [posting(names[0], shop, 1)]}});
  for (const [account, balance] of balances) lines.push({balance: {account, balance}});
  return {bank, shop, names, balances, lines};
}

/** A stopped server's data folder, with a key to look into it afterwards. */
async function stoppedBooks() {
  const books = await Books.open();
  after(() => books.close());
  await books.restart();
  await books.server.stop();
  books.api.close();
  return books;
}

const take = (books, lines, more = []) => florin(['import-books', fileOf(lines), '--data', books.dataDir, ...more]);
const byCode = async (api, code) => bodyOf(await api.get(`/v1/accounts/${encodeURIComponent(code)}`), 200);

describe('import-books', () => {
  it('takes accounts, transfers and open holds in, with their times and names, and proves the books', async () => {
    const books = await stoppedBooks();
    const old = oldBooks();
    const result = await take(books, old.lines);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /^5 accounts, 23 transfers and 1 holds taken in; 0 were there, 1 holds were over\n5 of 5 stated balances agree\n$/);
    await florinOk(['verify', '--data', books.dataDir]);

    await books.start();
    for (const [code, balance] of old.balances) assert.equal((await byCode(books.api, code)).balance, balance, code);
    const wallet = await byCode(books.api, old.names[0]);
    assert.equal(wallet.available, wallet.balance - 200);
    const then = bodyOf(await books.api.get(`/v1/accounts/${wallet.id}/balance?at=${ago(25 * day)}`), 200);
    assert.equal(then.balance, 10_000, 'what it had between the deposit and the first move');
    const taken = (await books.api.all('/v1/transfers')).find(({metadata}) => metadata.external_id === old.lines[5].transfer.external_id);
    assert.equal(taken.metadata.note, 'taken over');
    assert.equal(new Date(taken.effective_at).getTime(), new Date(old.lines[5].transfer.effective_at).getTime());
    await books.move(wallet, await byCode(books.api, old.shop), 5);
  });

  it('writes nothing twice, goes on where a line was refused, and takes that line when it is mended', async () => {
    const books = await stoppedBooks();
    const old = oldBooks({moves: 1_200});
    const broken = structuredClone(old.lines);
    const at = broken.findLastIndex((line) => line.transfer);
    broken[at].transfer.postings[0].amount = 1_000_000;
    const refused = await take(books, broken);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(refused.stderr, new RegExp(`line ${at + 1}: .*insufficient_funds.*import_line_refused`));
    await florinOk(['verify', '--data', books.dataDir]);

    const mended = await take(books, old.lines);
    assert.equal(mended.code, 0, mended.stdout + mended.stderr);
    const again = await take(books, old.lines);
    assert.match(again.stdout, /^0 accounts, 0 transfers and 0 holds taken in; 1209 were there/);
    await florinOk(['verify', '--data', books.dataDir]);
    await books.start();
    assert.equal((await books.api.all('/v1/transfers')).length, 1_203);
    assert.equal((await byCode(books.api, old.shop)).balance, old.balances.get(old.shop));
  });

  it('writes nothing of a file with a malformed line, and names it', async () => {
    const books = await stoppedBooks();
    const old = oldBooks();
    for (const bad of ['{', '[]', '{"payment":{}}', '{"transfer":{"postings":[]}}',
                       {balance: {account: old.bank, balance: '1'}},
                       {hold: {external_id: 'h', expires_at: 'tomorrow', postings: [posting(old.bank, old.shop, 1)]}}]) {
      const result = await take(books, [...old.lines, bad]);
      assert.equal(result.code, 2, result.stdout);
      assert.match(result.stderr, new RegExp(`line ${old.lines.length + 1}: .*\\(import_line_refused\\)`));
    }
    await books.start();
    assert.deepEqual(await books.api.all('/v1/accounts'), []);
  });

  it('names stated balances that differ, and keeps tenants apart', async () => {
    const books = await stoppedBooks();
    await florinOk(['tenants', 'create', 'other', '--data', books.dataDir]);
    const old = oldBooks();
    const wrong = [...old.lines, {balance: {account: old.shop, balance: 1}}, {balance: {account: 'nobody', balance: 1}}];
    const result = await take(books, wrong, ['--tenant', 'other']);
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stdout, new RegExp(`DIFFERS account ${old.shop}: stated 1, found ${old.balances.get(old.shop)}\nDIFFERS account nobody: stated 1, found no account\n5 of 7`));
    const unknown = await take(books, old.lines, ['--tenant', 'nobody']);
    assert.equal(unknown.code, 2, unknown.stdout);
    const own = await take(books, old.lines);
    assert.equal(own.code, 0, `the same names in another tenant: ${own.stdout}${own.stderr}`);
    await florinOk(['verify', '--data', books.dataDir]);
  });

  it('says so when there is no file and when there is no database', async () => {
    const folder = makeFolder();
    const missing = await florin(['import-books', path.join(folder, 'none.jsonl'), '--data', folder]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /cannot be read.*\(import_refused\)/);
  });
});
