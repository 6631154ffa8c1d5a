// Listing many connectors: 45 tools each, first time and again unchanged.

import { ME, openHub } from './hub.ts';

export type SyncFigures = {
  readonly connectors: number;
  readonly firstSeconds: number;
  readonly againSeconds: number;
  readonly peakRssMiB: number;
};

export async function benchSync(bareUrl: string, connectors: number): Promise<SyncFigures> {
  const { hub, close } = await openHub();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const width = 8;
  const each = async (work: (index: number) => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: width }, async () => {
        for (let index = next++; index < connectors; index = next++) await work(index);
      }),
    );
    return (performance.now() - started) / 1000;
  };
  const ids: string[] = [];
  const firstSeconds = await each(async (index) => {
    const made = await hub.connectors.create(
      { name: `Server ${index}`, url: `${bareUrl}/${index}/mcp`, authType: 'none' },
      ME,
    );
    if (made.tools.count !== 45) throw new Error(`listed ${made.tools.count} tools: ${made.tools.lastError?.message}`);
    ids.push(made.id);
  });
  const againSeconds = await each((index) => hub.connectors.sync(ids[index] ?? '', null, ME));
  clearInterval(watch);
  await close();
  return { connectors, firstSeconds, againSeconds, peakRssMiB: peak / 2 ** 20 };
}
