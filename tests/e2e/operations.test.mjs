// Several processes on one database, stopping without a failed request, backup and restore.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {Agent, request} from 'node:https';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf, Client, exchange} from './lib/client.mjs';
import {freePort} from './lib/port.mjs';
import {Receiver} from './lib/receiver.mjs';
import {eventually, florin, florinOk, isPostgres, makeFolder, repository, run, Server, sleep} from './lib/server.mjs';

// SQLite serves one node at a time: what needs two runs over PostgreSQL alone.
const twoNodes = {skip: !isPostgres && 'SQLite serves one node'};
const ofSqlite = {skip: isPostgres && 'this is about SQLite'};

/** A second, third ... node on the database of these books. */
const startNode = (books, id, options = {}) => Server.start(books.dataDir, {
  ...options, env: {FLORIN_NODE_ID: String(id), FLORIN_NODE_LEASE_SECONDS: '2', ...options.env}});

const openBooks = (env = {}) => Books.open({env: {FLORIN_NODE_LEASE_SECONDS: '2', ...env}});
const jobsOf = async (api) => bodyOf(await api.get('/v1/system/jobs'), 200).data;
const nodesOf = async (api) => bodyOf(await api.get('/v1/system/nodes'), 200).data;
const deliverer = async (api) => (await jobsOf(api)).find(({name}) => name === 'webhooks.deliver').holder;
const transferOf = (from, to) => ({postings: [{debit: from.id, credit: to.id, amount: 1, currency: 'KZT'}]});

describe('nodes', () => {
  it('refuses a second live process with the same node id, and names the setting', async () => {
    const books = await openBooks();
    after(() => books.close());
    const second = await florin(['serve', '--listen', '127.0.0.1:0', '--data', books.dataDir]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /node_id_taken/);
    assert.match(second.stderr, /FLORIN_NODE_ID/);
  });

  it('gives the node id of a crashed process to the next one at once', async () => {
    // Waiting for the lease would take longer than a start may.
    const books = await openBooks({FLORIN_NODE_LEASE_SECONDS: '300'});
    after(() => books.close());
    await books.crashAndRestart();
    assert.deepEqual((await nodesOf(books.api)).map(({id, status}) => ({id, status})), [{id: 0, status: 'live'}]);
    assert.equal(await deliverer(books.api), 0);
  });

  it('hands webhooks over when a node dies, and loses none', twoNodes, async () => {
    const books = await openBooks();
    after(() => books.close());
    const receiver = await Receiver.start();
    after(() => receiver.close());
    const allow = {env: {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'}};
    const second = await startNode(books, 1, allow);
    after(() => second.stop());
    const api = new Client(second.url, books.secret);
    after(() => api.close());
    bodyOf(await api.post('/v1/webhook-endpoints', {url: receiver.url, event_types: ['account.*']}), 201);
    assert.equal(await deliverer(api), 0);
    const [first, idle] = await nodesOf(api);
    assert.ok(first.leases.includes('webhooks.deliver') && !first.this);
    assert.deepEqual([idle.leases, idle.this, idle.lease_seconds], [[], true, 2]);
    await books.server.kill();
    const began = Date.now();
    const created = bodyOf(await api.post('/v1/accounts', {code: 'after-the-death', type: 'asset', currency: 'KZT'}), 201);
    await eventually('the delivery by the other node', async () =>
      receiver.received.some(({body}) => body.toString().includes(created.id)));
    console.log(`# webhooks went on ${Date.now() - began} ms after the death of their node`);
    assert.equal(await deliverer(api), 1);
  });

  it('ends tasks of a node that was paused, without a write of two', twoNodes, async () => {
    const books = await openBooks();
    after(() => books.close());
    const second = await startNode(books, 1);
    after(() => second.stop());
    const api = new Client(second.url, books.secret);
    after(() => api.close());
    books.server.child.kill('SIGSTOP');
    await eventually('takeover', async () => await deliverer(api) === 1);
    books.server.child.kill('SIGCONT');
    await eventually('the first is back', async () => (await nodesOf(api)).every(({status}) => status === 'live'));
    assert.equal(await deliverer(books.api), 1);
  });

  it('refuses a second node on one SQLite database', ofSqlite, async () => {
    const books = await openBooks();
    after(() => books.close());
    const second = await florin(['serve', '--listen', '127.0.0.1:0', '--data', books.dataDir], {env: {FLORIN_NODE_ID: '1'}});
    assert.equal(second.code, 2);
    assert.match(second.stderr, /one_node_only/);
    assert.deepEqual((await nodesOf(books.api)).map(({id}) => id), [0]);
  });
});

describe('SIGTERM', () => {
  it('turns readiness off first, and goes on answering', async () => {
    const books = await openBooks({FLORIN_HTTP_DRAIN_DELAY_MS: '3000'});
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1_000), await books.wallet()];
    books.server.child.kill('SIGTERM');
    await eventually('503 of /health/ready', async () =>
      (await exchange(`${books.server.url}/health/ready`)).status === 503, 2_500);
    const answer = await books.api.post('/v1/transfers', transferOf(ana, shop));
    bodyOf(answer, 201);
    assert.equal(answer.headers.connection, 'close');
    await eventually('its work is free for others', async () => await deliverer(books.api) === null, 2_500);
    assert.deepEqual(await books.server.whenEnded, {code: 0, signal: null});
  });

  it('is heard twice: the second ends the delay', async () => {
    const books = await openBooks({FLORIN_HTTP_DRAIN_DELAY_MS: '600000'});
    after(() => books.close());
    books.server.child.kill('SIGTERM');
    await eventually('503 of /health/ready', async () =>
      (await exchange(`${books.server.url}/health/ready`)).status === 503);
    books.server.child.kill('SIGTERM');
    assert.deepEqual(await books.server.whenEnded, {code: 0, signal: null});
  });

  it('gives work to the next node without waiting for the lease', twoNodes, async () => {
    const long = {env: {FLORIN_NODE_LEASE_SECONDS: '300'}};
    const books = await openBooks(long.env);
    after(() => books.close());
    const second = await startNode(books, 1, long);
    after(() => second.stop());
    const api = new Client(second.url, books.secret);
    after(() => api.close());
    assert.equal(await deliverer(api), 0);
    await books.server.stop();
    await eventually('takeover', async () => await deliverer(api) === 1);
    assert.deepEqual((await nodesOf(api)).map(({id}) => id), [1]);
  });
});

