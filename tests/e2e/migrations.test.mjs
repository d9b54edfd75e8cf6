// A schema that a newer binary has expanded, under one that does not know it: nothing it asks fails. And the check
// that keeps new migrations that way.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {bodyOf, Client} from './lib/client.mjs';
import {binary, databaseOf, eventually, florin, florinOk, makeFolder, repository, Server} from './lib/server.mjs';

const script = path.join(repository, 'scripts/postgres');
const skip = spawnSync(script, ['available']).status === 0 ? false : 'there is no PostgreSQL server here';
const given = process.env.FLORIN_TEST_POSTGRES;
/** The binary of an older release, where there is one. */
const old = process.env.FLORIN_OLD_BIN;

/** Runs SQL over the data folder's schema, as background work may; each statement by itself. */
function psql(dataDir, sql) {
  const {FLORIN_DATABASE_URL: url} = databaseOf(['--data', dataDir]);
  return spawnSync('psql', [url, '-qtA', '-f', '-'], {input: `SET florin.tenant = '*';\n${sql}`, encoding: 'utf8'});
}

function ask(dataDir, sql) {
  const {stdout, stderr} = psql(dataDir, sql);
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

const tablesOf = (dataDir) =>
    ask(dataDir, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename;");

/** A beginning of a statement that is put together would swallow the statement after it. */
const closesItsParentheses = (text) => text.split('(').length === text.split(')').length;

/**
 * The statements of a binary: its texts that are SQL. Those of described tables are put together when the program
 * starts; they name their columns, and a unit test of app prepares each of them.
 */
function statementsOf(program) {
  const texts = readFileSync(program, 'latin1').split('\0');
  return [...new Set(texts)].filter((text) => /^(SELECT|INSERT INTO|UPDATE|DELETE FROM) [\x20-\x7e]+$/.test(text) &&
                                              closesItsParentheses(text));
}

/** Those that the schema as it is does not take, with the reason. */
function refused(dataDir, statements) {
  const input = statements.map((text, n) => `PREPARE s${n} AS ${text};`).join('\n');
  const faults = psql(dataDir, input).stderr.matchAll(/<stdin>:(\d+): ERROR: {2}(.*)/g);
  return new Map([...faults].map(([, line, why]) => [statements[Number(line) - 2], why]));
}

/** What the step of a newer binary does: under the writers' lock, each table in a transaction of its own. */
function expand(dataDir) {
  const [schema] = ask(dataDir, "SELECT current_database() || '.' || current_schema();");
  const lock = createHash('sha256').update(`florin writer ${schema}`).digest().readBigInt64LE();
  const steps = tablesOf(dataDir).map((table) => `ALTER TABLE ${table} ADD COLUMN added_later TEXT`);
  steps.push('CREATE TABLE added_later (id BIGINT NOT NULL PRIMARY KEY)',
             "INSERT INTO schema_migrations VALUES ('ledger', '9999_expanded', 'abc', 0)");
  ask(dataDir, steps.map((step) => `BEGIN; SELECT FROM pg_advisory_xact_lock(${lock}); ${step}; COMMIT;`).join('\n'));
}

/** Clients that write and read one after another until they are told to end; an answer that is no success fails. */
class Load {
  constructor(clients, from, to) {
    Object.assign(this, {done: 0, isOver: false});
    this.running = Promise.all(clients.map((api) => this.#work(api, from, to)));
  }

  async #work(api, from, to) {
    for (; !this.isOver; this.done += 3) {
      bodyOf(await api.post('/v1/transfers', {
        postings: [{debit: from.id, credit: to.id, amount: 1, currency: 'KZT'}]}), 201);
      bodyOf(await api.get(`/v1/accounts/${to.id}/statement?limit=5`), 200);
      bodyOf(await api.get('/v1/trial-balance'), 200);
    }
  }

  answersMore(count) {
    const goal = this.done + count;
    return eventually(`${count} more answers`, async () => this.done >= goal);
  }

  async end() {
    this.isOver = true;
    await this.running;
  }
}

describe('an expanded schema', {skip}, () => {
  let folder;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'florin-e2e-migrations-'));
    process.env.FLORIN_TEST_POSTGRES = execFileSync(script, ['start', folder, 'fsync=off'], {encoding: 'utf8'}).trim();
  });
  after(() => {
    execFileSync(script, ['stop', folder]);
    if (given) process.env.FLORIN_TEST_POSTGRES = given;
    else delete process.env.FLORIN_TEST_POSTGRES;
  });

  it('takes every statement that the binary before it has', async () => {
    const dataDir = makeFolder();
    await florinOk(['migrate', '--data', dataDir]);
    const all = statementsOf(old ?? binary());
    const foreign = refused(dataDir, all);
    // SQLite's own, and beginnings of statements that are put together.
    const statements = all.filter((text) => !foreign.has(text));
    assert.ok(statements.length > 150, `${statements.length} statements, refused: ${[...foreign.values()].join('\n')}`);
    expand(dataDir);
    assert.deepEqual([...refused(dataDir, statements)], []);
    console.log(`# ${statements.length} statements over an expanded schema, ${foreign.size} of other dialects left out`);
  });

  it('comes while nodes serve, and no request fails', async () => {
    const books = await Books.open();
    after(() => books.close());
    const second = await Server.start(books.dataDir, {env: {FLORIN_NODE_ID: '1'}});
    after(() => second.stop());
    const other = new Client(second.url, books.secret);
    after(() => other.close());
    const [ana, shop] = [await books.wallet(1_000_000), await books.wallet()];
    const load = new Load([books.api, other, books.api, other], ana, shop);
    await load.answersMore(60);
    expand(books.dataDir);
    await load.answersMore(120);
    await load.end();
    console.log(`# ${load.done} requests were answered while the schema was expanded, none failed`);
    await books.wallet();

    for (const api of [books.api, other]) {
      const {services} = bodyOf(await api.get('/health/services'), 200);
      const schema = services.find(({name}) => name === 'schema');
      assert.equal(schema.status, 'degraded');
      assert.match(schema.detail, /newer florin.*9999_expanded/);
    }
    bodyOf(await books.api.get('/health/ready'), 200);
    const again = await florin(['migrate', '--data', books.dataDir]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /schema_mismatch/);
  });

  it('is made by florin migrate while an older release serves', {skip: !old && 'needs FLORIN_OLD_BIN'}, async () => {
    const current = binary();
    process.env.FLORIN_BIN = old;
    const books = await Books.open().finally(() => process.env.FLORIN_BIN = current);
    after(() => books.close());
    const load = new Load([books.api, books.api, books.api], await books.wallet(1_000_000), await books.wallet());
    await load.answersMore(60);
    await florinOk(['migrate', '--data', books.dataDir]);
    await load.answersMore(120);
    const second = await Server.start(books.dataDir, {env: {FLORIN_NODE_ID: '1'}});
    after(() => second.stop());
    await load.answersMore(60);
    await load.end();
    console.log(`# ${load.done} requests were answered by the older release while florin migrate ran, none failed`);
    await florinOk(['verify', '--data', books.dataDir]);
  });
});

