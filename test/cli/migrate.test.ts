import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { agentWith, connectRender, modernClient } from '../gateway/agents.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { join as joinHub, setUp, type Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';
import { printed, resultOf, runCli, spawnCli } from './run-cli.ts';

type Moved = {
  rows: number;
  tables: { table: string; rows: number }[];
  secrets: { count: number; unreadable: string[] };
};

const PAGES = ['connectors', 'agents', 'calls', 'tokens', 'people', 'audit?action=connector.created'];

let root = '';
let folder = '';
let postgres: TestPostgres;
let hub: TestHub;
let render: RunningProvider;
let sentry: RunningProvider;
let agent: Awaited<ReturnType<typeof agentWith>>;
let own: Awaited<ReturnType<typeof agentWith>>;
let shared: { id: string; key: string };
let oauth: { id: string };
let owner: Visit;
let tool = '';
const before = new Map<string, unknown>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chatelaine-move-'));
  folder = join(root, 'hub');
  [postgres, render, sentry] = await Promise.all([startPostgres(), startProvider('render'), startProvider('sentry')]);
  hub = await startHub({ folder });
  shared = await connectRender(hub, render);
  await hub.ok('PATCH', `/api/connectors/${shared.id}`, {
    capture: 'redacted',
    headers: { 'x-team': 'blue' },
  });
  tool = render.tools()[0]?.name ?? '';
  agent = await agentWith(hub, [`mcp__${shared.key}__${tool}`]);
  await hub.ok('PATCH', `/api/agents/${agent.id}`, { name: 'Zoë "漢字" 😀' });
  oauth = await hub.ok('POST', '/api/connectors', {
    name: 'Sentry',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'per_agent',
  });
  own = await agentWith(hub, []);
  await hub.connect(oauth.id, own.id);
  await hub.ok('POST', `/api/connectors/${oauth.id}/connect`, { agentId: agent.id });
  owner = await setUp(hub);
  await joinHub(hub, owner, 'viewer', 'viewer@example.com');
  await owner.call('POST', '/api/tokens', { role: 'reader', label: 'ci' });
  for (let n = 0; n < 3; n += 1) expect((await callOf(hub.url)).error).toBeUndefined();
  await until('the calls are logged', async () => (await hub.ok('GET', '/api/calls')).items.length === 3);
  for (const page of PAGES) before.set(page, await hub.ok('GET', `/api/${page}`));
  await hub.stop();
});
afterAll(async () => {
  await Promise.all([render?.close(), sentry?.close()]);
  await postgres?.stop();
  await rm(root, { recursive: true, force: true });
});

const callOf = async (url: string) => {
  const client = modernClient(`${url}/mcp`, agent.key);
  return (await client.request('tools/call', { name: `${shared.key}__${tool}`, arguments: {} })).answer;
};

/** A copy of the whole data folder. */
async function copyOf(name: string, key = true): Promise<string> {
  const copy = join(root, name);
  await mkdir(copy, { mode: 0o700 });
  await copyFile(join(folder, 'chatelaine.db'), join(copy, 'chatelaine.db'));
  if (key) await copyFile(join(folder, 'encryption.key'), join(copy, 'encryption.key'));
  return copy;
}

async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<T>(sql).finally(() => client.end());
  return rows;
}

/** Rows that a hub wrote, in all tables. */
async function rowsIn(url: string): Promise<number> {
  const tables = await query<{ name: string }>(
    url,
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_name not like 'chatelaine%'",
  );
  let total = 0;
  for (const { name } of tables) {
    const [row] = await query<{ n: number }>(url, `select count(*)::int as n from ${name}`);
    total += row?.n ?? 0;
  }
  return total;
}

/** What the migrations write: the access revision, and how far back the schema serves. */
const ROWS_OF_SCHEMA = 2;

const migrate = (to: string, from = folder) => ['migrate', '--from', from, '--to', to];

