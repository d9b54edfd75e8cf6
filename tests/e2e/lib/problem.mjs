// What every refusal looks like: RFC 9457, with a code that is documented.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';

import {repository} from './server.mjs';

const errorsPage = path.join(repository, 'docs/errors.md');
const documented = existsSync(errorsPage) ?
    new Set(readFileSync(errorsPage, 'utf8').match(/`[a-z0-9_]+`/g)?.map((code) => code.slice(1, -1))) : null;

/** Whether docs/errors.md names the code; while there is no such page, every code passes. */
export function isDocumented(code) { return documented === null || documented.has(code); }

const members = {type: 'string', title: 'string', status: 'number', detail: 'string', code: 'string',
                 request_id: 'string'};

/** @param {import('./client.mjs').Answer} answer */
export function checkProblem({status, headers, json, bytes}) {
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/, bytes.toString());
  for (const [name, type] of Object.entries(members)) {
    assert.equal(typeof json[name], type, `${name} of a problem: ${bytes}`);
  }
  assert.equal(json.status, status);
  assert.notEqual(json.detail, '');
  assert.match(json.code, /^[a-z][a-z0-9_]*$/);
  assert.ok(isDocumented(json.code), `${json.code} stands in docs/errors.md`);
  // The original of a replayed refusal had a request id of its own.
  if (headers['idempotent-replayed'] !== 'true') assert.equal(json.request_id, headers['x-request-id']);
  if (status === 429 || json.code === 'request_in_progress') {
    assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/, 'a refusal for now says when to come back');
  }
  for (const error of json.errors ?? []) checkFieldError(error);
}

function checkFieldError(error) {
  assert.match(error.pointer, /^(#\/|\/|$)/, 'a JSON pointer');
  assert.match(error.rule, /^[a-z][a-z0-9_]*$/);
  assert.equal(typeof error.detail, 'string');
  assert.ok(isDocumented(error.rule), `rule ${error.rule} stands in docs/errors.md`);
}
