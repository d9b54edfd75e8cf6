// An HTTP client that checks every exchange against the server's own OpenAPI document, and every
// refusal against RFC 9457 and docs/errors.md.
import assert from 'node:assert/strict';
import {Agent, request} from 'node:http';

import {contractOf} from './contract.mjs';
import {checkProblem} from './problem.mjs';

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {Buffer} bytes The body as it came.
 * @property {any} json The body as a value; undefined when it is no JSON.
 */

/**
 * One exchange, unchecked.
 * @param {string} url
 * @param {{method?: string, headers?: object, body?: string|Buffer, agent?: Agent, signal?: AbortSignal}} options
 * @return {Promise<Answer>}
 */
export function exchange(url, {method = 'GET', headers = {}, body, agent, signal} = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, {method, headers, agent, signal}, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({status: response.statusCode, headers: response.headers, bytes,
                 json: parseIfJson(response.headers['content-type'], bytes)});
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function parseIfJson(contentType, bytes) {
  return /json/.test(contentType ?? '') && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined;
}

export class Client {
  /**
   * @param {string} url Where the server listens.
   * @param {string|null} secret The API key; null sends none.
   * @param {{maxSockets?: number}} [options]
   */
  constructor(url, secret, {maxSockets = 128} = {}) {
    this.url = url;
    this.secret = secret;
    this.agent = new Agent({keepAlive: true, maxSockets});
  }

  /** The same server with another key. */
  as(secret) { return new Client(this.url, secret); }

  close() { this.agent.destroy(); }

  /**
   * @param {string} method
   * @param {string} target Path and query.
   * @param {any} [body] A value that becomes JSON, or text that is sent as it is.
   * @param {{key?: string, headers?: Record<string, string>, signal?: AbortSignal}} [options]
   *     `key`: the Idempotency-Key.
   * @return {Promise<Answer>}
   */
  async send(method, target, body, {key, headers = {}, signal} = {}) {
    const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ?
        body : JSON.stringify(body);
    const all = {...headers};
    if (this.secret !== null) all.authorization ??= `Bearer ${this.secret}`;
    if (text !== undefined) all['content-type'] ??= 'application/json';
    if (key !== undefined) all['idempotency-key'] = key;
    const answer = await exchange(this.url + target,
                                  {method, headers: all, body: text, agent: this.agent, signal});
    await this.#check(method, target, text, all, answer);
    return answer;
  }

  get(target, options) { return this.send('GET', target, undefined, options); }
  post(target, body = {}, options = {}) { return this.send('POST', target, body, options); }
  patch(target, body, options = {}) { return this.send('PATCH', target, body, options); }

  /** Every item of a list, page by page, newest first. */
  async all(target, limit = 200) {
    const items = [];
    let cursor = '';
    do {
      const page = bodyOf(await this.get(
          `${target}${target.includes('?') ? '&' : '?'}limit=${limit}${cursor && `&cursor=${cursor}`}`), 200);
      items.push(...page.data);
      assert.equal(typeof page.has_more, 'boolean');
      if (!page.has_more) return items;
      assert.ok(page.data.length > 0, 'a page that says has_more is not empty');
      cursor = encodeURIComponent(page.next_cursor);
    } while (true);
  }

  async #check(method, target, text, headers, answer) {
    assert.ok(answer.headers['x-request-id'], 'every answer names its request');
    if (answer.status >= 400) checkProblem(answer);
    (await contractOf(this.url)).check({method, target, headers, text, answer});
  }
}

/** The body of an answer that must have this status. */
export function bodyOf(answer, status) {
  assert.equal(answer.status, status, `expected ${status}, got ${answer.status}: ${answer.bytes}`);
  return answer.json;
}

/** The problem document of an answer that must be this refusal. */
export function problemOf(answer, status, code) {
  assert.equal(`${answer.status} ${answer.json?.code}`, `${status} ${code}`, answer.bytes.toString());
  return answer.json;
}

/** That a refusal names these fields (by JSON pointer), each with its rule; and no others. */
export function assertFields(problem, fields) {
  const named = Object.fromEntries((problem.errors ?? []).map(({pointer, rule}) => [pointer, rule]));
  assert.deepEqual(named, fields);
}