describe('a move to PostgreSQL', () => {
  test('brings everything, and the hub goes on there as if nothing had happened', async () => {
    const url = await postgres.createDatabase();
    const env = { CHATELAINE_DATABASE_URL: url, CHATELAINE_DATA: folder };
    const moved = await resultOf<Moved>(['migrate', '--from', 'sqlite', '--to', 'postgres'], { env });
    const source = new DatabaseSync(join(folder, 'chatelaine.db'), { readOnly: true });
    for (const { table, rows } of moved.tables) {
      const own = table === 'meta' ? "where key <> 'schema.serves_from'" : '';
      expect([table, source.prepare(`select count(*) as n from ${table} ${own}`).get()?.n]).toEqual([table, rows]);
    }
    source.close();
    const filled = new Set(moved.tables.filter(({ rows }) => rows > 0).map(({ table }) => table));
    for (const table of [
      'credentials',
      'flows',
      'registrations',
      'grants',
      'agent_keys',
      'api_tokens',
      'audit',
      'calls',
    ])
      expect(filled).toContain(table);
    for (const table of [
      'call_captures',
      'call_hours',
      'auth_users',
      'auth_accounts',
      'auth_sessions',
      'tools',
      'meta',
    ])
      expect(filled).toContain(table);
    expect(moved.secrets.unreadable).toEqual([]);
    expect(moved.secrets.count).toBeGreaterThan(6);

    const there = await startHub({ folder, env: { CHATELAINE_DATABASE_URL: url }, background: false });
    try {
      for (const page of PAGES) expect([page, await there.ok('GET', `/api/${page}`)]).toEqual([page, before.get(page)]);
      expect((await there.ok('GET', '/api/audit?action=hub.moved')).items).toMatchObject([{ actor: 'cli' }]);
      expect((await callOf(there.url)).error).toBeUndefined();
      const { headers } = await there.server.embedded.hub.resolve(oauth.id, own.id);
      expect(headers.authorization).toMatch(/^Bearer ./);
      // The session is signed with a secret that moved too.
      const me = await fetch(`${there.url}/api/me`, { headers: { cookie: owner.cookie } });
      expect([me.status, ((await me.json()) as { role: string }).role]).toEqual([200, 'owner']);
      expect((await there.ok('POST', '/api/agents', { name: 'Made there' })).id).toMatch(/^agt_/);
    } finally {
      await there.stop();
    }
  });

  test('says what was moved and what else has to be', async () => {
    const { code, stdout } = await runCli(migrate(await postgres.createDatabase()));
    expect(code).toBe(0);
    expect(stdout).toMatch(/agent_keys +2\n/);
    expect(stdout).toMatch(/\d+ rows moved\. Each was read back and is the same; all \d+ secrets open there/);
    expect(stdout).toContain(`The encryption keys, from ${join(folder, 'encryption.key')}`);
    expect(stdout).toContain(`Put ${join(folder, 'chatelaine.db')} away`);
  });

  test('that was killed in the middle leaves nothing there, and can be begun again', async () => {
    const url = await postgres.createDatabase();
    await (await openStore({ kind: 'postgres', url })).close();
    await query(
      url,
      `create function wait() returns trigger language plpgsql as $$ begin
         perform pg_advisory_xact_lock(4100); return new; end $$;
       create trigger wait before insert on grants for each row execute function wait()`,
    );
    const blocker = new pg.Client({ connectionString: url });
    await blocker.connect();
    await blocker.query('begin; select pg_advisory_xact_lock(4100)');
    const moving = spawnCli(migrate(url));
    await until('the move waits in its middle', async () => {
      return (await query(url, "select 1 from pg_stat_activity where wait_event = 'advisory'")).length > 0;
    });
    moving.process.kill('SIGKILL');
    await moving.ended;
    await blocker.query('rollback');
    await blocker.end();
    await until('the server noticed', async () => {
      const left = await query(
        url,
        "select 1 from pg_stat_activity where application_name = 'chatelaine' and datname = current_database()",
      );
      return left.length === 0;
    });
    expect(await rowsIn(url)).toBe(ROWS_OF_SCHEMA);
    expect((await resultOf<Moved>(migrate(url))).secrets.unreadable).toEqual([]);
  });

  test('carries a secret that did not open before as it is, and says so', async () => {
    const from = await copyOf('spoiled');
    const database = new DatabaseSync(join(from, 'chatelaine.db'));
    database.exec(
      "update credentials set sealed = substr(sealed, 1, length(sealed) - 6) || 'AAAAAA' where kind = 'oauth'",
    );
    database.close();
    const { code, stdout } = await runCli(migrate(await postgres.createDatabase(), from));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/and the same 1 as before do not/)]);
  });
});

