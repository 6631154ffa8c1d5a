// The front door to a third-party MCP server: opens it in whichever dialect it speaks, and sends requests.
// When the server has forgotten a session, or changed its dialect, the connection is made anew and a request
// that did nothing yet is sent once more. Knows nothing of OAuth: refused access is an UpstreamStatusError.

import type { FetchLike } from '../outbound.ts';
import type { ClientIdentity } from './build-request.ts';
import type { Connection, ConnectionContext, RequestOptions } from './connection.ts';
import { ConnectionLost, isRepeatable } from './connection.ts';
import type { JsonObject } from './json.ts';
import { connectPinned, connectRemembered, probe } from './negotiate.ts';
import type { ElicitationHandler, Note, Protocol } from './types.ts';

export type UpstreamOptions = {
  readonly url: string;
  readonly fetch: FetchLike;
  /** Credential and custom headers, sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The verdict of an earlier contact: saves the probe. */
  readonly remembered?: Protocol | null;
  /** Use exactly this revision. */
  readonly pinnedVersion?: string;
  readonly clientInfo: ClientIdentity;
  readonly capabilities?: { readonly elicitation?: boolean };
  /** Needed for, and used only with, `capabilities.elicitation`. */
  readonly onElicitation?: ElicitationHandler;
  /** Declared as they are, in place of `capabilities`; each request's `peer` then answers for them. */
  readonly clientCapabilities?: Readonly<Record<string, unknown>>;
  readonly onNotification?: (method: string, params: unknown) => void;
  readonly note?: Note;
  /** Ends the opening and every later request. */
  readonly signal?: AbortSignal;
};

export type Upstream = {
  /** As found at the last contact. */
  readonly protocol: Protocol;
  /** What the server says it can do; empty when a remembered modern server was not asked. */
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  /**
   * Sends one request and waits for its result, for as long as `options.signal` and the fetch allow.
   *
   * @throws RpcError for a JSON-RPC error, UpstreamStatusError for an HTTP status, upstream_invalid_response,
   *   upstream_too_large, upstream_timeout, upstream_unreachable, invalid_request
   */
  request(method: string, params?: Readonly<Record<string, unknown>>, options?: RequestOptions): Promise<JsonObject>;
  /** Ends the server's session where there is one; never fails. */
  close(): Promise<void>;
};

/**
 * Connects to a server.
 *
 * @throws UpstreamStatusError, RpcError, protocol_version_unsupported, invalid_request (a pinned version we
 *   do not speak), upstream_* faults
 * @see MCP 2026-07-28, "Backward Compatibility"
 */
export async function openUpstream(options: UpstreamOptions): Promise<Upstream> {
  const context = contextOf(options);
  const pinned = options.pinnedVersion;
  let connection = await openConnection(options);
  let renewal: Promise<void> | null = null;

  /** Callers that lose the same connection share one new one. */
  const renew = (lost: Connection, next: 'same' | 'reopen' | 'probe'): Promise<void> => {
    if (next === 'same' || connection !== lost) return Promise.resolve();
    renewal ??= (async () => {
      context.note('negotiate', 'the server does not know this connection any more; connecting anew');
      if (pinned !== undefined) connection = await connectPinned(context, pinned);
      else if (next === 'probe') connection = await probe(context);
      else connection = await connectRemembered(context, lost.protocol);
    })().finally(() => {
      renewal = null;
    });
    return renewal;
  };

  return {
    get protocol() {
      return connection.protocol;
    },
    get capabilities() {
      return connection.capabilities;
    },
    get instructions() {
      return connection.instructions;
    },
    async request(method, params = {}, requestOptions = {}) {
      const used = connection;
      try {
        return await used.request(method, params, requestOptions);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        if (error.wasDelivered && !isRepeatable(method)) throw error.fault;
        await renew(used, error.next);
        context.note('negotiate', `${method} is sent once more`);
      }
      return connection.request(method, params, requestOptions).catch((error: unknown) => {
        throw error instanceof ConnectionLost ? error.fault : error;
      });
    },
    close: () => connection.close(),
  };
}

/** As {@link openUpstream}, without the mending of lost connections. */
export async function openConnection(options: UpstreamOptions): Promise<Connection> {
  const context = contextOf(options);
  if (options.pinnedVersion !== undefined) return connectPinned(context, options.pinnedVersion);
  if (options.remembered) return connectRemembered(context, options.remembered);
  return probe(context);
}

function contextOf(options: UpstreamOptions): ConnectionContext {
  const onElicitation = options.capabilities?.elicitation === true ? (options.onElicitation ?? null) : null;
  return {
    url: options.url,
    fetch: options.fetch,
    headers: options.headers,
    clientInfo: options.clientInfo,
    clientCapabilities: options.clientCapabilities ?? (onElicitation === null ? {} : { elicitation: { form: {} } }),
    onElicitation,
    onNotification: options.onNotification ?? (() => undefined),
    note: options.note ?? (() => undefined),
    signal: options.signal,
  };
}