describe('scripts/check_migrations', () => {
  const check = (sql, name = '0002_step.sql') => {
    const file = path.join(makeFolder(), name);
    writeFileSync(file, sql);
    return spawnSync(path.join(repository, 'scripts/check_migrations'), [file], {encoding: 'utf8'}).stdout;
  };

  it('lets expansions pass', () => {
    assert.equal(check('CREATE TABLE a (id BIGINT NOT NULL);\nCREATE UNIQUE INDEX a_by_id ON a (id);'), '');
    assert.equal(check('ALTER TABLE old ADD COLUMN note TEXT;\nCREATE INDEX old_by_note ON old (note);'), '');
    assert.equal(check("ALTER TABLE old ADD COLUMN kind TEXT NOT NULL DEFAULT 'x';"), '');
    assert.equal(check('-- DROP TABLE is only spoken of here.\nCREATE TABLE a (id BIGINT);'), '');
  });

  it('refuses what an older binary would trip over', () => {
    for (const sql of ['DROP TABLE old', 'ALTER TABLE old DROP COLUMN note', 'ALTER TABLE old RENAME TO new',
                       'ALTER TABLE old ALTER COLUMN note SET NOT NULL', 'ALTER TABLE old ADD COLUMN kind TEXT NOT NULL',
                       'ALTER TABLE old ALTER note TYPE BIGINT', 'ALTER TABLE old ADD CHECK (note > 0)',
                       'CREATE UNIQUE INDEX old_by_note ON old (note)', 'DELETE FROM old', 'drop index old_by_note']) {
      assert.match(check(`${sql};`), /^check: 0002_step\.sql: /, sql);
    }
  });

  it('lets a contract step pass that says after which version it is safe', () => {
    const contract = '-- Contract: safe after 0.4.0, because nothing reads note since then.\n';
    assert.equal(check(`${contract}ALTER TABLE old DROP COLUMN note;`), '');
    assert.notEqual(check('-- Contract: safe some day.\nALTER TABLE old DROP COLUMN note;'), '');
  });

  it('refuses to lock two tables of PostgreSQL in one step', () => {
    const two = 'ALTER TABLE one ADD COLUMN a TEXT;\nALTER TABLE two ADD COLUMN b TEXT;';
    assert.match(check(two, '0002_step.postgres.sql'), /several tables.*one, two/);
    assert.equal(check(two, '0002_step.sqlite.sql'), '');
    assert.match(check('ALTER TABLE one ADD COLUMN a TEXT;\n{TENANT two BY one_id OF one}'), /several tables.*one, two/);
    assert.equal(check('ALTER TABLE one ADD COLUMN a TEXT;\n{SQLITE: ALTER TABLE two ADD COLUMN b TEXT;}'), '');
  });

  it('wants a tenant for each table that names one', () => {
    const table = 'CREATE TABLE a (\n  id {ID} NOT NULL PRIMARY KEY, -- of the row\n  tenant_id BIGINT NOT NULL\n);\n';
    assert.match(check(table), /rows of others \(a: no \{TENANT a BY \.\.\.\}\)/);
    assert.match(check(`${table}{TENANT ab BY tenant_id}`), /rows of others/);
    assert.equal(check(`${table}{TENANT a BY tenant_id}`), '');
    assert.equal(check('CREATE TABLE a (id {ID});\nCREATE TABLE b (id {ID});\n'), '');
  });
});