describe('a move is refused', () => {
  test('while a hub serves the original', async () => {
    const from = await copyOf('served');
    const url = await postgres.createDatabase();
    const serving = await startHub({ folder: from, background: false });
    const { code, stderr } = await runCli(migrate(url, from)).finally(() => serving.stop());
    expect([code, stderr]).toEqual([1, expect.stringContaining('another server is running on')]);
    expect(await query(url, 'select 1 from pg_tables where schemaname = current_schema()')).toEqual([]);
  });

  test('while another program has the original open', async () => {
    const from = await copyOf('open');
    const other = await openStore({ kind: 'sqlite', file: join(from, 'chatelaine.db') });
    const { code, stderr } = await runCli(migrate(await postgres.createDatabase(), from)).finally(() => other.close());
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^chatelaine: Another program has .*chatelaine\.db open/),
    ]);
  });

  test('to a database in which a hub has started, which stays as it was', async () => {
    const url = await postgres.createDatabase();
    await (await startHub({ env: { CHATELAINE_DATABASE_URL: url }, background: false })).close();
    const rows = await rowsIn(url);
    const { code, stderr } = await runCli(migrate(url));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/The target database is not empty \(meta \d/)]);
    expect(await rowsIn(url)).toBe(rows);
  });

  test('to a database with another schema', async () => {
    const url = await postgres.createDatabase();
    await (await openStore({ kind: 'postgres', url })).close();
    await query(url, 'alter table agents add column team text');
    const columns = await runCli(migrate(url));
    expect([columns.code, columns.stderr]).toEqual([
      1,
      expect.stringContaining('The schemas differ in the table agents'),
    ]);
    const [newest] = await query<{ next: string }>(
      url,
      "select lpad((max(left(name, 4))::int + 1)::text, 4, '0') || '-later' as next from chatelaine_migrations",
    );
    await query(url, `insert into chatelaine_migrations values ('${newest?.next}', '2030-01-01')`);
    const later = await runCli(migrate(url));
    expect([later.code, later.stderr]).toEqual([1, expect.stringContaining('The schemas differ: ')]);
    expect(await rowsIn(url)).toBe(ROWS_OF_SCHEMA);
  });

  test.each([
    [
      'is changed',
      "new.detail := new.detail || ' '; return new;",
      /^chatelaine: audit \(id aud_\w+\): detail came out other/,
    ],
    ['is dropped', 'if new.action = $q$agent.created$q$ then return null; end if; return new;', /came out other/],
    [
      'is doubled',
      "if new.id not like '%2' then insert into audit select (new).*; new.id := new.id || '2'; end if; return new;",
      /audit/,
    ],
  ])('when a row %s on its way, which is found, and nothing arrives', async (_, body, said) => {
    const url = await postgres.createDatabase();
    await (await openStore({ kind: 'postgres', url })).close();
    await query(
      url,
      `create function meddle() returns trigger language plpgsql as $$ begin ${body} end $$;
       create trigger meddle before insert on audit for each row when (pg_trigger_depth() = 0) execute function meddle()`,
    );
    const { code, stderr } = await runCli(migrate(url));
    expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
    expect(await rowsIn(url)).toBe(ROWS_OF_SCHEMA);
  });

  test('for a row that PostgreSQL cannot keep, with its place, and nothing arrives', async () => {
    const from = await copyOf('nul');
    const database = new DatabaseSync(join(from, 'chatelaine.db'));
    database.prepare('update agents set name = ? where id = ?').run('a\u0000b', agent.id);
    database.close();
    const url = await postgres.createDatabase();
    const { code, stderr } = await runCli(migrate(url, from));
    expect([code, stderr]).toEqual([
      1,
      `chatelaine: agents (id ${agent.id}): name holds a NUL character, which PostgreSQL cannot keep; change or remove it first.\n`,
    ]);
    expect(await rowsIn(url)).toBe(ROWS_OF_SCHEMA);
  });

  test('without the keys, without a source, without a target, and the other way round', async () => {
    const url = await postgres.createDatabase();
    const keyless = await runCli(migrate(url, await copyOf('keyless', false)));
    expect([keyless.code, keyless.stderr]).toEqual([1, expect.stringContaining('There is no encryption key in')]);
    const nothing = await runCli(migrate(url, join(root, 'nowhere')));
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('There is no database at')]);
    const targetless = await runCli(['migrate', '--data', folder]);
    expect([targetless.code, targetless.stderr]).toEqual([2, expect.stringContaining('--to is missing')]);
    const back = await runCli(['migrate', '--from', 'postgres', '--to', 'postgres'], {
      env: { CHATELAINE_DATABASE_URL: url },
    });
    expect([back.code, back.stderr]).toEqual([2, expect.stringContaining('from SQLite to PostgreSQL only')]);
  });
});

test('no password, key or secret was printed', async () => {
  const [, key = ''] = (await readFile(join(folder, 'encryption.key'), 'utf8')).trim().split(':');
  const all = printed.join('\n');
  expect(all).not.toContain(key);
  expect(all).not.toContain('chatelaine:chatelaine@');
  for (const secret of [...render.secretsIssued, ...sentry.secretsIssued]) {
    if (secret.length > 15) expect(all).not.toContain(secret);
  }
});
