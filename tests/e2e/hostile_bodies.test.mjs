// Bodies that are sent to cost memory and time: others go on, and the memory comes back.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {after, before, describe, it} from 'node:test';

import {Books, posting} from './lib/books.mjs';
import {problemOf} from './lib/client.mjs';
import {eventually} from './lib/server.mjs';

const mib = 2 ** 20;

describe('hostile bodies', () => {
  /** @type {Books} */
  let books;
  const sockets = [];
  before(async () => { books = await Books.open(); });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await books.close();
  });

  const residentMib = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${books.server.child.pid}/status`, 'utf8'))[1]) / 1024;

  /** Sends a part of a body of 16 MiB and stops; resolves with the status of the answer, if one comes. */
  const sendPart = (key, bytes) => new Promise((resolve) => {
    const socket = connect(books.server.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('data', (chunk) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1])));
    socket.on('error', () => resolve(0));
    socket.write(`POST /v1/transfers/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: ${16 * mib}\r\n${key}\r\n`);
    socket.write(Buffer.alloc(bytes, ' '), () => resolve('taken'));
  });

  it('without a key are refused at the head', async () => {
    const before = residentMib();
    const answers = await Promise.all(Array.from({length: 60}, () => sendPart('', 15 * mib)));
    assert.ok(answers.every((status) => status === 401 || status === 0), String(answers));
    assert.ok(residentMib() < before + 60, `${before} -> ${residentMib()} MiB`);
  });

  it('of one key take no more than its share', async () => {
    const before = residentMib();
    const key = `Authorization: Bearer ${books.secret}\r\n`;
    const answers = await Promise.all(Array.from({length: 60}, () => sendPart(key, 15 * mib)));
    assert.ok(answers.filter((answer) => answer === 'taken').length <= 10, String(answers));
    assert.ok(residentMib() < before + 200, `${before} -> ${residentMib()} MiB`);
    const ana = await books.wallet(100), shop = await books.wallet();
    assert.equal((await books.api.post('/v1/transfers', {postings: [posting(ana, shop, 1)]})).status, 201);
    for (const socket of sockets) socket.destroy();
    await eventually('the memory is given back', () => residentMib() < before + 60);
  });

  it('of millions of values are refused while they are read', async () => {
    const before = residentMib();
    const body = `{"transfers":[${'0,'.repeat(8_000_000)}0]}`;
    problemOf(await books.api.post('/v1/transfers/bulk', body), 400, 'malformed_json');
    await eventually('the memory is given back', () => residentMib() < before + 60);
  });
});
