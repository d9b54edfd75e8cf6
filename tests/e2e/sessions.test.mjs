// A browser signs in with an API key and acts by its session: one node, whichever engine.
import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';

import {bodyOf, Client, problemOf} from './lib/client.mjs';
import {Browser} from './lib/browser.mjs';
import {createKey, eventually, florinOk, makeFolder, Server} from './lib/server.mjs';

const account = {code: 'wallet:session', type: 'liability', currency: 'KZT', min_balance: 0};

describe('sessions', () => {
  const folder = makeFolder();
  /** @type {Server} */ let server;
  let key;

  before(async () => {
    key = await createKey(folder, {permissions: 'ledger:read,ledger:write'});
    server = await Server.start(folder);
  });
  after(() => server.stop());

  it('stand for the key, with its tenant and its permissions', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    const {session} = browser;
    assert.equal(session.tenant.name, 'default');
    assert.equal(session.key.id, key.id);
    assert.deepEqual(session.key.permissions, ['ledger:read', 'ledger:write']);
    assert.ok(Date.parse(session.expires_at) - Date.parse(session.began_at) === 43_200_000);
    assert.match(browser.setCookie, /; Path=\/; HttpOnly; SameSite=Strict$/);

    const opened = bodyOf(await browser.post('/v1/accounts', account), 201);
    assert.equal(bodyOf(await browser.get(`/v1/accounts/${opened.id}`), 200).code, account.code);
    problemOf(await browser.get('/v1/events'), 403, 'permission_denied');
    assert.equal(bodyOf(await browser.get('/v1/sessions/current'), 200).csrf_token, session.csrf_token);
  });

  it('need their CSRF token for what changes something', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    const without = (method) => browser.send(method, '/v1/accounts', method === 'GET' ? undefined : account, {csrf: null});
    problemOf(await without('POST'), 403, 'csrf_token_invalid');
    problemOf(await browser.send('POST', '/v1/accounts', account, {csrf: 'x'.repeat(64)}), 403, 'csrf_token_invalid');
    problemOf(await browser.send('DELETE', '/v1/sessions/current', undefined, {csrf: null}), 403, 'csrf_token_invalid');
    bodyOf(await without('GET'), 200);
  });

  it('end by signing out, and are of no use afterwards', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    const answer = await browser.signOut();
    assert.equal(answer.status, 204);
    assert.match(String(answer.headers['set-cookie']), /^florin_session=; .*Max-Age=0$/);
    problemOf(await browser.get('/v1/accounts'), 401, 'session_expired');
    problemOf(await browser.get('/v1/sessions/current'), 401, 'session_expired');
  });

  it('end with their key', async () => {
    const brief = await createKey(folder);
    const browser = await Browser.signIn(server.url, brief.secret);
    bodyOf(await browser.get('/v1/accounts'), 200);
    await florinOk(['keys', 'revoke', brief.id, '--data', folder]);
    const refused = await eventually('the session ends', async () => {
      const answer = await browser.get('/v1/accounts');
      return answer.status === 401 && answer;
    });
    problemOf(refused, 401, 'key_revoked');
  });

  it('give way to a Bearer header, and begin with one alone', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    const both = {headers: {authorization: `Bearer ${key.secret}`}, csrf: null};
    problemOf(await browser.send('GET', '/v1/sessions/current', undefined, both), 404, 'session_not_found');
    const wrong = {headers: {authorization: 'Bearer fl_live_nonsense'}};
    problemOf(await browser.send('GET', '/v1/accounts', undefined, wrong), 401, 'unauthenticated');
    problemOf(await browser.post('/v1/sessions', undefined), 401, 'unauthenticated');
    const nobody = new Client(server.url, null);
    problemOf(await nobody.get('/v1/sessions/current'), 401, 'unauthenticated');
    nobody.close();
  });

  it('are told to travel by TLS alone where the request did', async () => {
    const browser = await Browser.signIn(server.url, key.secret, {'x-forwarded-proto': 'https'});
    assert.match(browser.setCookie, /; Secure$/);
  });

  it('leave a trace, and never their token', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    await browser.get('/v1/accounts');
    await browser.signOut();
    await eventually('the end is logged', async () => /session ended .*key_/.test(server.output));
    assert.match(server.output, /session began .*key_/);
    assert.ok(!server.output.includes(browser.token));
    assert.ok(!server.output.includes(browser.session.csrf_token));
    assert.ok(!server.output.includes(key.secret));
  });

  it('live in the memory of their node, where there is no Redis', async () => {
    const browser = await Browser.signIn(server.url, key.secret);
    await server.stop();
    server = await Server.start(folder);
    problemOf(await browser.at(server.url).get('/v1/accounts'), 401, 'session_expired');
  });
});

describe('short sessions', () => {
  const folder = makeFolder();
  /** @type {Server} */ let server;

  before(async () => {
    server = await Server.start(folder, {env: {FLORIN_SESSION_IDLE_SECONDS: '600', FLORIN_SESSION_ABSOLUTE_SECONDS: '1',
                                              FLORIN_SESSION_SECURE_COOKIE: 'always'}});
  });
  after(() => server.stop());

  it('end at the latest after their absolute time', async () => {
    const {secret} = await createKey(folder);
    const browser = await Browser.signIn(server.url, secret);
    assert.match(browser.setCookie, /; Secure$/);
    const refused = await eventually('it ends', async () => {
      const answer = await browser.get('/v1/accounts');
      return answer.status === 401 && answer;
    });
    problemOf(refused, 401, 'session_expired');
  });
});
