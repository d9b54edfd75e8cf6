// Writers that go on over a fault and remember what they were told: transfers that were acknowledged, and those of
// which nobody knows. Both are held against the books afterwards.
import assert from 'node:assert/strict';
import {Agent} from 'node:http';
import {after} from 'node:test';

import {bodyOf, exchange} from '../../e2e/lib/client.mjs';
import {eventually, florin, sleep} from '../../e2e/lib/server.mjs';

const answerTimeoutMs = 60_000;
// Clients that fail back off a little, and all together leave the machine room for what is tested.
const afterFailureMs = 20;
const betweenRequestsMs = 2;

let loads = 0;

export class Load {
  /**
   * @param {import('./stage.mjs').Stage} stage
   * @param {{writers?: number, nodes?: number[]}} [options] How many for each node, and which nodes.
   */
  static async begin(stage, {writers = 4, nodes = stage.nodes.map((_, i) => i)} = {}) {
    const load = new Load(stage);
    after(() => load.end());
    load.from = await stage.books.wallet(1_000_000);
    load.to = await stage.books.wallet();
    load.running = Promise.all(nodes.flatMap((node) =>
        Array.from({length: writers}, (_, writer) => load.#write(node, writer))));
    await load.isWriting(nodes);
    return load;
  }

  /** @private */
  constructor(stage) {
    Object.assign(this, {stage, isOver: false, prefix: `load${++loads}`});
    this.agent = new Agent({keepAlive: true, maxSockets: 128});
    /** @type {{key: string, id: string, node: number, begun: number, at: number}[]} */
    this.acknowledged = [];
    /** @type {{key: string, body: object}[]} */
    this.uncertain = [];
    this.refusals = [];
  }

  async #write(node, writer) {
    for (let i = 0; !this.isOver;) {
      const key = `${this.prefix}-n${node}-w${writer}-${i}`;
      const body = {postings: [{debit: this.from.id, credit: this.to.id, amount: 1, currency: 'KZT'}], reference: key};
      const sent = await this.#post(node, key, body);
      if (sent) ++i;  // The key of what never left is used again.
      await sleep(sent === 'acknowledged' ? betweenRequestsMs : afterFailureMs);
    }
  }

  async #post(node, key, body) {
    const begun = Date.now();
    try {
      const answer = await exchange(`${this.stage.nodes[node].url}/v1/transfers`, {
        method: 'POST', agent: this.agent, body: JSON.stringify(body), signal: AbortSignal.timeout(answerTimeoutMs),
        headers: {'authorization': `Bearer ${this.stage.books.secret}`, 'content-type': 'application/json',
                  'idempotency-key': key}});
      if (answer.status === 201) {
        this.acknowledged.push({key, id: answer.json.id, node, begun, at: Date.now()});
        return 'acknowledged';
      }
      if (answer.status !== 503) this.refusals.push(`${answer.status} ${answer.bytes}`);
    } catch (fault) {
      if (fault.code === 'ECONNREFUSED') return '';
    }
    this.uncertain.push({key, body});
    return 'uncertain';
  }

  /** How long it took from `time` until a request that began after it was acknowledged (by that node). */
  async recoveryAfter(time, node = null, timeoutMs = 60_000) {
    const seen = this.acknowledged.length;
    const found = await eventually('a write is acknowledged again', async () =>
      this.acknowledged.slice(Math.max(0, seen - 1_000))
          .find((each) => each.begun >= time && (node === null || each.node === node)), timeoutMs);
    return found.at - time;
  }

  /** Until each of these nodes has acknowledged some more. */
  async isWriting(nodes = this.stage.nodes.map((_, i) => i), count = 20) {
    const start = this.acknowledged.length;
    for (const node of nodes) {
      await eventually(`node ${node} acknowledges`, async () =>
        this.acknowledged.slice(start).filter((each) => each.node === node).length >= count, 60_000);
    }
  }

  /** The longest time in which nobody was told anything, since `time`. */
  longestSilenceSince(time) {
    const told = this.acknowledged.map(({at}) => at).filter((at) => at >= time);
    const moments = [time, ...told, Date.now()].sort((a, b) => a - b);
    return Math.max(0, ...moments.slice(1).map((at, i) => at - moments[i]));
  }

  async end() {
    this.isOver = true;
    await this.running;
    this.agent.destroy();
  }

  /** Ends, and holds the books to what was said: each acknowledged id once, each uncertain key once, sums, proofs. */
  async assertNothingLost() {
    await this.end();
    const {books} = this.stage;
    assert.deepEqual(this.refusals, [], 'no valid transfer is refused');
    const before = await this.#stored();
    for (const {key, id} of this.acknowledged) assert.deepEqual(before.get(key), [id], `${key} was acknowledged once`);
    for (const {key, body} of this.uncertain) {
      const answer = await books.api.post('/v1/transfers', body, {key});
      const {id} = bodyOf(answer, 201);
      if (before.has(key)) assert.equal(id, before.get(key)[0]);
    }
    const after = await this.#stored();
    const keys = new Set([...this.acknowledged, ...this.uncertain].map(({key}) => key));
    assert.equal(after.size, keys.size, 'what nobody sent is not there');
    for (const [key, ids] of after) assert.equal(ids.length, 1, `${key} happened once`);
    assert.equal((await books.figures(this.to)).balance, keys.size);
    const proof = await florin(['verify', '--data', books.dataDir]);
    assert.equal(proof.code, 0, proof.stdout + proof.stderr);
  }

  /** The ids of this load's transfers by their key. */
  async #stored() {
    const found = new Map();
    for (const {id, reference} of await this.stage.books.api.all('/v1/transfers')) {
      if (!reference?.startsWith(`${this.prefix}-`)) continue;
      found.set(reference, [...found.get(reference) ?? [], id]);
    }
    return found;
  }
}
