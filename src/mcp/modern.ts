// The connection to a modern server (MCP 2026-07-28): no handshake and no session, so that nothing can be
// lost but the opinion that the server is modern.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Connection, ConnectionContext, RequestOptions } from './connection.ts';
import { ConnectionLost, withProgressToken } from './connection.ts';
import type { Discovery } from './discover.ts';
import { versionToTry } from './discover.ts';
import type { JsonObject } from './json.ts';
import type { ResultMessage } from './json-rpc.ts';
import { UNSUPPORTED_PROTOCOL_VERSION } from './json-rpc.ts';
import { listenModern } from './listen-modern.ts';
import { exchangeModern } from './modern-exchange.ts';
import type { Refusal } from './refusal.ts';
import type { Protocol } from './types.ts';

/** Methods whose answer may ask for input instead of being complete. */
const MAY_ASK_BACK: readonly string[] = ['tools/call', 'prompts/get', 'resources/read'];

export type ModernOptions = {
  readonly protocol: Protocol;
  /** null when the server was not asked, or has no `server/discover`. */
  readonly discovery: Discovery | null;
  /** The version must not change, whatever the server prefers. */
  readonly isPinned: boolean;
  /** The verdict is an old one: the first refusal may mean that the server changed. */
  readonly isRemembered: boolean;
};

/** A connection to a modern server; makes no request by itself. */
export function openModern(context: ConnectionContext, options: ModernOptions): Connection {
  let version = options.protocol.version;
  let isProven = !options.isRemembered;
  let lastId = firstId();

  const send = (
    method: string,
    params: Readonly<Record<string, unknown>>,
    request: RequestOptions,
  ): Promise<ResultMessage | Refusal> => {
    lastId += 1;
    const outgoing = { id: lastId, method, params: withProgressToken(params, lastId, request), tool: request.tool };
    return exchangeModern(context, version, outgoing, request);
  };

  return {
    get protocol() {
      return { ...options.protocol, version };
    },
    capabilities: options.discovery?.capabilities ?? {},
    instructions: options.discovery?.instructions ?? null,

    async request(method, params, request) {
      let outcome = await send(method, params, request);
      const better = outcome.kind === 'refusal' ? versionToTry(outcome.rpc, options.isPinned ? [version] : null) : null;
      if (better !== null) {
        // A request of an unsupported version is refused before anything is done, so any method may be repeated.
        context.note('negotiate', `the server asks for revision ${better}; the request is sent once more with it`);
        version = better;
        outcome = await send(method, params, request);
      }
      if (outcome.kind === 'refusal') throw isOutdatedVerdict(outcome) ? lost(outcome) : outcome.error;
      isProven = true;
      return checkedResult(method, outcome.result);
    },

    listen(onReady, onChange, signal) {
      lastId += 1;
      return listenModern(context, version, lastId, { onReady, onChange, signal });
    },

    async close() {
      // There is no session to end.
    },
  };

  function isOutdatedVerdict(refusal: Refusal): boolean {
    if (options.isPinned) return false;
    if (refusal.rpc?.code === UNSUPPORTED_PROTOCOL_VERSION) return true;
    return !isProven && [400, 404, 405].includes(refusal.status) && !refusal.isAddressed;
  }
}

/**
 * Without sessions a server sees the requests of all connections side by side, and the answer to its
 * questions must come under another id than the request that raised them (MCP 2026-07-28, "Multi Round-Trip
 * Requests"), even hours and connections later.
 */
function firstId(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random;
}

function lost(refusal: Refusal): ConnectionLost {
  return new ConnectionLost(false, 'probe', refusal.error);
}

/** @see MCP 2026-07-28, "Result Responses": no resultType means complete, an unknown one is invalid */
function checkedResult(method: string, result: JsonObject): JsonObject {
  const type = result.resultType ?? 'complete';
  if (type === 'complete' || (type === 'input_required' && MAY_ASK_BACK.includes(method))) return result;
  throw new ChatelaineError(
    'upstream_invalid_response',
    `The server answered ${quoteForeign(method, 80)} with a result of type ${quoteForeign(String(type), 80)}, which does not exist there.`,
  );
}
