// Looks at a server without saving anything: does it answer, which protocol, how does it want to be
// authenticated, would we be able to register, does it list its tools to strangers. It is what a person
// reads before connecting, and what chooses when they did not.

import type { Protocol, ToolDefinition } from '../mcp/types.ts';
import type { AuthorizationServer, BearerChallenge } from '../oauth/types.ts';
import type { AuthType, ConnectorRecord, DiscoveryRecord, ProtocolRecord, RegistrationKind } from '../store/records.ts';
import type { ConnectorInput } from './connector-input.ts';
import type { HubContext } from './context.ts';
import type { Recorder, TranscriptEntry } from './transcript.ts';
import { isChatelaineError } from '../errors.ts';
import { LEGACY_VERDICT_LIFETIME_MS, MODERN_VERDICT_LIFETIME_MS } from '../limits.ts';
import { listTools } from '../mcp/list-tools.ts';
import { isModern } from '../mcp/revisions.ts';
import { UpstreamStatusError } from '../mcp/types.ts';
import { openUpstream } from '../mcp/upstream.ts';
import { bearerChallenge } from '../oauth/challenge.ts';
import { chooseRegistration } from '../oauth/client-registration.ts';
import { selectScope } from '../oauth/scope.ts';
import { checkHeaders, checkUrl } from './connector-input.ts';
import { DEFAULT_OAUTH_SETTINGS, discoverFor } from './oauth-discovery.ts';
import { readSecret } from './secret-reference.ts';
import { createRecorder } from './transcript.ts';

export type ProbeFinding = { readonly severity: 'error' | 'warning'; readonly code: string; readonly message: string };

export type Probe = {
  readonly url: string;
  readonly reachable: boolean;
  /** HTTP status of the first refusal, where there was one. */
  readonly status: number | null;
  readonly protocol: { readonly version: string; readonly era: 'modern' | 'legacy'; readonly transport: string } | null;
  readonly serverName: string | null;
  readonly suggestedAuthType: AuthType | null;
  readonly resource: string | null;
  readonly issuer: string | null;
  readonly authorizationEndpoint: string | null;
  readonly registration: RegistrationKind | null;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** `yes` when a refresh token is likely: the server lists the grant or offline_access. */
  readonly refreshTokenLikely: boolean | null;
  readonly pkce: boolean | null;
  readonly listsWithoutCredential: boolean;
  readonly toolCount: number | null;
  readonly findings: readonly ProbeFinding[];
  readonly requests: readonly TranscriptEntry[];
};

type Look = {
  readonly reachable: boolean;
  readonly status: number | null;
  readonly challenge: BearerChallenge | null;
  readonly protocol: Protocol | null;
  readonly tools: readonly ToolDefinition[] | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
};

/** @throws invalid_request, address_refused for an address that may not be looked at */
export async function probe(context: HubContext, input: { url: string; headers?: Readonly<Record<string, string>> | undefined }): Promise<Probe> {
  const url = checkUrl(context, input.url);
  const recorder = createRecorder(context, 'probe');
  const headers = await plainHeaders(context, input.headers);
  const look = await lookAt(context, url, headers, recorder);
  const oauth = look.reachable && look.tools === null ? await lookForOAuth(context, url, look, recorder) : null;
  return assemble(context, url, look, oauth, recorder);
}

export type Suggestion = {
  readonly authType: AuthType;
  readonly listsWithoutCredential: boolean;
  readonly discovery: DiscoveryRecord | null;
  readonly protocol: ProtocolRecord | null;
};

/** Chooses the kind of authentication for a connector that was made without one. */
export async function suggestAuthentication(context: HubContext, url: string, input: ConnectorInput): Promise<Suggestion> {
  const hasSecret = (input.secret ?? '').trim() !== '';
  if (hasSecret) return { authType: input.headerName ? 'api_key_header' : 'bearer', listsWithoutCredential: false, discovery: null, protocol: null };
  if (input.headerName) return { authType: 'api_key_header', listsWithoutCredential: false, discovery: null, protocol: null };
  const recorder = createRecorder(context, 'probe');
  const headers = await plainHeaders(context, input.headers);
  const look = await lookAt(context, url, headers, recorder);
  const oauth = look.reachable && look.tools === null ? await lookForOAuth(context, url, look, recorder) : null;
  const authType = suggested(look, oauth, input);
  const now = context.now();
  return {
    authType,
    listsWithoutCredential: look.tools !== null,
    discovery: oauth?.discovery ?? null,
    protocol:
      look.protocol === null
        ? null
        : { ...look.protocol, expiresAt: now + (isModern(look.protocol.version) ? MODERN_VERDICT_LIFETIME_MS : LEGACY_VERDICT_LIFETIME_MS) },
  };
}

