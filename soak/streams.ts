// Agents that listen: a stream of changes held open for each, taken up again whenever it ends.

import { envelope, legacyClient, MODERN, post } from '../test/gateway/agents.ts';
import type { Agent, World } from './world.ts';

const AGAIN_AFTER_MS = 500;

/** Keeps a stream for the agent in each of these places of the world, until `signal`. */
export function keepListening(
  { hub, agents }: World,
  places: readonly number[],
  signal: AbortSignal,
  count: (what: string) => void,
): Promise<void> {
  const open = async ({ version, key, connectors }: Agent, place: number): Promise<Response> => {
    const url = place % 2 === 0 ? `${hub.url}/mcp` : `${hub.url}/mcp/${connectors[0]?.key}`;
    if (version === MODERN) {
      const params = { notifications: { toolsListChanged: true }, _meta: envelope() };
      const body = { jsonrpc: '2.0', id: 'listening', method: 'subscriptions/listen', params };
      const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' };
      return post(url, key.text, body, headers, signal);
    }
    const { sessionId } = await legacyClient(url, key.text, version);
    return fetch(url, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${key.text}`, 'mcp-session-id': sessionId ?? '' },
      signal,
    });
  };
  const keep = async (place: number): Promise<void> => {
    while (!signal.aborted) {
      try {
        const response = await open(agents[place] as Agent, place);
        count(response.ok ? 'opened' : `refused with ${response.status}`);
        const decoder = new TextDecoder();
        for await (const chunk of response.body ?? []) {
          const told = decoder.decode(chunk).split('list_changed').length - 1;
          for (let index = 0; index < told; index += 1) count('changes told');
        }
      } catch {
        if (!signal.aborted) count('could not be opened, or broke');
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  };
  return Promise.all(places.map(keep)).then(() => undefined);
}
