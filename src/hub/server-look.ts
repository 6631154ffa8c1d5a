// One look at a server from outside: does it answer, does it list its tools to strangers, how does it
// refuse, and where does its refusal lead. Nothing is saved.

import { type ErrorCode, isChatelaineError } from '../errors.ts';
import { PROBE_TIMEOUT_MS } from '../limits.ts';
import { listTools } from '../mcp/list-tools.ts';
import type { Protocol, ToolDefinition } from '../mcp/types.ts';
import { UpstreamStatusError } from '../mcp/types.ts';
import { openUpstream } from '../mcp/upstream.ts';
import { bearerChallenge } from '../oauth/challenge.ts';
import { chooseRegistration } from '../oauth/client-registration.ts';
import type { AuthorizationServer, BearerChallenge } from '../oauth/types.ts';
import type { AuthType, ConnectorRecord, DiscoveryRecord, RegistrationKind } from '../store/records.ts';
import { NO_CONNECTOR_LIMITS } from './call-limits.ts';
import type { ConnectorInput } from './connector-input.ts';
import { checkHeaders } from './connector-input.ts';
import type { HubContext } from './context.ts';
import { DEFAULT_OAUTH_SETTINGS, discoverFor } from './oauth-discovery.ts';
import { readSecret } from './secret-reference.ts';
import type { Recorder } from './transcript.ts';

export type ProbeFinding = { readonly severity: 'error' | 'warning'; readonly code: string; readonly message: string };

export type Look = {
  readonly reachable: boolean;
  readonly status: number | null;
  readonly challenge: BearerChallenge | null;
  readonly protocol: Protocol | null;
  readonly tools: readonly ToolDefinition[] | null;
  readonly fault: { readonly code: ErrorCode; readonly message: string } | null;
};

/** @throws invalid_request, address_refused for an address that may not be looked at */
/** The look, and what of OAuth was found behind a refusal (null where there was none to follow). */
export async function lookAtServer(
  context: HubContext,
  url: string,
  input: Readonly<Record<string, string | null>> | undefined,
  recorder: Recorder,
): Promise<{ look: Look; oauth: OAuthLook | null }> {
  const look = await lookAt(context, url, await plainHeaders(context, input), recorder);
  const oauth = look.reachable && look.tools === null ? await lookForOAuth(context, url, look, recorder) : null;
  return { look, oauth };
}

async function plainHeaders(
  context: HubContext,
  input: Readonly<Record<string, string | null>> | undefined,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of checkHeaders(input, { authType: 'none', headerName: null })) {
    if (value !== null) headers[name] = (await readSecret(context, value)).reveal();
  }
  return headers;
}

async function lookAt(
  context: HubContext,
  url: string,
  headers: Record<string, string>,
  recorder: Recorder,
): Promise<Look> {
  try {
    const upstream = await openUpstream({
      url,
      fetch: recorder.fetch('mcp', 'look'),
      headers,
      clientInfo: { name: context.clientName, version: context.version },
      note: recorder.note,
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    try {
      const listing = await listTools(upstream, recorder.note);
      return {
        reachable: true,
        status: null,
        challenge: null,
        protocol: upstream.protocol,
        tools: listing.tools,
        fault: null,
      };
    } catch (error) {
      return refusal(error, upstream.protocol);
    } finally {
      await upstream.close();
    }
  } catch (error) {
    return refusal(error, null);
  }
}

function refusal(error: unknown, protocol: Protocol | null): Look {
  const base = { protocol, tools: null };
  if (error instanceof UpstreamStatusError) {
    const fault = error.status === 401 ? null : { code: error.code, message: error.message };
    return {
      ...base,
      reachable: error.status < 500,
      status: error.status,
      challenge: bearerChallenge(error.headers),
      fault,
    };
  }
  const fault = isChatelaineError(error)
    ? { code: error.code, message: error.message }
    : { code: 'internal_error' as const, message: 'The look failed.' };
  const answered = isChatelaineError(
    error,
    'rpc_error',
    'protocol_error',
    'protocol_version_unsupported',
    'upstream_invalid_response',
    'listing_incomplete',
  );
  return { ...base, reachable: answered, status: null, challenge: null, fault };
}

export type OAuthLook = {
  readonly server: AuthorizationServer | null;
  readonly discovery: DiscoveryRecord | null;
  readonly registration: RegistrationKind | null;
  readonly findings: readonly ProbeFinding[];
  readonly absent: boolean;
};

/** A connector that exists only while its server is looked at. */
function passing(url: string): ConnectorRecord {
  return {
    id: '',
    key: '',
    name: new URL(url).host,
    url,
    // Not declared, so that a server with plain bearer tokens is not taken for one with default endpoints.
    authType: 'none',
    credentialMode: null,
    headerName: null,
    headerNames: [],
    sealedHeaders: null,
    oauth: DEFAULT_OAUTH_SETTINGS,
    sealedClient: null,
    clientSetAt: null,
    discovery: null,
    protocol: null,
    reachability: null,
    toolReview: 'notify',
    limits: NO_CONNECTOR_LIMITS,
    capture: 'off',
    toolsRevision: 0,
    toolsSyncedAt: null,
    toolsError: null,
    syncDueAt: null,
    syncFailures: 0,
    createdAt: 0,
    updatedAt: 0,
  };
}

async function lookForOAuth(context: HubContext, url: string, look: Look, recorder: Recorder): Promise<OAuthLook> {
  const nothing = { server: null, discovery: null, registration: null };
  try {
    const { server, discovery } = await discoverFor(context, passing(url), recorder, { challenge: look.challenge });
    try {
      const choice = chooseRegistration({
        server,
        manual: null,
        hasDynamic: false,
        clientMetadataUrl: context.clientMetadataUrl,
        redirectUri: context.redirectUri,
      });
      return { server, discovery, registration: choice.kind, findings: [], absent: false };
    } catch (error) {
      if (!isChatelaineError(error, 'client_id_required')) throw error;
      return {
        server,
        discovery,
        registration: 'manual',
        findings: [{ severity: 'warning', code: error.code, message: error.message }],
        absent: false,
      };
    }
  } catch (error) {
    if (isChatelaineError(error, 'oauth_not_supported')) return { ...nothing, findings: [], absent: true };
    if (!isChatelaineError(error)) throw error;
    return { ...nothing, findings: [{ severity: 'error', code: error.code, message: error.message }], absent: false };
  }
}

/** The kind of authentication that what was seen suggests. */
export function suggestedAuthType(look: Look, oauth: OAuthLook | null, input: ConnectorInput | null): AuthType {
  if (input?.oauth !== undefined && input.oauth !== null) return 'oauth';
  if (oauth?.server != null) return 'oauth';
  if (look.tools !== null || (look.status !== 401 && look.status !== 403)) return 'none';
  // Metadata that is there but wrong is for Connect to refuse by name; a bearer token would bypass the refusal.
  return oauth === null || oauth.absent ? 'bearer' : 'oauth';
}
