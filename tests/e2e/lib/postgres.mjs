// A private PostgreSQL server for the tests that are about the server itself; scripts/postgres runs it.
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

import {repository} from './server.mjs';

const script = path.join(repository, 'scripts/postgres');

/** For describe(): why there can be none here, or false. */
export const noPostgres = spawnSync(script, ['available']).status === 0 ? false : 'there is no PostgreSQL server here';

export class Postgres {
  /**
   * A new server. `settings`: lines of postgresql.conf, such as 'fsync=off'. `port`: of TCP, if it listens there.
   * @param {string[]} settings
   * @param {{port?: number}} options
   */
  static start(settings = ['fsync=off'], {port = 5432} = {}) {
    const server = new Postgres(port);
    server.#run('start', settings);
    return server;
  }

  /** @private */
  constructor(port) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'florin-e2e-server-'));
    this.port = port;
  }

  /**
   * A server over a base backup of this one. `mark`: 'standby.signal' or 'recovery.signal', as PostgreSQL wants it.
   * @param {{mark?: string, settings?: string[], copy?: string}} options `copy`: a base backup made before.
   */
  resumeCopy({mark, settings = [], copy}) {
    const other = new Postgres(this.port);
    const data = path.join(other.folder, 'data');
    if (copy) execFileSync('cp', ['-a', copy, data]);
    else this.copyTo(data);
    if (mark) execFileSync('touch', [path.join(data, mark)]);
    other.#run('resume', settings);
    return other;
  }

  /** A base backup into a new folder, beside whatever runs. */
  copyTo(folder) {
    mkdirSync(path.dirname(folder), {recursive: true});
    execFileSync('pg_basebackup', ['-h', this.folder, '-p', String(this.port), '-U', 'postgres', '-D', folder,
                                   '--checkpoint=fast', '--no-sync']);
  }

  url({database = 'florin', user = 'florin', more = ''} = {}) {
    return `postgres://${user}@/${database}?host=${this.folder}${more}`;
  }

  /** Runs SQL as the superuser unless told otherwise; what it prints. */
  sql(text, {database = 'postgres', user = 'postgres'} = {}) {
    return execFileSync('psql', ['-h', this.folder, '-p', String(this.port), '-U', user, '-qtAX', '-v', 'ON_ERROR_STOP=1', '-c', text, database],
                        {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
  }

  /** The URL of a new, empty database. */
  createDatabase(name, {owner = 'florin', more = ''} = {}) {
    this.sql(`CREATE DATABASE ${name} OWNER ${owner} ${more}`);
    return this.url({database: name, user: owner});
  }

  /** A session that stays in the middle of what `text` began, until end(). */
  async hold(text, {database = 'florin', user = 'postgres'} = {}) {
    const child = spawn('psql', ['-h', this.folder, '-p', String(this.port), '-U', user, '-qtAX', database], {stdio: ['pipe', 'pipe', 'inherit']});
    const ready = new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.on('close', () => reject(new Error(`psql ended before it held: ${text}`)));
    });
    child.stdin.write(`${text}; SELECT 'held';\n`);
    await ready;
    return {
      end: () => new Promise((resolve) => {
        child.on('close', resolve);
        child.stdin.end();
      }),
    };
  }

  stop() { this.#run('stop'); }

  #run(command, settings = []) {
    execFileSync(script, [command, this.folder, ...settings], {env: {...process.env, PGPORT: String(this.port)}});
  }
}

/** A file as the server's own user needs it: its tests may run as root, it does not. */
export function giveToServer(file) {
  if (process.getuid() === 0) execFileSync('chown', ['postgres', file]);
}
