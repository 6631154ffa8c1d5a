// What goes on while the encryption key is exchanged: agents call, tokens are refreshed, people connect, secrets
// are changed. Servers are killed meanwhile, so an answer may fail to come; one that says that a secret does
// not open is a complaint.

import type { Hub } from '../../src/hub/hub.ts';
import { modernClient } from '../gateway/agents.ts';
import { Browser } from './browser.ts';
import type { RunningProvider } from './providers.ts';
import type { Fleet } from './server-fleet.ts';

/** What a secret may be now: the last that was taken, or one after it whose answer did not come. */
export type Expected = { connectorId: string; agentId: string | null; header: string; values: string[] };

const UNREADABLE = /secret_unreadable|does not open|not among the encryption keys/;
const PAUSE_MS = 20;

export async function startLoad(fleet: Fleet, sentry: RunningProvider, render: RunningProvider) {
  const complaints: string[] = [];
  const counts = { calls: 0, refreshes: 0, connects: 0, changes: 0 };
  let isOver = false;

  const api = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await fleet.call(Math.floor(Math.random() * 16), method, path, body);
    const text = await answer.text();
    if (UNREADABLE.test(text)) complaints.push(`${method} ${path}: ${text}`);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const connector = (name: string, url: string, more: object) =>
    api('POST', '/api/connectors', { name, url, credentialMode: 'shared', ...more });
  const open = async (id: string): Promise<void> => {
    const { connectUrl } = await api('POST', `/api/connectors/${id}/connect`, {});
    const { text } = await new Browser().follow(connectUrl);
    if (UNREADABLE.test(text)) complaints.push(`connecting: ${text}`);
  };

  const key = render.apiKeys?.issue('ada@example.test') ?? '';
  const called = await connector('Called', render.mcpUrl, {
    authType: 'bearer',
    secret: key,
    headers: { 'X-Team': 'team 0' },
    capture: 'redacted',
  });
  const oauth = await connector('Refreshed', sentry.mcpUrl, { authType: 'oauth' });
  const connected = await connector('Connected', sentry.mcpUrl, { authType: 'oauth' });
  await connector('Manual', sentry.mcpUrl, {
    authType: 'oauth',
    oauth: { clientId: 'by-hand', clientSecret: 'client-secret-by-hand' },
  });
  const own = await connector('Own', render.mcpUrl, { authType: 'bearer', credentialMode: 'per_agent' });
  for (const { id } of [oauth, connected]) await open(id);
  const agent = await api('POST', '/api/agents', { name: 'Caller' });
  for (const { id } of [called, oauth])
    await api('PUT', `/api/agents/${agent.id}/connectors/${id}`, { allTools: true });
  const agentKey = (await api('POST', `/api/agents/${agent.id}/keys`, { label: 'load' })).key as string;
  // What signs the cookies of people is made when the first of them comes.
  await fleet.call(0, 'POST', '/api/sign-in', { email: 'nobody@example.test', password: 'nobody knows it' });

  const calling = async (i: number, tool: string): Promise<boolean> => {
    const client = modernClient(`${fleet.urls[i % fleet.urls.length]}/mcp`, agentKey);
    const { answer } = await client.request('tools/call', { name: tool, arguments: {} });
    const text = JSON.stringify(answer);
    if (UNREADABLE.test(text)) complaints.push(`calling ${tool}: ${text}`);
    return answer.result !== undefined && !/"isError":true/.test(text);
  };
  const callTool = `${called.key}__list_workspaces`;
  const oauthTool = `${oauth.key}__whoami`;

  const changed: Expected[] = [
    { connectorId: called.id, agentId: null, header: 'x-team', values: ['team 0'] },
    { connectorId: own.id, agentId: agent.id, header: 'authorization', values: [] },
  ];
  const change = async (what: Expected, value: string, send: () => Promise<unknown>): Promise<void> => {
    what.values.push(value);
    await send();
    what.values.splice(0, what.values.length - 1);
    counts.changes += 1;
  };
  const [header, secret] = changed as [Expected, Expected];
  let [i, n] = [0, 0];
  const work: (() => Promise<unknown>)[] = [
    async () => {
      if (await calling(i++, callTool)) counts.calls += 1;
    },
    async () => {
      const before = sentry.count('/token', 'POST');
      await calling(i++, oauthTool);
      counts.refreshes += sentry.count('/token', 'POST') - before > 0 ? 1 : 0;
      // A kill may have lost the token; a person would connect again.
      const { credential } = await api('GET', `/api/connectors/${oauth.id}`);
      if (credential.state !== 'usable') await open(oauth.id);
    },
    async () => {
      await open(connected.id);
      counts.connects += 1;
    },
    () =>
      change(header, `team ${++n}`, () =>
        api('PATCH', `/api/connectors/${called.id}`, { headers: { 'X-Team': `team ${n}` } }),
      ),
    () => {
      const value = `own-secret-${++n}`;
      return change(secret, `Bearer ${value}`, () =>
        api('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, { secret: value }),
      );
    },
  ];
  const loops = work.map(async (once) => {
    while (!isOver) {
      // The server was killed, or is not back yet.
      await once().catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  });

  return {
    complaints,
    counts,
    async stop(): Promise<readonly Expected[]> {
      isOver = true;
      await Promise.all(loops);
      return changed;
    },
    oauthConnectors: (hub: Hub) => Promise.all([oauth, connected].map(({ id }) => hub.connectors.get(id))),
    /** @throws when the call is not answered as it should be */
    async callOnce(): Promise<void> {
      if (!(await calling(0, callTool)) || complaints.length > 0) throw new Error(`a call failed: ${complaints}`);
    },
  };
}
