// The receivers of docs/examples/webhooks run, take what Florin sends, and refuse everything else.
import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';
import {fileURLToPath} from 'node:url';

import {Webhook} from 'standardwebhooks';

import {Books} from './lib/books.mjs';
import {bodyOf, exchange} from './lib/client.mjs';
import {freePort} from './lib/port.mjs';
import {eventually, makeFolder, run} from './lib/server.mjs';

const folder = fileURLToPath(new URL('../../docs/examples/webhooks', import.meta.url));
const secret = 'whsec_' + Buffer.from('the key of these receivers, 32 b').toString('base64');
const startMs = 60_000;  // Go and Java compile first.

const receivers = [
  {language: 'JavaScript', probe: ['node', '--version'], command: ['node', 'receiver.mjs']},
  {language: 'Python', probe: ['python3', '--version'], command: ['python3', 'receiver.py']},
  {language: 'Go', probe: ['go', 'version'], command: ['go', 'run', 'receiver.go']},
  {language: 'Java', probe: ['java', '-version'], command: ['java', 'Receiver.java']},
];

const isThere = ([program, ...args]) => spawnSync(program, args).status === 0;

/** A receiver that runs; `output` grows. */
async function start([program, ...args], port) {
  const env = {...process.env, WEBHOOK_SECRET: secret, PORT: String(port), GOCACHE: makeFolder(), GOFLAGS: '-mod=mod'};
  const child = spawn(program, args, {cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe']});
  const receiver = {output: '', errors: ''};
  child.stdout.on('data', (chunk) => receiver.output += chunk);
  child.stderr.on('data', (chunk) => receiver.errors += chunk);
  // Its own group: `go run` starts the program as a child of its own.
  after(() => process.kill(-child.pid, 'SIGKILL'));
  await eventually(`${program} listens: ${receiver.errors}`, async () => {
    assert.equal(child.exitCode, null, receiver.errors);
    return exchange(`http://127.0.0.1:${port}/`, {method: 'POST', body: '{}'}).catch(() => null);
  }, startMs);
  return receiver;
}

function signed(body, {at = new Date(), id = 'evt_1', key = secret} = {}) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': `v1,AAAA ${new Webhook(key).sign(id, at, body)} v1a,AAAA`,
  };
}

describe('the receivers of the documentation', () => {
  /** @type {Books} */
  let books;
  before(async () => books = await Books.open({env: {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'}}));
  after(() => books.close());

  for (const {language, probe, command} of receivers) {
    it(`${language}`, {skip: !isThere(probe) && `${probe[0]} is not installed`}, async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      const receiver = await start(command, port);
      const send = async (body, headers) => (await exchange(url, {method: 'POST', headers, body})).status;

      const body = JSON.stringify({id: 'evt_1', type: 'account.created', data: {name: 'Zoë ☃'}});
      const old = new Date(Date.now() - 600_000);
      const other = 'whsec_' + Buffer.from('the key of somebody else, 32 byt').toString('base64');
      assert.equal(await send(body, signed(body)), 204);
      assert.equal(await send(body, signed(body)), 204, 'again, with the same id');
      assert.equal(await send(body + ' ', signed(body)), 400, 'another body');
      assert.equal(await send(body, {...signed(body), 'webhook-id': 'evt_2'}), 400, 'another id');
      assert.equal(await send(body, signed(body, {at: old})), 400, 'too old');
      assert.equal(await send(body, signed(body, {key: other})), 400, 'another secret');
      assert.equal(await send(body, {}), 400, 'unsigned');

      bodyOf(await books.api.post('/v1/webhook-endpoints', {url, secret, event_types: ['account.created']}), 201);
      await books.account();
      await eventually(`${language} heard of the account`, async () => receiver.output.split('\n').length > 2);
      assert.equal(receiver.output.split('\n').filter((line) => line.startsWith('webhook evt_1 ')).length, 1);
    });
  }

  it('shell', {skip: !isThere(['openssl', 'version']) && 'openssl is not installed'}, async () => {
    const body = '{"id":"evt_1"}';
    const verify = async (input, headers) => (await run(path.join(folder, 'verify.sh'),
        [headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature']],
        {input, env: {WEBHOOK_SECRET: secret}})).code;
    assert.equal(await verify(body, signed(body)), 0);
    assert.equal(await verify(body + ' ', signed(body)), 1);
    assert.equal(await verify(body, signed(body, {at: new Date(0)})), 1);
  });
});
