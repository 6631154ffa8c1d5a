// Everything that is measured side by side, started and ready: the server itself, the two bare proxies in front
// of it, and the hub, all at once and for the whole run.

import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../rig/child.ts';
import { addAgent, addConnector, startHub } from './hub-child.ts';
import type { Cell, GatewayOptions } from './options.ts';

const TOKEN = 'upstream-token-of-the-benchmark';
const TOOLS = 45;
const UPSTREAM = fileURLToPath(new URL('../rig/upstream-child.ts', import.meta.url));
const BARE_PROXY = fileURLToPath(new URL('../rig/bare-proxy.mjs', import.meta.url));
const TOOL = 'echo';

export type Target = {
  readonly name: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly tool: string;
  /** Null where there is nothing between the load and the server. */
  readonly pid: number | null;
  /** Measured in these cells only, as a note beside the others. */
  readonly inCell: (cell: Cell) => boolean;
};

export type Targets = {
  readonly all: readonly Target[];
  /** The name of the one that the goals are about. */
  readonly subject: string;
  readonly upstream: { readonly origin: string; readonly pid: number };
  stop(): Promise<void>;
};

const everywhere = (): boolean => true;
const smallJson = ({ mode, sizeBytes }: Cell): boolean => mode === 'json' && sizeBytes <= 1_000;

export async function startTargets(folder: string, options: GatewayOptions): Promise<Targets> {
  const running: { stop(): Promise<void> }[] = [];
  const kept = <T extends { stop(): Promise<void> }>(child: T): T => {
    running.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((child) => child.stop()));
  };
  const isWanted = (name: string): boolean => options.only === null || options.only.includes(name);
  try {
    const upstream = kept(
      await startChild<{ origin: string }>('upstream', [UPSTREAM, TOKEN, String(TOOLS)], { folder }),
    );
    const { origin } = upstream.said;
    const plain = { authorization: null, tool: TOOL, inCell: everywhere };
    const all: Target[] = [
      { ...plain, name: 'direct', url: `${origin}/mcp`, authorization: `Bearer ${TOKEN}`, pid: null },
    ];
    const bare = async (name: string, client: 'http' | 'undici'): Promise<void> => {
      const proxy: Child<{ origin: string }> = kept(
        await startChild(name, [BARE_PROXY, client, origin, TOKEN], { folder }),
      );
      all.push({ ...plain, name, url: `${proxy.said.origin}/mcp`, pid: proxy.pid });
    };
    if (isWanted('bare-http')) await bare('bare-http', 'http');
    if (isWanted('bare-undici')) await bare('bare-undici', 'undici');
    if (options.aa) await bare('bare-undici-again', 'undici');
    else if (['hub', 'hub-all', 'hub-legacy'].some(isWanted))
      all.push(...(await hubTargets(kept, folder, origin, options)));
    return {
      all: all.filter(({ name }) => name === 'bare-undici-again' || isWanted(name)),
      subject: options.aa ? 'bare-undici-again' : 'hub',
      upstream: { origin, pid: upstream.pid },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `hub` is `/mcp/{key}`; beside it `/mcp`, and a server that speaks only what the older agents speak. */
async function hubTargets(
  kept: <T extends { stop(): Promise<void> }>(child: T) => T,
  folder: string,
  origin: string,
  { hubRoot, built, profile, server }: GatewayOptions,
): Promise<Target[]> {
  const hub = kept(await startHub({ folder, root: hubRoot, built, profile }));
  const shared = { secret: TOKEN, tools: TOOLS };
  const both = await addConnector(hub, { ...shared, name: 'Bench', url: `${origin}/mcp` });
  const legacy = await addConnector(hub, { ...shared, name: 'Older', url: `${origin}/legacy/mcp` });
  const authorization = `Bearer ${await addAgent(hub, [both.id, legacy.id])}`;
  const { key } = server === 'legacy' ? legacy : both;
  const base = { authorization, pid: hub.pid, tool: TOOL };
  return [
    { ...base, name: 'hub', url: `${hub.url}/mcp/${key}`, inCell: everywhere },
    { ...base, name: 'hub-all', url: `${hub.url}/mcp`, tool: `${key}__${TOOL}`, inCell: smallJson },
    {
      ...base,
      name: 'hub-legacy',
      url: `${hub.url}/mcp/${legacy.key}`,
      inCell: (cell) => smallJson(cell) && cell.era === 'legacy' && server !== 'legacy',
    },
  ];
}
