// Replicas that are replaced one by one: the database has the schema of the next version already, and this one
// serves on beside it, whether it was running before or is started again.

import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrationsFor } from '../../src/store/sql/migrations/index.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { agentWith, connectRender, modernClient } from '../gateway/agents.ts';
import { type Child, startChild } from '../support/child.ts';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

const NEWEST = Number.parseInt(Object.keys(migrationsFor('postgres')).at(-1) ?? '', 10);

let postgres: TestPostgres;
let database: string;
let hub: TestHub;
let restarted: Child<{ url: string }>;
let sentry: RunningProvider;
let render: RunningProvider;

beforeAll(async () => {
  [postgres, sentry, render] = await Promise.all([startPostgres(), startProvider('sentry'), startProvider('render')]);
  database = await postgres.createDatabase();
  const keys = generateKey();
  hub = await startHub({ env: { CHATELAINE_DATABASE_URL: database, CHATELAINE_ENCRYPTION_KEYS: keys } });
  await hub.ok('POST', '/api/agents', { name: 'From before' });
  await runSql(`
    alter table credentials add column shelf text;
    alter table agents add column team text;
    alter table connectors add column region text;
    create table teams (id text primary key);
    insert into chatelaine_migrations values ('${String(NEWEST + 1).padStart(4, '0')}-made-up', '2030-01-01');`);
  restarted = await startChild<{ url: string }>('./serve-child.ts', {
    CHATELAINE_PORT: '0',
    CHATELAINE_DATABASE_URL: database,
    CHATELAINE_ENCRYPTION_KEYS: keys,
    CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
    CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
  });
});
afterAll(async () => {
  await restarted?.stop();
  await hub?.close();
  await Promise.all([sentry?.close(), render?.close()]);
  await postgres?.stop();
});

async function runSql(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const api = async (url: string, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

test('both are ready', async () => {
  for (const url of [hub.url, restarted.said.url]) expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('what is made by either is changed, used and removed by the other', async () => {
  const shared = await connectRender(hub, render);
  const [tool = ''] = render.tools().map(({ name }) => name);
  const agent = await agentWith(hub, [`mcp__${shared.key}__${tool}`]);
  for (const url of [hub.url, restarted.said.url]) {
    const client = modernClient(`${url}/mcp`, agent.key);
    const { answer } = await client.request('tools/call', { name: `${shared.key}__${tool}`, arguments: {} });
    expect(answer.error).toBeUndefined();
  }
  const there = restarted.said.url;
  expect((await api(there, 'PATCH', `/api/agents/${agent.id}`, { name: 'Renamed' })).status).toBe(200);
  expect((await hub.ok('GET', `/api/agents/${agent.id}`)).name).toBe('Renamed');
  expect((await api(there, 'DELETE', `/api/connectors/${shared.id}`)).status).toBe(204);
  expect((await hub.api('GET', `/api/connectors/${shared.id}`)).status).toBe(404);
});

test('a connect begun at one ends at it, and its token is renewed by the other', async () => {
  sentry.faults.accessTokenSeconds = 200;
  const made = await hub.ok('POST', '/api/connectors', {
    name: 'Sentry',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  await hub.connect(made.id);
  sentry.faults.accessTokenSeconds = 3600;
  const before = Date.parse((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.expiresAt);
  const list = { method: 'tools/list' };
  expect((await api(restarted.said.url, 'POST', `/api/connectors/${made.id}/requests`, list)).status).toBe(200);
  const { credential } = await hub.ok('GET', `/api/connectors/${made.id}`);
  expect(credential.state).toBe('usable');
  expect(Date.parse(credential.expiresAt)).toBeGreaterThan(before);
});
