// Agents of every kind behind one shape: raw ones that say what a test is about on the wire, and the official
// clients of both lines (2.x and 1.x) in every way that they can be pinned to a revision.

import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Rpc } from './agents.ts';
import { clientOf, MODERN } from './agents.ts';

export type Outcome = {
  readonly result?: { content: { text: string }[]; isError?: boolean };
  readonly error?: { code?: number; message: string };
};
export type CallOptions = { onProgress?: (progress: number) => void; signal?: AbortSignal };
export type Talk = {
  tools(): Promise<string[]>;
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<Outcome>;
  close(): Promise<void>;
};
export type Driver = {
  readonly name: string;
  readonly version: string;
  /** `answer`: the name that the person at this agent gives when asked. */
  connect(url: string, key: string, answer: string): Promise<Talk>;
};

const INFO = { name: 'driver', version: '1' };
/** The forms of questions came with 2025-06-18. */
export const asks = (version: string): boolean => version >= '2025-06-18';
const declared = (version: string) => (asks(version) ? { elicitation: {} } : {});

function raw(version: string): Driver {
  return {
    name: `raw ${version}`,
    version,
    async connect(url, key, answer) {
      const client = await clientOf(version, url, key, declared(version));
      const reply = { action: 'accept', content: { name: answer } };
      let ids = 0;
      const call: Talk['call'] = async (name, args, { onProgress, signal } = {}) => {
        ids += 1;
        const id = `${name}-${ids}`;
        const hear = ({ id: asked, method, params }: Rpc): void => {
          if (method === 'notifications/progress') onProgress?.(params.progress);
          if (method === 'elicitation/create') void client.send({ id: asked, result: reply });
        };
        // A modern agent cancels by hanging up; an older one says so first, and then waits for nothing more.
        const hungUp = new AbortController();
        const cancel = async (): Promise<void> => {
          const params = { requestId: id, reason: 'enough' };
          if (version !== MODERN) await client.send({ method: 'notifications/cancelled', params });
          hungUp.abort(new Error('cancelled'));
        };
        signal?.addEventListener('abort', () => void cancel(), { once: true });
        const _meta = onProgress === undefined ? {} : { _meta: { progressToken: id } };
        const params = { name, arguments: args, ..._meta };
        const more = { id, onMessage: hear, signal: hungUp.signal };
        let said = (await client.request('tools/call', params, more)).answer;
        for (let round = 0; said.result?.resultType === 'input_required' && round < 5; round += 1) {
          const { inputRequests = {}, requestState } = said.result;
          const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((one) => [one, reply]));
          const state = requestState === undefined ? {} : { requestState };
          said = (await client.request('tools/call', { ...params, inputResponses, ...state })).answer;
        }
        return said.error === undefined ? { result: said.result } : { error: said.error };
      };
      return {
        tools: async () => (await client.request('tools/list')).answer.result.tools.map(nameOf),
        call,
        close: async () => undefined,
      };
    },
  };
}

function official2(name: string, version: string, options: ConstructorParameters<typeof NewClient>[1]): Driver {
  return {
    name: `client 2.x ${name}`,
    version,
    async connect(url, key, answer) {
      const client = new NewClient(INFO, { ...options, capabilities: declared(version) });
      const reply = { action: 'accept' as const, content: { name: answer } };
      if (asks(version)) client.setRequestHandler('elicitation/create', async () => reply);
      const requestInit = { headers: { authorization: `Bearer ${key}` } };
      await client.connect(new NewTransport(new URL(url), { requestInit }));
      return {
        tools: async () => (await client.listTools()).tools.map(nameOf),
        call: (called, args, { onProgress, signal } = {}) =>
          outcome(
            client.callTool(
              { name: called, arguments: args },
              {
                ...(onProgress === undefined ? {} : { onprogress: ({ progress }) => onProgress(progress) }),
                ...(signal === undefined ? {} : { signal }),
              },
            ),
          ),
        close: () => client.close(),
      };
    },
  };
}

function official1(version: string): Driver {
  return {
    name: `sdk 1.x ${version}`,
    version,
    async connect(url, key, answer) {
      const client = new OldClient(INFO, { capabilities: declared(version) });
      const reply = { action: 'accept' as const, content: { name: answer } };
      if (asks(version)) client.setRequestHandler(ElicitRequestSchema, async () => reply);
      const requestInit = { headers: { authorization: `Bearer ${key}` } };
      const transport = new OldTransport(new URL(url), { requestInit, fetch: offering(version) });
      await client.connect(transport as never);
      return {
        tools: async () => (await client.listTools()).tools.map(nameOf),
        call: (called, args, { onProgress, signal } = {}) =>
          outcome(
            client.callTool({ name: called, arguments: args }, undefined, {
              ...(onProgress === undefined ? {} : { onprogress: ({ progress }) => onProgress(progress) }),
              ...(signal === undefined ? {} : { signal }),
            }),
          ),
        close: () => client.close(),
      };
    },
  };
}

/** This client always offers its newest revision, and takes whichever it is answered: it is made to offer another. */
function offering(version: string): typeof fetch {
  return (url, init) => {
    const body = typeof init?.body === 'string' ? init.body : '';
    if (!body.includes('"method":"initialize"')) return fetch(url, init);
    const hello = JSON.parse(body) as { params: Record<string, unknown> };
    hello.params.protocolVersion = version;
    return fetch(url, { ...init, body: JSON.stringify(hello) });
  };
}

async function outcome(calling: Promise<unknown>): Promise<Outcome> {
  try {
    return { result: (await calling) as NonNullable<Outcome['result']> };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    return { error: { message, ...(typeof code === 'number' ? { code } : {}) } };
  }
}

const nameOf = ({ name }: { name: string }): string => name;
const older = (version: string) => ({
  versionNegotiation: { mode: 'legacy' as const },
  supportedProtocolVersions: [version],
});

export const DRIVERS: readonly Driver[] = [
  raw(MODERN),
  raw('2025-11-25'),
  raw('2025-06-18'),
  raw('2025-03-26'),
  official2('auto', MODERN, { versionNegotiation: { mode: 'auto' } }),
  official2(`pinned to ${MODERN}`, MODERN, { versionNegotiation: { mode: { pin: MODERN } } }),
  official2('legacy 2025-11-25', '2025-11-25', older('2025-11-25')),
  official2('legacy 2025-06-18', '2025-06-18', older('2025-06-18')),
  official2('legacy 2025-03-26', '2025-03-26', older('2025-03-26')),
  official1('2025-11-25'),
  official1('2025-06-18'),
  official1('2025-03-26'),
];
