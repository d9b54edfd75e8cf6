// A PostgreSQL that cannot be used: the error names the setting to change and never a secret, and a server that runs
// lives through it. Over real servers; only a version that is too old is played.
import assert from 'node:assert/strict';
import {createServer} from 'node:net';
import {writeFileSync} from 'node:fs';
import {after, before, describe, it} from 'node:test';

import {Books} from './lib/books.mjs';
import {Authority} from './lib/certificates.mjs';
import {bodyOf, problemOf} from './lib/client.mjs';
import {freePort} from './lib/port.mjs';
import {giveToServer, noPostgres, Postgres} from './lib/postgres.mjs';
import {binary, eventually, florin, florinOk, makeFolder, run} from './lib/server.mjs';

const password = 'hush-hush-7';

/** What a command says that must not run, with exit code 2; the password is never in it. */
async function refusal(url, {command = 'migrate', dataDir = makeFolder()} = {}) {
  const listen = command === 'serve' ? ['--listen', '127.0.0.1:0'] : [];
  const result = await florin([command, '--data', dataDir, '--db', url, ...listen]);
  assert.equal(result.code, 2, result.stdout + result.stderr);
  assert.doesNotMatch(result.stdout + result.stderr, new RegExp(password));
  return result.stderr;
}

/** A port at which `serve` answers; closes with the test file. */
async function listen(serve) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server.address().port;
}

/** A message of PostgreSQL's protocol: its letter, its length, its fields. */
function message(letter, ...fields) {
  const body = Buffer.concat(fields.map((field) => Buffer.isBuffer(field) ? field : Buffer.from(`${field}\0`)));
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** As far as a client gets before it learns the version: no TLS, no password, ready. */
function greetAsVersion(version) {
  return (socket) => socket.on('data', (data) => {
    const asksForEncryption = data.length === 8;
    if (asksForEncryption) return socket.write('N');
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('S', 'server_version', version),
                                message('S', 'server_encoding', 'UTF8'), message('Z', Buffer.from('I'))]));
  });
}

