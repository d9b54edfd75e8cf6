// A tenant's books to test on: a server with a key, accounts under fresh codes, and money on them.
import assert from 'node:assert/strict';

import {bodyOf, Client} from './client.mjs';
import {createKey, florinOk, makeFolder, Server} from './server.mjs';

let counter = 0;
/** Text that no other call gives; for codes, references and keys. */
export function unique(prefix) { return `${prefix}-${process.pid}-${++counter}`; }

export class Books {
  /** A new server over an empty folder, and a key that may do everything. `db`: ['--db', URL] of another database. */
  static async open({db = [], ...options} = {}) {
    const dataDir = makeFolder();
    const key = await createKey(dataDir, {more: db});
    options.args = [...options.args ?? [], ...db];
    const books = new Books(dataDir, key.secret, options);
    await books.start();
    return books;
  }

  /** @private */
  constructor(dataDir, secret, options) {
    this.dataDir = dataDir;
    this.secret = secret;
    this.options = options;
    /** @type {Server} */
    this.server = null;
    /** @type {Client} */
    this.api = null;
    this.cash = new Map();
  }

  async start() {
    this.server = await Server.start(this.dataDir, this.options);
    this.api = new Client(this.server.url, this.secret);
  }

  /** A client of another tenant on the same server. */
  async otherTenant(name = unique('tenant')) {
    await florinOk(['tenants', 'create', name, '--data', this.dataDir]);
    return this.api.as((await createKey(this.dataDir, {tenant: name})).secret);
  }

  async clientWith(options) {
    return this.api.as((await createKey(this.dataDir, options)).secret);
  }

  async close() {
    this.api?.close();
    await this.server?.stop();
  }

  /** Kills the server as a power cut would, and starts it again over the same folder. */
  async crashAndRestart() {
    await this.server.kill();
    this.api.close();
    await this.start();
  }

  async restart() {
    assert.deepEqual(await this.server.stop(), {code: 0, signal: null});
    this.api.close();
    await this.start();
  }

  /** Opens an account; a liability in KZT unless told otherwise. Returns it. */
  async account(fields = {}) {
    return bodyOf(await this.api.post('/v1/accounts', {code: unique('acc'), type: 'liability',
                                                      currency: 'KZT', ...fields}), 201);
  }

  /** A wallet that cannot be overdrawn, with `balance` on it. */
  async wallet(balance = 0, fields = {}) {
    const wallet = await this.account({min_balance: 0, ...fields});
    if (balance > 0) await this.fund(wallet, balance);
    return wallet;
  }

  /** Brings money in from outside: from the bank's asset account to a liability account. */
  async fund(account, amount) {
    if (!this.cash.has(account.currency)) {
      this.cash.set(account.currency,
                    await this.account({type: 'asset', currency: account.currency, code: unique('cash')}));
    }
    return this.move(this.cash.get(account.currency), account, amount);
  }

  /** Posts one posting that must succeed. Returns the transfer. */
  async move(debit, credit, amount, more = {}) {
    return bodyOf(await this.tryMove(debit, credit, amount, more), 201);
  }

  tryMove(debit, credit, amount, more = {}, options = {}) {
    return this.api.post('/v1/transfers', {postings: [posting(debit, credit, amount)], ...more}, options);
  }

  async hold(debit, credit, amount, more = {}) {
    return bodyOf(await this.tryHold(debit, credit, amount, more), 201);
  }

  tryHold(debit, credit, amount, more = {}, options = {}) {
    return this.api.post('/v1/holds', {postings: [posting(debit, credit, amount)], ...more}, options);
  }

  async read(account) { return bodyOf(await this.api.get(`/v1/accounts/${account.id}`), 200); }

  async balanceOf(account) { return (await this.read(account)).balance; }

  /** balance, available and incoming of an account as it is now. */
  async figures(account) {
    const {balance, available, incoming} = await this.read(account);
    return {balance, available, incoming};
  }

  /** How many transfers the tenant has. */
  async transferCount() { return (await this.api.all('/v1/transfers')).length; }
}

/** A posting between two accounts of one currency, named by id. */
export function posting(debit, credit, amount) {
  return {debit: debit.id, credit: credit.id, amount, currency: debit.currency};
}
