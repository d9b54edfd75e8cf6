// Rate limits and sessions that nodes share over Redis. On SQLite two nodes know one key because the second began with a copy of
// the first one's data: the file serves one process. PostgreSQL serves both.
import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {after, before, describe, it} from 'node:test';

import {bodyOf, Client, problemOf} from './lib/client.mjs';
import {Browser} from './lib/browser.mjs';
import {makeAuthority, Redis} from './lib/redis.mjs';
import {createKey, eventually, florin, isPostgres, makeFolder, run, Server} from './lib/server.mjs';

const limit = 40;
const password = 'geheim-und-lang';

describe('two nodes on one Redis', {skip: !Redis.isInstalled() && 'there is no redis-server'}, () => {
  /** @type {Redis} */ let redis;
  /** @type {Server[]} */ const servers = [];
  /** @type {Client[]} */ const clients = [];
  let folder, key, unlimited;

  before(async () => {
    redis = await Redis.start(password);
    folder = makeFolder();
    key = await createKey(folder, {rateLimit: limit});
    unlimited = await createKey(folder);
    const copy = isPostgres ? folder : makeFolder();
    if (!isPostgres) cpSync(folder, copy, {recursive: true});
    for (const [node, data] of [folder, copy].entries()) {
      servers.push(await Server.start(data, {env: {...redis.environment, FLORIN_NODE_ID: String(node)}}));
      clients.push(new Client(servers.at(-1).url, key.secret));
    }
    for (const client of clients) await eventually('limits are shared', async () => await redisState(client) === 'healthy');
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
    await redis.kill();
  });

  async function redisService(client) {
    return bodyOf(await client.get('/health/services'), 200).services.find(({name}) => name === 'redis');
  }
  async function redisState(client) { return (await redisService(client)).status; }

  /** A look at Redis may fail on a machine with much to do; nodes then share again within a second. */
  function isKnownAt(browser, server) {
    return eventually('the node knows the session', async () =>
      (await browser.at(server.url).get('/v1/sessions/current')).status === 200);
  }

  /** Asks both nodes for some seconds; how many requests were admitted, and in what time. */
  async function admittedByBoth(seconds) {
    const start = Date.now();
    let admitted = 0;
    const ask = async (client) => {
      while (Date.now() - start < seconds * 1000) {
        const {status} = await client.get('/v1/currencies');
        assert.ok(status === 200 || status === 429, String(status));
        admitted += status === 200 ? 1 : 0;
      }
    };
    await Promise.all(clients.map(ask));
    return {admitted, seconds: (Date.now() - start) / 1000};
  }

  it('hold a key to one limit together', async () => {
    const {admitted, seconds} = await admittedByBoth(3);
    // A bucket at the start, what comes in the time, and a bucket that a node hands out before it is told.
    const most = limit + limit * seconds + limit;
    assert.ok(admitted <= most, `${admitted} of at most ${most}`);
  });

  it('share sessions: begun on one, they act on the other, and end on both', async () => {
    const here = await Browser.signIn(servers[0].url, unlimited.secret);
    const there = here.at(servers[1].url);
    await isKnownAt(here, servers[1]);
    assert.deepEqual(bodyOf(await there.get('/v1/sessions/current'), 200), here.session);
    assert.equal((await there.signOut()).status, 204);
    await eventually('it ends where it began', async () => (await here.get('/v1/currencies')).status === 401);
    problemOf(await there.get('/v1/currencies'), 401, 'session_expired');
  });

  it('show Redis hashes and numbers alone', async () => {
    const browser = await Browser.signIn(servers[0].url, unlimited.secret);
    const cli = async (...words) => (await run('redis-cli', ['-p', redis.port, ...words].map(String),
                                               {env: {REDISCLI_AUTH: password}})).stdout;
    const names = (await cli('--scan', '--pattern', 'florin:session:*')).trim().split('\n');
    for (const name of names) assert.match(name, /^florin:session:[0-9a-f]{64}$/);
    const values = await Promise.all(names.map((name) => cli('GET', name)));
    assert.ok(values.some((value) => value.startsWith('+')));
    for (const value of values) assert.match(value, /^(\+\d+ \d+|-)\n$/);
    await browser.signOut();
  });

  it('go on when Redis is killed, say so, and share again by themselves when it is back', async () => {
    const here = await Browser.signIn(servers[0].url, unlimited.secret);
    const leaving = await Browser.signIn(servers[0].url, unlimited.secret);
    bodyOf(await leaving.at(servers[1].url).get('/v1/currencies'), 200);
    await redis.kill();
    for (const client of clients) {
      const degraded = await eventually('the node says so', async () => {
        const service = await redisService(client);
        return service.status === 'degraded' && service;
      });
      assert.match(degraded.detail, /REDIS_HOST/);
      assert.equal(bodyOf(await client.get('/health/services'), 200).status, 'degraded');
      await eventually('a token', async () => (await client.get('/v1/currencies')).status === 200);
    }
    for (const server of servers) {
      for (const words of ['rate limits', 'cached values']) {
        const line = new RegExp(`${words} are per node`, 'g');
        await eventually('the log says so', async () => line.test(server.output));
        assert.equal(server.output.match(line).length, 1);
      }
      assert.ok(!server.output.includes(password));
    }
    // A session goes on where it was used; the other node never heard of it.
    bodyOf(await here.get('/v1/currencies'), 200);
    problemOf(await here.at(servers[1].url).get('/v1/currencies'), 401, 'session_expired');
    const meanwhile = await Browser.signIn(servers[1].url, unlimited.secret);
    bodyOf(await meanwhile.get('/v1/currencies'), 200);
    assert.equal((await leaving.signOut()).status, 204);

    await redis.start();  // Empty: it had no disk.
    for (const client of clients) await eventually('both share again', async () => await redisState(client) === 'healthy');
    await isKnownAt(here, servers[1]);
    await isKnownAt(meanwhile, servers[0]);
    const left = leaving.at(servers[1].url);
    await eventually('signed out everywhere', async () => (await left.get('/v1/currencies')).status === 401);
  });

  it('and the doctor looks at it', async () => {
    const ask = (environment) => florin(['doctor', '--data', folder], {env: environment});
    assert.match((await ask(redis.environment)).stdout, /ok +redis: version .* plain TCP/);
    // Leads here too, but is no name for this machine.
    const elsewhere = await ask({...redis.environment, REDIS_HOST: '0.0.0.0'});
    assert.match(elsewhere.stdout, /look +redis: version .* plain TCP\n.*REDIS_TLS/);
    const refused = await ask({...redis.environment, REDIS_PASSWORD: 'falsch-und-lang'});
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /FAULT +redis: .*REDIS_PASSWORD/);
    assert.ok(!/und-lang/.test(refused.stdout + refused.stderr));
  });
});