// ---------------------------------------------------------------- backup and restore

describe('backup and restore', ofSqlite, () => {
  it('copies a consistent state beside load, and restores it', async () => {
    const books = await openBooks();
    after(() => books.close());
    const [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    const before = bodyOf(await books.api.post('/v1/transfers', transferOf(ana, shop)), 201);
    let isOver = false;
    const load = Promise.all(Array.from({length: 8}, async () => {
      while (!isOver) bodyOf(await books.api.post('/v1/transfers', transferOf(ana, shop)), 201);
    }));
    const folder = path.join(makeFolder(), 'backup');
    const out = await florinOk(['backup', '--data', books.dataDir, '--out', folder, '--verify', '--with-secret-key']);
    isOver = true;
    await load;
    assert.match(out, /SHA-256 [0-9a-f]{64}/);
    const later = bodyOf(await books.api.post('/v1/transfers', transferOf(ana, shop)), 201);

    const target = path.join(makeFolder(), 'restored');
    await florinOk(['restore', '--data', target, '--in', folder, '--verify']);
    const again = await florin(['restore', '--data', target, '--in', folder]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /restore_refused/);
    const restored = await Server.start(target, {env: {FLORIN_NODE_LEASE_SECONDS: '2'}});
    after(() => restored.stop());
    const api = new Client(restored.url, books.secret);
    after(() => api.close());
    bodyOf(await api.get(`/v1/transfers/${before.id}`), 200);
    assert.equal((await api.get(`/v1/transfers/${later.id}`)).status, 404);
    assert.equal(readFileSync(path.join(target, 'secret.key'), 'utf8'),
                 readFileSync(path.join(books.dataDir, 'secret.key'), 'utf8'));
  });

  it('refuses a backup that was damaged', async () => {
    const books = await openBooks();
    after(() => books.close());
    const folder = path.join(makeFolder(), 'backup');
    await florinOk(['backup', '--data', books.dataDir, '--out', folder]);
    assert.ok(!existsSync(path.join(folder, 'secret.key')));
    writeFileSync(path.join(folder, 'florin.db'), 'x', {flag: 'r+'});
    const refused = await florin(['restore', '--data', path.join(makeFolder(), 'new'), '--in', folder]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /checksum/);
  });
});

// ---------------------------------------------------------------- nginx

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);

