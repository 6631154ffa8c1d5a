// The hub as it is shipped, as a process of its own: sign-in, encryption and call log on, set up over its API
// with an administrator's token. Its data is in the folder of the measurement. From a checkout it runs the
// sources, whose types Node strips; built, what the npm package holds, which takes some 30 MiB less.

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVER_FLAGS } from '../../scripts/setup.mjs';
import { type Child, runToEnd, startChild } from '../rig/child.ts';

const THIS_ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type HubChild = {
  readonly url: string;
  readonly pid: number;
  /** Of an owner. */
  readonly authorization: string;
  /** Calls the API. @throws on any refusal */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
};

export type HubChildOptions = {
  readonly folder: string;
  readonly name?: string;
  /** Another checkout than this one. */
  readonly root?: string | null;
  readonly built?: boolean;
  readonly profile?: string | null;
  readonly databaseUrl?: string | null;
  readonly env?: Readonly<Record<string, string>>;
};

export async function startHub(options: HubChildOptions): Promise<HubChild> {
  const { folder, name = 'hub', built = false, profile, databaseUrl } = options;
  const root = resolve(options.root ?? THIS_ROOT);
  const token = randomBytes(32).toString('hex');
  if (built) await runToEnd([join(root, 'scripts/run.mjs'), 'build']);
  if (profile) await mkdir(profile, { recursive: true });
  const child: Child<{ url: string }> = await startChild(
    name,
    [
      ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`] : []),
      ...SERVER_FLAGS,
      join(root, built ? 'dist/src/cli.js' : 'bin/chatelaine.mjs'),
      ...['serve', '--json', '--port', '0', '--data', join(folder, `${name}-data`)],
    ],
    {
      folder,
      env: {
        CHATELAINE_ADMIN_TOKEN: token,
        CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
        ...(databaseUrl ? { CHATELAINE_DATABASE_URL: databaseUrl } : {}),
        ...options.env,
      },
    },
  );
  const { url } = child.said;
  return {
    url,
    pid: child.pid,
    authorization: `Bearer ${token}`,
    async api<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
      return (await answer.json()) as T;
    },
    stop: child.stop,
  };
}

/** A connector with a shared bearer secret, its tools listed. */
export async function addConnector(
  hub: HubChild,
  given: { readonly name: string; readonly url: string; readonly secret: string; readonly tools: number },
): Promise<{ id: string; key: string }> {
  const { name, url, secret } = given;
  const made = await hub.api<{ id: string; key: string; tools: { count: number; lastError: unknown } }>(
    'POST',
    '/api/connectors',
    { name, url, secret, authType: 'bearer', credentialMode: 'shared' },
  );
  if (made.tools.count !== given.tools)
    throw new Error(`the hub listed ${made.tools.count} tools of ${name}: ${JSON.stringify(made.tools.lastError)}`);
  return { id: made.id, key: made.key };
}

/** An agent with every tool of these connectors; answers its key. */
export async function addAgent(hub: HubChild, connectorIds: readonly string[]): Promise<string> {
  const { id } = await hub.api<{ id: string }>('POST', '/api/agents', { name: 'Bench' });
  for (const connectorId of connectorIds)
    await hub.api('PUT', `/api/agents/${id}/connectors/${connectorId}`, { allTools: true });
  const { key } = await hub.api<{ key: string }>('POST', `/api/agents/${id}/keys`, { label: 'bench' });
  return key;
}
