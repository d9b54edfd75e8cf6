// Reconciliation: two files on the command line, and a partner's period over the API.
import assert from 'node:assert/strict';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, describe, it} from 'node:test';

import {Books, unique} from './lib/books.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {createKey, eventually, florin, florinOk, makeFolder} from './lib/server.mjs';

const head = 'transactionId,refId,type,playerId,roundId,currency,amount,status,processedAt\n';

/** One transaction as a line of a file. */
function line(id, {type = 'debit', amount = '10.00', currency = 'KZT', status = 'SUCCESS',
                   at = '2026-11-20T12:00:00Z'} = {}) {
  return `${id},r-${id},${type},ana,g1,${currency},${amount},${status},${at}\n`;
}

const hubLines = [line('t1'), line('t2'), line('t3'), line('t4'), line('t5', {status: 'ROLLED_BACK'}),
                  line('t6', {at: '2026-11-20T23:59:59Z'}), line('t8')];
const operatorLines = [line('t1'), line('t2', {amount: '10.01'}), line('t4', {status: 'FAILED'}),
                       line('t6', {at: '2026-11-21T00:00:01Z'}), line('t7', {type: 'credit'}), line('t8', {currency: 'USD'})];
const expected = ['AMOUNT_MISMATCH t2', 'CURRENCY_MISMATCH t8', 'MISSING_IN_HUB t7', 'MISSING_IN_OPERATOR t3', 'STATUS_MISMATCH t4'];

function writeSides(folder, hub = hubLines, operator = operatorLines) {
  mkdirSync(folder, {recursive: true});
  writeFileSync(path.join(folder, 'hub.csv'), head + hub.join(''));
  writeFileSync(path.join(folder, 'operator.csv'), head + operator.join(''));
}

/** "KIND key" of every row of a report, sorted. */
function mismatchesOf(csv) {
  return csv.trim().split('\n').slice(1).map((row) => row.split(',').slice(0, 2).join(' ')).sort();
}

/** The text of the one file of a folder that ends so. */
function fileOf(folder, ending) {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  assert.equal(names.length, 1, names.join(' '));
  return readFileSync(path.join(folder, names[0]), 'utf8');
}

