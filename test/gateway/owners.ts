// Two agents at one connector, of every kind of credential: who is who at the server behind it, and what each
// may not have of the other. For the ownership tests.

import { expect } from 'vitest';
import type { Auth, Heard, Revision, StandIn } from '../stand-in/server.ts';
import { API_KEY_HEADER, NOBODY, startStandIn } from '../stand-in/server.ts';
import type { TestHub } from '../support/hub.ts';
import { rememberSecrets } from '../support/providers.ts';
import { until } from '../support/until.ts';
import type { Agent, Client, Rpc } from './agents.ts';
import { agentWith, connectTo, envelope, MODERN, post } from './agents.ts';

export type Mode = 'shared' | 'per_agent';
export type Kind = { auth: Auth; mode: Mode | null };

/** Every auth type with every mode that goes with it. */
export const KINDS: readonly Kind[] = [
  { auth: 'none', mode: null },
  { auth: 'bearer', mode: 'shared' },
  { auth: 'bearer', mode: 'per_agent' },
  { auth: 'api_key_header', mode: 'shared' },
  { auth: 'api_key_header', mode: 'per_agent' },
  { auth: 'oauth', mode: 'shared' },
  { auth: 'oauth', mode: 'per_agent' },
];

const BOTH = ['whoami', 'steps', 'hold', 'ask'];
/** What one of them may call and the other may not. */
export const ONLY = { ada: 'fail', ben: 'refuse' } as const;
export type Name = keyof typeof ONLY;
export const other = (name: Name): Name => (name === 'ada' ? 'ben' : 'ada');

/** An agent, and as whom the server knows it. */
export type Owner = Agent & { readonly name: Name; readonly account: string };
export type Scene = Kind & {
  readonly revision: Revision;
  readonly server: StandIn;
  readonly connector: { id: string; key: string };
  readonly ada: Owner;
  readonly ben: Owner;
};

export async function setScene(hub: TestHub, revision: Revision, { auth, mode }: Kind): Promise<Scene> {
  const server = await startStandIn(revision, { auth });
  rememberSecrets(server.secrets);
  const isShared = mode !== 'per_agent';
  const connector = await connectTo(hub, server.url, {
    authType: auth,
    ...(mode === null ? {} : { credentialMode: mode }),
    ...(auth === 'api_key_header' ? { headerName: API_KEY_HEADER } : {}),
    ...(isShared && (auth === 'bearer' || auth === 'api_key_header') ? { secret: server.issue('house') } : {}),
  });
  if (isShared && auth === 'oauth') {
    server.signIn.account = 'house';
    await hub.connect(connector.id);
  }
  const accountOf = (name: Name): string => (mode === null ? NOBODY : isShared ? 'house' : name);
  const owner = async (name: Name): Promise<Owner> => {
    const agent = await agentWith(hub, []);
    if (!isShared) await giveCredential(hub, server, connector.id, agent.id, name);
    return { ...agent, name, account: accountOf(name) };
  };
  const [ada, ben] = [await owner('ada'), await owner('ben')];
  // Granted after the first credential, for only then are the tools of a connector per agent known.
  for (const { id, name } of [ada, ben]) {
    const tools = [...BOTH, ONLY[name]].map((tool) => `mcp__${connector.key}__${tool}`);
    await hub.ok('PUT', `/api/agents/${id}/tools`, { tools });
  }
  return { auth, mode, revision, server, connector, ada, ben };
}

/** Makes `account` the one that the server sees when this agent calls. */
export async function giveCredential(
  hub: TestHub,
  server: StandIn,
  connectorId: string,
  agentId: string,
  account: string,
): Promise<void> {
  server.signIn.account = account;
  if (server.auth === 'oauth') await hub.connect(connectorId, agentId);
  else {
    const secret = server.issue(account);
    await hub.ok('PUT', `/api/agents/${agentId}/credentials/${connectorId}`, { secret });
  }
}

export type Endpoint = 'own' | 'all';
export const ENDPOINTS: readonly Endpoint[] = ['own', 'all'];

export function at(hub: TestHub, { connector }: Pick<Scene, 'connector'>, endpoint: Endpoint) {
  return {
    url: endpoint === 'own' ? `${hub.url}/mcp/${connector.key}` : `${hub.url}/mcp`,
    named: (tool: string) => (endpoint === 'own' ? tool : `${connector.key}__${tool}`),
  };
}

let nonces = 0;
/** Tells afterwards at the server whose call it was. */
export function nonceOf(owner: Pick<Owner, 'name'>): string {
  nonces += 1;
  return `${owner.name}-${nonces}`;
}

export const saidIn = (answer: Rpc) => JSON.parse(answer.result?.content?.[0]?.text ?? 'null');

/** Every message that carried an agent's mark carried that agent's credential too, and no other's session. */
export function expectOwnCredentials({ server, ada, ben }: Scene): void {
  const marked = (owner: Owner): Heard[] =>
    server.heard.filter(({ params }) => String(params?.arguments?.nonce ?? '').startsWith(`${owner.name}-`));
  const sessions = new Map<string, Set<string>>();
  for (const owner of [ada, ben]) {
    const mine = marked(owner);
    expect(mine.length).toBeGreaterThan(0);
    expect([...new Set(mine.map(({ account }) => account))]).toEqual([owner.account]);
    sessions.set(owner.name, new Set(mine.flatMap(({ session }) => session ?? [])));
  }
  // Who shares a credential shares no session, for a server keeps state in one.
  expect([...(sessions.get('ada') ?? [])].filter((id) => sessions.get('ben')?.has(id))).toEqual([]);
  // No key of an agent ever leaves the hub.
  const sent = JSON.stringify(server.heard);
  expect([ada, ben].filter(({ key }) => sent.includes(key))).toEqual([]);
}

export function sessionHeaders(key: string, client: Pick<Client, 'sessionId' | 'version'>): Record<string, string> {
  return {
    authorization: `Bearer ${key}`,
    'mcp-session-id': client.sessionId ?? '',
    'mcp-protocol-version': client.version,
  };
}

export type Listening = { readonly messages: Rpc[]; readonly ended: Promise<void>; stop(): void };

/** Reads a stream in the background. */
function hearing(response: Response, leaving: AbortController): Listening {
  const messages: Rpc[] = [];
  const listen = async (): Promise<void> => {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data:')) messages.push(JSON.parse(line.slice(5)) as Rpc);
    }
  };
  return { messages, ended: listen().catch(() => undefined), stop: () => leaving.abort() };
}

/** The listening stream of an older agent's session. */
export async function listenIn(url: string, key: string, client: Client): Promise<Listening> {
  const leaving = new AbortController();
  const headers = { accept: 'text/event-stream', ...sessionHeaders(key, client) };
  const response = await fetch(url, { headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  return hearing(response, leaving);
}

/** A modern subscription to resources, acknowledged. */
export async function subscribe(url: string, key: string, id: string, uris: readonly string[]): Promise<Listening> {
  const leaving = new AbortController();
  const notifications = { toolsListChanged: true, resourceSubscriptions: uris };
  const params = { notifications, _meta: envelope() };
  const body = { jsonrpc: '2.0', id, method: 'subscriptions/listen', params };
  const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' };
  const heard = hearing(await post(url, key, body, headers, leaving.signal), leaving);
  await until('the subscription is acknowledged', () => heard.messages.length > 0);
  return heard;
}

export const updatesIn = ({ messages }: Listening): string[] =>
  messages.filter(({ method }) => method === 'notifications/resources/updated').map(({ params }) => params.uri);
