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

  /** Sends a part of a body of 16 MiB and stops, `count` times. Gives the statuses of the answers, as they come; 0: cut. */
  const sendParts = (count, key, bytes) => {
    const statuses = [];
    for (let i = 0; i < count; ++i) {
      const socket = connect(books.server.port, '127.0.0.1');
      sockets.push(socket);
      let status = 0;
      socket.on('data', (chunk) => status ||= Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1]));
      socket.on('error', () => {});
      socket.on('close', () => statuses.push(status));
      socket.write(`POST /v1/transfers/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: ${16 * mib}\r\n${key}\r\n`);
      socket.write(Buffer.alloc(bytes, ' '));
    }
    return statuses;
  };

  it('without a key are refused at the head', async () => {
    const before = residentMib();
    const statuses = sendParts(60, '', 15 * mib);
    await eventually('all are refused', () => statuses.length === 60);
    assert.ok(statuses.every((status) => status === 401 || status === 0), String(statuses));
    assert.ok(residentMib() < before + 60, `${before} -> ${residentMib()} MiB`);
  });

  it('of one key take no more than its share', async () => {
    const before = residentMib();
    const statuses = sendParts(60, `Authorization: Bearer ${books.secret}\r\n`, 15 * mib);
    await eventually('most are refused', () => statuses.length >= 50);
    assert.ok(statuses.every((status) => status === 503 || status === 0), String(statuses));
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