describe('florin reconcile', () => {
  it('names every difference of two files, writes the report, and exits 1', async () => {
    const cwd = makeFolder();
    writeSides(cwd);
    const result = await florin(['reconcile', '--left', 'hub.csv', '--right', 'operator.csv', '2026-11-20'], {cwd});
    assert.equal(result.code, 1, result.stderr);
    const reports = path.join(cwd, 'reconciliation-reports');
    assert.deepEqual(mismatchesOf(fileOf(reports, 'Z.csv')), expected);
    const summary = fileOf(reports, '-summary.txt');
    assert.match(summary, /^5 MISMATCHES$/m);
    assert.ok(result.stdout.startsWith(summary));
    assert.equal(readdirSync(reports).length, 2);
  });

  it('exits 0 when nothing differs, within tolerance and window', async () => {
    const cwd = makeFolder();
    writeSides(cwd, [line('t2'), line('t6', {at: '2026-11-20T23:50:00Z'})],
               [line('t2', {amount: '10.01'}), line('t6', {at: '2026-11-21T00:09:00Z'})]);
    const args = ['reconcile', '2026-11-20', '--left', 'hub.csv', '--right', 'operator.csv', '--out', 'out'];
    assert.equal((await florin(args, {cwd})).code, 1);
    const clean = await florin([...args, '--tolerance', '1', '--window', '600'], {cwd});
    assert.deepEqual([clean.code, /^CLEAN$/m.test(clean.stdout)], [0, true]);
  });

  it('exits 2 when it could not run, and says why', async () => {
    const cwd = makeFolder();
    writeSides(cwd, ['t1,,debit,ana,g,KZT,1.234,SUCCESS,2026-11-20T12:00:00Z\n']);
    const files = ['--left', 'hub.csv', '--right', 'operator.csv'];
    for (const [args, reason] of [
      [['--left', 'none.csv', '--right', 'operator.csv'], /none\.csv cannot be opened/],
      [files, /hub\.csv, line 2: amount must be a number/],
      [['never', ...files], /FROM and TO must be days/],
      [['2026-11-21', '2026-11-20', ...files], /TO must not be before FROM/],
      [['2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z', ...files], /TO must not be before FROM/],
      [['--left', 'hub.csv'], /--right/],
      [['--partner', 'acme'], /database_missing/],
    ]) {
      const result = await florin(['reconcile', ...args], {cwd});
      assert.equal(result.code, 2, args.join(' '));
      assert.match(result.stderr, reason);
    }
    assert.deepEqual(readdirSync(path.join(cwd, 'reconciliation-reports')), []);
  });

  it('takes a date as TO for the last day, and a time for the end', async () => {
    const cwd = makeFolder();
    const noon = (day) => line(`t${day}`, {at: `2024-01-${day}T12:00:00Z`});
    writeSides(cwd, ['01', '30', '31'].map(noon).concat(line('next', {at: '2024-02-01T00:10:00Z'})), []);
    for (const [period, missing] of [
      [['2024-01-01', '2024-01-31'], 3],
      [['2024-01-31', '2024-01-31'], 1],
      [['2024-01-31'], 1],
      [['2024-01-01', '2024-01-31T00:00:00Z'], 2],
      [['2024-01-31T12:00:00Z', '2024-01-31'], 1],
    ]) {
      const result = await florin(['reconcile', ...period, '--left', 'hub.csv', '--right', 'operator.csv'], {cwd});
      assert.match(result.stdout, new RegExp(`^${missing} MISMATCHES$`, 'm'), `${period}: ${result.stdout}${result.stderr}`);
    }
  });

  it('refuses rows that are longer or shorter than the header', async () => {
    const cwd = makeFolder();
    const last = 'transactionId,refId,type,playerId,currency,status,processedAt,amount\n';
    const row = (amount) => `${last}t1,r1,debit,ana,KZT,SUCCESS,2026-11-20T12:00:00Z,${amount}\n`;
    writeFileSync(path.join(cwd, 'hub.csv'), row('1,234.50'));
    writeFileSync(path.join(cwd, 'operator.csv'), row('1,999.99'));
    const result = await florin(['reconcile', '--left', 'hub.csv', '--right', 'operator.csv'], {cwd});
    assert.equal(result.code, 2, result.stdout);
    assert.match(result.stderr, /hub\.csv: line 2 has 9 fields, the header 8/);
  });

  it('reads a file of a spreadsheet as it is, and says how', async () => {
    const cwd = makeFolder();
    writeSides(cwd, [line('t1', {amount: '1234.50', at: '2026-11-20T09:00:00Z'}), line('t2')]);
    const rows = ['Buchung;refId;type;playerId;currency;Betrag;status;processedAt',
                  't1;r-t1;debit;ana;KZT;1.234,50;SUCCESS;20.11.2026 12:00:00',
                  't2;r-t2;debit;ana;KZT;10,00;SUCCESS;20.11.2026 15:00:00', 'Summe;;;;;1.244,50;;', ''];
    const write = (text) => writeFileSync(path.join(cwd, 'operator.csv'), Buffer.from(`\ufeff${text}`, 'utf16le'));
    const format = ['transactionId=Buchung', 'amount=Betrag', 'time_zone=Africa/Nairobi'].flatMap((each) => ['--right-format', each]);
    const args = ['reconcile', '--left', 'hub.csv', '--right', 'operator.csv', ...format];
    write(rows.join('\r\n'));
    const clean = await florin(args, {cwd});
    assert.deepEqual([clean.code, clean.stderr], [0, '']);
    assert.match(clean.stdout, /^Format of hub +commas, UTF-8, decimal point$/m);
    assert.match(clean.stdout,
                 /^Format of operator +semicolons, UTF-16 \(little-endian\), decimal comma, local times of Africa\/Nairobi, total checked$/m);
    write(rows.join('\r\n').replace('1.244,50', '1.244,51'));
    const wrong = await florin(args, {cwd});
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /line 4: the total says 1244\.51, the rows add up to 1244\.50/);
  });

  it('reconciles yesterday of a partner and keeps it in the database', async () => {
    const dataDir = makeFolder();
    const cwd = makeFolder();
    await createKey(dataDir);
    const [tenant] = (await florinOk(['tenants', 'list', '--data', dataDir])).split(/\s+/);
    const at = new Date(Date.now() - 86_400_000).toISOString();
    writeSides(path.join(dataDir, 'reconciliation-inbox', tenant, 'default'), [line('t1', {at})], []);
    const result = await florin(['reconcile', '--data', dataDir], {cwd});
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stdout, /^Reconciliation of default\n.*\nrec_\w+: 1 mismatches\n$/s);
    const unknown = await florin(['reconcile', '--data', dataDir, '--partner', '../default'], {cwd});
    assert.deepEqual([unknown.code, /reconciliation_partner_not_found/.test(unknown.stderr)], [2, true]);
  });
});

