// A redis-server of the test's own on a free loopback port, without files.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {connect, createServer} from 'node:net';

import {eventually} from './server.mjs';

const program = '/usr/bin/redis-server';
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

export class Redis {
  static isInstalled() { return existsSync(program); }

  static async start(password) {
    const redis = new Redis(await freePort(), password);
    await redis.start();
    return redis;
  }

  /** @private */
  constructor(port, password) { Object.assign(this, {port, password}); }

  /** What makes a server use it. */
  get environment() {
    return {REDIS_HOST: '127.0.0.1', REDIS_PORT: String(this.port), REDIS_PASSWORD: this.password};
  }

  async start() {
    this.child = spawn(program, ['--port', this.port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
                                 '--requirepass', this.password].map(String), {stdio: 'ignore'});
    running.add(this.child);
    await eventually('redis listens', () => isListening(this.port));
  }

  kill() {
    return new Promise((resolve) => {
      this.child.on('close', () => { running.delete(this.child); resolve(); });
      this.child.kill('SIGKILL');
    });
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const {port} = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
