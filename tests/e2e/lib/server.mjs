// Runs the real binary: servers on free ports over folders of their own, and commands to their end.
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {get} from 'node:http';
import https from 'node:https';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const startTimeoutMs = 30_000;
const commandTimeoutMs = 60_000;
const children = new Set();
const folders = new Set();

// What a failing test leaves behind goes with its process.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, {recursive: true, force: true});
});

/** The binary under test: FLORIN_BIN, else what the presets build. */
export function binary() {
  const candidates = [process.env.FLORIN_BIN, ...['dev', 'release'].map((preset) =>
      path.join(repository, 'build', preset, 'bin/florin'))];
  const found = candidates.find((each) => each && existsSync(each));
  if (!found) throw new Error('no florin binary: build one (cmake --build --preset dev) or set FLORIN_BIN');
  return path.resolve(found);
}

/** A new, empty folder that is removed when the test file ends. */
export function makeFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'florin-e2e-'));
  folders.add(folder);
  return folder;
}

/** The developer's own settings must not steer the binary under test. */
function cleanEnvironment(extra = {}) {
  const inherited = Object.entries(process.env)
      .filter(([name]) => !/^(FLORIN_|DB_|REDIS_|NODE_TEST_CONTEXT)/.test(name));
  return {...Object.fromEntries(inherited), ...extra};
}

/** Whether the suite runs over the PostgreSQL server of FLORIN_TEST_POSTGRES; for tests of SQLite's file. */
export const isPostgres = Boolean(process.env.FLORIN_TEST_POSTGRES);

const schemas = new Map();

/** Over PostgreSQL every data folder has a schema of its own, in place of its SQLite file. */
export function databaseOf(args) {
  const server = process.env.FLORIN_TEST_POSTGRES;
  const folder = args[args.indexOf('--data') + 1];
  if (!server || !args.includes('--data') || args.includes('--db')) return {};
  if (!schemas.has(folder)) {
    const schema = `e2e_${path.basename(path.resolve(folder)).toLowerCase().replace(/[^a-z0-9]/g, '_')}`;
    execFileSync('psql', [server, '-qc', `CREATE SCHEMA IF NOT EXISTS ${schema}`], {stdio: 'ignore'});
    const separator = server.includes('?') ? '&' : '?';
    schemas.set(folder, `${server}${separator}options=-csearch_path%3D${schema}`);
  }
  return {FLORIN_DATABASE_URL: schemas.get(folder)};
}

/**
 * Runs a command of the binary to its end.
 * @param {string[]} args
 * @param {{env?: Record<string, string>, cwd?: string}} [options]
 * @return {Promise<{code: number|null, signal: string|null, stdout: string, stderr: string}>}
 */
export function florin(args, options = {}) {
  return run(binary(), args, {...options, env: {...databaseOf(args), ...options.env}});
}

/**
 * Runs any program to its end; `input` goes to its standard input.
 * @param {string} program
 * @param {string[]} args
 * @param {{env?: Record<string, string>, cwd?: string, input?: string}} [options]
 */
export function run(program, args, {env, cwd, input} = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args,
                        {env: cleanEnvironment(env), cwd, timeout: commandTimeoutMs, killSignal: 'SIGKILL'});
    children.add(child);
    let stdout = '', stderr = '';
    child.stdout.on('data', (chunk) => stdout += chunk);
    child.stderr.on('data', (chunk) => stderr += chunk);
    child.stdin.on('error', () => {});  // A program may end without reading its input.
    child.stdin.end(input ?? '');
    child.on('error', reject);
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({code, signal, stdout, stderr});
    });
  });
}

/** As florin(), and the command must succeed. Returns its standard output. */
export async function florinOk(args, options = {}) {
  const result = await florin(args, options);
  if (result.code !== 0) {
    throw new Error(`florin ${args.join(' ')} ended with ${result.code ?? result.signal}\n` +
                    result.stdout + result.stderr);
  }
  return result.stdout;
}

/**
 * Creates an API key by the command line; works beside a running server.
 * @param {string} dataDir
 * @param {{tenant?: string, permissions?: string, rateLimit?: number, more?: string[]}} [options]
 * @return {Promise<{id: string, tenant_id: string, secret: string}>}
 */
export async function createKey(dataDir, options = {}) {
  const {tenant = 'default', permissions = '*', rateLimit = 0, more = []} = options;
  const out = await florinOk(['keys', 'create', '--data', dataDir, '--tenant', tenant, '--name', 'e2e',
                              '--permissions', permissions, '--rate-limit', String(rateLimit), '--json',
                              ...more]);
  return JSON.parse(out);
}

/** A running `florin serve`. */
export class Server {
  /**
   * Starts a server and waits until it is ready.
   * @param {string} dataDir
   * @param {{args?: string[], env?: Record<string, string>, prefix?: string[], listen?: string}} [options]
   *     `prefix`: a command that runs the server, such as ['unshare', '--mount'].
   */
  static async start(dataDir, {args = [], env, prefix = [], listen = '127.0.0.1:0'} = {}) {
    const [program, ...rest] =
        [...prefix, binary(), 'serve', '--listen', listen, '--data', dataDir, ...args];
    const environment = cleanEnvironment({...databaseOf(rest), ...env});
    const server = new Server(spawn(program, rest, {env: environment}), dataDir);
    await server.#becomeReady();
    return server;
  }

  /** @private */
  constructor(child, dataDir) {
    this.dataDir = dataDir;
    this.output = '';
    this.url = '';
    this.child = child;
    /** @type {{code: number|null, signal: string|null}|null} */
    this.ended = null;
    children.add(child);
    child.stdin.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => this.output = (this.output + chunk).slice(-1_000_000));
    }
    this.whenEnded = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        children.delete(child);
        this.ended = {code, signal};
        resolve(this.ended);
      });
    });
  }

  get pid() { return this.child.pid; }
  get port() { return Number(new URL(this.url).port); }

  /** Ends it as an operator would and returns how it ended. */
  async stop() {
    if (!this.ended) this.child.kill('SIGTERM');
    return this.whenEnded;
  }

  /** Ends it as a power cut would. */
  async kill() {
    if (!this.ended) this.child.kill('SIGKILL');
    return this.whenEnded;
  }

  async #becomeReady() {
    const deadline = Date.now() + startTimeoutMs;
    while (Date.now() < deadline && !this.ended) {
      this.url ||= this.#announcedUrl();
      if (this.url && await answersOk(`${this.url}/health/ready`)) return;
      await sleep(20);
    }
    await this.kill();
    throw new Error(`the server did not become ready:\n${this.output}`);
  }

  /** The server says where it listens; port 0 lets it choose, so that no two tests meet. */
  #announcedUrl() {
    return /https?:\/\/(127\.0\.0\.1|\[::1\]):[1-9]\d*/.exec(this.output)?.[0] ?? '';
  }
}

function answersOk(url) {
  const ask = url.startsWith('https:') ? https.get : get;
  return new Promise((resolve) => {
    ask(url, {rejectUnauthorized: false}, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    }).on('error', () => resolve(false));
  });
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks again and again until the answer is truthy, and returns it; for what happens by itself, soon.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} ask
 */
export async function eventually(what, ask, timeoutMs = 20_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(50);
  }
}
