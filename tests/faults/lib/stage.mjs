// Where faults happen: nodes on fixed ports over one private PostgreSQL that flushes (fsync), or one over SQLite.
import {execFile, execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';

import {Books} from '../../e2e/lib/books.mjs';
import {bodyOf, Client, exchange} from '../../e2e/lib/client.mjs';
import {freePort} from '../../e2e/lib/port.mjs';
import {databaseOf, repository, Server} from '../../e2e/lib/server.mjs';

// The load goes on meanwhile.
const runFile = promisify(execFile);
const script = path.join(repository, 'scripts/postgres');

export const noPostgres =
    spawnSync(script, ['available']).status === 0 ? false : 'there is no PostgreSQL server here';
export const leaseSeconds = 2;

/** How often a fault is repeated: seldom in continuous integration, often in the night. */
export const rounds = (short, long) => process.env.FLORIN_FAULTS_LONG ? long : short;

/** A PostgreSQL server of this test, on a unix socket, with fsync. */
export class Postgres {
  /** @param {Record<string, string>} [env] For a library that is loaded before others. */
  static start(env = {}) {
    const folder = mkdtempSync(path.join(tmpdir(), 'florin-faults-'));
    execFileSync(script, ['start', folder], {env: {...process.env, ...env}});
    return new Postgres(folder, env);
  }

  /** @private */
  constructor(folder, env) {
    this.folder = folder;
    this.env = env;
    this.url = `postgres://florin@/florin?host=${folder}`;
    this.socket = `${folder}/.s.PGSQL.5432`;
  }

  /** kill -9 of the postmaster and of all that it started: nothing is written any more, nothing is cleaned up. */
  async kill() { await runFile(script, ['kill', this.folder]); }

  /** Starts it again after kill(): it recovers from its log. */
  async start() {
    await runFile(script, ['restart', this.folder], {env: {...process.env, ...this.env}});
  }

  query(dataDir, sql) {
    const {FLORIN_DATABASE_URL: url} = databaseOf(['--data', dataDir]);
    return execFileSync('psql', [url, '-qtAc', `SET florin.tenant = '*'; ${sql}`], {encoding: 'utf8'}).trim();
  }

  stop() { execFileSync(script, ['stop', this.folder]); }
}

export class Stage {
  /**
   * Opens books with so many nodes.
   * @param {{postgres?: Postgres, nodes?: number, env?: (node: number) => Record<string, string>,
   *          url?: (node: number, url: string) => string}} [options]
   *     `env`: more for one node. `url`: where a node finds its database, when not directly.
   */
  static async open({postgres, nodes = postgres ? 2 : 1, env = () => ({}), url} = {}) {
    if (postgres) process.env.FLORIN_TEST_POSTGRES = postgres.url;
    else delete process.env.FLORIN_TEST_POSTGRES;
    const stage = new Stage();
    Object.assign(stage, {postgres, url, extra: env});
    const ports = [];
    for (let node = 0; node < nodes; ++node) ports.push(await freePort());
    stage.nodes = ports.map((port) => ({url: `http://127.0.0.1:${port}`, listen: `127.0.0.1:${port}`, server: null}));
    // Through no proxy and no shim: what looks at the books must see them as they are.
    stage.books = await Books.open({listen: stage.nodes[0].listen, env: stage.#environmentOf(0)});
    stage.nodes[0].server = stage.books.server;
    for (let node = 1; node < nodes; ++node) await stage.startNode(node);
    return stage;
  }

  #environmentOf(node) {
    return {FLORIN_NODE_ID: String(node), FLORIN_NODE_LEASE_SECONDS: String(leaseSeconds), ...this.extra(node)};
  }

  /** Starts a node (again), under its id and on its port. */
  async startNode(node) {
    const at = this.nodes[node];
    const env = this.#environmentOf(node);
    if (this.url) {
      const {FLORIN_DATABASE_URL: direct} = databaseOf(['--data', this.books.dataDir]);
      env.FLORIN_DATABASE_URL = this.url(node, direct);
    }
    at.server = await Server.start(this.books.dataDir, {listen: at.listen, env});
    if (node === 0) this.books.server = at.server;
  }

  /** A client of one node. */
  apiOf(node) {
    this.nodes[node].api ??= new Client(this.nodes[node].url, this.books.secret);
    return this.nodes[node].api;
  }

  /** What a node says of a part of itself. */
  async serviceOf(node, name) {
    const answer = await this.apiOf(node).get('/health/services');
    return answer.json.services.find((each) => each.name === name);
  }

  /** What a load balancer is told within two seconds. */
  async isReady(node) {
    const asked = exchange(`${this.nodes[node].url}/health/ready`, {signal: AbortSignal.timeout(2_000)});
    return asked.then(({status}) => status === 200, () => false);
  }

  async holderOf(job, node = 0) {
    const {data} = bodyOf(await this.apiOf(node).get('/v1/system/jobs'), 200);
    return data.find(({name}) => name === job).holder;
  }

  async close() {
    for (const {server, api} of this.nodes) {
      api?.close();
      await server?.stop();
    }
    this.books.api.close();
  }
}

/** A folder that the database's user may read too. */
export function openFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'florin-faults-'));
  chmodSync(folder, 0o755);
  process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
  return folder;
}
