// What a page does: it signs in with an API key, keeps the cookie and the CSRF token, and forgets the key.
import {bodyOf, Client} from './client.mjs';

export class Browser {
  /** @param {Record<string, string>} [headers] Of the request that signs in. */
  static async signIn(url, secret, headers = {}) {
    const client = new Client(url, secret);
    const answer = await client.post('/v1/sessions', undefined, {headers});
    client.close();
    return new Browser(url, bodyOf(answer, 201), answer.headers['set-cookie'][0]);
  }

  /** @private */
  constructor(url, session, setCookie) {
    Object.assign(this, {session, setCookie});
    this.token = /^florin_session=([^;]+)/.exec(setCookie)[1];
    this.client = new Client(url, null);
  }

  /** The same browser, sent to another node. */
  at(url) { return new Browser(url, this.session, this.setCookie); }

  /** `csrf`: another token than the session's; null sends none. */
  async send(method, target, body, {headers = {}, csrf = this.session.csrf_token} = {}) {
    const all = {cookie: `theme=dark; florin_session=${this.token}`, ...headers};
    if (csrf !== null) all['x-csrf-token'] = csrf;
    const answer = await this.client.send(method, target, body, {headers: all});
    this.client.close();  // A test that fails leaves no connection open.
    return answer;
  }

  get(target) { return this.send('GET', target); }
  post(target, body) { return this.send('POST', target, body); }
  signOut() { return this.send('DELETE', '/v1/sessions/current'); }
}
