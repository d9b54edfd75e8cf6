// A redis-server of the test's own on a free loopback port, without files.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {connect} from 'node:net';
import path from 'node:path';

import {freePort} from './port.mjs';
import {eventually, run} from './server.mjs';

const program = '/usr/bin/redis-server';
const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

/** A private authority, and a certificate of it for this machine. @return {Promise<{ca, certificate, key}>} Files. */
export async function makeAuthority(folder) {
  const file = (name) => path.join(folder, name);
  const openssl = async (...args) => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const {code, stderr} = await run('openssl', ['req', '-x509', '-nodes', '-days', '2', ...curve, ...args]);
    if (code !== 0) throw new Error(stderr);
  };
  await openssl('-subj', '/CN=ca', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  await openssl('-subj', '/CN=redis', '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE',
                '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file('redis.key'), '-out', file('redis.pem'));
  return {ca: file('ca.pem'), certificate: file('redis.pem'), key: file('redis.key')};
}

export class Redis {
  static isInstalled() { return existsSync(program); }

  /** With the files of makeAuthority() it speaks TLS alone. */
  static async start(password, tls) {
    const redis = new Redis(await freePort(), password, tls);
    await redis.start();
    return redis;
  }

  /** @private */
  constructor(port, password, tls) { Object.assign(this, {port, password, tls}); }

  /** What makes a server use it. */
  get environment() {
    // Machines that build many things at once are slow; the tests do not measure time.
    return {REDIS_HOST: '127.0.0.1', REDIS_PORT: String(this.port), REDIS_PASSWORD: this.password, REDIS_TIMEOUT_MS: '2000',
            ...this.tls && {REDIS_TLS: 'true', REDIS_TLS_CA_FILE: this.tls.ca}};
  }

  get #listening() {
    if (!this.tls) return ['--port', this.port];
    return ['--port', 0, '--tls-port', this.port, '--tls-cert-file', this.tls.certificate, '--tls-key-file', this.tls.key,
            '--tls-ca-cert-file', this.tls.ca, '--tls-auth-clients', 'no'];
  }

  async start() {
    this.child = spawn(program, [...this.#listening, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
                                 '--requirepass', this.password].map(String), {stdio: 'ignore'});
    running.add(this.child);
    await eventually('redis listens', () => isListening(this.port));
  }

  kill() {
    return new Promise((resolve) => {
      if (!running.has(this.child)) return resolve();
      this.child.on('close', () => { running.delete(this.child); resolve(); });
      this.child.kill('SIGKILL');
    });
  }
}

function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
