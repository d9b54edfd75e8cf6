// node bench/fairness.mjs [--mode atomic|independent|queue] [--bulks N] [--postgres URL]: how long one tenant's transfers take while
// another one posts large bulks (10,000 transfers of 25 postings), or queues many requests. Starts the release binary on a folder
// of its own; both tenants' books are verified at the end. Latency counts from when a request was due (open loop). Each tenant's
// client is a thread of its own: the time that one client needs to write 20 MB of JSON is no wait of the other.
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import http from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {isMainThread, parentPort, Worker, workerData} from 'node:worker_threads';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function clientOf(url, key, maxSockets) {
  const agent = new http.Agent({keepAlive: true, maxSockets});
  return (target, body) => new Promise((resolve, reject) => {
    const request = http.request(url + target, {
      method: 'POST', agent,
      headers: {Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body)},
    }, (response) => {
      let text = '';
      response.on('data', (chunk) => text += chunk);
      response.on('end', () => resolve({status: response.statusCode, text}));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function openAccounts(post, count) {
  for (let n = 0; n < count; n += 50) {
    await Promise.all(Array.from({length: Math.min(50, count - n)}, (_, i) =>
        post('/v1/accounts', JSON.stringify({code: `a:${n + i}`, type: 'asset', currency: 'KZT'}))));
  }
}

const transfer = JSON.stringify({postings: [{debit: 'a:0', credit: 'a:1', amount: 1, currency: 'KZT'}]});

/// 128 requests under way for five seconds.
async function postQueue(post) {
  const until = performance.now() + 5_000;
  let done = 0;
  await Promise.all(Array.from({length: 128}, async () => {
    while (performance.now() < until) {
      const {status} = await post('/v1/transfers', transfer);
      done += status === 201 ? 1 : 0;
    }
  }));
  return `${Math.round(done / 5)} transfers/s of the heavy tenant`;
}

async function postBulks(post, {mode, bulks, accounts}) {
  const posting = (n) => ({debit: `a:${n % accounts}`, credit: `a:${(n + 1 + n % 7) % accounts}`, amount: 1, currency: 'KZT'});
  const body = JSON.stringify({atomic: mode === 'atomic', transfers: Array.from({length: 10_000}, (_, t) => (
      {postings: Array.from({length: 25}, (_, p) => posting(t * 25 + p))}))});
  const took = [];
  for (let n = 0; n < bulks; ++n) {
    const start = performance.now();
    const {status, text} = await post('/v1/transfers/bulk', body);
    if (status > 201) throw new Error(`a bulk: ${status} ${text.slice(0, 300)}`);
    took.push(`${Math.round(performance.now() - start)} ms`);
  }
  return `bulks of ${(body.length / 1e6).toFixed(1)} MB took ${took.join(', ')}`;
}

async function heavyTenant() {
  const {url, key, mode, accounts} = workerData;
  const post = clientOf(url, key, 128);
  await openAccounts(post, accounts);
  parentPort.postMessage('ready');
  await once(parentPort, 'message');
  parentPort.postMessage(await (mode === 'queue' ? postQueue(post) : postBulks(post, workerData)));
  process.exit(0);
}

/// Posts at a fixed rate until `isOver()`; answers with the latencies in ms.
async function lightTenant(post, rate, isOver) {
  const latencies = [];
  const flights = [];
  for (let due = performance.now(); !isOver(); due += 1_000 / rate) {
    await sleep(Math.max(0, due - performance.now()));
    const at = due;
    flights.push(post('/v1/transfers', transfer).then(({status}) => {
      if (status !== 201) throw new Error(`a transfer of the light tenant: ${status}`);
      latencies.push(performance.now() - at);
    }));
  }
  await Promise.all(flights);
  return latencies.sort((a, b) => a - b);
}

async function startServer(options, env, data) {
  const server = spawn(options.florin, ['serve', '--listen', '127.0.0.1:0', '--data', data], {env, stdio: ['ignore', 'pipe', 'inherit']});
  const url = await new Promise((resolve) => {
    let text = '';
    server.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(text);
      if (found) resolve(found[0]);
    });
  });
  return {server, url};
}

async function main() {
  const {values: options} = parseArgs({options: {
    mode: {type: 'string', default: 'atomic'},
    bulks: {type: 'string', default: '3'},
    accounts: {type: 'string', default: '1000'},
    rate: {type: 'string', default: '100'},
    florin: {type: 'string', default: 'build/release/bin/florin'},
    postgres: {type: 'string'},
  }});
  const data = mkdtempSync(path.join(tmpdir(), 'florin-fairness-'));
  const env = {...process.env, FLORIN_LOG_LEVEL: 'error', ...(options.postgres ? {FLORIN_DATABASE_URL: options.postgres} : {})};
  const command = (...args) => execFileSync(options.florin, [...args, '--data', data], {env, encoding: 'utf8'});
  command('migrate');
  const keyOf = (tenant) => {
    command('tenants', 'create', tenant);
    return JSON.parse(command('keys', 'create', '--tenant', tenant, '--name', 'bench', '--permissions', '*', '--rate-limit', '0', '--json')).secret;
  };
  const keys = {heavy: keyOf('heavy'), light: keyOf('light')};
  const {server, url} = await startServer(options, env, data);

  const heavy = new Worker(new URL(import.meta.url), {workerData: {
    url, key: keys.heavy, mode: options.mode, bulks: Number(options.bulks), accounts: Number(options.accounts)}});
  await once(heavy, 'message');
  const post = clientOf(url, keys.light, 256);
  await openAccounts(post, 2);
  for (let n = 0; n < 100; ++n) await post('/v1/transfers', transfer);

  let result = '';
  heavy.once('message', (text) => result = text);
  heavy.postMessage('go');
  const latencies = await lightTenant(post, Number(options.rate), () => result !== '');
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))].toFixed(1);
  console.log(`${options.mode}: ${result}; light tenant: ${latencies.length} transfers, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`);
  server.kill('SIGTERM');
  await once(server, 'close');
  console.log(command('verify').trim().split('\n').pop());
  rmSync(data, {recursive: true, force: true});
}

await (isMainThread ? main() : heavyTenant());
