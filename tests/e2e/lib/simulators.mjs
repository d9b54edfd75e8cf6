// The simulated operator and game server, run by the binary itself, and a hub that works with them.
import {spawn} from 'node:child_process';

import {bodyOf, exchange} from './client.mjs';
import {Partner} from './partner.mjs';
import {binary, eventually, makeFolder, Server} from './server.mjs';

const hubSecret = 'a hub secret of the tests';
const operatorSecret = 'an operator secret of the tests';
const webhookSecret = 'a webhook secret of the tests';

/** `florin sandbox` on free ports. */
export class Simulators {
  static async start() {
    const child = spawn(binary(), ['sandbox', '--operator-listen', '127.0.0.1:0', '--rgs-listen', '127.0.0.1:0',
                                   '--secret', hubSecret, '--operator-secret', operatorSecret,
                                   '--webhook-secret', webhookSecret]);
    process.on('exit', () => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk) => output += chunk);
    await eventually('the sandbox says where it is', async () => /Try:/.test(output));
    return new Simulators(child, ...['operator', 'game server'].map(
        (who) => new RegExp(`${who} at (http://127\\.0\\.0\\.1:\\d+)`).exec(output)[1]));
  }

  /** @private */
  constructor(child, operator, rgs) { Object.assign(this, {child, operator, rgs}); }

  stop() { this.child.kill('SIGTERM'); }

  /** Something goes wrong at the operator; see docs/sandbox.md. */
  async operatorFault(rule) { await post(`${this.operator}/sandbox/faults`, rule, 201); }
  async rgsFault(rule) { await post(`${this.rgs}/sandbox/faults`, rule, 201); }
  async operatorState() { return bodyOf(await exchange(`${this.operator}/sandbox/state`), 200); }
  async deliveries() { return bodyOf(await exchange(`${this.rgs}/sandbox/deliveries`), 200); }
  async setPlayer(player) { await post(`${this.operator}/sandbox/players`, player, 200); }
  play(fields) { return post(`${this.rgs}/sandbox/play`, fields, 200); }

  /** The operator's balance of a player, in minor units. */
  async balanceOf(player) {
    const {players} = await this.operatorState();
    return players.find(({player_id}) => player_id === player)?.balance_minor;
  }
}

async function post(url, fields, status) {
  return bodyOf(await exchange(url, {method: 'POST', body: JSON.stringify(fields),
                                     headers: {'content-type': 'application/json'}}), status);
}

/** A hub whose default partner plays against the simulators. */
export class Hub {
  /** @param {'internal'|'florin'|'evenbet'} mode Internal wallets, or the operator's dialect. */
  static async start(simulators, mode, env = {}) {
    const atOperator = mode === 'internal' ? {} : {
      OPERATOR_BASE_URL: simulators.operator, OPERATOR_HMAC_SECRET: operatorSecret, OPERATOR_DIALECT: mode,
      OPERATOR_RATE_PER_MINUTE: '0', OPERATOR_TIMEOUT_MS: '500',
    };
    const server = await Server.start(makeFolder(), {env: {
      HMAC_SECRET: hubSecret, WEBHOOK_SECRET: webhookSecret, RGS_WEBHOOK_URL: `${simulators.rgs}/webhooks`,
      ...atOperator, ...env}});
    return new Hub(server);
  }

  /** @private */
  constructor(server) {
    this.server = server;
    this.partner = new Partner(server.url, {secret: hubSecret});
  }

  async stop() {
    this.partner.close();
    await this.server.stop();
  }

  /** The transaction of a key, once it has ended. */
  ended(key, timeoutMs = 40_000) {
    return eventually(`${key} ends`, async () => {
      const {data: [found]} = bodyOf(await this.partner.transactions(`?idempotencyKey=${key}`), 200);
      return found?.status !== 'PENDING' && found;
    }, timeoutMs);
  }
}
