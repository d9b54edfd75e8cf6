// Stands between a node and PostgreSQL: TCP on one side, the server's unix socket on the other. It closes connections,
// holds them silently, or breaks them around a COMMIT.
import {connect, createServer} from 'node:net';

/** In the protocol of PostgreSQL: the answer "CommandComplete: COMMIT", whichever message asked for it. */
const committed = Buffer.from('COMMIT\0');
/** What asks for it: the text itself, or the statement that was once prepared from it under a name. */
const asksForCommit = (pair, chunk) => {
  const text = chunk.toString('latin1');
  const prepared = /P[^]{4}(\w+)\0COMMIT\0/.exec(text);
  if (prepared) pair.commitName = prepared[1];
  return /Q[^]{4}COMMIT\0/.test(text) || Boolean(pair.commitName && text.includes(`\0${pair.commitName}\0`));
};

export class Proxy {
  /** @param {string} socketPath */
  static async start(socketPath) {
    const proxy = new Proxy(socketPath);
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** @private */
  constructor(socketPath) {
    this.pairs = new Set();
    this.isSilent = false;
    /** @type {null|{before: boolean, spring: (pair: object) => void}} */
    this.trap = null;
    this.server = createServer((client) => this.#join(client, connect(socketPath)));
  }

  /** The URL of the same database by way of this proxy. */
  urlOf(url) {
    const {port} = this.server.address();
    const options = new URL(url.replace('@/', '@any/')).searchParams.get('options');
    return `postgres://florin@127.0.0.1:${port}/florin?sslmode=disable&gssencmode=disable&` +
           `options=${encodeURIComponent(options)}`;
  }

  #join(client, database) {
    const pair = {client, database};
    this.pairs.add(pair);
    for (const [from, to] of [[client, database], [database, client]]) {
      from.on('data', (chunk) => this.#pass(pair, from === client, chunk, to));
      from.on('error', () => {});
      from.on('close', () => { to.destroy(); this.pairs.delete(pair); });
    }
    if (this.isSilent) this.#hold(pair);
  }

  #pass(pair, isAsked, chunk, to) {
    const {trap} = this;
    const isCommit = isAsked ? asksForCommit(pair, chunk) : chunk.includes(committed);
    if (trap && isCommit && isAsked === trap.before) {
      this.trap = null;
      trap.spring(pair);  // With what it carried.
      return;
    }
    to.write(chunk);
  }

  #hold({client, database}) {
    client.pause();
    database.pause();
  }

  #destroy({client, database}) {
    client.destroy();
    database.destroy();
  }

  /** Closes every connection: whoever waits for an answer hears of it. */
  cut() {
    for (const pair of this.pairs) this.#destroy(pair);
  }

  /** From the next COMMIT on nothing is passed on, and nobody is told: a writer has its turn and cannot end it. */
  fallSilent() {
    return new Promise((resolve) => this.trap = {before: true, spring: () => {
      this.isSilent = true;
      for (const pair of this.pairs) this.#hold(pair);
      resolve(Date.now());
    }});
  }

  /** New connections work again. Old ones stay silent for ever when their state was lost on the way. */
  speak({forgetOld = false} = {}) {
    this.isSilent = false;
    for (const pair of this.pairs) {
      if (forgetOld) continue;
      pair.client.resume();
      pair.database.resume();
    }
  }

  /** Breaks the next connection that commits, before the server hears of it or once it has answered. */
  breakNextCommit(moment) {
    return new Promise((resolve) => this.trap = {before: moment === 'before', spring: (pair) => {
      this.#destroy(pair);
      resolve(Date.now());
    }});
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
