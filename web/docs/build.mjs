// node build.mjs docs/api openapi.json redoc.js: the two files that the server gives to the page.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {parse} from 'yaml';

const [folder, documentFile, scriptFile] = process.argv.slice(2);

const meaning = {
  400: 'The request breaks a rule of its form.',
  401: 'No credential, or not a valid one.',
  402: 'Not enough money.',
  403: 'The key lacks the permission, or the session its token.',
  404: 'Not found in this tenant.',
  409: 'The state forbids it, or the idempotency key is in use.',
  413: 'The body is too long.',
  415: 'The body is not application/json.',
  422: 'Refused by a rule, or the idempotency key was used for another request.',
  429: 'Too many requests.',
  503: 'It cannot be done now; retry with the same key.',
};

/** The status of every code, from the page that is made of the headers. */
const statuses = new Map([...readFileSync(path.join(folder, '../errors.md'), 'utf8')
    .matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code, status]) => [code, status]));

/** Whatever asks for a key, a session or a signature may be refused with these. */
const always = ['validation_failed', 'store_unavailable', 'store_conflict', 'overloaded', 'out_of_memory', 'shutting_down'];
const ofCredential = {
  api_key: ['unauthenticated', 'key_expired', 'key_revoked', 'session_expired', 'rate_limited'],
  session: ['unauthenticated', 'key_expired', 'key_revoked', 'session_expired', 'rate_limited'],
  partner_signature: ['invalid_signature', 'stale_timestamp', 'partner_rate_limited'],
};
const ofBodies = ['malformed_json'];
const ofChanges = ['body_too_large', 'unsupported_media_type'];
const ofSessionsChanges = ['csrf_token_invalid'];
const ofPermissions = ['permission_denied'];
const ofIdempotencyKeys = ['request_in_progress', 'idempotency_mismatch', 'store_full'];

/** What an operation may be refused with besides its own `x-refusals`: by credential, method, body and key. */
function commonRefusals(method, operation, parameters) {
  const credentials = (operation.security ?? [{api_key: []}]).flatMap(Object.keys);
  if (credentials.length === 0) return [];
  const isOfKey = !credentials.includes('partner_signature');
  const isChange = method !== 'get';
  return [
    ...always,
    ...credentials.flatMap((name) => ofCredential[name]),
    ...operation.security === undefined ? ofPermissions : [],
    ...isChange && isOfKey ? ofSessionsChanges : [],
    ...isChange ? ofChanges : [],
    ...operation.requestBody ? ofBodies : [],
    ...parameters.some((each) => each.name === 'Idempotency-Key') ? ofIdempotencyKeys : [],
  ];
}

/**
 * `x-refusals: [code, code]` stands for the problem documents of their statuses. What the rules add by themselves is
 * said nowhere else. `x-codes` of a response is the list for programs.
 */
function spellOutRefusals(document, where, method, operation) {
  const parameters = (operation.parameters ?? []).map(({$ref, ...own}) =>
      $ref ? document.components.parameters[$ref.split('/').at(-1)] : own);
  const common = commonRefusals(method, operation, parameters);
  const own = operation['x-refusals'] ?? [];
  delete operation['x-refusals'];
  for (const code of own) {
    if (!statuses.has(code)) throw new Error(`${where}: docs/errors.md has no ${code}; scripts/generate_docs writes it`);
    if (common.includes(code)) throw new Error(`${where}: ${code} is added by rule; leave it out of x-refusals`);
  }
  const all = [...own, ...common];
  for (const status of [...new Set(all.map((code) => statuses.get(code)))].sort()) {
    const codes = all.filter((code) => statuses.get(code) === status);
    operation.responses[status] = {
      description: `${meaning[status]} Codes: ${codes.join(', ')}.`,
      'x-codes': codes,
      content: {'application/problem+json': {schema: {$ref: '#/components/schemas/Problem'}}},
    };
  }
}

/** Adds the members of `from`; two files must not say the same thing twice. */
function addAll(into, from, what) {
  for (const [name, value] of Object.entries(from ?? {})) {
    if (name in into) throw new Error(`${what} ${name} stands in two files`);
    into[name] = value;
  }
}

/** openapi.yaml, and what the other files of the folder add to its tags, paths and components. */
function readDocument() {
  const read = (name) => parse(readFileSync(path.join(folder, name), 'utf8'), {merge: true});
  const document = read('openapi.yaml');
  for (const name of readdirSync(folder).sort()) {
    if (name === 'openapi.yaml' || !name.endsWith('.yaml')) continue;
    const part = read(name);
    document.tags.push(...part.tags ?? []);
    addAll(document.paths, part.paths, 'path');
    for (const kind of ['parameters', 'schemas', 'securitySchemes']) {
      addAll(document.components[kind], part.components?.[kind], kind);
    }
  }
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method !== 'parameters') spellOutRefusals(document, `${method} ${path}`, method, operation);
    }
  }
  return document;
}

writeFileSync(documentFile, JSON.stringify(readDocument()));

// Redoc shows its maker's logo from its maker's server; our page asks no other host.
const bundle = new URL('node_modules/redoc/bundles/redoc.standalone.js', import.meta.url);
const logo = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const script = readFileSync(bundle, 'utf8');
if (!script.includes(logo)) throw new Error(`${bundle.pathname} no longer names ${logo}: look where it gets its logo`);
writeFileSync(scriptFile, script.replaceAll(logo, 'data:,'));
