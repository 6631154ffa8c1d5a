// What the rows of a dump are: a hub that did a bit of everything, so that each table has rows as the product
// itself writes them, credentials of every kind among them.

import { DatabaseSync } from 'node:sqlite';
import { Secret } from '../../src/secret.ts';
import { openStore } from '../../src/store/open-store.ts';
import { tablesOf } from '../../src/store/sql/move-rows.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { modernClient } from '../gateway/agents.ts';
import { Browser } from '../support/browser.ts';
import { startEmbedded } from '../support/embedded.ts';
import type { TestHub } from '../support/hub.ts';
import { join, PASSWORD, setUp } from '../support/people.ts';
import { startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';
import type { DumpFacts, Row, Rows } from './dump.ts';

const TOKEN = 'scene-admin-token-0123456789-0123456789';
const ME = { name: 'token:tok_scene' };
const TEN_YEARS_SECONDS = 10 * 365 * 86_400;
const DAY_MS = 86_400_000;
const EMAIL = 'owner@example.com';
const ENVIRONMENT = { CHATELAINE_SECRET_SCENE: 'a secret that only the environment holds' };
/** Enough to be real; a dump is to be looked at, too. */
const FEW_TOOLS = '(select connector_id, name from tools where position < 3)';
const ROWS_KEPT: { readonly [table: string]: string } = {
  transcripts: 'id in (select id from transcripts order by id limit 8)',
  tools: `(connector_id, name) in ${FEW_TOOLS}`,
  tool_listings: `(connector_id, tool_name) in ${FEW_TOOLS}`,
};

/** @param file where the database of the scene is made */
export async function playScene(file: string): Promise<{ readonly rows: Rows; readonly facts: DumpFacts }> {
  Object.assign(process.env, ENVIRONMENT);
  const [sentry, render] = await Promise.all([
    startProvider('sentry', { accessTokenSeconds: TEN_YEARS_SECONDS, clientCredentials: true }),
    startProvider('render'),
  ]);
  const encryptionKeys = generateKey();
  const store = await openStore({ kind: 'sqlite', file });
  const hub = await startEmbedded({ database: store, encryptionKeys, adminToken: TOKEN });
  try {
    const api = async (method: string, path: string, body?: unknown): Promise<any> => {
      const answer = await fetch(`${hub.url}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? null : answer.json();
    };
    const connector = (name: string, more: object) => api('POST', 'connectors', { name, url: sentry.mcpUrl, ...more });
    const connect = async (id: string, agentId: string | null): Promise<void> => {
      const { connectUrl } = await api('POST', `connectors/${id}/connect`, { agentId });
      await new Browser().follow(connectUrl);
    };
    const agent = await api('POST', 'agents', { name: 'Zoë\'s "deployer" 漢字' });
    const other = await api('POST', 'agents', { name: 'Reader' });

    const shared = await connector('Shared sign-in', { authType: 'oauth', credentialMode: 'shared' });
    await connect(shared.id, null);
    const own = await connector('Sign-in of each', { authType: 'oauth', credentialMode: 'per_agent' });
    await connect(own.id, agent.id);
    const { clientId, clientSecret } = await sentry.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
    const machine = await connector('Machine', {
      authType: 'oauth',
      credentialMode: 'shared',
      oauth: { grant: 'client_credentials', clientId, clientSecret },
    });
    const secret = render.apiKeys?.issue('ada@example.test');
    const bearer = await connector('Token', {
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret,
      headers: { 'x-team': 'blue' },
      capture: 'redacted',
    });
    const apiKey = await connector('API key', {
      url: render.mcpUrl,
      authType: 'api_key_header',
      credentialMode: 'per_agent',
      headerName: 'x-api-key',
    });
    await api('PUT', `agents/${agent.id}/credentials/${apiKey.key}`, { secret: 'key-of-this-agent-0123456789' });
    const reference = await connector('Reference', {
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'env:CHATELAINE_SECRET_SCENE',
    });

    const [tool = ''] = render.tools().map(({ name }) => name);
    await api('PUT', `agents/${agent.id}/tools`, { tools: [`mcp__${bearer.key}__${tool}`] });
    await api('PUT', `agents/${other.id}/connectors/${bearer.key}`, { allTools: true });
    const { key } = await api('POST', `agents/${agent.id}/keys`, { label: 'laptop' });
    await api('POST', `agents/${other.id}/keys`, { label: 'ci', client: 'claude-code' });
    const client = modernClient(`${hub.url}/mcp`, key);
    for (const name of [`${bearer.key}__${tool}`, 'not_granted']) {
      await client.request('tools/call', { name, arguments: { note: 'of the scene' } });
    }
    await until('the call is logged', async () => (await api('GET', 'calls')).items.length > 0);

    const people = { url: hub.url, server: { embedded: hub } } as unknown as TestHub;
    const owner = await setUp(people, EMAIL);
    await join(people, owner, 'viewer', 'viewer@example.com');
    await owner.call('POST', '/api/people/invitations', { role: 'operator', email: 'invited@example.com' });
    await owner.call('POST', '/api/tokens', { role: 'reader', label: 'of a person' });
    await owner.call('POST', '/api/sign-in', { email: EMAIL, password: 'wrong' });
    await api('POST', `connectors/${own.id}/connect`, { agentId: other.id });
    await leaveTraces(store, encryptionKeys);

    const owners = [
      [shared, null],
      [own, agent.id],
      [machine, null],
      [bearer, null],
      [apiKey, agent.id],
      [reference, null],
    ] as const;
    const credentials = await Promise.all(
      owners.map(async ([{ id: connectorId }, agentId]) => {
        const { headers } = await hub.hub.resolve(connectorId, agentId);
        return { connectorId, agentId, headers };
      }),
    );
    const tools = [`${bearer.key}__${tool}`];
    const facts = { encryptionKeys, agentKey: key, tools, email: EMAIL, password: PASSWORD, environment: ENVIRONMENT };
    return { rows: rowsOf(file), facts: { ...facts, credentials } };
  } finally {
    await Promise.all([hub.close(), sentry.close(), render.close()]);
  }
}

/** What otherwise stands for moments only. */
async function leaveTraces(store: Awaited<ReturnType<typeof openStore>>, keys: string): Promise<void> {
  const now = Date.now();
  await store.leases.acquire('sync:scene', 'another-process', now, DAY_MS);
  const sealed = await createVault(parseKeyring(keys)).seal(new Secret('{"result":{}}'), { kind: 'mail', id: 'scene' });
  await store.mail.leave({ address: 'scene', sealed, expiresAt: now + DAY_MS }, now);
  const { items } = await store.agents.list({ limit: 1 });
  await store.audit.append({
    id: 'aud_00000000000000000000000000',
    at: now,
    actor: ME.name,
    action: 'agent.updated',
    connectorId: null,
    agentId: items[0]?.id ?? null,
    credentialId: null,
    detail: { quote: "it's", line: 'one\ntwo', null: null },
  });
}

function rowsOf(file: string): Rows {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return new Map(
      tablesOf(database).map(({ name, key }) => {
        const order = key.map((column) => `"${column}"`).join(', ');
        const kept = ROWS_KEPT[name] ?? 'true';
        return [name, database.prepare(`select * from "${name}" where ${kept} order by ${order}`).all() as Row[]];
      }),
    );
  } finally {
    database.close();
  }
}
