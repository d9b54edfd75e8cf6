// HTTPS without a proxy: certificate files, their renewal, client certificates, and what plain HTTP is told.
import assert from 'node:assert/strict';
import {copyFileSync, writeFileSync} from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {Authority} from './lib/certificates.mjs';
import {createKey, eventually, florin, makeFolder, Server} from './lib/server.mjs';

let authority, clients, folder, server, key;
const file = (name) => path.join(folder, name);

/** Puts a certificate of the authority where the server reads its own. */
async function install(name) {
  await authority.certify(name, {extension: 'subjectAltName=IP:127.0.0.1,DNS:localhost', commonName: name, days: 30});
  copyFileSync(authority.file(`${name}.key`), file('server.key'));
  copyFileSync(authority.file(`${name}.pem`), file('server.pem'));
}

before(async () => {
  folder = makeFolder();
  authority = await Authority.create();
  clients = await Authority.create('clients');
  await install('first');
  key = (await createKey(folder)).secret;
  server = await Server.start(folder, {env: {
    FLORIN_HTTP_TLS_CERTIFICATE: file('server.pem'), FLORIN_HTTP_TLS_KEY: file('server.key'),
    FLORIN_HTTP_TLS_CLIENT_CERTIFICATES: 'optional', FLORIN_HTTP_TLS_CLIENT_CA: clients.file('clients.pem'),
  }});
});
after(() => server?.stop());

/** One request on a connection of its own. */
function ask(method, target, {body, headers = {}, ...tls} = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request(server.url + target, {
      method, ca: authority.pem('ca.pem'), agent: false, ...tls,
      headers: {Authorization: `Bearer ${key}`, ...(body ? {'Content-Type': 'application/json'} : {}), ...headers},
    }, (response) => {
      const certificate = response.socket.getPeerCertificate().subject?.CN;
      const protocol = response.socket.getProtocol();
      let text = '';
      response.on('data', (chunk) => text += chunk);
      response.on('end', () => resolve({status: response.statusCode, headers: response.headers, text, certificate, protocol}));
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('the server says its https address and answers over TLS 1.3', async () => {
  assert.match(server.output, /listens on https:\/\/127\.0\.0\.1:/);
  const made = await ask('POST', '/v1/accounts', {body: '{"code":"cash","type":"asset","currency":"KZT"}'});
  assert.equal(made.status, 201);
  assert.equal(made.protocol, 'TLSv1.3');
});

test('TLS 1.2 is taken and older versions are not', async () => {
  assert.equal((await ask('GET', '/health', {maxVersion: 'TLSv1.2'})).protocol, 'TLSv1.2');
  await assert.rejects(ask('GET', '/health', {minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0'}));
});

test('plain HTTP is told to use https', async () => {
  const answer = await fetch(server.url.replace('https:', 'http:') + '/health');
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).code, 'tls_required');
});

test('a session cookie is Secure', async () => {
  const answer = await ask('POST', '/v1/sessions');
  assert.equal(answer.status, 201);
  assert.match(answer.headers['set-cookie'][0], /; Secure/);
});

test('a client certificate of the right authority is taken, and one of another is refused', async () => {
  await clients.certify('partner');
  await authority.certify('stranger');
  const with_ = (from, name) => ({cert: from.pem(`${name}.pem`), key: from.pem(`${name}.key`)});
  assert.equal((await ask('GET', '/health', with_(clients, 'partner'))).status, 200);
  await assert.rejects(ask('GET', '/health', with_(authority, 'stranger')));
});

test('new files are taken up by SIGHUP, and by themselves', async () => {
  await install('second');
  server.child.kill('SIGHUP');
  await eventually('the second certificate', async () => (await ask('GET', '/health')).certificate === 'second');
  await install('third');
  await eventually('the third certificate', async () => (await ask('GET', '/health')).certificate === 'third');
});

test('files that are not usable are named by health and log, and the old certificate stays', async () => {
  writeFileSync(file('server.pem'), 'nonsense');
  const degraded = await eventually('degraded', async () => {
    const {services} = JSON.parse((await ask('GET', '/health/services')).text);
    return services.find((each) => each.name === 'http' && each.status === 'degraded');
  });
  assert.match(JSON.stringify(degraded), /server\.pem is not usable/);
  assert.match(server.output, /TLS certificate not loaded/);
  assert.equal((await ask('GET', '/health')).certificate, 'third');
});

test('settings that do not fit together, and bad files, stop the start with a sentence', async () => {
  const refused = async (env, why) => {
    const result = await florin(['serve', '--listen', '127.0.0.1:0', '--data', makeFolder()], {env});
    assert.equal(result.code, 2);
    assert.match(result.stderr, why);
  };
  await refused({FLORIN_HTTP_TLS_CERTIFICATE: file('server.pem')}, /must be set together/);
  await refused({FLORIN_HTTP_TLS_CLIENT_CERTIFICATES: 'required'}, /must be set together/);
  await refused({FLORIN_HTTP_TLS_CERTIFICATE: file('none.pem'), FLORIN_HTTP_TLS_KEY: file('server.key')},
                /the certificate .*none\.pem cannot be read: No such file/);
});
