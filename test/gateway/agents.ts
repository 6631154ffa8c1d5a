// Agents for gateway tests: the hub with connectors and granted tools, and raw clients of every revision that
// say on the wire exactly what a test is about.

import type { RunningProvider } from '../../providers/index.ts';
import type { TestHub } from '../support/hub.ts';

export const MODERN = '2026-07-28';
export const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26'] as const;

export type Rpc = {
  id?: string | number;
  method?: string;
  params?: any;
  result?: any;
  error?: { code: number; message: string; data?: any };
};
export type Said = { status: number; headers: Headers; messages: Rpc[]; answer: Rpc };
export type Agent = { id: string; key: string };

let count = 0;

/** A connector to `url`, its tools listed. */
export async function connectTo(
  hub: TestHub,
  url: string,
  more: Record<string, unknown> = {},
): Promise<{ id: string; key: string }> {
  count += 1;
  const made = await hub.ok('POST', '/api/connectors', { name: `Server ${count}`, url, authType: 'none', ...more });
  return { id: made.id, key: made.key };
}

/** A connector to a Render stand-in with one shared API key. */
export async function connectRender(hub: TestHub, render: RunningProvider): Promise<{ id: string; key: string }> {
  const secret = render.apiKeys?.issue('ada@example.test');
  return connectTo(hub, render.mcpUrl, { authType: 'bearer', credentialMode: 'shared', secret });
}

/** An agent with a key and these tools, named `mcp__{key}__{tool}`. */
export async function agentWith(hub: TestHub, tools: readonly string[]): Promise<Agent> {
  count += 1;
  const { id } = await hub.ok('POST', '/api/agents', { name: `Agent ${count}` });
  await hub.ok('PUT', `/api/agents/${id}/tools`, { tools });
  const { key } = await hub.ok('POST', `/api/agents/${id}/keys`, { label: 'test' });
  return { id, key };
}

const ENVELOPE = 'io.modelcontextprotocol/';

/** The envelope of a modern request. */
export function envelope(capabilities: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    [`${ENVELOPE}protocolVersion`]: MODERN,
    [`${ENVELOPE}clientCapabilities`]: capabilities,
    [`${ENVELOPE}clientInfo`]: { name: 'test-agent', version: '1' },
  };
}

export async function post(
  url: string,
  key: string | null,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Everything that an answer holds, whether JSON or an event stream; `onMessage` hears it as it comes. */
export async function read(response: Response, onMessage: (message: Rpc) => void = () => undefined): Promise<Said> {
  const messages: Rpc[] = [];
  const take = (text: string): void => {
    const message = JSON.parse(text) as Rpc;
    messages.push(message);
    onMessage(message);
  };
  if (response.headers.get('content-type')?.includes('text/event-stream')) {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      const events = rest.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = event
          .split('\n')
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).trim())
          .join('');
        if (data !== '') take(data);
      }
    }
  } else {
    const text = await response.text();
    if (text !== '') take(text);
  }
  const answer = messages.findLast((message) => message.result !== undefined || message.error !== undefined) ?? {};
  return { status: response.status, headers: response.headers, messages, answer };
}

export type Client = {
  readonly version: string;
  request(
    method: string,
    params?: Record<string, any>,
    more?: {
      headers?: Record<string, string>;
      signal?: AbortSignal;
      onMessage?: (message: Rpc) => void;
      id?: string | number;
    },
  ): Promise<Said>;
  send(message: Record<string, unknown>): Promise<Response>;
  sessionId: string | null;
};

let ids = 0;

export function modernClient(url: string, key: string, capabilities: Record<string, unknown> = {}): Client {
  return {
    version: MODERN,
    sessionId: null,
    async request(method, params = {}, { headers = {}, signal, onMessage, id = ++ids } = {}) {
      const name = params.name ?? params.uri;
      const body = {
        jsonrpc: '2.0',
        id,
        method,
        params: { ...params, _meta: { ...params._meta, ...envelope(capabilities) } },
      };
      const standard = {
        'mcp-protocol-version': MODERN,
        'mcp-method': method,
        ...(name === undefined ? {} : { 'mcp-name': name }),
      };
      return read(await post(url, key, body, { ...standard, ...headers }, signal), onMessage);
    },
    send: (message) => post(url, key, { jsonrpc: '2.0', ...message }, { 'mcp-protocol-version': MODERN }),
  };
}

export async function legacyClient(
  url: string,
  key: string,
  version: string,
  capabilities: Record<string, unknown> = {},
): Promise<Client> {
  const hello = { protocolVersion: version, capabilities, clientInfo: { name: 'test-agent', version: '1' } };
  const greeted = await read(await post(url, key, { jsonrpc: '2.0', id: 0, method: 'initialize', params: hello }));
  if (greeted.answer.result?.protocolVersion !== version) throw new Error(JSON.stringify(greeted));
  const sessionId = greeted.headers.get('mcp-session-id');
  const headers = { 'mcp-session-id': sessionId ?? '', 'mcp-protocol-version': version };
  const client: Client = {
    version,
    sessionId,
    async request(method, params, { signal, onMessage, id = ++ids } = {}) {
      const body = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
      return read(await post(url, key, body, headers, signal), onMessage);
    },
    send: (message) => post(url, key, { jsonrpc: '2.0', ...message }, headers),
  };
  await client.send({ method: 'notifications/initialized' });
  return client;
}

export function clientOf(
  version: string,
  url: string,
  key: string,
  capabilities: Record<string, unknown> = {},
): Promise<Client> {
  return version === MODERN
    ? Promise.resolve(modernClient(url, key, capabilities))
    : legacyClient(url, key, version, capabilities);
}
