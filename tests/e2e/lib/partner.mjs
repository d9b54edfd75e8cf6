// A game server's side of the wallet API: signed calls.
import {createHmac} from 'node:crypto';

import {unique} from './books.mjs';
import {Client} from './client.mjs';

export class Partner {
  /**
   * @param {string} url
   * @param {{secret: string, code?: string, scheme?: string}} identity `code`: absent, X-Partner-Id is left out.
   */
  constructor(url, {secret, code, scheme = 'body-timestamp'}) {
    this.client = new Client(url, null);
    this.secret = secret;
    this.code = code;
    this.scheme = scheme;
  }

  close() { this.client.close(); }

  /** The headers of a signed call; `at` is in Unix seconds, `what` is what scheme v2 signs besides. */
  sign(text, at = Math.floor(Date.now() / 1000), {method = 'POST', path = '', key = ''} = {}) {
    const hmac = (signed) => createHmac('sha256', this.secret).update(signed).digest('hex');
    const signature = this.scheme === 'v2' ?
        `v2=${hmac(['v2', at, method, path, key, text].join('\n'))}` : hmac(text + at);
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
    const signed = this.sign(text, at, {path: `/wallet/${what}`, key: key ?? ''});
    return this.client.post(`/wallet/${what}`, text,
                            {key: key ?? undefined, headers: {...signed, ...headers}});
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
    const path = `/wallet/transactions${query}`;
    return this.client.get(path, {headers: this.sign('', undefined, {method: 'GET', path})});
  }
}