/** Starts nginx with the configuration that is shipped, on free ports and with a certificate of its own. */
async function startNginx(ports) {
  const folder = makeFolder();
  const port = await freePort();
  const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                                     '-subj', '/CN=127.0.0.1', '-days', '2', '-keyout', `${folder}/florin.key`,
                                     '-out', `${folder}/florin.pem`]);
  assert.equal(made.code, 0, made.stderr);
  const shipped = readFileSync(path.join(repository, 'deploy/nginx/florin.conf'), 'utf8')
      .replace('127.0.0.1:8000', `127.0.0.1:${ports[0]}`).replace('127.0.0.1:8001', `127.0.0.1:${ports[1]}`)
      .replace('listen 443', `listen 127.0.0.1:${port}`).replaceAll('/etc/ssl/florin', folder)
      .replace('rate=500r/s', 'rate=100000r/s').replace('burst=1000', 'burst=100000');
  writeFileSync(`${folder}/nginx.conf`, `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 1024; }
    http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
    ${shipped} }`);
  const child = spawn(nginx, ['-p', folder, '-c', `${folder}/nginx.conf`, '-e', `${folder}/error.log`], {stdio: 'ignore'});
  const ended = new Promise((resolve) => child.on('close', resolve));
  process.on('exit', () => child.kill('SIGKILL'));
  return {
    url: `https://127.0.0.1:${port}`,
    errors: () => readFileSync(`${folder}/error.log`, 'utf8').slice(-3_000),
    stop: async () => { child.kill('SIGTERM'); await ended; rmSync(folder, {recursive: true, force: true}); },
  };
}

/** One exchange over TLS with a kept connection. */
function send(agent, url, {method = 'GET', headers, body}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, {method, headers, agent, rejectUnauthorized: false}, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString()}));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Writers that go on through the proxy until they are told to end; odd ones send an Idempotency-Key. */
class Load {
  static async begin(env, {everyoneRetries = false} = {}) {
    const load = new Load();
    load.ports = [await freePort(), await freePort()];
    load.env = {FLORIN_NODE_LEASE_SECONDS: '5', ...env};
    load.retries = everyoneRetries;
    load.books = await Books.open({env: load.env, listen: `127.0.0.1:${load.ports[0]}`});
    after(() => load.books.close());
    load.ana = await load.books.wallet(1_000_000);
    load.shop = await load.books.wallet();
    load.proxy = await startNginx(load.ports);
    after(() => load.proxy.stop());
    load.agent = new Agent({keepAlive: true, maxSockets: 16});
    after(() => load.agent.destroy());
    await eventually('nginx', () => send(load.agent, `${load.proxy.url}/health`, {})
        .then(({status}) => status === 200, () => false));
    Object.assign(load, {done: 0, posted: 0, retried: 0, failures: [], isOver: false});
    load.running = Promise.all(Array.from({length: 8}, (_, writer) => load.#work(writer)));
    return load;
  }

  async #work(writer) {
    for (let i = 0; !this.isOver; ++i) {
      const headers = {authorization: `Bearer ${this.books.secret}`, 'content-type': 'application/json'};
      if (writer % 2 || this.retries) headers['idempotency-key'] = `w${writer}-${i}`;
      const isRead = writer === 0;
      const asked = isRead ? {headers: {authorization: headers.authorization}} :
                             {method: 'POST', headers, body: JSON.stringify(transferOf(this.ana, this.shop))};
      await this.#ask(this.proxy.url + (isRead ? `/v1/accounts/${this.shop.id}/balance` : '/v1/transfers'), asked);
    }
  }

  async #ask(url, asked) {
    for (let attempt = 0;; ++attempt) {
      try {
        const {status, text} = await send(this.agent, url, asked);
        if (this.retries && (status === 502 || status === 503)) {
          await sleep(20);
          continue;
        }
        if (status !== 200 && status !== 201) return this.failures.push(`${status} ${text}`);
      } catch (fault) {
        return this.failures.push(fault.message);
      }
      ++this.done;
      if (asked.method === 'POST') ++this.posted;
      if (attempt > 0) ++this.retried;
      return;
    }
  }

