// Rate limits that nodes share over Redis. On SQLite two nodes know one key because the second began with a copy of
// the first one's data: the file serves one process. PostgreSQL serves both.
import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {after, before, describe, it} from 'node:test';

import {bodyOf, Client} from './lib/client.mjs';
import {Redis} from './lib/redis.mjs';
import {createKey, eventually, florin, isPostgres, makeFolder, Server} from './lib/server.mjs';

const limit = 40;
const password = 'geheim-und-lang';

describe('two nodes on one Redis', {skip: !Redis.isInstalled() && 'there is no redis-server'}, () => {
  /** @type {Redis} */ let redis;
  /** @type {Server[]} */ const servers = [];
  /** @type {Client[]} */ const clients = [];
  let folder;

  before(async () => {
    redis = await Redis.start(password);
    folder = makeFolder();
    const key = await createKey(folder, {rateLimit: limit});
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

  it('go on when Redis is killed, say so, and share again by themselves when it is back', async () => {
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
      assert.equal(server.output.match(/rate limits are per node/g).length, 1);
      assert.ok(!server.output.includes(password));
    }
    await redis.start();
    for (const client of clients) await eventually('limits are shared', async () => await redisState(client) === 'healthy');
  });

  it('and the doctor looks at it', async () => {
    const ask = (environment) => florin(['doctor', '--data', folder], {env: environment});
    assert.match((await ask(redis.environment)).stdout, /ok +redis: version/);
    const refused = await ask({...redis.environment, REDIS_PASSWORD: 'falsch-und-lang'});
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /FAULT +redis: .*REDIS_PASSWORD/);
    assert.ok(!/und-lang/.test(refused.stdout + refused.stderr));
  });
});
