// Finds out whether a server is modern: sends `server/discover` and reads the answer as evidence
// (MCP 2026-07-28, "Backward Compatibility"). Refused access, server faults and silence are no evidence
// about the era, and come out as errors.

import { ChatelaineError, isChatelaineError, quoteForeign } from '../errors.ts';
import { ANSWER_TIMEOUT_MS } from '../limits.ts';
import type { ConnectionContext } from './connection.ts';
import { ConnectionLost } from './connection.ts';
import type { JsonObject } from './json.ts';
import { isObject, nameField, stringField } from './json.ts';
import type { ErrorMessage } from './json-rpc.ts';
import { HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION } from './json-rpc.ts';
import { exchangeModern } from './modern-exchange.ts';
import type { Refusal } from './refusal.ts';
import { isLegacy, LATEST_MODERN, newestModern } from './revisions.ts';
import { UpstreamStatusError } from './types.ts';

const NOT_IMPLEMENTED = 501;
const SERVER_INFO_META = 'io.modelcontextprotocol/serverInfo';

/** What a modern server says about itself. */
export type Discovery = {
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  readonly serverName: string | null;
  readonly serverVersion: string | null;
};

export type Verdict =
  | { readonly era: 'modern'; readonly discovery: Discovery }
  | { readonly era: 'legacy'; readonly why: string };

/**
 * Asks the server with a modern request.
 *
 * @param pinned the only version to speak; null lets the server choose among ours
 * @throws UpstreamStatusError (401, 403, 429, 5xx), RpcError (-32020, -32021), protocol_version_unsupported,
 *   upstream_* faults
 */
export async function discover(context: ConnectionContext, pinned: string | null): Promise<Verdict> {
  const accepted = pinned === null ? null : [pinned];
  const first = await ask(context, pinned ?? LATEST_MODERN);
  const better = 'rpc' in first ? versionToTry(first.rpc, accepted) : null;
  if (better !== null) context.note('negotiate', `the server asks for revision ${better}; asked once more with it`);
  const outcome = better === null ? first : await ask(context, better);
  return 'rpc' in outcome ? verdictOnRefusal(outcome, better !== null) : verdictOnResult(outcome.result, accepted);
}

/** The modern version a refused request should be repeated with; null when the refusal names none of ours. */
export function versionToTry(rpc: ErrorMessage | null, accepted: readonly string[] | null): string | null {
  const supported = rpc?.code === UNSUPPORTED_PROTOCOL_VERSION ? versionsIn(rpc.data, 'supported') : null;
  return newestModern((supported ?? []).filter((version) => accepted === null || accepted.includes(version)));
}

type Refused = Pick<Refusal, 'status' | 'rpc' | 'error'>;

async function ask(context: ConnectionContext, version: string): Promise<{ result: JsonObject } | Refused> {
  const outgoing = { id: 'discover', method: 'server/discover', params: {} };
  try {
    return await exchangeModern(context, version, outgoing, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  } catch (error) {
    if (error instanceof ConnectionLost) throw error.fault;
    // A body that no MCP server would send: `initialize` will tell whether one is there at all.
    if (isChatelaineError(error, 'upstream_invalid_response')) return { status: 200, rpc: null, error };
    throw error;
  }
}

function verdictOnResult(result: JsonObject, accepted: readonly string[] | null): Verdict {
  const offered = versionsIn(result, 'supportedVersions');
  if (offered === null) return { era: 'legacy', why: 'server/discover was answered without supportedVersions' };
  const version = newestModern(offered.filter((candidate) => accepted === null || accepted.includes(candidate)));
  if (version === null) return verdictOnVersions(offered);
  const meta = isObject(result._meta) ? result._meta : {};
  const info = meta[SERVER_INFO_META] ?? result.serverInfo;
  return {
    era: 'modern',
    discovery: {
      version,
      capabilities: isObject(result.capabilities) ? result.capabilities : {},
      instructions: stringField(result, 'instructions'),
      serverName: nameField(info, 'name'),
      serverVersion: nameField(info, 'version'),
    },
  };
}

function verdictOnRefusal({ status, rpc, error }: Refused, isRepeated: boolean): Verdict {
  // A server that answers in JSON-RPC has read the request, whatever status it chose for its refusal.
  const isFault = error instanceof UpstreamStatusError && !isAboutRequest(status);
  if (isFault && !(status >= 500 && rpc !== null)) throw error;
  if (rpc?.code === UNSUPPORTED_PROTOCOL_VERSION) {
    const offered = versionsIn(rpc.data, 'supported');
    if (offered !== null && !isRepeated) return verdictOnVersions(offered);
    if (isRepeated) throw noCommonVersion(offered ?? []);
  }
  // Only a modern server knows these codes; `initialize` would hide what is wrong.
  if (status === 400 && (rpc?.code === HEADER_MISMATCH || rpc?.code === MISSING_CLIENT_CAPABILITY)) throw error;
  const what = rpc === null ? `HTTP ${status} without a JSON-RPC answer` : `error ${rpc.code}`;
  return { era: 'legacy', why: `server/discover was answered with ${what}` };
}

/** The server is modern but has no modern version of ours; it may still speak an older one. */
function verdictOnVersions(offered: readonly string[]): Verdict {
  if (offered.some(isLegacy)) return { era: 'legacy', why: 'the server supports only older revisions of ours' };
  throw noCommonVersion(offered);
}

/** 501 is a 5xx by number only: the server is there and says that it does not do this. */
function isAboutRequest(status: number): boolean {
  if (status === NOT_IMPLEMENTED) return true;
  return status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 429;
}

function noCommonVersion(offered: readonly string[]): ChatelaineError {
  return new ChatelaineError(
    'protocol_version_unsupported',
    `The server speaks only MCP revisions that Chatelaine does not: ${quoteForeign(offered.slice(0, 10).join(', '))}.`,
  );
}

function versionsIn(value: unknown, field: string): readonly string[] | null {
  const found = isObject(value) ? value[field] : null;
  if (!Array.isArray(found)) return null;
  const versions = found.filter((version): version is string => typeof version === 'string');
  return versions.length === 0 ? null : versions;
}