  /** Waits until so many more were answered. */
  answersMore(count) {
    const goal = this.done + count;
    return eventually(`${count} more answers`, async () => this.done >= goal);
  }

  async end() {
    this.isOver = true;
    await this.running;
  }

  async assertBooksInOrder() {
    const verified = await florin(['verify', '--data', this.books.dataDir]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  }
}

describe('behind nginx', {skip: !nginx && 'nginx is not installed'}, () => {
  it('upgrades node after node without a failed request', twoNodes, async () => {
    const load = await Load.begin({FLORIN_HTTP_DRAIN_DELAY_MS: '700'});
    const second = await startNode(load.books, 1, {listen: `127.0.0.1:${load.ports[1]}`, env: load.env});
    after(() => second.stop());
    assert.deepEqual(await load.books.server.stop(), {code: 0, signal: null});
    load.books.api.close();
    await load.books.start();
    await load.answersMore(200);
    assert.deepEqual(await second.stop(), {code: 0, signal: null});
    await load.answersMore(200);
    await load.end();
    console.log(`# ${load.done} requests were answered while both nodes were restarted, ${load.failures.length} failed`);
    assert.deepEqual(load.failures.slice(0, 5), [], load.proxy.errors());
    await load.assertBooksInOrder();
  });

  it('restarts the only node: what fails is 502, and the same key tries again', async () => {
    const load = await Load.begin({FLORIN_HTTP_DRAIN_DELAY_MS: '700'}, {everyoneRetries: true});
    await load.answersMore(100);
    const began = Date.now();
    assert.deepEqual(await load.books.server.stop(), {code: 0, signal: null});
    load.books.api.close();
    await load.books.start();
    await load.answersMore(200);
    await load.end();
    console.log(`# ${load.done} requests were answered, ${load.retried} of them after a 502; the restart took ${Date.now() - began} ms`);
    assert.deepEqual(load.failures.slice(0, 5), [], load.proxy.errors());
    await load.assertBooksInOrder();
    assert.equal((await load.books.figures(load.shop)).balance, load.posted, 'each acted once');
  });

  it('answers 502 as long as no node is there, and goes on by itself', async () => {
    const ports = [await freePort(), await freePort()];
    const proxy = await startNginx(ports);
    after(() => proxy.stop());
    const agent = new Agent({keepAlive: true});
    after(() => agent.destroy());
    await eventually('nginx', () => send(agent, `${proxy.url}/health`, {}).then(({status}) => status === 502, () => false));
    const books = await Books.open({listen: `127.0.0.1:${ports[0]}`});
    after(() => books.close());
    await eventually('the node', () => send(agent, `${proxy.url}/health`, {}).then(({status}) => status === 200));
    assert.equal((await send(agent, `${proxy.url}/v1/accounts`, {})).status, 401);
  });

  it('has browsers keep the cookie of their session to TLS', async () => {
    const ports = [await freePort(), await freePort()];
    const books = await Books.open({listen: `127.0.0.1:${ports[0]}`});
    after(() => books.close());
    const proxy = await startNginx(ports);
    after(() => proxy.stop());
    const agent = new Agent({keepAlive: true});
    after(() => agent.destroy());
    await eventually('nginx', () => send(agent, `${proxy.url}/health`, {}).then(({status}) => status === 200, () => false));
    const signedIn = await send(agent, `${proxy.url}/v1/sessions`,
                                {method: 'POST', headers: {authorization: `Bearer ${books.secret}`}});
    assert.equal(signedIn.status, 201, signedIn.text);
    const [cookie, ...attributes] = signedIn.headers['set-cookie'][0].split('; ');
    assert.deepEqual(attributes, ['Path=/', 'HttpOnly', 'SameSite=Strict', 'Secure']);
    assert.equal((await send(agent, `${proxy.url}/v1/accounts`, {headers: {cookie}})).status, 200);
  });
});
