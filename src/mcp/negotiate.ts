// Decides how to talk to a server (MCP 2026-07-28, "Backward Compatibility"): modern first, then the legacy
// handshake, then the oldest transport. A verdict of an earlier contact is believed until a server refuses it.

import { ChatelaineError, isChatelaineError, quoteForeign } from '../errors.ts';
import type { Connection, ConnectionContext } from './connection.ts';
import type { Discovery } from './discover.ts';
import { discover } from './discover.ts';
import type { Offer } from './handshake.ts';
import { openHttpSse } from './http-sse.ts';
import { METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION } from './json-rpc.ts';
import { openLegacySession } from './legacy-session.ts';
import { openModern } from './modern.ts';
import { HTTP_SSE_REVISION, isModern, LATEST_LEGACY, revisionOf } from './revisions.ts';
import type { Protocol } from './types.ts';
import { RpcError, UpstreamStatusError } from './types.ts';

/** Statuses by which a server says that it does not know what was sent to it. */
const NOT_UNDERSTOOD: readonly number[] = [400, 404, 405];

/**
 * Probes the server and connects.
 *
 * @throws UpstreamStatusError, RpcError, protocol_version_unsupported, upstream_* faults
 */
export async function probe(context: ConnectionContext): Promise<Connection> {
  const verdict = await discover(context, null);
  if (verdict.era === 'modern') {
    const { discovery } = verdict;
    context.note('negotiate', `the server is modern and agreed on revision ${discovery.version}`);
    return openModern(context, { ...fresh(discovery.version, discovery), isPinned: false, isRemembered: false });
  }
  context.note('negotiate', `${verdict.why}; trying initialize with ${LATEST_LEGACY}`);
  return openLegacy(context);
}

/** Connects with exactly `version`. @throws as {@link probe}; invalid_request for a version we do not speak */
export async function connectPinned(context: ConnectionContext, version: string): Promise<Connection> {
  const revision = revisionOf(version);
  if (revision === null) {
    throw new ChatelaineError(
      'invalid_request',
      `${quoteForeign(version, 40)} is no MCP revision that Chatelaine speaks.`,
    );
  }
  context.note('negotiate', `revision ${version} is prescribed; nothing is negotiated`);
  if (revision.era === 'modern') return connectPinnedModern(context, version);
  const offer = { version, isPinned: true };
  return version === HTTP_SSE_REVISION ? openHttpSse(context, offer) : openLegacySession(context, offer);
}

/** Connects the way it worked before, and probes when it does not any more. @throws as {@link probe} */
export async function connectRemembered(context: ConnectionContext, remembered: Protocol): Promise<Connection> {
  if (isModern(remembered.version)) {
    context.note('negotiate', `revision ${remembered.version}, as at an earlier contact`);
    return openModern(context, { protocol: remembered, discovery: null, isPinned: false, isRemembered: true });
  }
  try {
    context.note('negotiate', 'initialize without probing, as at an earlier contact');
    return await openAs(context, remembered.transport, { version: LATEST_LEGACY, isPinned: false });
  } catch (error) {
    if (!mayHaveChanged(error)) throw error;
    context.note('negotiate', 'the server does not take that any more; asking anew what it speaks');
    return probe(context);
  }
}

function openAs(context: ConnectionContext, transport: Protocol['transport'], offer: Offer): Promise<Connection> {
  return transport === 'http_sse' ? openHttpSse(context, offer) : openLegacySession(context, offer);
}

async function openLegacy(context: ConnectionContext): Promise<Connection> {
  const offer = { version: LATEST_LEGACY, isPinned: false };
  try {
    return await openLegacySession(context, offer);
  } catch (error) {
    const status = statusOf(error);
    if (status === null || !NOT_UNDERSTOOD.includes(status)) throw error;
    context.note('negotiate', `initialize was answered with HTTP ${status}; trying GET for HTTP with SSE (2024-11-05)`);
    return openHttpSse(context, offer).catch((second: unknown) => {
      // The first failure tells more, unless the second one asks for a credential, or for it to be sent elsewhere.
      const tellsMore =
        isChatelaineError(second, 'address_refused') ||
        (second instanceof UpstreamStatusError && [401, 403].includes(second.status));
      throw tellsMore ? second : error;
    });
  }
}

/** A server without `server/discover` is taken at the operator's word. */
async function connectPinnedModern(context: ConnectionContext, version: string): Promise<Connection> {
  const discovery = await discover(context, version).then(
    (verdict) => (verdict.era === 'modern' ? verdict.discovery : null),
    (error: unknown) => {
      if (error instanceof RpcError) return null;
      throw error;
    },
  );
  return openModern(context, { ...fresh(version, discovery), isPinned: true, isRemembered: false });
}

function fresh(version: string, discovery: Discovery | null): { protocol: Protocol; discovery: Discovery | null } {
  const serverName = discovery?.serverName ?? null;
  const serverVersion = discovery?.serverVersion ?? null;
  return { protocol: { version, transport: 'streamable_http', serverName, serverVersion }, discovery };
}

function mayHaveChanged(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== null && NOT_UNDERSTOOD.includes(status)) return true;
  if (error instanceof RpcError) return [METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION].includes(error.rpcCode);
  return isChatelaineError(error, 'upstream_invalid_response', 'protocol_version_unsupported');
}

function statusOf(error: unknown): number | null {
  if (error instanceof UpstreamStatusError) return error.status;
  return error instanceof RpcError ? (error.details.upstreamStatus ?? null) : null;
}
