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

/** What the gate says of sessions wherever it says it of keys: said here once. */
function withRefusalsOfSessions(method, codes) {
  const more = [];
  if (codes.includes('key_revoked')) more.push('session_expired');
  if (codes.includes('permission_denied') && method !== 'get') more.push('csrf_token_invalid');
  return [...codes, ...more];
}

/** `x-refusals: {404: code, 409: [code, code]}` stands for the problem documents of those statuses. */
function spellOutRefusals([method, operation]) {
  for (const [status, codes] of Object.entries(operation['x-refusals'] ?? {})) {
    operation.responses[status] = {
      description: `${meaning[status]} Codes: ${withRefusalsOfSessions(method, [codes].flat()).join(', ')}.`,
      content: {'application/problem+json': {schema: {$ref: '#/components/schemas/Problem'}}},
    };
  }
  delete operation['x-refusals'];
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
  for (const item of Object.values(document.paths)) Object.entries(item).forEach(spellOutRefusals);
  return document;
}

writeFileSync(documentFile, JSON.stringify(readDocument()));

// Redoc shows its maker's logo from its maker's server; our page asks no other host.
const bundle = new URL('node_modules/redoc/bundles/redoc.standalone.js', import.meta.url);
const logo = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const script = readFileSync(bundle, 'utf8');
if (!script.includes(logo)) throw new Error(`${bundle.pathname} no longer names ${logo}: look where it gets its logo`);
writeFileSync(scriptFile, script.replaceAll(logo, 'data:,'));
