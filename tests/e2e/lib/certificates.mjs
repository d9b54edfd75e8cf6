// A private authority and what it certifies, made by openssl in a folder of its own.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';

import {makeFolder, run} from './server.mjs';

export class Authority {
  /** @param {string} name of the authority itself, whose certificate is `<name>.pem`. */
  static async create(name = 'ca') {
    const authority = new Authority(name);
    await authority.#signItself(name, name, []);
    return authority;
  }

  /** @private */
  constructor(name) {
    this.name = name;
    this.folder = makeFolder();
  }

  file(name) { return path.join(this.folder, name); }
  pem(name) { return readFileSync(this.file(name), 'utf8'); }

  /** `<name>.pem` and `<name>.key`. `days` it is good for; -1: until yesterday. */
  async certify(name, {extension, days = 2, commonName = name} = {}) {
    const extensions = ['basicConstraints=critical,CA:FALSE', 'authorityKeyIdentifier=none', ...(extension ? [extension] : [])];
    await this.#signItself(name, commonName, extensions);
    await openssl('x509', '-in', this.file(`${name}.pem`), '-CA', this.file(`${this.name}.pem`), '-CAkey',
                  this.file(`${this.name}.key`), '-days', String(days), '-out', this.file(`${name}.pem`));
  }

  #signItself(name, commonName, extensions) {
    return openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                   '-subj', `/CN=${commonName}`, '-keyout', this.file(`${name}.key`), '-days', '2',
                   '-out', this.file(`${name}.pem`), ...extensions.flatMap((each) => ['-addext', each]));
  }
}

async function openssl(...args) {
  const result = await run('openssl', args);
  assert.equal(result.code, 0, result.stderr);
}
