// Tells agents that their tools changed, as far as the gateway itself decides it: on the listening stream of
// the older revisions and on `subscriptions/listen` of 2026-07-28. Each open stream looks at what its agent
// may call now, which costs no query; so it notices what any replica changed.

import type { Cancellation } from '../hang-up.ts';
import { STREAM_HEARTBEAT_MS, TOOLS_WATCH_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import { type AgentAnswer, eventStream } from './answers.ts';

const SUBSCRIPTION_META = 'io.modelcontextprotocol/subscriptionId';
const CHANGED = 'notifications/tools/list_changed';

/** The present tool list as text; null when the agent may not listen any more. */
export type CurrentTools = () => Promise<string | null>;

/** A stream that says when the list changed, until the agent hangs up or loses its access. */
export function changesStream(current: CurrentTools, cancellation: Cancellation, onEnd: () => void): AgentAnswer {
  return streamOfChanges(current, cancellation, onEnd, [], { jsonrpc: '2.0', method: CHANGED }, null);
}

/**
 * The answer to `subscriptions/listen` where the gateway itself is the server: of what was asked for, changes
 * of the tool list are granted.
 *
 * @see MCP 2026-07-28, "Subscriptions"
 */
export function subscriptionStream(
  id: RequestId,
  params: JsonObject,
  current: CurrentTools,
  cancellation: Cancellation,
  onEnd: () => void,
): AgentAnswer {
  const asked = isObject(params.notifications) ? params.notifications : {};
  const hears = asked.toolsListChanged === true;
  const _meta = { [SUBSCRIPTION_META]: id };
  const acknowledged = {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: hears ? { toolsListChanged: true } : {}, _meta },
  };
  const changed = hears ? { jsonrpc: '2.0', method: CHANGED, params: { _meta } } : null;
  const end = { jsonrpc: '2.0', id, result: { resultType: 'complete', _meta } };
  return streamOfChanges(current, cancellation, onEnd, [acknowledged], changed, end);
}

function streamOfChanges(
  current: CurrentTools,
  cancellation: Cancellation,
  onEnd: () => void,
  first: readonly JsonObject[],
  changed: JsonObject | null,
  end: JsonObject | null,
): AgentAnswer {
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (text: string): void => controller.enqueue(encoder.encode(text));
      const finish = (): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        onEnd();
        controller.close();
      };
      cancellation.addEventListener('abort', finish);
      for (const message of first) say(event(message));
      if (first.length === 0) say(': open\n\n');
      let known: string | null = null;
      let quietMs = 0;
      const look = async (): Promise<void> => {
        // A database out of reach says nothing about the tools.
        const now = await current().catch(() => known);
        if (isOver) return;
        if (now === null) {
          if (end !== null) say(event(end));
          finish();
          return;
        }
        if (known !== null && known !== now && changed !== null) {
          say(event(changed));
          quietMs = 0;
        } else if (quietMs >= STREAM_HEARTBEAT_MS) {
          say(': still here\n\n');
          quietMs = 0;
        }
        known = now;
        quietMs += TOOLS_WATCH_MS;
        timer = setTimeout(() => void look(), TOOLS_WATCH_MS);
      };
      void look();
    },
    cancel() {
      isOver = true;
      clearTimeout(timer);
      onEnd();
    },
  });
  return eventStream(body);
}

function event(message: JsonObject): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
