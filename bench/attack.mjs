#!/usr/bin/env node
// bench/attack.mjs [FLORIN]: small transfers of one tenant, alone and beside bodies that another key sends to cost memory
// and time. Prints a row for each attack: transfers a second, latencies, what /health takes, memory at its peak and after.
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';

const florin = process.argv[2] ?? 'build/release/bin/florin';
const seconds = 6;
const mib = 2 ** 20;
const data = mkdtempSync(path.join(tmpdir(), 'florin-attack-'));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const newKey = () => {
  const made = execFileSync(florin, ['keys', 'create', '--data', data, '--tenant', 'default', '--name', 'bench', '--permissions', '*',
                                    '--rate-limit', '0', '--json'], {encoding: 'utf8'});
  return JSON.parse(made).secret;
};
const [good, hostile] = [newKey(), newKey()];
const server = spawn(florin, ['serve', '--data', data, '--listen', '127.0.0.1:0'],
                     {env: {...process.env, FLORIN_HTTP_ACCESS_LOG: 'false'}});
let output = '';
for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => output += chunk);
while (!/http:\/\/127\.0\.0\.1:(\d+)/.test(output)) await sleep(20);
const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(output)[1]);
const agent = new Agent({keepAlive: true});

const ask = (method, target, key, body) => new Promise((resolve, reject) => {
  const headers = key ? {authorization: `Bearer ${key}`, 'content-type': 'application/json'} : {};
  const asked = request({host: '127.0.0.1', port, method, path: target, headers, agent}, (answer) => {
    let text = '';
    answer.on('data', (chunk) => text += chunk);
    answer.on('end', () => resolve({status: answer.statusCode, text}));
  });
  asked.on('error', reject);
  asked.end(body);
});
const open = async (code) =>
    JSON.parse((await ask('POST', '/v1/accounts', good, JSON.stringify({code, type: 'asset', currency: 'KZT'}))).text).id;
const [from, to] = [await open('attack:from'), await open('attack:to')];
const transfer = JSON.stringify({postings: [{debit: from, credit: to, amount: 1, currency: 'KZT'}]});
const residentMib = () => Math.round(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1] / 1024);

/** One hostile connection after another: a head, `bytes`, and either an answer or silence. */
async function send(key, body, stopAt, until) {
  while (Date.now() < until) {
    await new Promise((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`POST /v1/transfers/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n` +
                     `${key ? `Authorization: Bearer ${key}\r\n` : ''}\r\n`);
        socket.write(body.subarray(0, stopAt));
      });
      socket.on('data', () => socket.destroy());
      socket.on('error', () => {});
      socket.on('close', done);
      setTimeout(() => socket.destroy(), Math.max(0, until - Date.now()));
    });
    await sleep(20);
  }
}

const zeros = Buffer.from(`{"transfers":[${'0,'.repeat(8 * mib - 20)}0]}`);
const blank = Buffer.alloc(16 * mib, ' ');
const many = (count, make) => Array.from({length: count}, make);
const attacks = {
  'none': () => [],
  '60 x 15 of 16 MiB, no key': (until) => many(60, () => send('', blank, 15 * mib, until)),
  '60 x 15 of 16 MiB, one key': (until) => many(60, () => send(hostile, blank, 15 * mib, until)),
  '4 x 16 MiB of zeros, one key': (until) => many(4, () => send(hostile, zeros, zeros.length, until)),
};
const at = (sorted, share) => sorted.length ? sorted[Math.floor(sorted.length * share)].toFixed(1) : '-';
console.log('| attack | transfers/s | p50 ms | p99 ms | /health max ms | MiB before | peak | 5 s after |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const [name, attack] of Object.entries(attacks)) {
  const until = Date.now() + seconds * 1000, before = residentMib(), times = [], health = [];
  let peak = before;
  const timed = async (into, work) => {
    const start = performance.now();
    const {status} = await work();
    if (status >= 300) throw new Error(`status ${status}`);
    into.push(performance.now() - start);
  };
  await Promise.all([
    ...attack(until),
    ...many(8, async () => {
      while (Date.now() < until) await timed(times, () => ask('POST', '/v1/transfers', good, transfer));
    }),
    (async () => {
      while (Date.now() < until) {
        await timed(health, () => ask('GET', '/health'));
        peak = Math.max(peak, residentMib());
        await sleep(10);
      }
    })(),
  ]);
  await sleep(5000);
  times.sort((a, b) => a - b);
  console.log(`| ${name} | ${Math.round(times.length / seconds)} | ${at(times, 0.5)} | ${at(times, 0.99)} | ` +
              `${Math.max(...health).toFixed(1)} | ${before} | ${peak} | ${residentMib()} |`);
}
server.kill('SIGTERM');
await new Promise((done) => server.on('close', done));
agent.destroy();
rmSync(data, {recursive: true});
