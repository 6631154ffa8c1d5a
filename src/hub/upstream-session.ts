// One conversation with a connector's server, with the right credential. It learns the protocol once and
// remembers it; a server out of reach is nobody's fault but the server's, and touches no credential. What
// a refused credential means is refused-credential.ts's.

import { isChatelaineError } from '../errors.ts';
import { LEGACY_VERDICT_LIFETIME_MS, MODERN_VERDICT_LIFETIME_MS, REACHABILITY_FRESH_MS } from '../limits.ts';
import { isModern } from '../mcp/revisions.ts';
import type { ElicitationHandler, Protocol } from '../mcp/types.ts';
import { UpstreamStatusError } from '../mcp/types.ts';
import type { Upstream } from '../mcp/upstream.ts';
import { openUpstream } from '../mcp/upstream.ts';
import type { FetchLike } from '../outbound.ts';
import type { ConnectorRecord, ProtocolRecord } from '../store/records.ts';
import type { ResolvedCredential } from './access-token.ts';
import type { HubContext } from './context.ts';
import type { Hide } from './echo.ts';
import { hideEchoes, hideInFault, hideInProtocol } from './echo.ts';
import { withCredential } from './refused-credential.ts';
import type { Recorder } from './transcript.ts';

export type SessionOptions = {
  /** Prove this slot instead of the one that serves. */
  readonly slot?: 'active' | 'pending';
  /** Without a credential of any kind (servers that list their tools to everybody). */
  readonly anonymous?: boolean;
  readonly pinnedVersion?: string;
  readonly onElicitation?: ElicitationHandler;
  /** Declared in place of what `onElicitation` alone would be: forms. */
  readonly clientCapabilities?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  /** Stands between the fetch and the conversation. */
  readonly through?: (fetch: FetchLike) => FetchLike;
};

/**
 * Opens the server for `agentId`, runs `use`, closes. `hide` takes the credential out of what the server said.
 *
 * `use` may run twice: the second time after a refused token was refreshed. A 401 comes before anything
 * was executed, so that this is safe for calls too.
 *
 * @throws what resolveCredential throws; reauthorization_required, needs_scope; upstream faults
 */
export async function withUpstream<T>(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  recorder: Recorder,
  options: SessionOptions,
  use: (upstream: Upstream, hide: Hide) => Promise<T>,
): Promise<T> {
  return withCredential(
    context,
    connector,
    agentId,
    () => recorder,
    options,
    (resolved) => attempt(context, connector, resolved, recorder, options, use),
  );
}

const asItIs = (fetch: FetchLike): FetchLike => fetch;

async function attempt<T>(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  recorder: Recorder,
  options: SessionOptions,
  use: (upstream: Upstream, hide: Hide) => Promise<T>,
): Promise<T> {
  const remembered =
    connector.protocol !== null && connector.protocol.expiresAt > context.now() ? connector.protocol : null;
  const hide = hideEchoes(resolved.headers);
  try {
    const upstream = await openUpstream({
      url: connector.url,
      fetch: (options.through ?? asItIs)(recorder.fetch('mcp', 'request')),
      headers: resolved.headers,
      remembered: remembered as Protocol | null,
      clientInfo: { name: context.clientName, version: context.version },
      note: (step, decision) => recorder.note(step, hide(decision)),
      ...(options.pinnedVersion === undefined ? {} : { pinnedVersion: options.pinnedVersion }),
      ...(options.onElicitation === undefined
        ? {}
        : { capabilities: { elicitation: true }, onElicitation: options.onElicitation }),
      ...(options.clientCapabilities === undefined ? {} : { clientCapabilities: options.clientCapabilities }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    try {
      const result = await use(upstream, hide);
      // What a caller asked to be spoken once is not how this server is spoken to.
      if (options.pinnedVersion === undefined)
        await rememberServer(context, connector, hideInProtocol(upstream.protocol, hide));
      return result;
    } finally {
      await upstream.close();
    }
  } catch (error) {
    if (isChatelaineError(error)) hideInFault(error, hide);
    if (options.pinnedVersion === undefined) await rememberFault(context, connector, error);
    throw error;
  }
}

/** Keeps what the server was found to speak, and that it answers. */
export async function rememberServer(
  context: HubContext,
  connector: ConnectorRecord,
  protocol: Protocol,
): Promise<void> {
  const now = context.now();
  const known = connector.protocol;
  const same =
    known !== null &&
    known.version === protocol.version &&
    known.transport === protocol.transport &&
    known.serverName === protocol.serverName;
  const record: ProtocolRecord =
    same && known.expiresAt > now
      ? known
      : {
          ...protocol,
          expiresAt: now + (isModern(protocol.version) ? MODERN_VERDICT_LIFETIME_MS : LEGACY_VERDICT_LIFETIME_MS),
        };
  const told = connector.reachability;
  const current = told?.reachable === true && told.checkedAt + REACHABILITY_FRESH_MS > now;
  if (current && record === known) return;
  await context.store.connectors.update(connector.id, {
    // A protocol written is a setting changed, for which every process looks again at what agents may do.
    ...(record === known ? {} : { protocol: record }),
    reachability: { reachable: true, checkedAt: now, error: null },
  });
}

/** Reachability is the server's own state: a refusal proves that it answers. */
async function rememberFault(context: HubContext, connector: ConnectorRecord, error: unknown): Promise<void> {
  const now = context.now();
  const answered = error instanceof UpstreamStatusError && error.status < 500;
  if (answered || isChatelaineError(error, 'rpc_error')) {
    await context.store.connectors.update(connector.id, {
      reachability: { reachable: true, checkedAt: now, error: null },
    });
    return;
  }
  // An answer that was too large or not understood is that answer's fault: the server is there.
  const down = isChatelaineError(
    error,
    'upstream_unreachable',
    'upstream_timeout',
    'upstream_http_error',
    'upstream_rate_limited',
    'protocol_version_unsupported',
  );
  if (!down) return;
  const before = connector.reachability;
  // Since when it is down is worth more than when it was last found so, which `checkedAt` tells.
  const at = before?.reachable === false ? (before.error?.at ?? now) : now;
  await context.store.connectors.update(connector.id, {
    reachability: { reachable: false, checkedAt: now, error: { code: error.code, message: error.message, at } },
  });
}
