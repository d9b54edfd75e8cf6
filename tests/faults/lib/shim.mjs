// Another time of day and a slower disk for one process, changed while it runs; see shim.c.
import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, openSync, writeSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import {openFolder} from './stage.mjs';

export const noCompiler = spawnSync('gcc', ['--version']).status === 0 ? false : 'there is no gcc';

let library = '';

/** Compiled once for a test file. */
function libraryPath() {
  if (library) return library;
  library = path.join(openFolder(), 'shim.so');
  const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'shim.c');
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  chmodSync(library, 0o755);
  return library;
}

export class Shim {
  constructor() {
    this.path = path.join(openFolder(), 'faults');
    this.file = openSync(this.path, 'w', 0o644);
    this.setClockAheadBy(0);
    this.setFlushMs(0);
  }

  /** For the process that is to see it. */
  get environment() { return {LD_PRELOAD: libraryPath(), FAULT_FILE: this.path}; }

  setClockAheadBy(seconds) { this.#write(0, seconds * 1_000_000); }
  setFlushMs(ms) { this.#write(8, ms * 1_000); }

  #write(at, microseconds) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(microseconds));
    writeSync(this.file, bytes, 0, 8, at);
  }
}
