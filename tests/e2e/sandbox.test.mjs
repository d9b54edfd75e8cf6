// `florin sandbox`: the simulated operator and game server as a user starts and asks them.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createHash, createHmac, randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {exchange} from './lib/client.mjs';
import {binary, eventually, florin, repository, run} from './lib/server.mjs';

const operatorSecret = 'sandbox-operator-secret';
const webhookKey = Buffer.from('a-webhook-secret-of-32-characters');
const webhookSecret = `whsec_${webhookKey.toString('base64')}`;
const hubSecret = 'a-hub-secret-of-the-tests';

/** A running `florin sandbox` on free ports. */
class Sandbox {
  static async start(args = []) {
    const sandbox = new Sandbox();
    sandbox.child = spawn(binary(), ['sandbox', '--operator-listen', '127.0.0.1:0', '--rgs-listen',
                                     '127.0.0.1:0', '--secret', hubSecret, '--operator-secret', operatorSecret,
                                     '--webhook-secret', webhookSecret, ...args]);
    sandbox.ended = new Promise((resolve) => sandbox.child.on('close', (code) => resolve(code)));
    let output = '';
    for (const stream of [sandbox.child.stdout, sandbox.child.stderr]) stream.on('data', (chunk) => output += chunk);
    process.on('exit', () => sandbox.child.kill('SIGKILL'));
    await eventually('the sandbox says where it is', async () => /Try:/.test(output));
    sandbox.output = output;
    [sandbox.operator, sandbox.rgs] = ['operator', 'game server'].map(
        (who) => new RegExp(`${who} at (http://127\\.0\\.0\\.1:\\d+)`).exec(output)[1]);
    return sandbox;
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** A signed call of the operator's own dialect. */
  wallet(operation, fields) {
    const path = `/wallet/${operation}`;
    const body = JSON.stringify({requestId: randomUUID(), ...fields});
    return post(this.operator + path, body, walletHeaders('POST', path, body));
  }

  async transactions() {
    const path = '/wallet/transactions';
    return (await exchange(this.operator + path, {headers: walletHeaders('GET', path, '')})).json.data;
  }

  fault(rule) { return post(`${this.operator}/sandbox/faults`, JSON.stringify(rule)); }
}

function post(url, body, headers = {}) {
  return exchange(url, {method: 'POST', body, headers: {'content-type': 'application/json', ...headers}});
}

function walletHeaders(method, path, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digest = createHash('sha256').update(body).digest('hex');
  return {
    'x-timestamp': timestamp,
    'x-signature': createHmac('sha256', operatorSecret).update(`${timestamp}.${method}.${path}.${digest}`).digest('hex'),
  };
}

function webhookHeaders(id, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const mac = createHmac('sha256', webhookKey).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}`};
}

const bet = (transactionId, amount = '10.00') => ({transactionId, playerId: 'ana', currency: 'KZT', roundId: 'r', amount});

describe('florin sandbox', () => {
  /** @type {Sandbox} */
  let sandbox;
  before(async () => sandbox = await Sandbox.start(['--latency-ms', '1']));
  after(async () => sandbox.stop());

  it('prints examples that work as they stand', async () => {
    assert.match(sandbox.output, /curl -s --json .*sandbox\/faults/);
    assert.match(sandbox.output, /curl -s --json .*sandbox\/play/);
  });

  it('holds money as an operator does', async () => {
    const first = (await sandbox.wallet('debit', bet('tx-1'))).json;
    assert.deepEqual([first.status, first.balance, first.duplicate], ['OK', '990.00', false]);
    const again = (await sandbox.wallet('debit', bet('tx-1'))).json;
    assert.deepEqual([again.status, again.balance, again.duplicate], ['OK', '990.00', true]);
    assert.equal((await sandbox.wallet('debit', bet('tx-1', '11.00'))).json.status, 'TRANSACTION_CONFLICT');
    assert.equal((await post(`${sandbox.operator}/wallet/debit`, '{}')).status, 401);
    assert.deepEqual((await sandbox.transactions()).map((row) => row.transactionId), ['tx-1']);
  });

  it('answers 500, 500, 200 when told so', async () => {
    assert.equal((await sandbox.fault({operation: 'debit', kind: 'error_500', times: 2})).status, 201);
    const statuses = [];
    for (let i = 0; i < 3; ++i) statuses.push((await sandbox.wallet('debit', bet('tx-2'))).status);
    assert.deepEqual(statuses, [500, 500, 200]);
    const state = (await exchange(`${sandbox.operator}/sandbox/state`)).json;
    assert.equal(state.injected.error_500, 2);
  });

  it('takes webhooks that are signed', async () => {
    const body = '{"type":"transaction.created","data":{}}';
    const send = () => post(`${sandbox.rgs}/webhooks`, body, webhookHeaders('msg_1', body));
    assert.equal((await post(`${sandbox.rgs}/webhooks`, body)).status, 401);
    await post(`${sandbox.rgs}/sandbox/faults`, '{"kind":"error_500"}');
    assert.deepEqual([(await send()).status, (await send()).status, (await send()).json.status], [500, 200, 'DUPLICATE']);
    const {unique, duplicates} = (await exchange(`${sandbox.rgs}/sandbox/deliveries`)).json;
    assert.deepEqual([unique, duplicates], [1, 1]);
  });

  it('plays with signed calls, and says what the hub got wrong', async () => {
    const bad = [];
    // A hub that takes everything and forgets it at once.
    const hub = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => body += chunk);
      request.on('end', () => {
        const wanted = createHmac('sha256', hubSecret).update(body + request.headers['x-timestamp']).digest('hex');
        const isSigned = request.headers['x-signature'] === wanted && request.headers['x-partner-id'] === 'studio';
        if (!isSigned) bad.push(body);
        response.setHeader('content-type', 'application/json');
        response.statusCode = isSigned ? 201 : 401;
        response.end(JSON.stringify({status: 'OK', balanceCents: 5, transactionId: randomUUID()}));
      });
    });
    await new Promise((resolve) => hub.listen(0, '127.0.0.1', resolve));
    const answer = await post(`${sandbox.rgs}/sandbox/play`, JSON.stringify({
      hub_url: `http://127.0.0.1:${hub.address().port}`, partner_id: 'studio', rounds: 40, rates: {wrong_signature: 0.1},
    }));
    hub.close();
    assert.equal(answer.status, 200);
    assert.equal(answer.json.rounds, 40);
    assert.equal(answer.json.answers[401], bad.length);
    assert.ok(answer.json.violations.some((violation) => violation.rule === 'balance_equation'));
  });

  it('stops when told, also while calls hang', async () => {
    const other = await Sandbox.start();
    await post(`${other.operator}/sandbox/faults`, '{"kind":"timeout_before_commit","times":9}');
    const hanging = other.wallet('debit', bet('tx-1')).catch((error) => error);
    await eventually('the call hangs',
                     async () => (await exchange(`${other.operator}/sandbox/state`)).json.calls.debit === 1);
    assert.equal(await other.stop(), 0);
    await hanging;
  });

  it('does what docs/sandbox.md shows', async (test) => {
    if ((await run('sh', ['-c', 'command -v curl && command -v openssl'])).code !== 0) return test.skip('no curl or no openssl');
    const shown = await Sandbox.start();
    after(() => shown.stop());
    const examples = [...readFileSync(path.join(repository, 'docs/sandbox.md'), 'utf8').matchAll(/```bash\n([^]*?)```/g)]
        .map((match) => match[1]).filter((example) => !example.includes('/sandbox/play'));  // It needs a hub.
    assert.equal(examples.length, 4);
    const answers = [];
    for (const example of examples) {
      const script = example.replaceAll('sandbox-operator-secret', operatorSecret)
          .replaceAll('http://127.0.0.1:3001', shown.operator).replaceAll('http://127.0.0.1:3002', shown.rgs);
      const result = await run('bash', ['-eu', '-o', 'pipefail', '-c', `curl() { command curl "$@"; echo; }\n${script}`]);
      assert.equal(result.code, 0, result.stderr);
      answers.push(...result.stdout.trim().split('\n').map((line) => JSON.parse(line)));
    }
    assert.deepEqual(answers.slice(0, 2).map(({balance}) => balance), ['850.00', 70_000]);
    for (const answer of answers) assert.equal('code' in answer, false, JSON.stringify(answer));
  });

  it('refuses flags that mean nothing', async () => {
    for (const args of [['--operator-listen', 'here'], ['--latency-ms', '-1'], ['--nonsense']]) {
      assert.equal((await florin(['sandbox', ...args])).code, 2, args.join(' '));
    }
    const taken = await florin(['sandbox', '--operator-listen', new URL(sandbox.operator).host]);
    assert.deepEqual([taken.code, /cannot_listen/.test(taken.stderr)], [2, true]);
  });
});