async function plainHeaders(context: HubContext, input: Readonly<Record<string, string | null>> | undefined): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of checkHeaders(input, { authType: 'none', headerName: null })) {
    if (value !== null) headers[name] = (await readSecret(context, value)).reveal();
  }
  return headers;
}

async function lookAt(context: HubContext, url: string, headers: Record<string, string>, recorder: Recorder): Promise<Look> {
  try {
    const upstream = await openUpstream({
      url,
      fetch: recorder.fetch('mcp', 'look'),
      headers,
      clientInfo: { name: context.clientName, version: context.version },
      note: recorder.note,
      signal: AbortSignal.timeout(60_000),
    });
    try {
      const listing = await listTools(upstream, recorder.note);
      return { reachable: true, status: null, challenge: null, protocol: upstream.protocol, tools: listing.tools, fault: null };
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
    return { ...base, reachable: error.status < 500, status: error.status, challenge: bearerChallenge(error.headers), fault };
  }
  const fault = isChatelaineError(error) ? { code: error.code, message: error.message } : { code: 'internal_error', message: 'The look failed.' };
  const answered = isChatelaineError(error, 'rpc_error', 'protocol_error', 'protocol_version_unsupported', 'upstream_invalid_response', 'listing_incomplete');
  return { ...base, reachable: answered, status: null, challenge: null, fault };
}

type OAuthLook = {
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
      return { server, discovery, registration: 'manual', findings: [{ severity: 'warning', code: error.code, message: error.message }], absent: false };
    }
  } catch (error) {
    if (isChatelaineError(error, 'oauth_not_supported')) return { ...nothing, findings: [], absent: true };
    if (!isChatelaineError(error)) throw error;
    return { ...nothing, findings: [{ severity: 'error', code: error.code, message: error.message }], absent: false };
  }
}

function suggested(look: Look, oauth: OAuthLook | null, input: ConnectorInput | null): AuthType {
  if (input?.oauth !== undefined && input.oauth !== null) return 'oauth';
  if (oauth?.server != null) return 'oauth';
  if (look.tools !== null) return 'none';
  if (look.status === 401 || look.status === 403) return 'bearer';
  return 'none';
}

function assemble(context: HubContext, url: string, look: Look, oauth: OAuthLook | null, recorder: Recorder): Probe {
  const server = oauth?.server ?? null;
  const scope = oauth?.discovery
    ? selectScope({
        manual: null,
        challenged: oauth.discovery.challengedScope,
        scopesSupported: oauth.discovery.scopesSupported,
        allowList: null,
        offlineAccess: true,
        serverScopes: server?.scopes_supported ?? null,
      })
    : null;
  const likely = server === null ? null : (server.grant_types_supported?.includes('refresh_token') ?? false) || (server.scopes_supported?.includes('offline_access') ?? false);
  const findings: ProbeFinding[] = [...(oauth?.findings ?? [])];
  if (look.fault !== null) findings.unshift({ severity: 'error', ...look.fault });
  if (oauth?.absent && look.status === 401) {
    findings.push({ severity: 'warning', code: 'oauth_not_supported', message: 'No OAuth here: enter a bearer token or an API key.' });
  }
  if (likely === false) {
    findings.push({ severity: 'warning', code: 'refresh_unlikely', message: 'The authorization server does not list refresh tokens: people may have to sign in again when the access token expires.' });
  }
  return {
    url,
    reachable: look.reachable,
    status: look.status,
    protocol:
      look.protocol === null
        ? null
        : { version: look.protocol.version, era: isModern(look.protocol.version) ? 'modern' : 'legacy', transport: look.protocol.transport },
    serverName: look.protocol?.serverName ?? null,
    suggestedAuthType: look.reachable ? suggested(look, oauth, null) : null,
    resource: oauth?.discovery?.resource ?? null,
    issuer: oauth?.discovery?.issuer ?? null,
    authorizationEndpoint: server?.authorization_endpoint ?? null,
    registration: oauth?.registration ?? null,
    redirectUri: context.redirectUri,
    scopes: scope?.split(' ') ?? [],
    refreshTokenLikely: likely,
    pkce: server === null ? null : (server.code_challenge_methods_supported?.includes('S256') ?? false),
    listsWithoutCredential: look.tools !== null,
    toolCount: look.tools?.length ?? null,
    findings,
    requests: recorder.entries,
  };
}
