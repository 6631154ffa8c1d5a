// A real hub on a real port over a real database, spoken to as callers do: over HTTP, with a token and a browser.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Log } from '../../src/hub/context.ts';
import { readSettings } from '../../src/server/config.ts';
import { type RunningServer, startServer } from '../../src/server/serve.ts';
import { Browser } from './browser.ts';
import { leaks } from './providers.ts';

export const ADMIN_TOKEN = 'test-admin-token-0123456789-0123456789';

export type Answer<T = any> = { status: number; headers: Headers; body: T; text: string };

export type TestHub = {
  url: string;
  folder: string;
  server: RunningServer;
  /** Everything the hub logged, one JSON text a line. */
  logged: string[];
  /** Every answer body and header that callers and browsers saw, for secret searches. */
  seen: string[];
  api<T = any>(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer<T>>;
  /** `api`, failing loudly unless the status is 2xx; answers the body. */
  ok<T = any>(method: string, path: string, body?: unknown): Promise<T>;
  browser(): Browser;
  /** Opens a connect link in a fresh browser and follows to the end. */
  consent(connectUrl: string, browser?: Browser): Promise<{ url: URL; status: number; text: string }>;
  /** connect + consent; answers where the browser ended. */
  connect(connectorId: string, agentId?: string | null): Promise<{ url: URL; status: number; text: string }>;
  stop(): Promise<void>;
  close(): Promise<void>;
};

export type HubOptions = {
  env?: Record<string, string>;
  folder?: string;
  /** Beside another hub on the same embedded database: two processes of one, for what they tell each other. */
  beside?: boolean;
  /** false: nothing happens by itself, so that requests can be counted. */
  background?: boolean;
};

export async function startHub(options: HubOptions = {}): Promise<TestHub> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'chatelaine-test-')));
  const settings = readSettings({
    CHATELAINE_PORT: '0',
    CHATELAINE_DATA: folder,
    CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
    CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1,localhost',
    CHATELAINE_SECRETS_DIR: join(folder, 'secrets'),
    ...options.env,
  });
  const logged: string[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    logged.push(JSON.stringify({ level, message, ...fields, err: describe(fields.err) }));
  };
  const log: Log = { info: write('info'), warn: write('warn'), error: write('error') };
  const server = await startServer(settings, log, {
    background: options.background ?? true,
    alone: options.beside !== true,
  });
  const seen: string[] = [];

  const api = async (
    method: string,
    path: string,
    body?: unknown,
    token: string | null = ADMIN_TOKEN,
  ): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // This one answers secrets, to owners, because it was asked for them.
    const exports = path.includes('/upstream-config');
    if (!exports) seen.push(`${method} ${path} ${response.status} ${JSON.stringify([...response.headers])} ${text}`);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, text };
  };
  const ok = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await api(method, path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const consent = async (
    connectUrl: string,
    browser = new Browser(),
  ): Promise<{ url: URL; status: number; text: string }> => {
    const end = await browser.follow(connectUrl);
    // What a provider shows on its own pages is the provider's.
    if (end.url.href.startsWith(server.url)) seen.push(`GET ${end.url.href} ${end.status} ${end.text}`);
    seen.push(...browser.visited.filter((url) => url.startsWith(server.url)).map(withoutCode));
    return end;
  };
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await server.close();
  };
  return {
    url: server.url,
    folder,
    server,
    logged,
    seen,
    api,
    ok,
    browser: () => new Browser(),
    consent,
    async connect(connectorId, agentId = null) {
      const { connectUrl } = await ok('POST', `/api/connectors/${connectorId}/connect`, { agentId });
      return consent(connectUrl);
    },
    stop,
    async close() {
      await stop();
      const texts = new Map([
        ['an answer', seen.join('\n')],
        ['the log', logged.join('\n')],
      ]);
      expect(await leaks(folder, texts)).toEqual([]);
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The provider itself puts its code into the callback's URL; that one is not of our making. */
function withoutCode(url: string): string {
  const parsed = new URL(url);
  parsed.searchParams.delete('code');
  return parsed.href;
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return { ...error, name: error.name, message: error.message, stack: error.stack, cause: describe(error.cause) };
}