describe('a PostgreSQL that cannot be connected to', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let server;
  before(() => server = Postgres.start());
  after(() => server.stop());

  it('is told with the setting: host, port, user, password, database', async () => {
    const refusals = [
      [`postgres://u:${password}@127.0.0.1:1/florin`, /Connection refused; check host and port in database\.url/],
      [`postgres://u:${password}@no-such-host.invalid/florin`, /check the host in database\.url/],
      [`postgres://nobody:${password}@/florin?host=${server.folder}`, /role "nobody" does not exist; check the user in database\.url/],
      [server.url({database: 'nothing'}), /database "nothing" does not exist; check the database's name in database\.url/],
      [`postgres://locked:${password}@/florin?host=${server.folder}`, /password authentication failed.*check the user and password/],
      [`postgres://u:${password}@h/d?pool_size=many`, /pool_size in the database URL must be a whole number/],
      [`postgres://u:${password}@h/d?no_such_parameter=1`, /database\.url/],
    ];
    for (const [url, expected] of refusals) assert.match(await refusal(url), expected);
  });

  it('that does not answer is given up after connect_timeout, and firewalls are named', async () => {
    const port = await listen(() => {});
    assert.match(await refusal(`postgres://u:${password}@127.0.0.1:${port}/florin?connect_timeout=2`),
                 /timeout expired; check host and port in database\.url, and firewalls/);
  });

  it('of a version before 13 is refused by its version', async () => {
    const port = await listen(greetAsVersion('12.22'));
    const said = await refusal(`postgres://u:${password}@127.0.0.1:${port}/florin`, {command: 'serve'});
    assert.match(said, /PostgreSQL 13 or later is needed, the server in database\.url is 12/);
  });

  it('whose database keeps another encoding is refused, with what to make instead', async () => {
    const url = server.createDatabase('latin', {more: "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"});
    assert.match(await refusal(url), /keeps text as LATIN1.*ENCODING 'UTF8'/);
  });

  it('where the user may not make tables, or see a schema, says what to grant', async () => {
    assert.match(await refusal(server.url({user: 'guest'})), /permission denied for schema public; grant it to the user in database\.url/);
    server.createDatabase('closed');
    server.sql('REVOKE ALL ON SCHEMA public FROM PUBLIC', {database: 'closed'});
    assert.match(await refusal(server.url({database: 'closed', user: 'guest'})), /no schema is open to the user in database\.url/);
  });

  it('where the turn to write may not be taken says so', async () => {
    const url = server.createDatabase('turnless');
    server.sql('REVOKE EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) FROM PUBLIC', {database: 'turnless'});
    assert.match(await refusal(url), /permission denied for function pg_advisory_xact_lock; grant it/);
  });

  it('whose connections are all taken names max_connections and pool_size', async () => {
    const small = Postgres.start(['fsync=off', 'max_connections=6', 'superuser_reserved_connections=1']);
    after(() => small.stop());
    const guests = [];
    for (let i = 0; i < 5; ++i) guests.push(await small.hold('BEGIN', {user: 'guest'}));
    assert.match(await refusal(small.url(), {command: 'serve'}), /pool_size in database\.url or raise the server's max_connections/);
    for (const guest of guests) await guest.end();
  });
});

describe('a standby', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let primary, standby;
  before(async () => {
    primary = Postgres.start(['wal_level=replica']);
    await florinOk(['migrate', '--data', makeFolder(), '--db', primary.url()]);
    standby = primary.resumeCopy({mark: 'standby.signal', settings: [
      `primary_conninfo='host=${primary.folder} port=${primary.port} user=postgres'`]});
  });
  after(() => {
    standby.stop();
    primary.stop();
  });

  it('is refused as a primary by what writes and by the doctor, and can be verified', async () => {
    assert.equal(standby.sql('SELECT pg_is_in_recovery()'), 't');
    for (const command of ['serve', 'migrate'])
      assert.match(await refusal(standby.url(), {command}), /in recovery.*database\.url must name the primary/);
    assert.match((await florin(['verify', '--data', makeFolder(), '--db', standby.url()])).stdout, /he books are in order/);
    const doctor = await florin(['doctor', '--data', makeFolder(), '--db', standby.url()]);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /FAULT +database: .*in recovery.*must name the primary/);
  });
});

