// No secret stands in clear in the database, its log, a backup or an export; "shown once" is what docs/hub.md says.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf} from './lib/client.mjs';
import {contractOf} from './lib/contract.mjs';
import {florinOk, makeFolder} from './lib/server.mjs';

const given = (what) => `given-${what}-${unique('0123456789abcdef')}`;

/** Whether a schema, followed through references, has a member that is a secret. */
function showsSecret(document, schema, seen = new Set()) {
  if (!schema || typeof schema !== 'object' || seen.has(schema)) return false;
  seen.add(schema);
  if (schema.$ref) {
    const found = schema.$ref.split('/').slice(1).reduce((value, name) => value[name], document);
    return showsSecret(document, found, seen);
  }
  const names = Object.entries(schema.properties ?? {}).filter(([, value]) => !value.writeOnly).map(([name]) => name);
  return names.some((name) => /^(secret|token|password|api_key|private_key.*)$/.test(name)) ||
      Object.values(schema).some((value) => showsSecret(document, value, seen));
}

function filesIn(folder) {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile() && entry.name !== 'secret.key')
      .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

describe('secrets', () => {
  /** @type {Books} */
  let books;
  before(async () => books = await Books.open({env: {FLORIN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1'}}));
  after(() => books.close());

  /** What each route that shows a secret, or is given one, was told; by its operation. */
  const calls = {
    'POST /v1/partners': async (key) => {
      const own = given('calls');
      const made = bodyOf(await books.api.post('/v1/partners', {code: unique('made')}, {key}), 201);
      bodyOf(await books.api.post('/v1/partners', {code: unique('given'), secret: own}, {key: unique('k')}), 201);
      return [made.secret, own];
    },
    'POST /v1/partners/{id}/rotate-secret': async (key) => {
      const code = unique('rotated');
      const made = bodyOf(await books.api.post('/v1/partners', {code}, {key: unique('k')}), 201);
      const rotated = bodyOf(await books.api.post(`/v1/partners/${code}/rotate-secret`, {}, {key}), 201);
      assert.notEqual(rotated.secret, made.secret);
      return [made.secret, rotated.secret];
    },
    'GET /v1/webhook-endpoints/{id}/secrets': async (key) => {
      const own = given('webhook');
      const made = bodyOf(await books.api.post('/v1/webhook-endpoints',
                                               {url: 'http://127.0.0.1:9/hooks', secret: own}, {key}), 201);
      await books.api.post(`/v1/webhook-endpoints/${made.id}/rotate-secret`, {}, {key: unique('k')});
      const secrets = bodyOf(await books.api.get(`/v1/webhook-endpoints/${made.id}/secrets`), 200);
      return [own, ...secrets.data.map(({secret}) => secret).filter(Boolean)];
    },
    'POST /v1/webhook-endpoints/{id}/rotate-secret': async () => [],  // With the route above.
  };

  it('are known by route: every one that the contract lets show a secret is asked below', async () => {
    const contract = await contractOf(books.server.url);
    const showing = contract.operations().filter(({operation}) =>
        Object.values(operation.responses).some((response) =>
            showsSecret(contract.document, response.content?.['application/json']?.schema)));
    const names = showing.map(({method, template}) => `${method} ${template}`);
    assert.ok(names.includes('POST /v1/partners'));
    assert.deepEqual(names.filter((name) => !calls[name]), []);
  });

  it('stand in clear in no file of the data folder, no backup and no export', async () => {
    const secrets = [books.secret];
    for (const call of Object.values(calls)) secrets.push(...await call(unique('once')));
    const key = JSON.parse(await florinOk(['keys', 'create', '--data', books.dataDir, '--name', 'x', '--json']));
    secrets.push(key.secret);
    assert.ok(secrets.length >= 7 && secrets.every((secret) => secret?.length >= 16), secrets.join(' '));

    const folder = makeFolder();
    await florinOk(['export', '--data', books.dataDir, '--out', path.join(folder, 'export.jsonl')]);
    await florinOk(['backup', '--data', books.dataDir, '--out', path.join(folder, 'backup')]);
    for (const file of [...filesIn(books.dataDir), ...filesIn(folder)]) {
      const text = readFileSync(file).toString('latin1');
      for (const secret of secrets) assert.ok(!text.includes(secret), `${file} holds a secret in clear`);
    }
  });

  it('are shown again to a retry with the same key', async () => {
    const [code, key] = [unique('again'), unique('once')];
    const first = await books.api.post('/v1/partners', {code}, {key});
    const again = await books.api.post('/v1/partners', {code}, {key});
    assert.equal(bodyOf(first, 201).secret.slice(0, 4), 'hub_');
    assert.equal(again.headers['idempotent-replayed'], 'true');
    assert.deepEqual(again.bytes, first.bytes);
    await books.restart();
    assert.deepEqual((await books.api.post('/v1/partners', {code}, {key})).bytes, first.bytes);
  });
});
