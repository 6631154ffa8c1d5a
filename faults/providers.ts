// The stand-ins of real providers in the suite, each with a connector and an agent that uses it all the time, and what
// all stand-ins recorded: calls that were let in, refresh tokens and codes that were presented.

import { type RunningProvider, startProvider } from '../providers/index.ts';
import type { StandInOptions } from '../test/stand-in/server.ts';
import { Browser } from '../test/support/browser.ts';

const NAMES = ['sentry', 'linear'] as const;
/** A stand-in keeps its last 5000 requests. */
const DRAIN_MS = 500;

type Api = <T = { id: string }>(method: string, path: string, body?: unknown) => Promise<T>;

export type Provider = {
  readonly name: (typeof NAMES)[number];
  readonly running: RunningProvider;
  /** A shared connector that stays connected. */
  readonly steady: { readonly id: string; readonly key: string };
  /** A shared connector that is connected and disconnected all the time. */
  readonly restless: { readonly id: string; readonly key: string };
  /** Of an agent that may use every tool of the steady connector. */
  readonly agentKey: string;
  /** A tool without arguments. */
  readonly tool: string;
};

/** A token request as a stand-in recorded it. */
export type Presented = {
  readonly provider: string;
  readonly grant: 'authorization_code' | 'refresh_token';
  readonly presented: string;
  readonly at: number;
  /** 0: not answered. */
  readonly status: number;
};

export type Heard = {
  /** Calls that the stand-ins of the soak let in, by number; how often. */
  readonly calls: ReadonlyMap<string, { readonly tool: string; readonly at: number; times: number }>;
  /** Of the stand-ins of real providers. */
  presented(): readonly Presented[];
};

export async function startProviders(host: string, api: Api, tokenSeconds: number) {
  const calls = new Map<string, { tool: string; at: number; times: number }>();
  const standIn: StandInOptions = {
    host,
    tokenSeconds,
    hear({ method, params }) {
      const nonce = params?.arguments?.nonce;
      if (method !== 'tools/call' || typeof nonce !== 'string') return;
      const known = calls.get(nonce);
      if (known === undefined) calls.set(nonce, { tool: String(params.name), at: Date.now(), times: 1 });
      else known.times += 1;
    },
  };
  const running: RunningProvider[] = [];
  const records: { provider: string; request: RunningProvider['requests'][number] }[] = [];
  const drain = (): void => {
    for (const one of running) {
      for (const request of one.requests) {
        if (request.path === '/token') records.push({ provider: one.name, request });
      }
      one.clearRequests();
    }
  };
  const draining = setInterval(drain, DRAIN_MS);
  const close = async (): Promise<void> => {
    clearInterval(draining);
    await Promise.all(running.map((one) => one.close()));
  };
  try {
    const providers: Provider[] = [];
    for (const name of NAMES) {
      const one = await startProvider(name, { host, accessTokenSeconds: tokenSeconds });
      running.push(one);
      providers.push(await useProvider(name, one, api));
    }
    const presented = (): Presented[] => {
      drain();
      return records.map(({ provider, request }) => {
        const form = new URLSearchParams(request.body);
        const grant = form.get('grant_type') === 'refresh_token' ? 'refresh_token' : 'authorization_code';
        const value = form.get(grant === 'refresh_token' ? 'refresh_token' : 'code') ?? '';
        return { provider, grant, presented: value, at: request.at, status: request.status };
      });
    };
    return { providers, heard: { calls, presented } satisfies Heard, standIn, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function useProvider(name: Provider['name'], running: RunningProvider, api: Api): Promise<Provider> {
  const make = async (title: string) => {
    const made = await api<{ id: string; key: string }>('POST', 'connectors', {
      name: `${name} ${title}`,
      url: running.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    await signIn(api, made.id);
    return { id: made.id, key: made.key };
  };
  const [steady, restless] = [await make('steady'), await make('restless')];
  const agent = await api('POST', 'agents', { name: `agent of ${name}` });
  await api('PUT', `agents/${agent.id}/connectors/${steady.id}`, { allTools: true });
  const { key } = await api<{ key: string }>('POST', `agents/${agent.id}/keys`, { label: 'faults' });
  const tool = running.tools().find(({ inputSchema }) => (inputSchema.required ?? []).length === 0)?.name ?? '';
  return { name, running, steady, restless, agentKey: key, tool };
}

/** Connects a shared connector, as a person does. */
export async function signIn(api: Api, connectorId: string): Promise<void> {
  const { connectUrl } = await api<{ connectUrl: string }>('POST', `connectors/${connectorId}/connect`, {});
  const end = await new Browser().follow(connectUrl);
  if (!end.url.searchParams.has('connected')) throw new Error(`a sign-in ended at ${end.url.href} (${end.status})`);
}