describe('a server whose PostgreSQL', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let server;
  /** @type {Books} */
  let books;
  let ana, shop;
  const more = '&pool_size=2&pool_timeout_ms=300&lock_timeout=2000';

  before(async () => {
    server = Postgres.start(['fsync=off', 'max_connections=12', 'superuser_reserved_connections=2']);
    books = await Books.open({db: ['--db', server.url({more})]});
    [ana, shop] = [await books.wallet(1_000), await books.wallet()];
  });
  after(async () => {
    await books.close();
    server.stop();
  });

  /** 503, with the setting's name, and a word about when to come back. */
  function unavailable(answer, expected) {
    const {detail} = problemOf(answer, 503, 'store_unavailable');
    assert.match(detail, expected);
    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  }

  const readAccount = () => books.api.get(`/v1/accounts/${ana.id}`);

  it('keeps all readers busy answers 503 and names pool_size, and reads again afterwards', async () => {
    const lock = await server.hold('BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE');
    const answers = await Promise.all(Array.from({length: 4}, readAccount));
    const details = answers.map((answer) => problemOf(answer, 503, 'store_unavailable').detail);
    assert.ok(details.some((detail) => /raise pool_size in database\.url/.test(detail)), details.join('\n'));
    assert.ok(details.some((detail) => /lock_timeout in database\.url/.test(detail)), details.join('\n'));
    await lock.end();
    bodyOf(await readAccount(), 200);
  });

  it('refuses an INSERT answers 503, says what to grant, and writes again afterwards', async () => {
    server.sql('REVOKE INSERT ON transfers FROM florin', {database: 'florin'});
    unavailable(await books.tryMove(ana, shop, 1), /permission denied for table transfers; grant it to the user in database\.url/);
    const doctor = await florin(['doctor', '--data', books.dataDir, '--db', server.url()]);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /FAULT +privileges: florin may not read and add to transfers/);
    server.sql('GRANT INSERT ON transfers TO florin', {database: 'florin'});
    await books.move(ana, shop, 1);
    assert.equal(await books.balanceOf(shop), 1);
  });

  it('has no connection left answers 503 and names max_connections, and goes on when there are some', async () => {
    // What it had is cut and taken by others before it connects again: what it then asks for is refused.
    const guests = [];
    const hog = async () => {
      const free = () => Number(server.sql(`SELECT 10 - count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
                                            AND usename <> 'postgres'`));
      while (free() > 0) guests.push(await server.hold('BEGIN', {user: 'guest'}));
    };
    server.sql('ALTER ROLE florin NOLOGIN');
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'florin'");
    await hog();
    server.sql('ALTER ROLE florin LOGIN');
    const expected = /lower pool_size in database\.url or raise the server's max_connections/;
    const answer = await readAccount();
    unavailable(answer, expected);
    for (const guest of guests) await guest.end();
    await eventually('it reads again', async () => (await readAccount()).status === 200);
    await eventually('it writes again', async () => (await books.tryMove(ana, shop, 1)).status === 201);
  });

  it('could be set up better is told so by the doctor', async () => {
    const said = await florinOk(['doctor', '--data', books.dataDir, '--db', server.url({user: 'postgres'})]);
    for (const what of ['durability', 'page checksums', 'archive', 'wall between tenants'])
      assert.match(said, new RegExp(`^look +${what}:`, 'm'));
    const crowded = server.url({more: '&pool_size=20'});
    assert.match(await florinOk(['doctor', '--data', books.dataDir, '--db', crowded]),
                 /look +connections: 10 may be open, 1 nodes with pool_size 20 want 22\n +Raise max_connections/);
  });

  it('takes too long names statement_timeout', async () => {
    const hasty = new Books(books.dataDir, books.secret, {args: ['--db', server.url({more: '&pool_size=2&statement_timeout=300'})],
                                                          env: {FLORIN_NODE_ID: '1'}});
    await hasty.start();
    after(() => hasty.close());
    const lock = await server.hold('BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE');
    unavailable(await hasty.api.get(`/v1/accounts/${ana.id}`), /longer than statement_timeout in database\.url/);
    await lock.end();
    bodyOf(await hasty.api.get(`/v1/accounts/${ana.id}`), 200);
    await hasty.close();
  });
});

describe('a server that is told to end', {skip: noPostgres}, () => {
  it('while PostgreSQL is gone ends all the same, and waits for it once for all of its leases', async () => {
    const server = Postgres.start();
    const books = await Books.open({db: ['--db', server.url()]});
    after(() => books.close());
    const {data} = bodyOf(await books.api.get('/v1/system/jobs'), 200);
    assert.ok(data.filter(({holder}) => holder !== null).length > 1, 'it holds several leases');
    server.stop();
    assert.deepEqual(await books.server.stop(), {code: 0, signal: null});
    assert.equal(books.server.output.split('could not be released').length - 1, 1, books.server.output);
  });
});

