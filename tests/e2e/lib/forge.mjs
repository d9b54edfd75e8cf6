// Edits a file of SQLite as somebody does who knows how the pages are summed: by the sqlite3 shell, and with page checksums that fit.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';

import {run} from './server.mjs';

const sumBytes = 8;
const table = Uint32Array.from({length: 256}, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; ++bit) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
  return sum;
});

function crc32c(seed, bytes) {
  let sum = ~seed;
  for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff];
  return ~sum >>> 0;
}

/// What src/platform/sql/page_checksum.cpp writes at the end of each page.
function sealPages(file) {
  const bytes = readFileSync(file);
  assert.equal(bytes[20], sumBytes, 'the pages keep room for a checksum');
  const size = bytes.readUInt16BE(16);
  for (let number = 1; number * size <= bytes.length; ++number) {
    const page = bytes.subarray((number - 1) * size, number * size);
    if (page.every((byte) => byte === 0)) continue;
    page.writeUInt32LE(crc32c(number, page.subarray(0, size / 2)), size - sumBytes);
    page.writeUInt32LE(crc32c(number, page.subarray(size / 2, size - sumBytes)), size - sumBytes / 2);
  }
  writeFileSync(file, bytes);
}

/// Runs SQL over a database that nobody has open (its log is then in the file when it ends); answers with what it printed.
export async function forge(file, sql) {
  const result = await run('sqlite3', [file, sql]);
  assert.equal(result.code, 0, `${sql}: ${result.stderr}`);
  sealPages(file);
  return result.stdout.trim();
}
