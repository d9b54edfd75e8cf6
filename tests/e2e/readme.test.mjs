// The README's tour, as it stands there, against a sandbox server.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {florinOk, makeFolder, repository, run, Server} from './lib/server.mjs';

describe('the README', () => {
  it('has a tour that works', async (test) => {
    if ((await run('sh', ['-c', 'command -v curl'])).code !== 0) return test.skip('curl is not installed');
    const readme = readFileSync(path.join(repository, 'README.md'), 'utf8');
    const tour = /```bash\n(# tour\n[^]*?)```/.exec(readme)[1];
    const folder = makeFolder();
    const data = path.join(folder, 'florin-data');
    const server = await Server.start(data, {args: ['--sandbox']});
    after(() => server.stop());
    const rgs = /game server at (http:\/\/127\.0\.0\.1:\d+)/.exec(server.output)[1];
    const script = tour.replaceAll('http://127.0.0.1:8000', server.url).replaceAll('http://127.0.0.1:3002', rgs);
    const result = await run('bash', ['-eu', '-o', 'pipefail', '-c', script], {cwd: folder});
    assert.equal(result.code, 0, result.stderr);
    const answers = result.stdout.trim().split('\n').map((line) => JSON.parse(line));
    const codes = answers.map(({code}) => code).filter((code) => /^[a-z_]+$/.test(code ?? ''));
    assert.deepEqual(codes, ['insufficient_funds'], 'all but the overdraft succeed');
    assert.deepEqual(answers[3], answers[4], 'the repeated transfer is a replay');
    const balance = answers.find((answer) => 'available' in answer && 'account_id' in answer);
    assert.equal(balance.balance, 5500);
    assert.ok(answers.some((answer) => answer.currencies?.every(({balanced}) => balanced)));
    assert.match(await florinOk(['verify', '--data', data]), /The books are in order/);
  });
});