describe('TLS to PostgreSQL', {skip: noPostgres}, () => {
  /** @type {Postgres} */
  let server;
  /** @type {Authority} */
  let authority;
  let port;

  const file = (name) => authority.file(name);
  const certify = async (options = {}) => {
    await authority.certify('server', {extension: 'subjectAltName=DNS:localhost', ...options});
    giveToServer(file('server.key'));
  };
  const url = ({host = 'localhost', database = 'florin', ca = file('ca.pem'), mode = 'verify-full', more = ''} = {}) =>
    `postgres://florin:${password}@${host}:${port}/${database}?sslmode=${mode}&sslrootcert=${ca}${more}`;
  const ours = () => `&sslcert=${file('florin.pem')}&sslkey=${file('florin.key')}`;

  before(async () => {
    authority = await Authority.create();
    for (const name of ['florin', 'other']) await authority.certify(name);
    await certify();
    writeFileSync(file('hba.conf'), [
      'local all all trust', 'local replication all trust', 'hostssl certified all 127.0.0.1/32 cert',
      'hostssl florin all 127.0.0.1/32 trust', ''].join('\n'));
    for (const name of ['.', 'hba.conf', 'ca.pem']) giveToServer(file(name));
    port = await freePort();
    server = Postgres.start([
      'fsync=off', "listen_addresses='127.0.0.1'", 'ssl=on', `ssl_cert_file='${file('server.pem')}'`,
      `ssl_key_file='${file('server.key')}'`, `ssl_ca_file='${file('ca.pem')}'`, `hba_file='${file('hba.conf')}'`], {port});
    server.createDatabase('certified');
  });
  after(() => server.stop());

  it('works with sslmode=verify-full and a private authority, and every connection is encrypted', async () => {
    const books = await Books.open({db: ['--db', url()]});
    after(() => books.close());
    await books.wallet(10);
    assert.equal(server.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'florin'"), 't');
    assert.doesNotMatch(books.server.output, new RegExp(password));
    const doctor = await florinOk(['doctor', '--data', books.dataDir, '--db', url()]);
    assert.match(doctor, /ok +TLS to the database/);
    await books.close();
  });

  it('refuses another authority, another host, a missing file and a plain connection, each with its setting', async () => {
    const stranger = await Authority.create('stranger');
    assert.match(await refusal(url({ca: stranger.file('stranger.pem')})), /certificate verify failed; sslrootcert in database\.url/);
    assert.match(await refusal(url({host: '127.0.0.1'})), /does not match host name.*the host in database\.url/);
    assert.match(await refusal(url({ca: '/no/such/ca.pem'})), /root certificate.*check sslrootcert in database\.url/);
    assert.match(await refusal(url({mode: 'disable'})), /no encryption; .*sslmode=verify-full in database\.url/);
  });

  it('shows a client certificate where the server asks for one, also from the environment', async () => {
    assert.match(await refusal(url({database: 'certified'})), /client certificate; check sslcert and sslkey in database\.url/);
    const other = ours().replaceAll('florin.', 'other.');
    assert.match(await refusal(url({database: 'certified', more: other})), /certificate authentication failed.*check sslcert and sslkey/);
    assert.match(await refusal(url({database: 'certified', more: ours().replace('florin.key', 'none.key')})),
                 /private key.*check sslcert and sslkey/);
    await florinOk(['migrate', '--data', makeFolder(), '--db', url({database: 'certified', more: ours()})]);
    const env = {DB_HOST: 'localhost', DB_PORT: String(port), DB_NAME: 'certified', DB_SSLMODE: 'verify-full',
                 DB_SSLROOTCERT: file('ca.pem'), DB_SSLCERT: file('florin.pem'), DB_SSLKEY: file('florin.key')};
    const byEnvironment = await run(binary(), ['verify', '--data', makeFolder()], {env});
    assert.equal(byEnvironment.code, 0, byEnvironment.stderr);
    assert.match(byEnvironment.stdout, /books are in order/);
  });

  it('backs up over it', async () => {
    const dataDir = makeFolder(), database = url({database: 'certified', more: ours()});
    await florinOk(['migrate', '--data', dataDir, '--db', database]);
    await florinOk(['backup', '--data', dataDir, '--db', database, '--out', `${dataDir}/backup`]);
  });

  it('refuses a certificate that is out of date, and says so', async () => {
    await certify({days: -1});
    server.sql('SELECT pg_reload_conf()');
    const said = await eventually('the server shows its new certificate', async () => {
      const result = await florin(['migrate', '--data', makeFolder(), '--db', url()]);
      return result.code !== 0 && result.stderr;
    });
    assert.match(said, /certificate verify failed.*in date/);
  });

  it('refuses a server without TLS', async () => {
    server.sql('ALTER SYSTEM SET ssl = off');
    server.sql('SELECT pg_reload_conf()');
    await eventually('the server turns it off', async () => server.sql('SHOW ssl') === 'off');
    assert.match(await refusal(url()), /does not support SSL.*sslmode in database\.url/);
  });
});
