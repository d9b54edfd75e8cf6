#!/usr/bin/env node
// bench/instructions.mjs [FLORIN [BULK]]: the instructions of one transfer, by thread, counted by valgrind's callgrind; with BULK
// of a transfer in bulks of that many. Where clocks are noisy this shows whether a change made the hot path longer: two runs of one
// binary differ by about a percent. 32 connections over SQLite; needs valgrind.
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';

const florin = process.argv[2] ?? 'build/release/bin/florin';
const bulk = Number(process.argv[3] ?? 1);
const accounts = 2000, connections = 32, transfers = 3200;
const folder = mkdtempSync(path.join(tmpdir(), 'florin-instructions-'));
const data = path.join(folder, 'data'), profile = path.join(folder, 'callgrind');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const key = JSON.parse(execFileSync(florin, ['keys', 'create', '--data', data, '--name', 'bench', '--rate-limit', '0', '--json'],
                                    {encoding: 'utf8'})).secret;
const server = spawn('valgrind', ['--tool=callgrind', '--instr-atstart=no', '--separate-threads=yes', `--callgrind-out-file=${profile}`,
                                  florin, 'serve', '--data', data, '--listen', '127.0.0.1:0']);
let output = '';
for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => output += chunk);
const ended = new Promise((done) => server.on('close', done));
const address = /listening.*http:\/\/127\.0\.0\.1:(\d+)|http:\/\/127\.0\.0\.1:(\d+)/;
while (!address.test(output)) await sleep(50);
const found = address.exec(output), port = Number(found[1] ?? found[2]);
const agent = new Agent({keepAlive: true, maxSockets: connections});

const post = (target, body, idempotency) => new Promise((resolve, reject) => {
  const headers = {authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotency};
  const asked = request({host: '127.0.0.1', port, method: 'POST', path: target, headers, agent}, (answer) => {
    answer.resume();
    answer.on('end', () => answer.statusCode < 300 ? resolve() : reject(new Error(`${target}: ${answer.statusCode}`)));
  });
  asked.on('error', reject);
  asked.end(JSON.stringify(body));
});
/** Runs `work` for 0 to count - 1, one after another on each connection. */
async function each(count, work) {
  let next = 0;
  const lane = async () => { for (let i = next++; i < count; i = next++) await work(i); };
  await Promise.all(Array.from({length: connections}, lane));
}
const posting = (debit, credit, amount) => ({postings: [{debit, credit, amount, currency: 'KZT'}]});
// Spread over all accounts without a source of chance: runs are comparable.
const pick = (i) => [`acc:${i * 7919 % accounts}`, `acc:${(i * 7919 + 1 + i % 997) % accounts}`];
const transfer = (name, i) => post('/v1/transfers', posting(...pick(i), 1 + i % 1000), `${name}-${i}`);
const transferBulk = (name, i) => post('/v1/transfers/bulk', {
  transfers: Array.from({length: bulk}, (_, n) => posting(...pick(i * bulk + n), 1 + n % 1000)),
}, `${name}-${i}`);
const work = bulk > 1 ? transferBulk : transfer;
const count = (state) => execFileSync('callgrind_control', ['-i', state, String(server.pid)], {stdio: 'ignore'});

await post('/v1/accounts', {code: 'treasury', type: 'asset', currency: 'KZT'}, 'treasury');
await each(accounts, (i) => post('/v1/accounts', {code: `acc:${i}`, type: 'liability', currency: 'KZT', min_balance: 0}, `open-${i}`));
await each(4, (i) => post('/v1/transfers/bulk', {
  atomic: true,
  transfers: Array.from({length: accounts / 4}, (_, n) => posting('treasury', `acc:${i * accounts / 4 + n}`, 100_000_000)),
}, `fund-${i}`));
await each(Math.ceil(320 / bulk), (i) => work('warm', i));
count('on');
await each(transfers / bulk, (i) => work('counted', i));
count('off');
agent.destroy();
server.kill('SIGTERM');
await ended;

const totals = readdirSync(folder).filter((name) => /^callgrind-\d+$/.test(name)).map((name) => {
  const total = /^totals: (\d+)/m.exec(readFileSync(path.join(folder, name), 'utf8'));
  return {thread: name.slice('callgrind-'.length), each: Math.round(Number(total?.[1] ?? 0) / transfers)};
});
rmSync(folder, {recursive: true});
console.log(`instructions of a transfer: ${totals.reduce((sum, {each}) => sum + each, 0)}`);
for (const {thread, each} of totals.filter(({each}) => each >= 500).sort((a, b) => b.each - a.each))
  console.log(`  thread ${thread}: ${each}`);