describe('a Redis that speaks TLS', {skip: !Redis.isInstalled() && 'there is no redis-server'}, () => {
  /** @type {Redis} */ let redis;
  /** @type {Server} */ let server;
  let folder;

  before(async () => {
    redis = await Redis.start(password, await makeAuthority(makeFolder()));
    folder = makeFolder();
    await startServer();
  });
  after(async () => {
    await server.stop();
    await redis.kill();
  });

  async function startServer() {
    server = await Server.start(folder, {env: redis.environment});
    const client = new Client(server.url, null);
    await eventually('Redis is used', async () => {
      const {services} = bodyOf(await client.get('/health/services'), 200);
      return services.find(({name}) => name === 'redis').status === 'healthy';
    });
    client.close();
  }

  it('keeps sessions over a restart of their node', async () => {
    const {secret} = await createKey(folder);
    const browser = await Browser.signIn(server.url, secret);
    bodyOf(await browser.get('/v1/currencies'), 200);
    await server.stop();
    await startServer();
    bodyOf(await browser.at(server.url).get('/v1/currencies'), 200);
  });

  it('is told by the doctor, and refused when somebody else vouches for it', async () => {
    const ask = (environment) => florin(['doctor', '--data', folder], {env: {...redis.environment, ...environment}});
    assert.match((await ask({})).stdout, /ok +redis: version .* encrypted/);
    const stranger = await makeAuthority(makeFolder());
    const refused = await ask({REDIS_TLS_CA_FILE: stranger.ca});
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /FAULT +redis: the certificate .* is not trusted: .*REDIS_TLS_CA_FILE/);
  });
});
