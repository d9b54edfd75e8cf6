// mTLS: the endpoint sees our certificate, and we trust it only by the authority that it was given.
import assert from 'node:assert/strict';
import {createServer} from 'node:https';
import {createServer as createTcpServer} from 'node:net';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {Authority} from './lib/certificates.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {eventually} from './lib/server.mjs';

describe('mTLS to endpoints', () => {
  /** @type {Books} */
  let books;
  let server, authority;
  const pem = (name) => authority.pem(name);
  const seen = [];
  before(async () => {
    authority = await Authority.create();
    await authority.certify('server', {extension: 'subjectAltName=IP:127.0.0.1'});
    await authority.certify('client');
    const options = {key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem'),
                     requestCert: true, rejectUnauthorized: true};
    server = createServer(options, (request, response) => {
      seen.push(request.socket.getPeerCertificate().subject.CN);
      request.resume().on('end', () => response.writeHead(204).end());
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    books = await Books.open({env: {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'}});
  });
  after(async () => {
    await books.close();
    server.closeAllConnections();
    server.close();
  });

  /** The state in which a test delivery ends, and its last error. */
  async function deliver(more) {
    const url = `https://127.0.0.1:${server.address().port}/`;  // Unless `more` names another.
    const endpoint = bodyOf(await books.api.post('/v1/webhook-endpoints', {url, retry_delays_ms: [], ...more}), 201);
    assert.equal(JSON.stringify(endpoint).includes('PRIVATE KEY'), false);
    const {id} = bodyOf(await books.api.post(`/v1/webhook-endpoints/${endpoint.id}/test`), 202);
    const done = await eventually('the delivery ends', async () => {
      const delivery = bodyOf(await books.api.get(`/v1/webhook-deliveries/${id}`), 200);
      return ['DELIVERED', 'DEAD_LETTER'].includes(delivery.state) && delivery;
    });
    const status = done.last_error ? done.last_status ?? '' : '';
    return `${done.state} ${done.last_error ?? ''} ${status}`.trim();
  }

  it('shows our certificate to an endpoint that we trust', async () => {
    assert.equal(await deliver({client_certificate_pem: pem('client.pem'), client_key_pem: pem('client.key'),
                                trusted_ca_pem: pem('ca.pem')}), 'DELIVERED');
    assert.deepEqual(seen, ['client']);
  });

  it('sends nothing to a server of an authority that we do not trust', async () => {
    assert.equal(await deliver({client_certificate_pem: pem('client.pem'), client_key_pem: pem('client.key')}),
                 'DEAD_LETTER tls_unknown_authority');
  });

  it('says what is wrong with a certificate', async () => {
    await authority.certify('elsewhere', {extension: 'subjectAltName=IP:127.0.0.2'});
    await authority.certify('late', {extension: 'subjectAltName=IP:127.0.0.1', days: -1});
    for (const [name, reason] of [['elsewhere', 'tls_name_mismatch'], ['late', 'tls_expired']]) {
      const other = createServer({key: pem(`${name}.key`), cert: pem(`${name}.pem`)}, (request, response) => response.end());
      await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
      assert.equal(await deliver({url: `https://127.0.0.1:${other.address().port}/`, trusted_ca_pem: pem('ca.pem')}),
                   `DEAD_LETTER ${reason}`);
      other.close();
    }
  });

  it('tells a refused connection, a broken answer and a server without TLS apart', async () => {
    const answers = [
      ['connection_refused', undefined],
      ['tls_failed', (socket) => socket.end('not TLS at all\r\n')],
    ];
    for (const [reason, serve] of answers) {
      const other = createTcpServer((socket) => serve(socket.on('error', () => {})));
      await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
      const {port} = other.address();
      if (!serve) await new Promise((resolve) => other.close(resolve));
      assert.equal(await deliver({url: `https://127.0.0.1:${port}/`}), `DEAD_LETTER ${reason}`);
      if (serve) other.close();
    }
    const half = createServer({key: pem('server.key'), cert: pem('server.pem')}, (request, response) => {
      response.writeHead(200, {'Content-Length': 100});
      response.write('half', () => response.socket.destroy());
    });
    await new Promise((resolve) => half.listen(0, '127.0.0.1', resolve));
    assert.equal(await deliver({url: `https://127.0.0.1:${half.address().port}/`, trusted_ca_pem: pem('ca.pem')}),
                 'DEAD_LETTER closed_early 200');
    half.close();
  });

  it('does not get in without a certificate', async () => {
    assert.match(await deliver({trusted_ca_pem: pem('ca.pem')}), /^DEAD_LETTER/);
    assert.deepEqual(seen, ['client']);
  });

  it('takes a certificate only with its key', async () => {
    const url = 'https://example.com/';
    problemOf(await books.api.post('/v1/webhook-endpoints', {url, client_certificate_pem: pem('client.pem')}), 400,
              'validation_failed');
  });
});