describe('/v1/reconciliations', async () => {
  const books = await Books.open();
  after(() => books.close());
  const tenant = (await florinOk(['tenants', 'list', '--data', books.dataDir])).split(/\s+/)[0];
  const inbox = (partner) => path.join(books.dataDir, 'reconciliation-inbox', tenant, partner);
  const day = {from: '2026-11-20', to: '2026-11-20'};

  /** Starts a reconciliation and waits for its end. */
  async function reconcile(partner) {
    const {id} = bodyOf(await books.api.post('/v1/reconciliations', {partner, ...day}), 202);
    return eventually('the reconciliation ends', async () => {
      const run = bodyOf(await books.api.get(`/v1/reconciliations/${id}`), 200);
      return ['completed', 'failed'].includes(run.status) ? run : undefined;
    });
  }
  const itemsOf = async (run, query = '') =>
      bodyOf(await books.api.get(`/v1/reconciliations/${run.id}/items?limit=200${query}`), 200).data;
  const wordsOf = (items) => items.map((item) => `${item.kind} ${item.transaction_id}`).sort();

  it('finds in the background what differs', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const run = await reconcile(partner);
    assert.deepEqual([run.status, run.mismatches, run.counts.matched], ['completed', 5, 5]);
    assert.deepEqual(wordsOf(await itemsOf(run)), expected);
    assert.deepEqual(wordsOf(await itemsOf(run, '&kind=MISSING_IN_HUB')), ['MISSING_IN_HUB t7']);
    assert.equal((await itemsOf(run, '&status=resolved')).length, 0);
    assert.equal((await itemsOf(run, `&created_after=${run.created_at}`)).length, 5);
    assert.equal((await itemsOf(run, `&created_before=${run.created_at}`)).length, 0);
    const csv = await books.api.get(`/v1/reconciliations/${run.id}/report.csv`);
    assert.deepEqual([csv.status, mismatchesOf(csv.bytes.toString())], [200, expected]);
    assert.deepEqual(mismatchesOf(readFileSync(path.resolve(run.report_file), 'utf8')), expected);
    const listed = bodyOf(await books.api.get(`/v1/reconciliations?partner=${partner}`), 200).data;
    assert.deepEqual(listed, [run]);
  });

  it('is the whole of the day that a date as "to" names', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const run = await reconcile(partner);
    assert.deepEqual([run.from, run.to], ['2026-11-20T00:00:00.000000Z', '2026-11-21T00:00:00.000000Z']);
    const same = {partner, from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z'};
    assert.equal(bodyOf(await books.api.post('/v1/reconciliations', same), 202).id, run.id);
  });

  it('reads files of the inbox as the file beside them says', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner), [line('t1')], [line('t1')]);
    const file = path.join(inbox(partner), 'operator.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace('2026-11-20T12:00:00Z', '2026-11-20 15:00'));
    assert.equal((await reconcile(partner)).error_code, 'reconciliation_file_malformed');
    writeFileSync(path.join(inbox(partner), 'operator.format'), '# local\ntime_zone=Africa/Nairobi\n');
    assert.deepEqual([(await reconcile(partner)).mismatches], [0]);
  });

  it('is the same reconciliation when it is done again', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const first = await reconcile(partner);
    const before = await itemsOf(first);
    await books.crashAndRestart();
    const second = await reconcile(partner);
    assert.deepEqual([second.id, second.attempt], [first.id, 2]);
    assert.deepEqual(await itemsOf(second), before);
  });

  it('takes a run up again that was killed in its middle', async () => {
    const partner = unique('partner');
    const many = Array.from({length: 150_000}, (_, i) => line(`many-${i}`));
    writeSides(inbox(partner), many, many.slice(500));
    const {id} = bodyOf(await books.api.post('/v1/reconciliations', {partner, ...day}), 202);
    await eventually('the run is taken up', async () =>
        bodyOf(await books.api.get(`/v1/reconciliations/${id}`), 200).status !== 'queued');
    await books.crashAndRestart();
    const run = await eventually('the run is done', async () => {
      const now = bodyOf(await books.api.get(`/v1/reconciliations/${id}`), 200);
      return now.status === 'completed' && now;
    });
    assert.equal(run.mismatches, 500);
    const items = await books.api.all(`/v1/reconciliations/${id}/items`);
    assert.equal(new Set(items.map((item) => item.transaction_id)).size, 500);
    assert.equal(items.length, 500);
  });

  it('pays a difference after four eyes have seen it', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const wallet = await books.wallet(5000);
    const bank = await books.wallet(0);
    const run = await reconcile(partner);
    const [item] = await itemsOf(run, '&kind=AMOUNT_MISMATCH');
    assert.match(item.reason, /^ours is [\d.]+ [A-Z]{3}, theirs is [\d.]+ [A-Z]{3}; the difference is -?[\d.]+ [A-Z]{3}$/);
    const at = `/v1/reconciliation-items/${item.id}`;
    const proposal = {postings: [{debit: wallet.code, credit: bank.code, amount: 1, currency: 'KZT'}], note: 'one tiyn'};

    problemOf(await books.api.post(`${at}/approve`), 409, 'reconciliation_nothing_proposed');
    bodyOf(await books.api.post(`${at}/explain`, {note: 'rounding'}), 200);
    bodyOf(await books.api.post(`${at}/propose`, proposal), 200);
    problemOf(await books.api.post(`${at}/explain`, {note: 'x'}), 409, 'reconciliation_item_not_open');
    problemOf(await books.api.post(`${at}/approve`), 403, 'four_eyes_required');
    const writer = await books.clientWith({permissions: 'reconciliation:write'});
    problemOf(await writer.post(`${at}/approve`), 403, 'permission_denied');

    const other = await books.clientWith({permissions: 'reconciliation:*'});
    assert.equal(bodyOf(await other.post(`${at}/reject`, {note: 'look again'}), 200).status, 'open');
    bodyOf(await books.api.post(`${at}/propose`, proposal), 200);
    const resolved = bodyOf(await other.post(`${at}/approve`, undefined, {key: 'once'}), 200);
    assert.deepEqual(bodyOf(await other.post(`${at}/approve`, undefined, {key: 'once'}), 200), resolved);
    assert.equal(resolved.status, 'resolved');
    const transfer = bodyOf(await books.api.get(`/v1/transfers/${resolved.transfer_id}`), 200);
    assert.deepEqual([transfer.reference, transfer.postings[0].amount], [item.id, 1]);
    const events = bodyOf(await books.api.get(`/v1/events?subject=${item.id}`), 200).data;
    assert.deepEqual(events.map((event) => event.type.split('.').pop()),
                     ['resolved', 'proposed', 'rejected', 'proposed', 'explained']);
    for (const {data} of events) assert.equal(data.reason, item.reason);
    writer.close();
    other.close();
  });

  it('is part of an export', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const run = await reconcile(partner);
    const [item] = await itemsOf(run);
    bodyOf(await books.api.post(`/v1/reconciliation-items/${item.id}/explain`, {note: 'known'}), 200);
    const [first, second] = [path.join(makeFolder(), 'a.jsonl'), path.join(makeFolder(), 'b.jsonl')];
    await florinOk(['export', '--data', books.dataDir, '--out', first]);
    const copy = makeFolder();
    await florinOk(['import', '--data', copy, '--in', first]);
    await florinOk(['export', '--data', copy, '--out', second]);
    assert.equal(readFileSync(first, 'utf8'), readFileSync(second, 'utf8'));
    assert.match(readFileSync(first, 'utf8'), new RegExp(`"reconciliation_items":.*"known"`));
  });

  it('refuses what is not well-formed, and what is not there', async () => {
    problemOf(await books.api.post('/v1/reconciliations', {partner: 'nobody', ...day}), 404, 'reconciliation_partner_not_found');
    problemOf(await books.api.post('/v1/reconciliations', {partner: '../x', from: 'x'}), 400, 'validation_failed');
    problemOf(await books.api.post('/v1/reconciliations', {partner: 'x', from: '2026-11-21', to: day.from}), 400, 'validation_failed');
    problemOf(await books.api.get('/v1/reconciliations/rec_0000000000000'), 404, 'reconciliation_not_found');
    problemOf(await books.api.post('/v1/reconciliation-items/rit_0000000000000/explain', {note: 'x'}), 404,
              'reconciliation_item_not_found');
    const broken = unique('partner');
    writeSides(inbox(broken), ['t1,,debit,ana,g,KZT,x,SUCCESS,2026-11-20T12:00:00Z\n']);
    const failed = await reconcile(broken);
    assert.deepEqual([failed.status, failed.error_code], ['failed', 'reconciliation_file_malformed']);
  });

  it('shows a tenant nothing of another', async () => {
    const partner = unique('partner');
    writeSides(inbox(partner));
    const run = await reconcile(partner);
    const stranger = await books.otherTenant();
    problemOf(await stranger.get(`/v1/reconciliations/${run.id}`), 404, 'reconciliation_not_found');
    problemOf(await stranger.get(`/v1/reconciliations/${run.id}/items`), 404, 'reconciliation_not_found');
    problemOf(await stranger.post('/v1/reconciliations', {partner, ...day}), 404, 'reconciliation_partner_not_found');
    stranger.close();
  });
});
