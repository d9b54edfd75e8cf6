// The command line, authentication, and the sandbox.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {networkInterfaces} from 'node:os';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {assertFields, bodyOf, Client, exchange, problemOf} from './lib/client.mjs';
import {Partner} from './lib/partner.mjs';
import {createKey, eventually, florin, florinOk, makeFolder, Server} from './lib/server.mjs';

const docsRequire = createRequire(new URL('../../web/docs/build.mjs', import.meta.url));

describe('florin', () => {
  it('explains itself and refuses what it does not know', async () => {
    const help = await florinOk(['--help']);
    for (const command of ['serve', 'migrate', 'config', 'openapi', 'doctor', 'verify', 'export', 'import', 'keys', 'tenants', 'partners', 'reconcile',
                           'sandbox']) {
      assert.match(help, new RegExp(`\\b${command}\\b`));
    }
    assert.match(await florinOk(['--version']), /^florin \d+\.\d+\.\d+/);
    for (const args of [[], ['nonsense'], ['serve', '--nonsense']]) assert.equal((await florin(args)).code, 2, args.join(' '));
  });

  it('refuses a partner whose code no header could carry', async () => {
    const dataDir = makeFolder();
    for (const code of ['Bad Code', 'ümlaut', 'x'.repeat(65)]) {
      const result = await florin(['partners', 'create', code, '--data', dataDir]);
      assert.equal(result.code, 2, code);
      assert.match(result.stderr, /a-z, 0-9, - and _ \(validation_failed\)/);
    }
  });

  it('refuses an IPv6 address to listen on that has no brackets', async () => {
    const result = await florin(['serve', '--listen', '::1:0', '--data', makeFolder()]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /must have an IPv6 address in brackets: \[::1\]:0/);
  });

  const hasIpv6 = Object.values(networkInterfaces()).flat().some(({address}) => address === '::1');
  it('listens on an IPv6 address and says where', {skip: !hasIpv6 && 'this machine has no IPv6'}, async () => {
    const server = await Server.start(makeFolder(), {listen: '[::1]:0'});
    after(() => server.stop());
    assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
    assert.equal((await exchange(`${server.url}/health`)).status, 200);
  });

  it('refuses numbers out of bounds, and a partner that takes no money', async () => {
    for (const args of [['keys', 'create', '--rate-limit', '-1'], ['partners', 'rotate-secret', 'p', '--overlap', '-5'],
                        ['partners', 'rotate-secret', 'p', '--overlap', '2592001'],
                        ['partners', 'create', 'p', '--currencies', ',']]) {
      const result = await florin([...args, '--data', makeFolder()]);
      assert.equal(result.code, 2, args.join(' '));
      assert.match(result.stderr, new RegExp(args.at(-2)), args.join(' '));
    }
  });

  it('takes empty variables as not set', async () => {
    const env = {FLORIN_CONFIG: '', DB_HOST: '', REDIS_HOST: '', OPERATOR_BASE_URL: '', HMAC_SECRET: '', FLORIN_LISTEN: ''};
    assert.equal((await florin(['migrate', '--data', makeFolder()], {env})).code, 0);
  });

  it('says when an export cannot be written', async () => {
    const dataDir = makeFolder();
    await florinOk(['migrate', '--data', dataDir]);
    const result = await florin(['export', '--data', dataDir, '--out', '/no/such/folder/export.jsonl']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /\(export_failed\)/);
  });

  it('prints the effective settings and where each comes from', async () => {
    const file = path.join(makeFolder(), 'florin.toml');
    writeFileSync(file, '[http]\nio_threads = 3\n');
    const text = await florinOk(['config', '--config', file, '--data', '/elsewhere', '--db', 'postgres://u:geheim@h/d'],
                                {env: {FLORIN_LOG_LEVEL: 'warn'}});
    assert.match(text, /io_threads = 3 {2}# file/);
    assert.match(text, /dir = "\/elsewhere" {2}# flag/);
    assert.match(text, /level = "warn" {2}# environment/);
    assert.doesNotMatch(text, /geheim/);
  });

  it('names an unknown setting, its line, and the nearest known one', async () => {
    const file = path.join(makeFolder(), 'florin.toml');
    writeFileSync(file, '[http]\n\nio_treads = 3\n');
    const result = await florin(['config', '--config', file]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /line 3.*http\.io_treads.*did you mean http\.io_threads/s);
  });

  it('moves everything from one database to another', async () => {
    const books = await Books.open();
    const [ana, shop] = [await books.wallet(1000), await books.wallet()];
    const key = 'moved';
    const body = {postings: [{debit: ana.id, credit: shop.id, amount: 9, currency: 'KZT'}]};
    const first = await books.api.post('/v1/transfers', body, {key});
    bodyOf(await books.api.post('/v1/holds', body), 201);
    await books.close();
    const file = path.join(makeFolder(), 'all.jsonl');
    await florinOk(['export', '--data', books.dataDir, '--out', file]);
    const from = books.dataDir;
    books.dataDir = makeFolder();
    const keyOf = (folder) => path.join(folder, 'secret.key');
    const without = makeFolder();
    const keyless = await florinOk(['import', '--data', without, '--in', file]);
    assert.match(keyless, /a key that is not here.*copy secret\.key of the exported ledger to/s);
    assert.equal(existsSync(keyOf(without)), false, 'no other key is made');
    assert.equal((await florin(['verify', '--data', without])).code, 2);
    writeFileSync(keyOf(without), 'short');
    assert.match((await florin(['verify', '--data', without])).stdout, /holds no key: its first line must be the key, of at least 16/);
    copyFileSync(keyOf(from), keyOf(without));
    assert.match(await florinOk(['verify', '--data', without]), /books are in order/);
    copyFileSync(keyOf(from), keyOf(books.dataDir));
    assert.match(await florinOk(['import', '--data', books.dataDir, '--in', file]), /The books are in order/);
    await books.start();
    after(() => books.close());
    const again = await books.api.post('/v1/transfers', body, {key});
    bodyOf(again, 201);
    assert.deepEqual([again.headers['idempotent-replayed'], again.bytes], ['true', first.bytes]);

    const twice = await florin(['import', '--data', books.dataDir, '--in', file]);
    assert.deepEqual([twice.code, /import_refused/.test(twice.stderr)], [2, true]);
    const damaged = path.join(makeFolder(), 'damaged.jsonl');
    writeFileSync(damaged, readFileSync(file, 'utf8').split('\n').toSpliced?.(5, 1).join('\n') ?? 'x');
    const refused = await florin(['import', '--data', makeFolder(), '--in', damaged]);
    assert.deepEqual([refused.code, /import_refused/.test(refused.stderr)], [2, true]);
  });

  it('examines what it depends on', async () => {
    const folder = makeFolder();
    const missing = await florin(['doctor', '--data', folder]);
    assert.equal(missing.code, 1);
    assert.match(missing.stdout, /florin serve/);
    await florinOk(['migrate', '--data', folder]);
    assert.match(await florinOk(['doctor', '--data', folder]), /All is well/);
  });
});

describe('an API key', () => {
  it('must be there, known, allowed, unexpired and not revoked', async () => {
    const books = await Books.open();
    after(() => books.close());
    const ask = (secret) => books.api.as(secret).get('/v1/accounts');
    problemOf(await ask(null), 401, 'unauthenticated');
    problemOf(await ask('nonsense'), 401, 'unauthenticated');
    problemOf(await ask(`fl_live_${'x'.repeat(32)}`), 401, 'unauthenticated');
    const events = await createKey(books.dataDir, {permissions: 'events:read'});
    problemOf(await ask(events.secret), 403, 'permission_denied');
    const short = await createKey(books.dataDir, {more: ['--expires-at', new Date(Date.now() + 1500).toISOString()]});
    bodyOf(await ask(short.secret), 200);
    const revoked = await createKey(books.dataDir);
    bodyOf(await ask(revoked.secret), 200);
    await florinOk(['keys', 'revoke', revoked.id, '--data', books.dataDir]);
    await eventually('the key is revoked', async () => (await ask(revoked.secret)).json?.code === 'key_revoked');
    await eventually('the key has expired', async () => (await ask(short.secret)).json?.code === 'key_expired');
    assert.match(await florinOk(['keys', 'list', '--data', books.dataDir]), /revoked/);
  });

  it('is held to its rate, and told so', async () => {
    const books = await Books.open();
    after(() => books.close());
    const limited = await books.clientWith({rateLimit: 5});
    const answers = [];
    for (let i = 0; i < 12; ++i) answers.push(await limited.get('/v1/currencies'));
    const refused = answers.filter(({status}) => status === 429);
    assert.ok(refused.length >= 1 && answers[0].status === 200);
    problemOf(refused[0], 429, 'rate_limited');
    assert.equal(answers[0].headers['ratelimit-limit'], '5');
    assert.equal(answers[0].headers['ratelimit-remaining'], '4');
  });
});

describe('the sandbox', () => {
  it('has a tenant with a key, accounts, and transfers that go on', async () => {
    const folder = makeFolder();
    let server = await Server.start(folder, {args: ['--sandbox']});
    after(() => server.stop());
    const file = path.join(folder, 'demo.json');
    const demo = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(server.output, new RegExp(demo.api_key));
    const api = new Client(server.url, demo.api_key);
    assert.ok((await api.all('/v1/accounts')).length >= 10);
    const count = async () => (await api.all('/v1/transfers')).length;
    const before = await count();
    await eventually('a demo transfer', async () => await count() > before);
    api.close();
    await server.stop();
    server = await Server.start(folder, {args: ['--sandbox']});
    bodyOf(await new Client(server.url, demo.api_key).get('/v1/accounts'), 200);
  });
});

describe('a sandbox that others can reach', () => {
  it('is refused without --public, as is a database with secrets that everybody knows', async () => {
    const folder = makeFolder();
    const refused = await florin(['serve', '--sandbox', '--listen', '0.0.0.0:0', '--data', folder]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /http\.listen must be a loopback address.*--public/s);
    const server = await Server.start(folder, {args: ['--sandbox']});
    await server.stop();
    const advised = new Set();
    while (advised.size < 2) {
      const left = await florin(['serve', '--listen', '0.0.0.0:0', '--data', folder]);
      assert.equal(left.code, 2);
      const [, command] = /first run: florin (.*) \(invalid_configuration\)/.exec(left.stderr);
      assert.ok(!advised.has(command), `${command} did not help`);
      advised.add(command);
      await florinOk([...command.split(' '), '--data', folder]);
    }
    assert.deepEqual([...advised].map((each) => each.split(' ')[2]).sort(), ['default', 'operator-demo']);
  });

  it('leaves no published secret with a partner of any tenant', async () => {
    const books = await Books.open();
    bodyOf(await books.api.post('/v1/partners', {code: 'known', secret: 'sandbox-hub-secret'}), 201);
    await books.close();
    const serve = ['serve', '--listen', '0.0.0.0:0', '--data', books.dataDir];
    const [, advice] = /the partner known has.*first run: florin (.*) \(invalid_configuration\)/.exec((await florin(serve)).stderr);
    await florinOk([...advice.split(' '), '--data', books.dataDir]);
  });

  it('has secrets of its own with --public', async () => {
    const server = await Server.start(makeFolder(), {args: ['--sandbox', '--public']});
    after(() => server.stop());
    await eventually('it shows its secrets', async () => /webhooks are signed with whsec_/.test(server.output));
    const credit = async (secret) => {
      const partner = new Partner(server.url, {secret});
      after(() => partner.close());
      return partner.credit('ana', 100, 'r-1');
    };
    problemOf(await credit('sandbox-hub-secret'), 401, 'invalid_signature');
    assert.equal((await credit(/partners sign with (\S+)/.exec(server.output)[1])).status, 201);
  });

  it('takes no published secret from the API, and shows an address to call', async () => {
    const folder = makeFolder();
    const server = await Server.start(folder, {args: ['--sandbox', '--public'], listen: '0.0.0.0:0'});
    after(() => server.stop());
    await eventually('it shows what to try', async () => /Try:\n/.test(server.output));
    const [, url] = /curl -s (http:\/\/127\.0\.0\.1:\d+)\/v1\/accounts/.exec(server.output);
    const api = new Client(url, JSON.parse(readFileSync(path.join(folder, 'demo.json'), 'utf8')).api_key);
    after(() => api.close());
    const refused = async (target, body, pointer, rule) =>
        assertFields(problemOf(await api.post(target, body), 400, 'validation_failed'), {[pointer]: rule});
    const operator = (secret) => ({code: 'other', wallet_mode: 'operator', operator: {base_url: 'https://example.com', secret}});
    await refused('/v1/partners', {code: 'other', secret: 'sandbox-hub-secret'}, '/secret', 'published');
    await refused('/v1/partners', operator('sandbox-operator-secret'), '/operator/secret', 'published');
    await refused('/v1/partners', operator('a'.repeat(32)), '/operator/secret', 'guessable');
    const hook = (secret) => ({url: 'https://93.184.215.14/hooks', secret});
    await refused('/v1/webhook-endpoints', hook('whsec_ZmxvcmluLXNhbmRib3gtd2ViaG9vay1zZWNyZXQtMDE='), '/secret', 'published');
    await refused('/v1/webhook-endpoints', hook('0123456789'.repeat(4)), '/secret', 'guessable');
  });

  it('cannot be public without being one', async () => {
    const result = await florin(['serve', '--public', '--data', makeFolder()]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /--sandbox/);
  });
});

describe('the API document', () => {
  it('is shown as a page that asks no other host', async () => {
    const books = await Books.open();
    after(() => books.close());
    const page = await books.api.get('/docs');
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.bytes.toString(), /https?:\/\//);
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    for (const [, asset] of page.bytes.toString().matchAll(/src="([^"]+)"/g)) {
      assert.equal((await books.api.get(asset)).status, 200, asset);
    }
  });

  it('is printed by a command that needs no server', async () => {
    const books = await Books.open();
    after(() => books.close());
    const served = bodyOf(await books.api.get('/openapi.json'), 200);
    assert.deepEqual(JSON.parse(await florinOk(['openapi'])), served);
  });

  it('is valid OpenAPI 3.1, as the linter of its page sees it', async () => {
    const {createConfig, lintFromString} = docsRequire('@redocly/openapi-core');
    const rules = Object.fromEntries(['struct', 'no-unresolved-refs', 'operation-operationId-unique', 'path-parameters-defined',
                                      'operation-parameters-unique', 'no-unused-components'].map((rule) => [rule, 'error']));
    const problems = await lintFromString({source: await florinOk(['openapi']), absoluteRef: '/openapi.json',
                                           config: await createConfig({rules})});
    assert.deepEqual(problems.map(({message, location}) => `${location[0].pointer}: ${message}`), []);
  });

  it('names routes that exist', async () => {
    const books = await Books.open();
    after(() => books.close());
    const document = bodyOf(await books.api.get('/openapi.json'), 200);
    for (const [template, item] of Object.entries(document.paths)) {
      for (const method of Object.keys(item)) {
        const answer = await books.api.send(method.toUpperCase(), template.replace(/\{service\}/, 'ledger')
            .replace(/\{asset\}/, 'redoc.js').replace(/\{id\}/, 'nothing'));
        assert.notEqual(answer.json?.code, 'route_not_found', `${method} ${template}`);
        assert.notEqual(answer.json?.code, 'method_not_allowed', `${method} ${template}`);
      }
    }
  });
});
