// Validates exchanges against the server's OpenAPI 3.1 document.
import assert from 'node:assert/strict';

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import {exchange} from './client.mjs';

/** By the document's text: servers of one binary share it, and so what was compiled from it. */
const contracts = new Map();
/** By URL. @type {Map<string, Promise<Contract>>} */
const byUrl = new Map();

/** @return {Promise<Contract>} */
export function contractOf(url) {
  if (!byUrl.has(url)) byUrl.set(url, load(url));
  return byUrl.get(url);
}

async function load(url) {
  const answer = await exchange(`${url}/openapi.json`);
  assert.equal(answer.status, 200, '/openapi.json answers');
  const text = answer.bytes.toString();
  if (!contracts.has(text)) contracts.set(text, new Contract(JSON.parse(text)));
  return contracts.get(text);
}

const documentId = 'https://florin.invalid/openapi.json';
/** What has no operation yet when it is refused. */
const ofConnections = ['malformed_request', 'request_timeout', 'headers_too_large'];
const methods = ['get', 'post', 'put', 'patch', 'delete'];
const pointerTo = (...names) =>
    names.map((name) => '/' + encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('');

export class Contract {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({strict: false, allErrors: true, validateFormats: true});
    addFormats.default(this.ajv);
    this.ajv.addSchema({...document, $id: documentId}, undefined, undefined, false);
    this.validators = new Map();
    this.paths = Object.keys(document.paths).map((template) => ({
      template,
      literals: template.split('/').filter((part) => !part.startsWith('{')).length,
      pattern: new RegExp('^' + template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+') + '$'),
    })).sort((a, b) => b.literals - a.literals);
  }

  /** Every operation as {method, template, operation}. */
  operations() {
    return Object.entries(this.document.paths).flatMap(([template, item]) =>
        methods.filter((method) => item[method])
            .map((method) => ({method: method.toUpperCase(), template, operation: item[method]})));
  }

  /** The operation that a request means, where the document has one. */
  find(method, pathname) {
    const name = (method === 'HEAD' ? 'GET' : method).toLowerCase();
    const path = this.paths.find(({template, pattern}) =>
        pattern.test(pathname) && this.document.paths[template][name]);
    return path && {template: path.template, name, operation: this.document.paths[path.template][name]};
  }

  /** Fails where an exchange departs from the document. Requests are held to it when they succeed. */
  check({method, target, headers, text, answer}) {
    const {pathname, searchParams} = new URL(target, 'http://any');
    const found = this.find(method, pathname);
    if (!found) {
      assert.ok([400, 404, 405].includes(answer.status), `${method} ${pathname} answers but is not documented`);
      return;
    }
    if (answer.status < 300) this.#checkRequest(found, searchParams, headers, text);
    this.#checkAnswer(found, method, answer);
  }

  #checkRequest({template, name, operation}, searchParams, headers, text) {
    const where = `${name} ${template}`;
    const known = this.#parametersOf(template, operation);
    const takesAny = operation.security?.length === 0;  // Probes and pages.
    for (const each of takesAny ? [] : searchParams.keys()) {
      assert.ok(known.has(`query ${each.replace(/\[.+\]$/, '')}`), `${where}: query parameter ${each} is documented`);
    }
    if (headers['idempotency-key'] !== undefined) {
      assert.ok(known.has('header idempotency-key'), `${where}: Idempotency-Key is documented`);
    }
    if (text === undefined || text.length === 0) return;
    if (operation.requestBody === undefined) {
      assert.deepEqual(JSON.parse(text), {}, `${where}: takes a body that is not documented`);
      return;
    }
    const [pointer] = this.#follow(pointerTo('paths', template, name, 'requestBody'));
    this.#validate(`${pointer}${pointerTo('content', 'application/json', 'schema')}`, JSON.parse(text),
                   `the request of ${where}`);
  }

  #checkAnswer({template, name, operation}, method, answer) {
    const where = `${name} ${template}`;
    const status = [String(answer.status), `${String(answer.status)[0]}XX`, 'default']
        .find((each) => operation.responses[each]);
    assert.ok(status, `${where}: status ${answer.status} is documented; it came with ${answer.bytes}`);
    const [pointer, response] = this.#follow(pointerTo('paths', template, name, 'responses', status));
    if (answer.bytes.length === 0 || method === 'HEAD') return;
    const code = answer.status >= 400 ? answer.json?.code : undefined;
    if (code !== undefined && !ofConnections.includes(code)) {
      assert.ok(response['x-codes']?.includes(code),
                `${where}: ${code} is one of its codes for ${answer.status}: ${response['x-codes']}`);
    }
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    assert.ok(response.content?.[type], `${where}: ${answer.status} with ${type} is documented`);
    if (answer.json === undefined || !response.content[type].schema) return;
    this.#validate(`${pointer}${pointerTo('content', type, 'schema')}`, answer.json,
                   `the ${answer.status} of ${where}`);
  }

  #parametersOf(template, operation) {
    const listed = [...(this.document.paths[template].parameters ?? []), ...(operation.parameters ?? [])];
    return new Set(listed.map((each) => this.#resolve(each)).map((each) =>
        `${each.in} ${each.in === 'header' ? each.name.toLowerCase() : each.name}`));
  }

  #resolve(value) {
    return value.$ref ? this.#resolve(this.#at(value.$ref.slice(1))) : value;
  }

  /** The place and the value at a pointer, after its $ref when it is one. */
  #follow(pointer) {
    const value = this.#at(pointer);
    return value.$ref ? this.#follow(value.$ref.slice(1)) : [pointer, value];
  }

  #at(pointer) {
    return pointer.split('/').slice(1)
        .map((name) => decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~'))
        .reduce((value, name) => value[name], this.document);
  }

  #validate(pointer, value, what) {
    if (!this.validators.has(pointer)) {
      this.validators.set(pointer, this.ajv.compile({$ref: `${documentId}#${pointer}`}));
    }
    const validator = this.validators.get(pointer);
    assert.ok(validator(value), `${what} is as the document says: ${this.ajv.errorsText(validator.errors)}\n` +
                                JSON.stringify(value));
  }
}
