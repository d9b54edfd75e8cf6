// A game server's side of the wallet API: signed calls.
import {createHmac} from 'node:crypto';

import {unique} from './books.mjs';
import {Client} from './client.mjs';

export class Partner {
  /**
   * @param {string} url
   * @param {{secret: string, code?: string}} identity `code`: absent, X-Partner-Id is left out.
   */
  constructor(url, {secret, code}) {
    this.client = new Client(url, null);
    this.secret = secret;
    this.code = code;
  }

  close() { this.client.close(); }

  /** The headers of a signed call; `at` is in Unix seconds. */
  sign(text, at = Math.floor(Date.now() / 1000)) {
    const signature = createHmac('sha256', this.secret).update(text + at).digest('hex');
    return {'x-timestamp': String(at), 'x-signature': signature,
            ...this.code && {'x-partner-id': this.code}};
  }

  /**
   * @param {'debit'|'credit'|'rollback'|'balance'} what
   * @param {object} body
   * @param {{key?: string|null, headers?: object, at?: number}} [options] `key`: null sends none.
   */
  call(what, body, {key = unique(what), headers = {}, at} = {}) {
    const text = JSON.stringify(body);
    return this.client.post(`/wallet/${what}`, text,
                            {key: key ?? undefined, headers: {...this.sign(text, at), ...headers}});
  }

  debit(playerId, amountCents, refId, options) {
    return this.call('debit', {playerId, amountCents, currency: 'EUR', refId}, options);
  }
  credit(playerId, amountCents, refId, options) {
    return this.call('credit', {playerId, amountCents, currency: 'EUR', refId}, options);
  }
  rollback(playerId, refId, options) { return this.call('rollback', {playerId, refId}, options); }
  balance(playerId) { return this.call('balance', {playerId, currency: 'EUR'}, {key: null}); }

  transactions(query = '') {
    return this.client.get(`/wallet/transactions${query}`, {headers: this.sign('')});
  }
}
