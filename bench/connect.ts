// Paste to redirect: from a URL to the provider's consent page. The hub's own time is what is left when
// the time of the upstream requests is taken off.

import { randomToken } from '../src/vault/hash.ts';
import { ME, openHub } from './hub.ts';
import { median } from './machine.ts';

type Figures = { readonly upstreamRequests: number; readonly hubMs: number; readonly totalMs: number };

async function once(
  hub: Awaited<ReturnType<typeof openHub>>['hub'],
  connectorId: string,
): Promise<{ link: string; ms: number; requests: number; upstreamMs: number }> {
  const before = new Set((await hub.connectors.transcript(connectorId, { limit: 200 })).items.map((entry) => entry.id));
  const started = performance.now();
  const { connectUrl } = await hub.connectors.connect(connectorId, { agentId: null, returnTo: null }, ME);
  const ms = performance.now() - started;
  const fresh = (await hub.connectors.transcript(connectorId, { limit: 200 })).items.filter(
    (entry) => !before.has(entry.id) && entry.url !== null,
  );
  return {
    link: connectUrl,
    ms,
    requests: fresh.length,
    upstreamMs: fresh.reduce((sum, entry) => sum + (entry.durationMs ?? 0), 0),
  };
}

/** Cold: unknown issuer, registration included. Warm: the issuer is known and fresh, the connector was found before. */
export async function benchConnect(serverUrl: string, rounds: number): Promise<{ cold: Figures; warm: Figures }> {
  const cold: Figures[] = [];
  const warm: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { hub, close } = await openHub();
    const connector = await hub.connectors.create(
      { name: 'Bench', url: serverUrl, authType: 'oauth', credentialMode: 'shared' },
      ME,
    );
    for (const figures of [cold, warm]) {
      const { ms, requests, upstreamMs, link } = await once(hub, connector.id);
      const opened = performance.now();
      await hub.browser.authorize(new URL(link).pathname.split('/').at(-1) ?? '', randomToken('', 32));
      const openMs = performance.now() - opened;
      figures.push({ upstreamRequests: requests, hubMs: ms - upstreamMs + openMs, totalMs: ms + openMs });
    }
    await close();
  }
  const summary = (figures: readonly Figures[]): Figures => ({
    upstreamRequests: Math.max(...figures.map((figure) => figure.upstreamRequests)),
    hubMs: median(figures.map((figure) => figure.hubMs)),
    totalMs: median(figures.map((figure) => figure.totalMs)),
  });
  return { cold: summary(cold), warm: summary(warm) };
}
